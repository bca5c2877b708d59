//! What the viewer is set to, and how it changes.

use super::gesture::{Gesture, Setting, Tool};
use super::keys::{self, Command};
use super::part::{self, PartWish};
use super::plane::{PLANES, Plane, Voxel, length_mm};
use super::viewport::{Placement, Stage, Viewport};
use super::window::{PRESETS, Window};
use crate::volume_view::{Frame, Values, VolumeView};

/// A measured distance on a cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruler {
    /// The plane of the cut.
    pub plane: Plane,
    /// Which cut.
    pub position: usize,
    /// Its ends, in pixels of the cut.
    pub ends: [[f64; 2]; 2],
}

/// The most rulers that are kept.
const MOST_RULERS: usize = 50;

/// What the viewer is set to.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The plane that is shown.
    pub plane: Plane,
    /// The place where the three planes cross.
    pub at: Voxel,
    /// Level and width.
    pub window: Window,
    /// Zoom and pan of each plane.
    views: [Viewport; 3],
    /// Whether findings are drawn.
    pub overlay: bool,
    /// Their strength, 0 to 1.
    pub opacity: f64,
    /// What the main button does.
    pub tool: Tool,
    /// The distances, the last one drawn last.
    pub rulers: Vec<Ruler>,
    /// The distance that is being drawn.
    pub drawing: Option<Ruler>,
    /// The frame around the part of a picture that is to be read, by two corners in pixels of the slice.
    pub selected: Option<[[f64; 2]; 2]>,
    /// The place under the pointer or the cross.
    pub probe: Option<Voxel>,
    /// The cross that keys move, in pixels of the cut.
    pub cross: Option<[f64; 2]>,
    /// Width and height of the picture area in CSS pixels.
    pub screen: [f64; 2],
}

impl Model {
    /// The settings that a volume is first shown with.
    pub fn new(frame: &Frame, slice: usize) -> Self {
        Self {
            plane: Plane::Axial,
            at: Voxel { slice: slice.min(frame.len - 1), row: frame.rows / 2, column: frame.columns / 2 },
            window: Window::first(frame.values),
            views: [Viewport::default(); 3],
            overlay: true,
            opacity: 0.6,
            tool: Tool::Browse,
            rulers: Vec::new(),
            drawing: None,
            selected: None,
            probe: None,
            cross: None,
            screen: [1.0, 1.0],
        }
    }

    /// The settings for another volume: window, overlay and screen stay if they still mean something.
    pub fn renewed(&self, frame: &Frame, values_before: Values, slice: usize) -> Self {
        let window = if values_before == frame.values { self.window } else { Window::first(frame.values) };
        let tool = if matches!(self.tool, Tool::Ruler | Tool::Select) { Tool::Browse } else { self.tool };
        Self {
            window,
            tool,
            overlay: self.overlay,
            opacity: self.opacity,
            screen: self.screen,
            ..Self::new(frame, slice)
        }
    }

    fn plane_index(&self) -> usize {
        PLANES.iter().position(|&plane| plane == self.plane).unwrap_or_default()
    }

    /// Zoom and pan of the plane that is shown.
    pub fn view(&self) -> Viewport {
        self.views[self.plane_index()]
    }

    pub(super) fn set_view(&mut self, view: Viewport) {
        let index = self.plane_index();
        self.views[index] = view;
    }

    /// Shows the whole cut.
    pub fn fit(&mut self) {
        self.set_view(Viewport::default());
    }

    /// The cut that is shown, on the screen.
    pub fn stage(&self, frame: &Frame) -> Stage {
        Stage {
            cut: self.plane.size(frame),
            pixel: self.plane.pixel(frame),
            screen: self.screen.map(|side| side.max(1.0)),
        }
    }

    /// Where the cut lies on the screen.
    pub fn placement(&self, frame: &Frame) -> Placement {
        self.stage(frame).place(self.view())
    }

    /// Which cut is shown.
    pub fn position(&self) -> usize {
        self.plane.position(self.at)
    }

    /// Shows the cut of that number; beyond the ends, the last one there.
    pub fn go(&mut self, frame: &Frame, position: usize) {
        self.at = self.plane.moved(self.at, position.min(self.plane.count(frame) - 1));
        self.settle_cross(frame);
    }

    /// Moves on by so many cuts.
    pub fn step(&mut self, frame: &Frame, by: i32) {
        let to = self.position() as i64 + i64::from(by);
        self.go(frame, to.max(0) as usize);
    }

    /// Shows the axial slice of a lesion, and its middle if the picture is enlarged.
    pub fn visit(&mut self, volume: &VolumeView, number: usize) {
        let Some(best) = volume.best_view(number) else { return };
        let frame = volume.frame();
        let [row, column] = best.middle;
        self.at = Voxel {
            slice: best.slice,
            row: (row as usize).min(frame.rows - 1),
            column: (column as usize).min(frame.columns - 1),
        };
        let point = self.plane.point(frame, self.at);
        self.set_view(self.stage(frame).centred(self.view(), point));
        self.settle_cross(frame);
    }

    /// How gestures are to be understood now.
    pub fn setting(&self, frame: &Frame, shift: bool) -> Setting {
        Setting {
            tool: self.tool,
            enlarged: self.view().zoom > 1.0,
            shift,
            height: self.screen[1],
            cuts: self.plane.count(frame),
        }
    }

    /// The place under a screen point.
    pub fn voxel(&self, frame: &Frame, screen: [f64; 2]) -> Option<Voxel> {
        self.plane.voxel(frame, self.at, self.placement(frame).to_cut(screen))
    }

    /// Carries out a gesture. A tap is the page's matter.
    pub fn take(&mut self, frame: &Frame, gesture: Gesture) {
        match gesture {
            Gesture::Scroll(steps) => self.step(frame, steps),
            Gesture::Pan(by) => self.set_view(self.stage(frame).panned(self.view(), by)),
            Gesture::Zoom { at, factor } => self.set_view(self.stage(frame).zoomed(self.view(), at, factor)),
            Gesture::Window([across, down]) => self.window = self.window.dragged(across, down),
            Gesture::Measure { from, to, done } => {
                let place = self.placement(frame);
                let [width, height] = self.plane.size(frame).map(|side| side as f64);
                let ends = [from, to].map(|end| {
                    let [x, y] = place.to_cut(end);
                    [x.clamp(0.0, width), y.clamp(0.0, height)]
                });
                if self.tool == Tool::Select {
                    self.selected = Some(ends);
                    // A slip of the finger is no frame.
                    if done && part::wished(frame, self, PartWish::Shown).is_none() {
                        self.selected = None;
                    }
                    return;
                }
                let ruler = Ruler { plane: self.plane, position: self.position(), ends };
                self.drawing = Some(ruler);
                if done {
                    self.drawing = None;
                    self.keep_ruler(ruler);
                }
            }
            Gesture::GiveUp => {
                self.drawing = None;
                if self.tool == Tool::Select {
                    self.selected = None;
                }
            }
            Gesture::Tap(at) | Gesture::Probe(at) => self.probe = self.voxel(frame, at),
        }
    }

    pub(super) fn keep_ruler(&mut self, ruler: Ruler) {
        if self.rulers.len() == MOST_RULERS {
            self.rulers.remove(0);
        }
        self.rulers.push(ruler);
    }

    /// What a key asks: while the cross is there, arrows move it.
    pub fn command(&self, key: &str, shift: bool) -> Option<Command> {
        let of_cross = self.cross.and_then(|_| keys::with_cross(key, shift));
        of_cross.or_else(|| keys::command(key, shift))
    }

    /// Carries out a key's command.
    pub fn obey(&mut self, frame: &Frame, command: Command) {
        let middle = self.screen.map(|side| side / 2.0);
        match command {
            Command::Step(by) => self.step(frame, by),
            Command::First => self.go(frame, 0),
            Command::Last => self.go(frame, usize::MAX),
            Command::Preset(index) => {
                if frame.values == Values::Hounsfield
                    && let Some(preset) = PRESETS.get(index)
                {
                    self.window = preset.window;
                }
            }
            Command::FirstWindow => self.window = Window::first(frame.values),
            Command::Show(plane) => {
                if plane.is_offered(frame) {
                    self.plane = plane;
                    (self.probe, self.drawing, self.cross) = (None, None, None);
                }
            }
            Command::Zoom(factor) => self.take(frame, Gesture::Zoom { at: middle, factor }),
            Command::Pan(shares) => {
                self.take(frame, Gesture::Pan([0, 1].map(|i| shares[i] * self.screen[i])));
            }
            Command::Window(by) => self.take(frame, Gesture::Window(by)),
            Command::Fit => self.fit(),
            Command::Use(tool) if !tool.is_offered(frame) => {}
            Command::Use(tool) => (self.tool, self.drawing) = (tool, None),
            Command::Press => self.press_cross(frame),
            Command::Move(by) => self.move_cross(frame, by),
            Command::Leave => self.leave_cross(),
            Command::ToggleOverlay => self.overlay = !self.overlay,
            Command::RemoveRuler => {
                if self.selected.take().is_none() {
                    self.rulers.pop();
                }
            }
        }
        self.settle_cross(frame);
    }

    /// What a saved picture of the cut is called: of several cuts by its plane and its number, as the page counts.
    pub fn saved_as(&self, frame: &Frame, name: &str) -> String {
        let cut = match self.has_cuts(frame) {
            true => format!(".{}-{}", self.plane.id(), self.position() + 1),
            false => String::new(),
        };
        format!("{name}{cut}.lunglens.png")
    }

    /// Whether there are other cuts to go to.
    pub fn has_cuts(&self, frame: &Frame) -> bool {
        self.plane.count(frame) > 1
    }

    /// The rulers on the cut that is shown, with their lengths in mm.
    pub fn shown_rulers(&self, frame: &Frame) -> Vec<(Ruler, f64)> {
        let here = |ruler: &&Ruler| ruler.plane == self.plane && ruler.position == self.position();
        let all = self.rulers.iter().chain(&self.drawing).filter(here);
        all.filter_map(|ruler| Some((*ruler, length_mm(ruler.plane, frame, ruler.ends)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            rows: 50,
            columns: 100,
            len: 20,
            pixel_spacing_mm: Some([1.0, 1.0]),
            slice_spacing_mm: Some(5.0),
            axes: None,
            values: Values::Hounsfield,
            picture: None,
        }
    }

    fn model(frame: &Frame) -> Model {
        Model { screen: [400.0, 400.0], ..Model::new(frame, 10) }
    }

    #[test]
    fn steps_stop_at_the_ends() {
        let frame = frame();
        let mut model = model(&frame);
        model.obey(&frame, Command::Step(3));
        assert_eq!(model.at.slice, 13);
        model.obey(&frame, Command::Step(100));
        assert_eq!(model.at.slice, 19);
        model.obey(&frame, Command::First);
        model.obey(&frame, Command::Step(-1));
        assert_eq!(model.at.slice, 0);
        model.obey(&frame, Command::Show(Plane::Coronal));
        model.obey(&frame, Command::Last);
        assert_eq!((model.at.slice, model.at.row), (0, 49));
    }

    #[test]
    fn saved_pictures_are_told_apart() {
        let frame = frame();
        let mut model = model(&frame);
        assert_eq!(model.saved_as(&frame, "a"), "a.axial-11.lunglens.png");
        model.obey(&frame, Command::Show(Plane::Coronal));
        assert_eq!(model.saved_as(&frame, "a"), "a.coronal-26.lunglens.png");
        let picture = Frame { len: 1, ..frame };
        assert_eq!(Model::new(&picture, 0).saved_as(&picture, "a"), "a.lunglens.png");
    }

    #[test]
    fn planes_that_need_spacing_are_not_shown_without() {
        let frame = Frame { slice_spacing_mm: None, ..frame() };
        let mut model = model(&frame);
        model.obey(&frame, Command::Show(Plane::Sagittal));
        assert_eq!(model.plane, Plane::Axial);
        let frame = Frame { pixel_spacing_mm: None, ..frame };
        model.obey(&frame, Command::Use(Tool::Ruler));
        assert_eq!(model.tool, Tool::Browse);
    }

    #[test]
    fn a_ruler_lies_where_it_was_drawn_and_measures_mm() {
        let frame = frame();
        let mut model = model(&frame);
        // The cut of 100 x 50 mm fits at 4 screen pixels a mm, 100 pixels from the top.
        model.take(&frame, Gesture::Measure { from: [40.0, 120.0], to: [160.0, 280.0], done: false });
        assert_eq!(model.shown_rulers(&frame).len(), 1);
        model.take(&frame, Gesture::Measure { from: [40.0, 120.0], to: [160.0, 280.0], done: true });
        model.take(&frame, Gesture::Measure { from: [40.0, 120.0], to: [90.0, 120.0], done: false });
        assert_eq!(model.shown_rulers(&frame).len(), 2);
        model.take(&frame, Gesture::GiveUp);
        let shown = model.shown_rulers(&frame);
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].0.ends, [[10.0, 5.0], [40.0, 45.0]]);
        assert!((shown[0].1 - 50.0).abs() < 1e-9, "a triangle of 30, 40 and 50 mm");
        model.step(&frame, 1);
        assert!(model.shown_rulers(&frame).is_empty());
        model.step(&frame, -1);
        model.obey(&frame, Command::RemoveRuler);
        assert!(model.shown_rulers(&frame).is_empty());
    }

    #[test]
    fn a_ruler_ends_at_the_border_of_the_picture() {
        let frame = frame();
        let mut model = model(&frame);
        model.take(&frame, Gesture::Measure { from: [-50.0, 0.0], to: [9e9, 9e9], done: true });
        assert_eq!(model.rulers[0].ends, [[0.0, 0.0], [100.0, 50.0]]);
    }

    #[test]
    fn the_place_under_the_pointer_follows_zoom() {
        let frame = frame();
        let mut model = model(&frame);
        let before = model.voxel(&frame, [100.0, 200.0]);
        assert_eq!(before, Some(Voxel { slice: 10, row: 25, column: 25 }));
        model.take(&frame, Gesture::Zoom { at: [100.0, 200.0], factor: 3.0 });
        assert_eq!(model.voxel(&frame, [100.0, 200.0]), before);
        assert_eq!(model.voxel(&frame, [112.0, 212.0]), Some(Voxel { slice: 10, row: 26, column: 26 }));
        model.obey(&frame, Command::Fit);
        assert_eq!(model.voxel(&frame, [100.0, 50.0]), None, "above the picture");
    }

    #[test]
    fn a_picture_has_no_hu_presets() {
        let frame = Frame { values: Values::Grey { offset: 0, lowest: 0, highest: 255 }, ..frame() };
        let mut model = model(&frame);
        model.obey(&frame, Command::Preset(1));
        assert_eq!(model.window, Window { level: 127.5, width: 255.0 });
        let other = Frame { values: Values::Hounsfield, ..frame.clone() };
        assert_eq!(model.renewed(&other, frame.values, 3).window, PRESETS[0].window);
    }
}
