//! PNG, JPEG, WebP and BMP pictures of a slice: exports, screenshots, scans, and photos of a screen or a film.

mod grey;
mod jpeg;
mod part;
mod png;
mod webp;

use std::io::Cursor;

use image::codecs::{bmp::BmpDecoder, jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, Limits, Luma, imageops};
use serde::{Deserialize, Serialize};

use super::decode::check_pixels;
use super::{CtSlice, FileFormat, ImagingError, ValueScale};
use part::{lies, stored_area};

pub use part::{MIN_PART_SIDE, PicturePart};

/// A picture with a longer side is read reduced. No CT slice has more pixels; a photo's beyond them are noise and moire.
pub(super) const FULL_SIDE: u32 = 2048;
/// The longest side of a picture that is read, in pixels: beyond what phones take.
pub const MAX_PICTURE_SIDE: usize = 12_288;

/// A picture may take this many bytes of memory, and beyond them this many times the bytes of its file.
const SMALL_BYTES: u64 = 56 << 20;
/// A screenshot is mostly of one colour.
const MAX_GROWTH: u64 = 32;
/// A photo has from half a bit a pixel on, where nine bytes may have to be kept.
const MAX_JPEG_GROWTH: u64 = 144;
/// WebP and BMP files.
const MAX_OTHER_GROWTH: u64 = 4;
/// The same of what a decoder keeps beside the pixels, as a colour profile that inflates.
const MAX_PROFILE_GROWTH: u64 = 4;
/// No phone's photo has more pixels; a browser's memory is limited.
const MAX_PIXELS: u64 = 120_000_000;

/// How a picture became a grey slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureReading {
    /// Whether it has colours, as a photo's tint or marks drawn on it. They were read as grey.
    pub coloured: bool,
    /// How it was turned upright: Exif's Orientation (CIPA DC-008, tag 274), 1 to 8; 1 is as it is.
    pub exif_orientation: u8,
    /// The part of it that was read, as [`PicturePart::area`]; none for all of it.
    pub part: Option<[u32; 4]>,
    /// By how much that was turned clockwise, beyond Exif: 0, 90, 180 or 270.
    pub turned_degrees: u16,
    /// How many of its pixels, across and down, are one of the slice.
    pub reduced_by: u32,
}

/// Decodes a part of a picture into grey levels from 0 to 255 or 65535.
///
/// Colours become the mean of their channels; a picture that is strongly coloured is refused. Alpha is composited on black, as
/// air is black. A photo is turned as its Exif data say, and one of more than 2048 pixels on a side is reduced by a whole
/// number, each pixel the mean of a square.
pub(super) fn decode(bytes: &[u8], format: FileFormat, part: PicturePart) -> Result<CtSlice, ImagingError> {
    let failed = |detail: String| ImagingError::Picture { format, detail };
    let bytes = match format {
        FileFormat::WebP => webp::still(bytes)?,
        FileFormat::Jpeg => {
            jpeg::check_end(bytes)?;
            bytes
        }
        FileFormat::Png if png::is_animated(bytes) => return Err(ImagingError::Animated { format }),
        _ => bytes,
    };
    let mut decoder = open(bytes, format).map_err(|e| failed(e.to_string()))?;
    let (columns, rows) = decoder.dimensions();
    check_pixels(format, u64::from(rows), u64::from(columns), MAX_PICTURE_SIDE)?;
    check_growth(format, bytes, &*decoder)?;
    let orientation = orientation(&mut *decoder);
    let shown = if lies(orientation) { [rows, columns] } else { [columns, rows] };
    let area = part.on(shown).map_err(|area| ImagingError::BadPart { area, size: shown })?;
    let picture = DynamicImage::from_decoder(decoder).map_err(|e| failed(e.to_string()))?;

    let stored = stored_area(area, orientation, [columns, rows]);
    let [width, height] = [stored[2] - stored[0], stored[3] - stored[1]];
    let reduced_by = reduction(width, height);
    let grey::GreyPicture { values, max, coloured } = grey::read(&picture, stored, reduced_by as usize)
        .map_err(|percent| ImagingError::Coloured { format, percent })?;
    drop(picture);
    let size = [width.div_ceil(reduced_by), height.div_ceil(reduced_by)];
    let image = turned(upright(size, values, orientation), part.degrees());
    let reading = PictureReading {
        coloured,
        exif_orientation: orientation.to_exif(),
        part: part.area.map(|_| area),
        turned_degrees: part.degrees(),
        reduced_by,
    };
    Ok(CtSlice {
        rows: image.height() as usize,
        columns: image.width() as usize,
        values: image.into_raw(),
        scale: ValueScale::Grey { max },
        pixel_spacing: None,
        patient_right_is_image_left: None,
        format,
        picture: Some(reading),
    })
}

/// Rows and columns of the slice that [`decode`](super::decode()) makes of a picture, by its first bytes; none where they do not say.
pub fn picture_size(head: &[u8]) -> Option<[usize; 2]> {
    let format = format_of(head)?;
    // Exif data follow the image, so all of it is needed.
    let head = if format == FileFormat::WebP { webp::still(head).ok()? } else { head };
    let mut decoder = open(head, format).ok()?;
    let (columns, rows) = decoder.dimensions();
    let by = reduction(columns, rows);
    let [rows, columns] = [rows.div_ceil(by) as usize, columns.div_ceil(by) as usize];
    Some(if lies(orientation(&mut *decoder)) { [columns, rows] } else { [rows, columns] })
}

/// The format of a picture by its first bytes.
pub(super) fn format_of(head: &[u8]) -> Option<FileFormat> {
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(FileFormat::Png)
    } else if head.starts_with(b"\xFF\xD8\xFF") {
        Some(FileFormat::Jpeg)
    } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        Some(FileFormat::WebP)
    } else if begins_like_bmp(head) {
        Some(FileFormat::Bmp)
    } else {
        None
    }
}

/// Whether the file header of a BMP is there, and a known one of its picture: its two letters alone may begin a text. The size of the
/// file is not looked at, which some programs leave 0.
fn begins_like_bmp(head: &[u8]) -> bool {
    const HEADER_SIZES: [u8; 7] = [12, 40, 52, 56, 64, 108, 124];
    head.starts_with(b"BM")
        && head.get(6..10) == Some(&[0; 4])
        && matches!(head.get(14..18), Some(&[size, 0, 0, 0]) if HEADER_SIZES.contains(&size))
}

/// Reads the header.
fn open<'a>(bytes: &'a [u8], format: FileFormat) -> image::ImageResult<Box<dyn ImageDecoder + 'a>> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(SMALL_BYTES / 4 + MAX_PROFILE_GROWTH * bytes.len() as u64);
    Ok(match format {
        FileFormat::Png => Box::new(PngDecoder::with_limits(Cursor::new(bytes), limits)?),
        FileFormat::WebP => Box::new(WebPDecoder::new(Cursor::new(bytes))?),
        FileFormat::Bmp => Box::new(BmpDecoder::new(Cursor::new(bytes))?),
        _ => Box::new(JpegDecoder::new(Cursor::new(bytes))?),
    })
}

/// How many pixels of a picture become one, across and down.
fn reduction(columns: u32, rows: u32) -> u32 {
    columns.max(rows).div_ceil(FULL_SIDE).max(1)
}

/// What the Exif data say; Exif data that cannot be read say nothing.
fn orientation(decoder: &mut dyn ImageDecoder) -> Orientation {
    let exif = decoder.exif_metadata().ok().flatten().unwrap_or_default();
    // Some programs put into a WebP what a JPEG has before them.
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif);
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// Grey values as an image, so that `image` can turn them.
type Values = ImageBuffer<Luma<f32>, Vec<f32>>;

/// Turns the values of a width and a height as Exif says.
fn upright([columns, rows]: [u32; 2], values: Vec<f32>, orientation: Orientation) -> Values {
    let Some(image) = Values::from_raw(columns, rows, values) else { unreachable!("a value for each pixel") };
    match orientation {
        Orientation::NoTransforms => image,
        Orientation::Rotate90 => imageops::rotate90(&image),
        Orientation::Rotate180 => imageops::rotate180(&image),
        Orientation::Rotate270 => imageops::rotate270(&image),
        Orientation::FlipHorizontal => imageops::flip_horizontal(&image),
        Orientation::FlipVertical => imageops::flip_vertical(&image),
        Orientation::Rotate90FlipH => imageops::flip_horizontal(&imageops::rotate90(&image)),
        Orientation::Rotate270FlipH => imageops::flip_horizontal(&imageops::rotate270(&image)),
    }
}

/// Turns by whole quarters, clockwise.
fn turned(image: Values, degrees: u16) -> Values {
    match degrees {
        90 => imageops::rotate90(&image),
        180 => imageops::rotate180(&image),
        270 => imageops::rotate270(&image),
        _ => image,
    }
}

/// Refuses a picture that would take far more memory than its file: a real one does not shrink so much.
fn check_growth(format: FileFormat, bytes: &[u8], decoder: &dyn ImageDecoder) -> Result<(), ImagingError> {
    let (columns, rows) = decoder.dimensions();
    let pixels = u64::from(rows) * u64::from(columns);
    let by = u64::from(reduction(columns, rows));
    let (kept, growth) = match format {
        FileFormat::Jpeg => (jpeg::coefficient_bytes(bytes, pixels), MAX_JPEG_GROWTH),
        FileFormat::WebP => {
            (pixels * webp::kept_bytes(bytes, decoder.color_type().has_alpha()), MAX_OTHER_GROWTH)
        }
        FileFormat::Bmp => (0, MAX_OTHER_GROWTH),
        _ => (0, MAX_GROWTH),
    };
    // The decoder is gone before the values are made.
    let values = pixels / (by * by) * size_of::<f32>() as u64;
    let needed = decoder.total_bytes() + kept.max(values);
    if pixels > MAX_PIXELS || needed > SMALL_BYTES + growth * bytes.len() as u64 {
        return Err(ImagingError::TooManyPixels { format, columns, rows, bytes: bytes.len() });
    }
    Ok(())
}
