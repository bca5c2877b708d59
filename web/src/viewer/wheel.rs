//! The wheel to slices and enlarging.

/// The turns of a wheel that have not made a slice yet.
#[derive(Debug, Default)]
pub struct Wheel {
    rest: f64,
}

impl Wheel {
    /// The slices that a turn means; `lines` says that `delta` counts lines, else it counts pixels. A notch of a mouse is
    /// one slice; a touch pad, which turns in many small parts, moves a slice in 40 pixels.
    pub fn turn(&mut self, delta: f64, lines: bool) -> i32 {
        let pixels = if lines { delta * 40.0 } else { delta };
        if pixels.abs() >= 60.0 {
            self.rest = 0.0;
            return -((pixels / 120.0).round() as i32).abs().max(1) * pixels.signum() as i32;
        }
        if self.rest * pixels < 0.0 {
            self.rest = 0.0;
        }
        self.rest += pixels;
        let steps = (self.rest / 40.0).trunc();
        self.rest -= steps * 40.0;
        -steps as i32
    }

    /// The factor of enlarging that a turn with Ctrl held, or a pinch on a touch pad, means.
    pub fn zoom(delta: f64, lines: bool) -> f64 {
        let pixels = if lines { delta * 40.0 } else { delta };
        (-pixels.clamp(-200.0, 200.0) * 0.004).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notch_is_a_slice_and_a_touch_pad_adds_up() {
        let mut wheel = Wheel::default();
        assert_eq!([wheel.turn(120.0, false), wheel.turn(-100.0, false), wheel.turn(3.0, true)], [-1, 1, -1]);
        assert_eq!(wheel.turn(-480.0, false), 4);
        let steps: Vec<i32> = (0..8).map(|_| wheel.turn(10.0, false)).collect();
        assert_eq!(steps, [0, 0, 0, -1, 0, 0, 0, -1]);
        assert!((Wheel::zoom(-100.0, false) * Wheel::zoom(100.0, false) - 1.0).abs() < 1e-12);
        assert!(Wheel::zoom(-100.0, false) > 1.0);
    }
}
