//! From stored samples to Hounsfield units.

use dicom_dictionary_std::tags;

use super::super::{ImagingError, PixelSpacing};
use super::attributes::{Attributes, bad, missing};
use crate::words::counted;

/// Hounsfield units given to padding outside the field of view: the lower end of the default window.
pub const AIR_HU: f32 = -1250.0;

/// How the samples of an image lie in PixelData (PS3.5, chapter 8).
pub struct Layout {
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
    /// 8 or 16.
    pub bits_allocated: u32,
    /// Bits of a sample that count.
    pub bits_stored: u32,
    /// How far the lowest of these lies above the lowest bit.
    shift: u32,
    /// Whether samples are two's complement.
    pub signed: bool,
}

impl Layout {
    /// Reads and checks the Image Pixel module.
    pub fn read(attributes: &Attributes) -> Result<Self, ImagingError> {
        if let Some(samples) = attributes.integer(tags::SAMPLES_PER_PIXEL)?.filter(|&samples| samples != 1) {
            return Err(bad(tags::SAMPLES_PER_PIXEL, format!("is {samples}: a CT slice is grey and has 1")));
        }
        // MONOCHROME1 asks viewers to show low values bright; Hounsfield units stay what they are.
        let photometric = attributes.text(tags::PHOTOMETRIC_INTERPRETATION);
        if let Some(other) = photometric.filter(|p| p != "MONOCHROME2" && p != "MONOCHROME1") {
            let problem = format!("is {other}: a CT slice has MONOCHROME1 or MONOCHROME2");
            return Err(bad(tags::PHOTOMETRIC_INTERPRETATION, problem));
        }
        let size_unknown = "the size of the image is unknown";
        let rows = attributes.integer(tags::ROWS)?.ok_or_else(|| missing(tags::ROWS, size_unknown))?;
        let columns =
            attributes.integer(tags::COLUMNS)?.ok_or_else(|| missing(tags::COLUMNS, size_unknown))?;
        let unreadable = "its pixels cannot be read";
        let allocated = attributes
            .integer(tags::BITS_ALLOCATED)?
            .ok_or_else(|| missing(tags::BITS_ALLOCATED, unreadable))?;
        let bits_allocated = match allocated {
            8 => 8,
            16 => 16,
            other => {
                return Err(bad(tags::BITS_ALLOCATED, format!("is {other}; LungLens reads 8 and 16 bits")));
            }
        };
        let stored = attributes.integer(tags::BITS_STORED)?.unwrap_or(allocated);
        if !(1..=allocated).contains(&stored) {
            return Err(bad(tags::BITS_STORED, format!("is {stored}, not in 1 to {allocated}")));
        }
        let high_bit = attributes.integer(tags::HIGH_BIT)?.unwrap_or(stored - 1);
        if !(stored - 1..allocated).contains(&high_bit) {
            let problem = format!("is {high_bit}, not in {} to {}", stored - 1, allocated - 1);
            return Err(bad(tags::HIGH_BIT, problem));
        }
        let signed = match attributes.integer(tags::PIXEL_REPRESENTATION)? {
            Some(0) => false,
            Some(1) => true,
            Some(other) => {
                return Err(bad(tags::PIXEL_REPRESENTATION, format!("is {other}, neither 0 nor 1")));
            }
            None => return Err(missing(tags::PIXEL_REPRESENTATION, unreadable)),
        };
        Ok(Self {
            // Unsigned 16-bit numbers, as the attribute reader ensures.
            rows: rows as usize,
            columns: columns as usize,
            bits_allocated,
            bits_stored: stored as u32,
            shift: (high_bit + 1 - stored) as u32,
            signed,
        })
    }

    /// Bytes of one image.
    pub fn frame_bytes(&self) -> usize {
        self.rows * self.columns * self.bits_allocated as usize / 8
    }

    /// The image in Hounsfield units, padding as [`AIR_HU`], of its stored words, one a pixel.
    pub fn hounsfield(&self, words: &[u16], attributes: &Attributes) -> Result<Vec<f32>, ImagingError> {
        let (slope, intercept) = rescale(attributes)?;
        let padding = Padding::read(self, attributes);
        let to_hu = |&word: &u16| match &padding {
            Some(padding) if padding.covers(self, word) => AIR_HU,
            _ => (f64::from(self.sample(word)) * slope + intercept) as f32,
        };
        Ok(words.iter().map(to_hu).collect())
    }

    /// The number in a stored word: its counting bits, sign extended.
    fn sample(&self, word: u16) -> i32 {
        let unused = 32 - self.bits_stored;
        let bits = (u32::from(word) >> self.shift) << unused;
        if self.signed { bits as i32 >> unused } else { (bits >> unused) as i32 }
    }
}

/// RescaleSlope and RescaleIntercept, which make Hounsfield units of samples.
fn rescale(attributes: &Attributes) -> Result<(f64, f64), ImagingError> {
    let unknown = "its values cannot be turned into Hounsfield units";
    let one = |tag| match attributes.numbers(tag)?.as_deref() {
        Some(&[value]) => Ok(value),
        Some(several) => Err(bad(tag, format!("has {} values instead of one", several.len()))),
        None => Err(missing(tag, unknown)),
    };
    let (slope, intercept) = (one(tags::RESCALE_SLOPE)?, one(tags::RESCALE_INTERCEPT)?);
    if slope == 0.0 {
        return Err(bad(tags::RESCALE_SLOPE, "is 0, which would make every pixel the same".to_owned()));
    }
    // Far beyond any scanner; keeps every product a finite single.
    for (tag, value) in [(tags::RESCALE_SLOPE, slope), (tags::RESCALE_INTERCEPT, intercept)] {
        if value.abs() > 1e9 {
            return Err(bad(tag, format!("is {value}, which no scanner writes")));
        }
    }
    // US means unspecified, as many derived series say.
    match attributes.text(tags::RESCALE_TYPE).as_deref() {
        None | Some("HU" | "HU_MOD" | "US") => Ok((slope, intercept)),
        Some(other) => {
            Err(bad(tags::RESCALE_TYPE, format!("is {other}: its values are not Hounsfield units")))
        }
    }
}

/// Samples that stand for no measurement (PS3.3, C.7.5.1.1.2).
struct Padding {
    word: u16,
    low: i32,
    high: i32,
}

impl Padding {
    fn read(layout: &Layout, attributes: &Attributes) -> Option<Self> {
        let word = attributes.word(tags::PIXEL_PADDING_VALUE)?;
        let limit = attributes.word(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(word);
        let number = |w: u16| if layout.signed { i32::from(w as i16) } else { i32::from(w) };
        let (a, b) = (number(word), number(limit));
        Some(Self { word, low: a.min(b), high: a.max(b) })
    }

    /// Whether a stored word is padding, by its number or, where padding uses all bits, by its bits.
    fn covers(&self, layout: &Layout, word: u16) -> bool {
        word == self.word || (self.low..=self.high).contains(&layout.sample(word))
    }
}

/// PixelSpacing in mm, row spacing first; none where the file does not state it.
pub fn pixel_spacing(attributes: &Attributes) -> Result<Option<PixelSpacing>, ImagingError> {
    match attributes.numbers(tags::PIXEL_SPACING)?.as_deref() {
        None => Ok(None),
        Some(&[row, column]) if row > 0.0 && column > 0.0 => {
            Ok(Some(PixelSpacing { row_mm: row as f32, column_mm: column as f32 }))
        }
        Some(other) => Err(bad(tags::PIXEL_SPACING, format!("is {other:?}, not two distances above 0 mm"))),
    }
}

/// Whether columns run towards the patient's left, by the first row cosine of ImageOrientationPatient.
///
/// None where the file does not say, or where the rows do not run mainly from side to side.
pub fn patient_right_is_image_left(attributes: &Attributes) -> Result<Option<bool>, ImagingError> {
    match attributes.numbers(tags::IMAGE_ORIENTATION_PATIENT)?.as_deref() {
        None => Ok(None),
        // The patient's x axis points to the left.
        Some(&[x, y, z, _, _, _]) => Ok((x.abs() > y.abs().max(z.abs())).then_some(x > 0.0)),
        Some(other) => Err(bad(
            tags::IMAGE_ORIENTATION_PATIENT,
            format!("has {} instead of six", counted(other.len(), "number")),
        )),
    }
}
