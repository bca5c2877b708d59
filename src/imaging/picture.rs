//! PNG and JPEG pictures: grey, or coloured formats that hold only greys.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::decode::check_size;
use super::{CtSlice, FileFormat, ImagingError, ValueScale};

/// Greatest spread between the channels of a grey pixel, of 255: JPEG's colour transform rounds.
const GREY_TOLERANCE: f32 = 8.0;
/// A picture may take this many bytes of memory, and beyond them this many times the bytes of its file.
const SMALL_BYTES: u64 = 56 << 20;
const MAX_GROWTH: u64 = 4;

/// Decodes a PNG or JPEG picture into grey levels from 0 to 255 or 65535.
///
/// Alpha is composited on black, as air is black.
pub(super) fn decode(bytes: &[u8], format: FileFormat) -> Result<CtSlice, ImagingError> {
    let failed = |detail: String| ImagingError::Picture { format, detail };
    let codec = match format {
        FileFormat::Png => image::ImageFormat::Png,
        _ => {
            check_jpeg_end(bytes)?;
            image::ImageFormat::Jpeg
        }
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), codec);
    let mut limits = Limits::default();
    // For what the decoder keeps beside the pixels, as a colour profile that inflates.
    limits.max_alloc = Some(SMALL_BYTES / 4 + MAX_GROWTH * bytes.len() as u64);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|e| failed(e.to_string()))?;
    let (columns, rows) = decoder.dimensions();
    check_size(format, u64::from(rows), u64::from(columns))?;
    check_growth(format, bytes.len(), &decoder)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(|e| failed(e.to_string()))?;

    let (rows, columns) = (picture.height() as usize, picture.width() as usize);
    let (values, max) = grey_values(&picture).map_err(|pixel| ImagingError::Coloured {
        format,
        row: pixel / columns,
        column: pixel % columns,
    })?;
    Ok(CtSlice {
        rows,
        columns,
        values,
        scale: ValueScale::Grey { max },
        pixel_spacing: None,
        patient_right_is_image_left: None,
        format,
    })
}

/// Refuses a picture that would take far more memory than its file: a real one does not shrink so much.
fn check_growth(format: FileFormat, len: usize, decoder: &impl ImageDecoder) -> Result<(), ImagingError> {
    let (columns, rows) = decoder.dimensions();
    let pixels = u64::from(rows) * u64::from(columns);
    // A progressive JPEG keeps coefficients of 16 bit a sample beside the samples.
    let kept = match format {
        FileFormat::Jpeg => 2 * pixels * u64::from(decoder.color_type().channel_count()),
        _ => 0,
    };
    let needed = decoder.total_bytes() + kept + pixels * size_of::<f32>() as u64;
    if needed > SMALL_BYTES + MAX_GROWTH * len as u64 {
        let detail = format!("it claims {columns} x {rows} pixels in {len} bytes");
        return Err(ImagingError::Picture { format, detail });
    }
    Ok(())
}

/// The grey values and the white level, or the index of the first coloured pixel.
fn grey_values(picture: &DynamicImage) -> Result<(Vec<f32>, f32), usize> {
    let channels = usize::from(picture.color().channel_count());
    match picture {
        DynamicImage::ImageLuma8(p) => grey_of(p.as_raw(), channels, 255.0),
        DynamicImage::ImageLumaA8(p) => grey_of(p.as_raw(), channels, 255.0),
        DynamicImage::ImageRgb8(p) => grey_of(p.as_raw(), channels, 255.0),
        DynamicImage::ImageRgba8(p) => grey_of(p.as_raw(), channels, 255.0),
        DynamicImage::ImageLuma16(p) => grey_of(p.as_raw(), channels, 65535.0),
        DynamicImage::ImageLumaA16(p) => grey_of(p.as_raw(), channels, 65535.0),
        DynamicImage::ImageRgb16(p) => grey_of(p.as_raw(), channels, 65535.0),
        DynamicImage::ImageRgba16(p) => grey_of(p.as_raw(), channels, 65535.0),
        // The two codecs yield no other kind; converting keeps this total.
        other => grey_of(other.to_rgba16().as_raw(), 4, 65535.0),
    }
}

fn grey_of<T: Copy + Into<f32>>(samples: &[T], channels: usize, max: f32) -> Result<(Vec<f32>, f32), usize> {
    if channels == 1 {
        return Ok((samples.iter().map(|&v| v.into()).collect(), max));
    }
    let has_alpha = channels.is_multiple_of(2);
    let colours = channels - usize::from(has_alpha);
    let tolerance = GREY_TOLERANCE * max / 255.0;
    let mut values = Vec::with_capacity(samples.len() / channels);
    for (pixel, sample) in samples.chunks_exact(channels).enumerate() {
        let colour = sample[..colours].iter().map(|&v| v.into());
        let low = colour.clone().fold(f32::INFINITY, f32::min);
        let high = colour.clone().fold(f32::NEG_INFINITY, f32::max);
        let opacity = if has_alpha { sample[colours].into() / max } else { 1.0 };
        // A transparent pixel's colour is not seen.
        if (high - low) * opacity > tolerance {
            return Err(pixel);
        }
        let mean = (colour.sum::<f32>() / colours as f32).round();
        values.push(if has_alpha { (mean * opacity).round() } else { mean });
    }
    Ok((values, max))
}

/// Refuses a JPEG without its end marker, which the decoder would fill up with grey.
fn check_jpeg_end(bytes: &[u8]) -> Result<(), ImagingError> {
    let cut = |place: &str| ImagingError::CutShort { format: FileFormat::Jpeg, place: place.to_owned() };
    let mut at = 2;
    loop {
        let &[mark, kind] = bytes.get(at..at + 2).ok_or_else(|| cut("before its image data"))? else {
            return Err(cut("before its image data"));
        };
        if mark != 0xFF {
            let detail = format!("no marker at byte {at}");
            return Err(ImagingError::Picture { format: FileFormat::Jpeg, detail });
        }
        match kind {
            // Fill bytes before a marker.
            0xFF => at += 1,
            // Markers without a length.
            0x01 | 0xD0..=0xD8 => at += 2,
            0xD9 => return Err(cut("before its image data")),
            _ => {
                let &[high, low] = bytes.get(at + 2..at + 4).ok_or_else(|| cut("inside its header"))? else {
                    return Err(cut("inside its header"));
                };
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
                // Start of scan: what follows is coded data, in which FF D9 can only be the end marker.
                if kind == 0xDA {
                    break;
                }
            }
        }
    }
    match bytes.get(at..) {
        Some(data) if data.windows(2).any(|pair| pair == [0xFF, 0xD9]) => Ok(()),
        _ => Err(cut("inside its image data")),
    }
}
