//! Level and width: from stored values to grey levels.

use crate::volume_view::Values;

/// A window: the values from `level - width / 2` (black) to `level + width / 2` (white), in HU or grey levels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Its middle.
    pub level: f64,
    /// Its width, at least 1.
    pub width: f64,
}

/// A window of the usual ones for chest CT.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preset {
    /// Its name in the page's test and markup.
    pub id: &'static str,
    /// The window.
    pub window: Window,
}

/// Lung, mediastinum and bone, in HU.
pub const PRESETS: [Preset; 3] = [
    Preset { id: "lung", window: Window { level: -600.0, width: 1500.0 } },
    Preset { id: "mediastinum", window: Window { level: 40.0, width: 400.0 } },
    Preset { id: "bone", window: Window { level: 400.0, width: 1800.0 } },
];

/// The grey level of each i16, by its bits as an unsigned number.
pub type Lut = [u8; 65_536];

impl Window {
    /// The window that values are first shown through: lung, or all levels of a picture.
    pub fn first(values: Values) -> Self {
        match values {
            Values::Hounsfield => PRESETS[0].window,
            Values::Grey { lowest, highest, .. } => {
                let (lowest, highest) = (f64::from(lowest), f64::from(highest));
                Self { level: (lowest + highest) / 2.0, width: (highest - lowest).max(1.0) }
            }
        }
    }

    /// The window after a drag, in screen pixels: rightwards widens it, downwards raises the level. Wide windows change
    /// faster.
    pub fn dragged(self, across: f64, down: f64) -> Self {
        let step = (self.width / 300.0).clamp(0.5, 200.0);
        let width = (self.width + across * step).clamp(1.0, 70_000.0);
        let level = (self.level + down * step).clamp(-70_000.0, 70_000.0);
        Self { level: level.round(), width: width.round() }
    }

    /// The preset that this window is.
    pub fn preset(self) -> Option<usize> {
        PRESETS.iter().position(|preset| preset.window == self)
    }

    /// Fills the table from stored values to grey levels: DICOM's LINEAR_EXACT (PS3.3 C.11.2.1.3.2), rounded. The lowest
    /// stored value stands for no value and is black.
    pub fn fill(self, values: Values, lut: &mut Lut) {
        let offset = match values {
            Values::Hounsfield => 0,
            Values::Grey { offset, .. } => offset,
        };
        let (lower, width) = ((self.level - self.width / 2.0) as f32, self.width.max(1.0) as f32);
        for stored in i16::MIN..=i16::MAX {
            let value = (i32::from(stored) + offset) as f32;
            // As `lunglens::imaging::display_grey`, so that both round alike.
            lut[usize::from(stored as u16)] =
                ((value - lower) / width * 255.0).clamp(0.0, 255.0).round() as u8;
        }
        if values == Values::Hounsfield {
            lut[usize::from(i16::MIN as u16)] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use lunglens::imaging::{CtSlice, FileFormat, ValueScale, display_grey};

    use super::*;

    fn lut(window: Window, values: Values) -> Box<Lut> {
        let mut lut = Box::new([0; 65_536]);
        window.fill(values, &mut lut);
        lut
    }

    #[test]
    fn presets_are_the_usual_windows() {
        let lung = lut(PRESETS[0].window, Values::Hounsfield);
        // By numpy: np.clip(np.rint((v + 600) / 1500 * 255 + 127.5), 0, 255)
        for (hu, grey) in [(-1351, 0), (-1000, 60), (-600, 128), (-90, 214), (150, 255), (3000, 255)] {
            assert_eq!(lung[(hu as i16) as u16 as usize], grey, "{hu}");
        }
        let mediastinum = lut(PRESETS[1].window, Values::Hounsfield);
        for (hu, grey) in [(-161, 0), (-160, 0), (0, 102), (40, 128), (140, 191), (240, 255), (241, 255)] {
            assert_eq!(mediastinum[(hu as i16) as u16 as usize], grey, "{hu}");
        }
        let bone = lut(PRESETS[2].window, Values::Hounsfield);
        for (hu, grey) in [(-500, 0), (400, 128), (1001, 213), (1300, 255)] {
            assert_eq!(bone[(hu as i16) as u16 as usize], grey, "{hu}");
        }
        assert_eq!(lung[i16::MIN as u16 as usize], 0);
    }

    #[test]
    fn the_page_shows_what_the_command_line_draws() {
        let values: Vec<f32> = (-1500..400).map(|v| v as f32).collect();
        let slice = CtSlice {
            rows: 1,
            columns: values.len(),
            values: values.clone(),
            scale: ValueScale::Hounsfield,
            pixel_spacing: None,
            patient_right_is_image_left: None,
            format: FileFormat::Dicom,
            picture: None,
        };
        let lung = lut(PRESETS[0].window, Values::Hounsfield);
        let shown: Vec<u8> = values.iter().map(|&v| lung[(v as i16) as u16 as usize]).collect();
        assert_eq!(shown, display_grey(&slice, None));
    }

    #[test]
    fn pictures_are_shown_as_they_are() {
        let narrow = Values::Grey { offset: 0, lowest: 0, highest: 255 };
        let table = lut(Window::first(narrow), narrow);
        assert!((0..=255u8).all(|level| table[usize::from(level)] == level));
        let wide = Values::Grey { offset: 32_768, lowest: 100, highest: 4195 };
        let table = lut(Window::first(wide), wide);
        let shown = |level: i32| table[usize::from((level - 32_768) as i16 as u16)];
        assert_eq!([0, 100, 2148, 4195, 65_535].map(shown), [0, 0, 128, 255, 255]);
    }

    #[test]
    fn drags_change_width_and_level() {
        let lung = PRESETS[0].window;
        assert_eq!(lung.dragged(10.0, 0.0), Window { level: -600.0, width: 1550.0 });
        assert_eq!(lung.dragged(0.0, -4.0), Window { level: -620.0, width: 1500.0 });
        assert_eq!(lung.dragged(-1e9, 0.0).width, 1.0);
        assert_eq!((lung.preset(), lung.dragged(1.0, 0.0).preset()), (Some(0), None));
    }
}
