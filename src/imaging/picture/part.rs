//! The part of a picture that is read, as one slice of a photographed film, and how it is turned.

use image::metadata::Orientation;
use serde::{Deserialize, Serialize};

use super::PictureReading;

/// The least side of a part in pixels; with fewer there is nothing to be seen.
pub const MIN_PART_SIDE: u32 = 32;

/// Which part of a picture is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PicturePart {
    /// `[x0, y0, x1, y1]` in pixels of the picture as other programs show it, upright by its Exif data; none for all of it.
    pub area: Option<[u32; 4]>,
    /// How often the part is turned by 90 degrees clockwise, modulo 4.
    pub quarter_turns: u8,
}

impl PicturePart {
    /// The part turned once more.
    pub fn turned(self) -> Self {
        Self { quarter_turns: (self.quarter_turns + 1) % 4, ..self }
    }

    /// Turns of the part in degrees, clockwise.
    pub fn degrees(self) -> u16 {
        90 * u16::from(self.quarter_turns % 4)
    }

    /// The area on a picture of a width and a height, cut to it; what was asked for where too little is left of that.
    pub(super) fn on(self, [width, height]: [u32; 2]) -> Result<[u32; 4], [u32; 4]> {
        let Some(asked @ [x0, y0, x1, y1]) = self.area else { return Ok([0, 0, width, height]) };
        let area = [x0, y0, x1.min(width), y1.min(height)];
        let side = |low: u32, high: u32| high.saturating_sub(low);
        let enough = side(area[0], area[2]).min(side(area[1], area[3])) >= MIN_PART_SIDE;
        if enough { Ok(area) } else { Err(asked) }
    }
}

impl PictureReading {
    /// The part of the picture that an area of the slice is: `[x0, y0, x1, y1]` in pixels of the slice, which has `rows` and `columns`.
    /// It stays turned as the slice is. Areas reach to whole pixels.
    pub fn part_of_slice(&self, area: [f64; 4], rows: usize, columns: usize) -> PicturePart {
        let [mut x0, mut y0, mut x1, mut y1] = area;
        let (mut width, mut height) = (columns as f64, rows as f64);
        let turns = (self.turned_degrees / 90 % 4) as u8;
        for _ in 0..turns {
            // One turn back, anticlockwise.
            (x0, y0, x1, y1) = (y0, width - x1, y1, width - x0);
            (width, height) = (height, width);
        }
        let by = f64::from(self.reduced_by);
        let [left, top, ..] = self.part.unwrap_or_default();
        let first = |value: f64, limit: f64, from: u32| from + (value.clamp(0.0, limit) * by).floor() as u32;
        let last = |value: f64, limit: f64, from: u32| from + (value.clamp(0.0, limit) * by).ceil() as u32;
        let mut area =
            [first(x0, width, left), first(y0, height, top), last(x1, width, left), last(y1, height, top)];
        if let Some([.., right, bottom]) = self.part {
            (area[2], area[3]) = (area[2].min(right), area[3].min(bottom));
        }
        PicturePart { area: Some(area), quarter_turns: turns }
    }
}

/// Whether rows become columns.
pub(super) fn lies(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// The area of the pixels as they are stored that becomes `area` of the upright picture; `width` and `height` are the stored ones.
pub(super) fn stored_area(area: [u32; 4], orientation: Orientation, [width, height]: [u32; 2]) -> [u32; 4] {
    let [x0, y0, x1, y1] = area;
    match orientation {
        Orientation::NoTransforms => area,
        Orientation::FlipHorizontal => [width - x1, y0, width - x0, y1],
        Orientation::FlipVertical => [x0, height - y1, x1, height - y0],
        Orientation::Rotate180 => [width - x1, height - y1, width - x0, height - y0],
        // Upright (x, y) is stored at (y, height - 1 - x).
        Orientation::Rotate90 => [y0, height - x1, y1, height - x0],
        // At (width - 1 - y, x).
        Orientation::Rotate270 => [width - y1, x0, width - y0, x1],
        // Turned, then flipped: at (y, x).
        Orientation::Rotate90FlipH => [y0, x0, y1, x1],
        // At (width - 1 - y, height - 1 - x).
        Orientation::Rotate270FlipH => [width - y1, height - x1, width - y0, height - x0],
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, Luma};

    use super::*;

    #[test]
    fn a_stored_area_becomes_the_upright_one() {
        let stored = GrayImage::from_fn(7, 5, |x, y| Luma([(10 * y + x) as u8]));
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut upright = DynamicImage::ImageLuma8(stored.clone());
            upright.apply_orientation(orientation);
            let area = [1, 2, 4, 4];
            let wanted = upright.crop_imm(1, 2, 3, 2).to_luma8();
            let [x0, y0, x1, y1] = stored_area(area, orientation, [7, 5]);
            let mut found = DynamicImage::ImageLuma8(stored.clone()).crop_imm(x0, y0, x1 - x0, y1 - y0);
            found.apply_orientation(orientation);
            assert_eq!(found.to_luma8(), wanted, "{exif}");
            assert_eq!(lies(orientation), upright.width() == 5);
        }
    }

    #[test]
    fn an_area_of_a_turned_and_reduced_slice_is_found_in_the_picture() {
        let whole = PictureReading {
            coloured: false,
            exif_orientation: 1,
            reduced_by: 3,
            part: Some([100, 200, 400, 800]),
            turned_degrees: 0,
        };
        // 300 x 600 pixels of the picture are 100 x 200 of the slice.
        let part = whole.part_of_slice([10.0, 20.0, 30.0, 60.0], 200, 100);
        assert_eq!(part, PicturePart { area: Some([130, 260, 190, 380]), quarter_turns: 0 });
        // Clockwise, the top left corner of the part is at the top right of the slice.
        let turned = PictureReading { turned_degrees: 90, ..whole };
        let part = turned.part_of_slice([140.0, 10.0, 180.0, 30.0], 100, 200);
        assert_eq!(part, PicturePart { area: Some([130, 260, 190, 380]), quarter_turns: 1 });
        let turned = PictureReading { turned_degrees: 270, ..whole };
        let part = turned.part_of_slice([20.0, 70.0, 60.0, 90.0], 100, 200);
        assert_eq!(part, PicturePart { area: Some([130, 260, 190, 380]), quarter_turns: 3 });
        // Beyond the borders is nothing.
        let part = whole.part_of_slice([-5.0, -5.0, 1e9, 1e9], 200, 100);
        assert_eq!(part.area, Some([100, 200, 400, 800]));
        assert_eq!(PicturePart::default().turned().turned().degrees(), 180);
    }

    #[test]
    fn an_area_is_cut_to_the_picture() {
        let part = |area| PicturePart { area: Some(area), quarter_turns: 0 };
        assert_eq!(PicturePart::default().on([20, 10]), Ok([0, 0, 20, 10]));
        assert_eq!(part([10, 10, 900, 60]).on([100, 50]), Ok([10, 10, 100, 50]));
        assert_eq!(part([10, 10, 900, 60]).on([100, 41]), Err([10, 10, 900, 60]));
        assert_eq!(part([90, 10, 20, 60]).on([100, 50]), Err([90, 10, 20, 60]));
    }
}
