//! Zoom and pan: where a cut lies on the screen.

/// The most that a cut is enlarged over fitting.
pub const MOST_ZOOM: f64 = 20.0;

/// How a cut is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// Enlargement; 1 fits the cut into the screen.
    pub zoom: f64,
    /// The point of the cut in the middle of the screen, as shares of its width and height.
    pub middle: [f64; 2],
}

impl Default for Viewport {
    fn default() -> Self {
        Self { zoom: 1.0, middle: [0.5, 0.5] }
    }
}

/// A cut on a screen of a size: the way from pixels of the cut to those of the screen and back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Screen pixels a pixel of the cut, across and down.
    pub scale: [f64; 2],
    /// The screen point of the cut's top left corner.
    pub origin: [f64; 2],
}

impl Placement {
    /// From a point of the cut to the screen.
    pub fn to_screen(&self, point: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|i| point[i] * self.scale[i] + self.origin[i])
    }

    /// From the screen to a point of the cut.
    pub fn to_cut(&self, screen: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|i| (screen[i] - self.origin[i]) / self.scale[i])
    }
}

/// A cut and the screen that it is shown on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Width and height of the cut in pixels.
    pub cut: [usize; 2],
    /// Width and height of a pixel of the cut, in mm or alike.
    pub pixel: [f64; 2],
    /// Width and height of the screen in pixels.
    pub screen: [f64; 2],
}

impl Stage {
    /// Width and height of the cut in mm or alike.
    fn extent(&self) -> [f64; 2] {
        [0, 1].map(|i| self.cut[i] as f64 * self.pixel[i])
    }

    /// Where the cut lies.
    pub fn place(&self, view: Viewport) -> Placement {
        let extent = self.extent();
        let fit = (self.screen[0] / extent[0]).min(self.screen[1] / extent[1]);
        let scale = [0, 1].map(|i| fit * view.zoom * self.pixel[i]);
        let origin = [0, 1].map(|i| self.screen[i] / 2.0 - view.middle[i] * self.cut[i] as f64 * scale[i]);
        Placement { scale, origin }
    }

    /// The view moved by screen pixels.
    pub fn panned(&self, view: Viewport, by: [f64; 2]) -> Viewport {
        let scale = self.place(view).scale;
        let middle = [0, 1].map(|i| view.middle[i] - by[i] / (scale[i] * self.cut[i] as f64));
        self.kept(Viewport { middle, ..view })
    }

    /// The view enlarged by a factor about a screen point, which stays where it is as far as it can.
    pub fn zoomed(&self, view: Viewport, at: [f64; 2], factor: f64) -> Viewport {
        let zoom = (view.zoom * factor).clamp(1.0, MOST_ZOOM);
        let point = self.place(view).to_cut(at);
        let scale = self.place(Viewport { zoom, ..view }).scale;
        let middle =
            [0, 1].map(|i| (point[i] - (at[i] - self.screen[i] / 2.0) / scale[i]) / self.cut[i] as f64);
        self.kept(Viewport { zoom, middle })
    }

    /// The view with a point of the cut in the middle, if it is enlarged.
    pub fn centred(&self, view: Viewport, point: [f64; 2]) -> Viewport {
        self.kept(Viewport { middle: [0, 1].map(|i| point[i] / self.cut[i] as f64), ..view })
    }

    /// Keeps the cut on the screen: no gap beside it on a side along which it is larger than the screen, and in the middle
    /// along the others.
    fn kept(&self, view: Viewport) -> Viewport {
        let scale = self.place(view).scale;
        let middle = [0, 1].map(|i| {
            let half = self.screen[i] / (2.0 * scale[i] * self.cut[i] as f64);
            if half >= 0.5 { 0.5 } else { view.middle[i].clamp(half, 1.0 - half) }
        });
        Viewport { middle, ..view }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage() -> Stage {
        // 100 x 50 mm on a screen of 400 x 300: fits at 4 screen pixels a mm.
        Stage { cut: [200, 25], pixel: [0.5, 2.0], screen: [400.0, 300.0] }
    }

    fn near(a: [f64; 2], b: [f64; 2]) {
        assert!((a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9, "{a:?} {b:?}");
    }

    #[test]
    fn a_cut_fits_at_true_aspect() {
        let place = stage().place(Viewport::default());
        near(place.scale, [2.0, 8.0]);
        near(place.to_screen([0.0, 0.0]), [0.0, 50.0]);
        near(place.to_screen([200.0, 25.0]), [400.0, 250.0]);
        near(place.to_cut([200.0, 150.0]), [100.0, 12.5]);
    }

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let stage = stage();
        let at = [130.0, 160.0];
        let before = stage.place(Viewport::default()).to_cut(at);
        let view = stage.zoomed(Viewport::default(), at, 4.0);
        assert_eq!(view.zoom, 4.0);
        near(stage.place(view).to_cut(at), before);
        near(stage.place(view).scale, [8.0, 32.0]);
        let back = stage.zoomed(view, [10.0, 10.0], 1e-6);
        assert_eq!(back, Viewport::default());
        assert_eq!(stage.zoomed(view, at, 1e6).zoom, MOST_ZOOM);
    }

    #[test]
    fn panning_moves_with_the_pointer_and_stops_at_the_border() {
        let stage = stage();
        let view = stage.zoomed(Viewport::default(), [200.0, 150.0], 4.0);
        let before = stage.place(view).to_cut([100.0, 100.0]);
        let moved = stage.panned(view, [-30.0, 20.0]);
        near(stage.place(moved).to_cut([70.0, 120.0]), before);
        let far = stage.place(stage.panned(view, [1e6, 1e6]));
        near(far.origin, [0.0, 0.0]);
        assert_eq!(stage.panned(Viewport::default(), [50.0, 50.0]), Viewport::default());
    }

    #[test]
    fn a_place_comes_to_the_middle() {
        let stage = stage();
        let view = stage.zoomed(Viewport::default(), [200.0, 150.0], 8.0);
        let place = stage.place(stage.centred(view, [120.0, 12.0]));
        near(place.to_screen([120.0, 12.0]), [200.0, 150.0]);
    }
}
