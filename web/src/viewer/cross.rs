//! The cross that keys move over a cut, for whoever has no pointer: what is under it is read, and distances begin and end there.

use super::gesture::Tool;
use super::model::{Model, Ruler};
use crate::volume_view::Frame;

impl Model {
    /// Puts the cross in the middle of what is shown. Where it is already and the tool is the ruler, a distance begins or
    /// ends there.
    pub(super) fn press_cross(&mut self, frame: &Frame) {
        let Some(at) = self.cross else {
            self.put_cross(frame, self.placement(frame).to_cut(self.screen.map(|side| side / 2.0)));
            return;
        };
        if self.tool != Tool::Ruler {
            return;
        }
        match self.drawing.take() {
            Some(ruler) if ruler.ends[0] != ruler.ends[1] => self.keep_ruler(ruler),
            Some(_) => {}
            None => {
                self.drawing = Some(Ruler { plane: self.plane, position: self.position(), ends: [at, at] });
            }
        }
    }

    /// Moves the cross by so many pixels of the cut, and the end of what is being drawn with it.
    pub(super) fn move_cross(&mut self, frame: &Frame, by: [i32; 2]) {
        let Some([x, y]) = self.cross else { return };
        self.put_cross(frame, [x + f64::from(by[0]), y + f64::from(by[1])]);
    }

    /// Takes away what is being drawn with the cross, or else the cross.
    pub(super) fn leave_cross(&mut self) {
        if self.drawing.take().is_none() {
            (self.cross, self.probe) = (None, None);
        }
    }

    /// The cross in the middle of the nearest pixel of the cut, which is brought into sight.
    fn put_cross(&mut self, frame: &Frame, point: [f64; 2]) {
        let size = self.plane.size(frame);
        let at = [0, 1].map(|i| point[i].floor().min(size[i] as f64 - 1.0).max(0.0) + 0.5);
        self.cross = Some(at);
        let screen = self.placement(frame).to_screen(at);
        if (0..2).any(|i| !(0.0..=self.screen[i]).contains(&screen[i])) {
            self.set_view(self.stage(frame).centred(self.view(), at));
        }
        if let Some(ruler) = &mut self.drawing {
            ruler.ends[1] = at;
        }
    }

    /// Reads what is under the cross. After a step to another cut that is what is there, and what was being drawn is gone.
    pub(super) fn settle_cross(&mut self, frame: &Frame) {
        let Some(at) = self.cross else { return };
        self.probe = self.plane.voxel(frame, self.at, at);
        let position = self.position();
        self.drawing.take_if(|ruler| ruler.position != position);
    }
}

#[cfg(test)]
mod tests {
    use super::super::plane::{Plane, Voxel};
    use super::*;
    use crate::volume_view::Values;

    fn model() -> (Frame, Model) {
        let frame = Frame {
            rows: 50,
            columns: 100,
            len: 20,
            pixel_spacing_mm: Some([1.0, 0.5]),
            slice_spacing_mm: Some(5.0),
            axes: None,
            values: Values::Hounsfield,
            picture: None,
        };
        let mut model = Model::new(&frame, 10);
        model.screen = [400.0, 400.0];
        (frame, model)
    }

    /// Presses keys as a person does, Shift held for those after `^`.
    fn press(frame: &Frame, model: &mut Model, keys: &[&str]) {
        for key in keys {
            let shift = key.starts_with('^');
            let pressed = model.command(key.trim_start_matches('^'), shift).expect("a key of the viewer");
            model.obey(frame, pressed);
        }
    }

    #[test]
    fn keys_read_a_value_and_measure_a_distance() {
        let (frame, mut model) = model();
        press(&frame, &mut model, &["ArrowUp"]);
        assert_eq!(
            (model.at.slice, model.cross),
            (11, None),
            "without the cross arrows go through the slices"
        );
        press(&frame, &mut model, &["Enter"]);
        assert_eq!(model.probe, Some(Voxel { slice: 11, row: 25, column: 50 }));
        press(&frame, &mut model, &["^ArrowRight", "ArrowLeft", "ArrowUp"]);
        assert_eq!(model.probe, Some(Voxel { slice: 11, row: 24, column: 59 }));
        press(&frame, &mut model, &["PageDown"]);
        assert_eq!(
            model.probe,
            Some(Voxel { slice: 1, row: 24, column: 59 }),
            "another slice, the same place"
        );
        press(&frame, &mut model, &["Enter"]);
        assert!(model.drawing.is_none(), "the tool is no ruler");
        // 10 rows of 1 mm and 48 columns of 0.5 mm.
        press(&frame, &mut model, &["r", "Enter", "^ArrowUp"]);
        press(&frame, &mut model, &["^ArrowLeft"; 5]);
        press(&frame, &mut model, &["ArrowRight", "ArrowRight"]);
        assert!((model.shown_rulers(&frame)[0].1 - 26.0).abs() < 1e-9, "while it is drawn");
        press(&frame, &mut model, &["Enter"]);
        assert_eq!((model.drawing, model.rulers.len()), (None, 1));
        assert!((model.shown_rulers(&frame)[0].1 - 26.0).abs() < 1e-9);
        press(&frame, &mut model, &["Enter", "ArrowUp", "Escape"]);
        assert_eq!((model.drawing, model.rulers.len(), model.cross.is_some()), (None, 1, true));
        press(&frame, &mut model, &["Escape", "ArrowUp"]);
        assert_eq!((model.at.slice, model.cross, model.probe), (2, None, None));
    }

    #[test]
    fn the_cross_stays_on_the_cut_and_in_sight() {
        let (frame, mut model) = model();
        press(&frame, &mut model, &["Enter"]);
        press(&frame, &mut model, &["^ArrowUp"; 9]);
        press(&frame, &mut model, &["^ArrowRight"; 9]);
        assert_eq!(model.cross, Some([99.5, 0.5]));
        press(&frame, &mut model, &["+"; 6]);
        press(&frame, &mut model, &["ArrowDown"]);
        let [x, y] = model.placement(&frame).to_screen([99.5, 1.5]);
        assert!((0.0..=400.0).contains(&x) && (0.0..=400.0).contains(&y), "{x}, {y}");
        press(&frame, &mut model, &["c"]);
        assert_eq!((model.plane, model.cross), (Plane::Coronal, None), "it was a place of another plane");
    }

    #[test]
    fn the_slider_takes_the_cross_along() {
        let (frame, mut model) = model();
        press(&frame, &mut model, &["r", "Enter", "Enter", "ArrowUp"]);
        model.go(&frame, 3);
        assert_eq!(model.probe, Some(Voxel { slice: 3, row: 24, column: 50 }));
        assert_eq!(model.drawing, None, "it began on another slice");
    }

    #[test]
    fn a_distance_of_no_length_is_none() {
        let (frame, mut model) = model();
        press(&frame, &mut model, &["r", "Enter", "Enter", "Enter"]);
        assert_eq!((model.drawing, model.rulers.len()), (None, 0));
    }

    #[test]
    fn what_is_being_drawn_does_not_outlive_its_cut_or_its_tool() {
        for other in ["PageUp", "b"] {
            let (frame, mut model) = model();
            press(&frame, &mut model, &["r", "Enter", "Enter", "ArrowUp"]);
            assert!(model.drawing.is_some());
            press(&frame, &mut model, &[other]);
            assert_eq!((model.drawing, model.cross.is_some()), (None, true), "{other}");
        }
    }
}
