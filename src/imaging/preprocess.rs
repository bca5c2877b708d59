//! From a decoded slice to the network's input, the same for every caller.

use serde::{Deserialize, Serialize};

use super::decode::MAX_SIDE;
use super::{CtSlice, ImagingError, Letterbox, LungCrop, ValueScale, clahe, resize_bilinear, resize_cubic};
use crate::detect::BoxXyxy;

/// When to equalise with CLAHE.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaheMode {
    /// Hounsfield slices yes, pictures no: the pictures that the network was trained on already had it.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How a slice is prepared for a model. Part of the model manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preprocessing {
    /// Side of the network's square input, in pixels.
    pub input_size: usize,
    /// Lower and upper end that Hounsfield units are clamped to.
    pub hu_window: [f32; 2],
    /// Longer side to which a Hounsfield slice is brought before min-max and CLAHE, in pixels.
    pub working_size: usize,
    /// When to equalise.
    pub clahe: ClaheMode,
    /// `clipLimit` of OpenCV's CLAHE.
    pub clahe_clip_limit: f64,
    /// Tiles on a side (`tileGridSize`) of OpenCV's CLAHE.
    pub clahe_tiles: usize,
    /// How the lungs are looked for first, to segment only the part that they lie in; without it the whole slice is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lung_crop: Option<LungCrop>,
}

impl Default for Preprocessing {
    /// What the slices of the COVID-19 CT Lung and Infection Segmentation Dataset (Ma et al.) went through.
    fn default() -> Self {
        Self {
            input_size: 320,
            hu_window: [super::dicom::AIR_HU, 250.0],
            working_size: 256,
            clahe: ClaheMode::Auto,
            clahe_clip_limit: 7.0,
            clahe_tiles: 8,
            lung_crop: None,
        }
    }
}

/// What the network reads.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkInput {
    /// Side of the square, in pixels.
    pub size: usize,
    /// `size * size` values from 0 to 1, row-major, one channel (the network repeats it to three).
    pub values: Vec<f32>,
    /// Where the slice, or the part of it, lies in the square.
    pub letterbox: Letterbox,
}

/// A slice's grey values, of which the network's input is made.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedSlice {
    grey: Vec<u8>,
    rows: usize,
    columns: usize,
    source_rows: usize,
    source_columns: usize,
    /// How many times as high as wide a pixel of the source is, and one of `grey`.
    pixel_heights: [f32; 2],
    /// Whether a part of it is stretched to all grey levels, as a photo's is: its black and white are not the slice's.
    stretched: bool,
}

/// The shares of the pixels of a photo's part that become black and white.
const BLACK_SHARE: f64 = 0.01;
const WHITE_SHARE: f64 = 0.005;

/// Prepares a whole slice for the network: [`prepare`], then its [`PreparedSlice::network_input`].
///
/// # Errors
/// As [`prepare`].
pub fn preprocess(slice: &CtSlice, settings: &Preprocessing) -> Result<NetworkInput, ImagingError> {
    prepare(slice, settings)?.network_input(None, settings.input_size)
}

/// Makes a slice's grey values.
///
/// Hounsfield units: clamped to `hu_window`, resized to `working_size` (OpenCV's cubic), min-max to 8 bit,
/// CLAHE. Values at or below the window (padding outside the field of view) do not take part in the min-max.
/// Pictures: 8-bit as they are, 16-bit by min-max to 8 bit; CLAHE only when it is `On`.
///
/// # Errors
/// [`ImagingError::BadSlice`] when the slice's sizes do not match its values or a value is not finite,
/// [`ImagingError::BadSetting`] for a setting out of range.
pub fn prepare(slice: &CtSlice, settings: &Preprocessing) -> Result<PreparedSlice, ImagingError> {
    check_settings(settings)?;
    check_slice(slice)?;
    let pixel_height = slice.pixel_spacing.map_or(1.0, |spacing| spacing.row_mm / spacing.column_mm);
    let (grey, rows, columns) = match slice.scale {
        ValueScale::Hounsfield => {
            let working =
                Letterbox::fit_pixels(slice.rows, slice.columns, pixel_height, settings.working_size);
            let (rows, columns) = (working.content_rows, working.content_columns);
            let clamped = clamp_to_window(&slice.values, settings.hu_window);
            let small = resize_cubic(&clamped, slice.rows, slice.columns, rows, columns)?;
            (min_max(&small), rows, columns)
        }
        ValueScale::Grey { max } if is_wide_picture(max) => {
            (min_max(&slice.values), slice.rows, slice.columns)
        }
        ValueScale::Grey { max } => {
            let grey = slice.values.iter().map(|v| to_8_bit(v / max)).collect();
            (grey, slice.rows, slice.columns)
        }
    };
    let equalise = match settings.clahe {
        ClaheMode::Auto => slice.scale == ValueScale::Hounsfield,
        ClaheMode::On => true,
        ClaheMode::Off => false,
    };
    let grey = if equalise {
        clahe(&grey, rows, columns, settings.clahe_clip_limit, settings.clahe_tiles)?
    } else {
        grey
    };
    Ok(PreparedSlice {
        grey,
        rows,
        columns,
        source_rows: slice.rows,
        source_columns: slice.columns,
        // Of Hounsfield units the grey values are square already.
        pixel_heights: [pixel_height, if slice.scale == ValueScale::Hounsfield { 1.0 } else { pixel_height }],
        stretched: slice.has_surroundings(),
    })
}

impl PreparedSlice {
    /// The network's input of `size` x `size` pixels: the whole slice, or the part of it around `region` (source pixels, clipped to the
    /// slice, outwards to whole pixels of its grey values).
    ///
    /// Resized as PyTorch's bilinear does. The aspect in mm is kept, also where pixels are not square; the content lies top-left and the rest is 0.
    ///
    /// # Errors
    /// [`ImagingError::BadSlice`] where `size` is 0.
    pub fn network_input(&self, region: Option<BoxXyxy>, size: usize) -> Result<NetworkInput, ImagingError> {
        let Some(region) = region else {
            let letterbox =
                Letterbox::fit_pixels(self.source_rows, self.source_columns, self.pixel_heights[0], size);
            return letterboxed(&self.grey, [self.rows, self.columns], letterbox, size);
        };
        let scale =
            [self.columns as f32 / self.source_columns as f32, self.rows as f32 / self.source_rows as f32];
        let within = |from: f32, to: f32, scale: f32, count: usize| {
            let first = ((from * scale).floor().max(0.0) as usize).min(count - 1);
            (first, ((to * scale).ceil().max(0.0) as usize).clamp(first + 1, count))
        };
        let (left, right) = within(region[0], region[2], scale[0], self.columns);
        let (top, bottom) = within(region[1], region[3], scale[1], self.rows);
        let (rows, columns) = (bottom - top, right - left);
        let lines = self.grey.chunks_exact(self.columns).skip(top).take(rows);
        let mut part: Vec<u8> = lines.flat_map(|line| &line[left..right]).copied().collect();
        if self.stretched {
            stretch(&mut part);
        }
        let [x0, x1] = [left, right].map(|x| x as f32 / scale[0]);
        let [y0, y1] = [top, bottom].map(|y| y as f32 / scale[1]);
        let letterbox = Letterbox {
            region: [x0, y0, x1, y1],
            ..Letterbox::fit_pixels(rows, columns, self.pixel_heights[1], size)
        };
        letterboxed(&part, [rows, columns], letterbox, size)
    }
}

fn letterboxed(
    grey: &[u8],
    [rows, columns]: [usize; 2],
    letterbox: Letterbox,
    size: usize,
) -> Result<NetworkInput, ImagingError> {
    let unit: Vec<f32> = grey.iter().map(|&v| f32::from(v) / 255.0).collect();
    let content = resize_bilinear(&unit, rows, columns, letterbox.content_rows, letterbox.content_columns)?;
    let mut values = vec![0.0; size * size];
    for (row, from) in values.chunks_exact_mut(size).zip(content.chunks_exact(letterbox.content_columns)) {
        for (value, &grey) in row.iter_mut().zip(from) {
            // The weights' sum rounds to a hair above 1.
            *value = grey.clamp(0.0, 1.0);
        }
    }
    Ok(NetworkInput { size, values, letterbox })
}

/// Stretches the grey levels that most pixels have over all levels.
fn stretch(grey: &mut [u8]) {
    let mut counts = [0usize; 256];
    for &level in &*grey {
        counts[usize::from(level)] += 1;
    }
    // The first level with so many pixels up to it.
    let level = |share: f64| {
        let mut below = 0;
        let wanted = (share * grey.len() as f64) as usize;
        counts.iter().position(|&count| {
            below += count;
            below > wanted
        })
    };
    let (Some(low), Some(high)) = (level(BLACK_SHARE), level(1.0 - WHITE_SHARE)) else { return };
    if low < high {
        let scale = 1.0 / (high - low) as f32;
        for value in grey {
            *value = to_8_bit((f32::from(*value) - low as f32) * scale);
        }
    }
}

/// Whether a picture has more than 8 bits, whose used range is arbitrary (often 12 of 16 bits).
pub(super) fn is_wide_picture(max: f32) -> bool {
    max > 255.0
}

/// Lowest and highest finite value, or none where no value is finite.
pub(super) fn finite_range(values: &[f32]) -> Option<[f32; 2]> {
    let finite = values.iter().copied().filter(|v| v.is_finite());
    let [low, high] =
        finite.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)]);
    (low <= high).then_some([low, high])
}

/// Clamps to the window; what lies at or below it takes the slice's lowest value inside.
///
/// So padding is black without stretching the min-max, and the cubic kernel does not ring around it.
fn clamp_to_window(values: &[f32], [lower, upper]: [f32; 2]) -> Vec<f32> {
    let inside = values.iter().copied().filter(|&v| v > lower).fold(f32::INFINITY, f32::min);
    let floor = if inside.is_finite() { inside.min(upper) } else { lower };
    values.iter().map(|&v| v.clamp(floor, upper)).collect()
}

/// Stretches the values from their lowest to their highest over 0 to 255; a constant becomes 0.
fn min_max(values: &[f32]) -> Vec<u8> {
    match finite_range(values) {
        Some([low, high]) if high > low => {
            values.iter().map(|v| to_8_bit((v - low) / (high - low))).collect()
        }
        _ => vec![0; values.len()],
    }
}

/// A value from 0 to 1 as the nearest of 256 levels.
fn to_8_bit(unit: f32) -> u8 {
    (unit * 255.0).round_ties_even().clamp(0.0, 255.0) as u8
}

fn check_slice(slice: &CtSlice) -> Result<(), ImagingError> {
    let bad = |problem: String| Err(ImagingError::BadSlice { problem });
    let (rows, columns, found) = (slice.rows, slice.columns, slice.values.len());
    super::decode::check_size(slice.format, rows as u64, columns as u64)?;
    if rows * columns != found {
        return bad(format!("{found} values do not make {rows} rows of {columns}"));
    }
    if let Some(at) = slice.values.iter().position(|v| !v.is_finite()) {
        return bad(format!(
            "the value at row {}, column {} is {}",
            at / columns,
            at % columns,
            slice.values[at]
        ));
    }
    match slice.scale {
        ValueScale::Grey { max } if !(max.is_finite() && max > 0.0) => {
            bad(format!("its white level is {max}"))
        }
        _ => Ok(()),
    }
}

fn check_settings(settings: &Preprocessing) -> Result<(), ImagingError> {
    let bad = |field, problem| Err(ImagingError::BadSetting { field, problem });
    let search = settings.lung_crop.map(|crop| ("lung_crop.search_size", crop.search_size));
    let sides = [("input_size", settings.input_size), ("working_size", settings.working_size)];
    for (field, side) in sides.into_iter().chain(search) {
        if !(1..=MAX_SIDE).contains(&side) {
            return bad(field, format!("is {side}, not in 1 to {MAX_SIDE}"));
        }
    }
    if let Some(LungCrop { margin, .. }) = settings.lung_crop
        && !(0.0..=1.0).contains(&margin)
    {
        return bad("lung_crop.margin", format!("is {margin}, not in 0 to 1"));
    }
    let [lower, upper] = settings.hu_window;
    if !(lower.is_finite() && upper.is_finite() && lower < upper) {
        return bad("hu_window", format!("is [{lower}, {upper}], not a lower and a higher number"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{FileFormat, PixelSpacing};
    use super::*;

    /// A disc of 60 mm around the middle of 200 x 200 mm, in pixels of this size.
    fn disc(row_mm: f32, column_mm: f32, scale: ValueScale) -> CtSlice {
        let (rows, columns) = ((200.0 / row_mm) as usize, (200.0 / column_mm) as usize);
        let [inside, outside] =
            if scale == ValueScale::Hounsfield { [100.0, -1000.0] } else { [200.0, 10.0] };
        let value = |pixel: usize| {
            let y = ((pixel / columns) as f32 + 0.5) * row_mm - 100.0;
            let x = ((pixel % columns) as f32 + 0.5) * column_mm - 100.0;
            if x.hypot(y) < 60.0 { inside } else { outside }
        };
        CtSlice {
            rows,
            columns,
            values: (0..rows * columns).map(value).collect(),
            scale,
            pixel_spacing: Some(PixelSpacing { row_mm, column_mm }),
            patient_right_is_image_left: None,
            format: FileFormat::Nifti,
            picture: None,
        }
    }

    /// Height and width of what is bright.
    fn bright(input: &NetworkInput) -> [usize; 2] {
        let at: Vec<usize> = (0..input.values.len()).filter(|&at| input.values[at] > 0.5).collect();
        let extent = |place: fn(usize, usize) -> usize| {
            let all = || at.iter().map(|&at| place(at, input.size));
            all().max().unwrap_or_default() + 1 - all().min().unwrap_or_default()
        };
        [extent(|at, size| at / size), extent(|at, size| at % size)]
    }

    #[test]
    fn the_network_sees_a_slice_as_it_is_in_mm() {
        let settings = Preprocessing { clahe: ClaheMode::Off, ..Preprocessing::default() };
        for scale in [ValueScale::Hounsfield, ValueScale::Grey { max: 255.0 }] {
            for (row_mm, column_mm) in [(1.0, 1.0), (2.0, 0.5), (0.5, 5.0)] {
                let slice = disc(row_mm, column_mm, scale);
                let prepared = prepare(&slice, &settings).unwrap();
                let (width, height) = (slice.columns as f32, slice.rows as f32);
                // 150 x 150 mm around the disc.
                let part = [width / 8.0, height / 8.0, width * 7.0 / 8.0, height * 7.0 / 8.0];
                for (region, side_mm) in [(None, 200.0), (Some(part), 150.0)] {
                    let found = bright(&prepared.network_input(region, 320).unwrap());
                    let expected = 120.0 / side_mm * 320.0;
                    let pixel = 320.0 / side_mm * row_mm.max(column_mm);
                    for extent in found {
                        let what = format!("{found:?} of {row_mm} x {column_mm} mm, {region:?}");
                        assert!((extent as f32 - expected).abs() < 3.0 + 1.5 * pixel, "{what}");
                    }
                }
            }
        }
    }
}
