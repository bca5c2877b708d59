//! The part of a picture that is read: one slice of a photographed film, upright.

use lunglens::imaging::{MIN_PART_SIDE, PicturePart};

use super::model::Model;
use crate::volume_view::Frame;

/// What the user asks of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartWish {
    /// Only what is selected, or else what the enlarged picture shows.
    Shown,
    /// The same, turned by 90 degrees clockwise.
    Turned,
    /// All of it, as it is.
    Whole,
}

/// The part that is wished for; none where it cannot be had.
pub fn wished(frame: &Frame, model: &Model, wish: PartWish) -> Option<PicturePart> {
    let picture = frame.picture.filter(|_| frame.len == 1)?;
    let now = PicturePart { area: picture.part, quarter_turns: (picture.turned_degrees / 90) as u8 };
    match wish {
        PartWish::Whole => (now != PicturePart::default()).then(PicturePart::default),
        PartWish::Turned => Some(now.turned()),
        PartWish::Shown => {
            let seen = || {
                let place = model.placement(frame);
                [[0.0, 0.0], model.screen].map(|corner| place.to_cut(corner))
            };
            let enlarged = model.view().zoom > 1.0;
            let [a, b] = model.selected.or_else(|| enlarged.then(seen))?;
            let area = [a[0].min(b[0]), a[1].min(b[1]), a[0].max(b[0]), a[1].max(b[1])];
            let part = picture.part_of_slice(area, frame.rows, frame.columns);
            // The last pixel of a reduced slice may reach beyond the picture.
            let least = MIN_PART_SIDE + picture.reduced_by - 1;
            let enough = |[x0, y0, x1, y1]: [u32; 4]| (x1 - x0).min(y1 - y0) >= least;
            Some(part).filter(|part| part.area.is_some_and(enough))
        }
    }
}

#[cfg(test)]
mod tests {
    use lunglens::imaging::PictureReading;

    use super::super::gesture::{Gesture, Tool};
    use super::super::keys::Command;
    use super::*;
    use crate::volume_view::Values;

    fn frame() -> Frame {
        Frame {
            rows: 300,
            columns: 400,
            len: 1,
            pixel_spacing_mm: None,
            slice_spacing_mm: None,
            axes: None,
            values: Values::Grey { offset: 0, lowest: 0, highest: 255 },
            picture: Some(PictureReading {
                coloured: true,
                exif_orientation: 1,
                part: None,
                turned_degrees: 0,
                reduced_by: 2,
            }),
        }
    }

    #[test]
    fn what_is_shown_is_a_part_of_the_picture() {
        let frame = frame();
        let mut model = Model::new(&frame, 0);
        model.screen = [400.0, 400.0];
        assert_eq!(wished(&frame, &model, PartWish::Shown), None, "all of it is shown");
        // The picture fits at 1:1 with 50 pixels above it; twice as large about its right border, rows 50 to 250 are seen.
        model.take(&frame, Gesture::Zoom { at: [400.0, 200.0], factor: 2.0 });
        let part = wished(&frame, &model, PartWish::Shown);
        assert_eq!(part.and_then(|part| part.area), Some([400, 100, 800, 500]));
        model.take(&frame, Gesture::Zoom { at: [400.0, 200.0], factor: 10.0 });
        let part = wished(&frame, &model, PartWish::Shown);
        assert_eq!(part.and_then(|part| part.area), Some([760, 280, 800, 320]));
        let small = Frame { picture: frame.picture.map(|p| PictureReading { reduced_by: 1, ..p }), ..frame };
        assert_eq!(wished(&small, &model, PartWish::Shown), None, "20 pixels are too few");
    }

    #[test]
    fn what_is_selected_goes_before_what_is_shown() {
        let frame = frame();
        let mut model = Model::new(&frame, 0);
        model.screen = [400.0, 400.0];
        model.obey(&frame, Command::Use(Tool::Select));
        // From the lower right to the upper left corner, 50 pixels below the screen's upper border.
        let drawn = |done| Gesture::Measure { from: [300.0, 250.0], to: [100.0, 150.0], done };
        model.take(&frame, drawn(false));
        model.take(&frame, drawn(true));
        model.take(&frame, Gesture::Zoom { at: [400.0, 200.0], factor: 2.0 });
        let part = wished(&frame, &model, PartWish::Shown);
        assert_eq!(part.and_then(|part| part.area), Some([200, 200, 600, 400]));
        model.obey(&frame, Command::RemoveRuler);
        assert_eq!(
            wished(&frame, &model, PartWish::Shown).and_then(|part| part.area),
            Some([400, 100, 800, 500])
        );
        model.take(&frame, Gesture::Measure { from: [0.0, 60.0], to: [10.0, 300.0], done: true });
        assert_eq!(model.selected, None, "too narrow");
        // Of a stack nothing is selected.
        let stack = Frame { len: 3, ..frame };
        let mut model = Model::new(&stack, 0);
        model.obey(&stack, Command::Use(Tool::Select));
        assert_eq!(model.tool, Tool::Browse);
    }

    #[test]
    fn turning_keeps_the_part_and_the_whole_forgets_it() {
        let mut frame = frame();
        let model = Model::new(&frame, 0);
        assert_eq!(wished(&frame, &model, PartWish::Whole), None);
        let turned = PicturePart { area: None, quarter_turns: 1 };
        assert_eq!(wished(&frame, &model, PartWish::Turned), Some(turned));
        let part = Some([10, 20, 110, 220]);
        frame.picture = frame.picture.map(|p| PictureReading { part, turned_degrees: 270, ..p });
        let upright = PicturePart { area: part, quarter_turns: 0 };
        assert_eq!(wished(&frame, &model, PartWish::Turned), Some(upright));
        assert_eq!(wished(&frame, &model, PartWish::Whole), Some(PicturePart::default()));
        frame.len = 3;
        assert_eq!(wished(&frame, &model, PartWish::Turned), None, "a stack is read as it is");
    }
}
