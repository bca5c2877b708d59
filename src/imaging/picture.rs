//! PNG and JPEG pictures: grey, or coloured formats that hold only greys.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::decode::{MAX_SIDE, check_size};
use super::{CtSlice, FileFormat, ImagingError, ValueScale};

/// Greatest spread between the channels of a grey pixel, of 255: JPEG's colour transform rounds.
const GREY_TOLERANCE: f32 = 8.0;

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
    // Eight bytes a pixel (16-bit RGBA), and as much again for the decoder's own buffers.
    limits.max_alloc = Some((MAX_SIDE * MAX_SIDE * 16) as u64);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|e| failed(e.to_string()))?;
    let (columns, rows) = decoder.dimensions();
    check_size(format, u64::from(rows), u64::from(columns))?;
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

/// The grey values and the white level, or the index of the first coloured pixel.
fn grey_values(picture: &DynamicImage) -> Result<(Vec<f32>, f32), usize> {
    let wide = picture.color().bytes_per_pixel() / picture.color().channel_count() > 1;
    let channels = usize::from(picture.color().channel_count());
    let max = if wide { 65535.0 } else { 255.0 };
    let samples: Vec<f32> = match picture {
        DynamicImage::ImageLuma8(p) => p.as_raw().iter().map(|&v| f32::from(v)).collect(),
        DynamicImage::ImageLumaA8(p) => p.as_raw().iter().map(|&v| f32::from(v)).collect(),
        DynamicImage::ImageRgb8(p) => p.as_raw().iter().map(|&v| f32::from(v)).collect(),
        DynamicImage::ImageRgba8(p) => p.as_raw().iter().map(|&v| f32::from(v)).collect(),
        DynamicImage::ImageLuma16(p) => p.as_raw().iter().map(|&v| f32::from(v)).collect(),
        DynamicImage::ImageLumaA16(p) => p.as_raw().iter().map(|&v| f32::from(v)).collect(),
        DynamicImage::ImageRgb16(p) => p.as_raw().iter().map(|&v| f32::from(v)).collect(),
        DynamicImage::ImageRgba16(p) => p.as_raw().iter().map(|&v| f32::from(v)).collect(),
        // The two codecs yield no other kind; converting keeps this total.
        other => return grey_values(&DynamicImage::ImageRgba16(other.to_rgba16())),
    };
    if channels == 1 {
        return Ok((samples, max));
    }
    let has_alpha = channels % 2 == 0;
    let colours = channels - usize::from(has_alpha);
    let tolerance = GREY_TOLERANCE * max / 255.0;
    let mut values = Vec::with_capacity(samples.len() / channels);
    for (pixel, sample) in samples.chunks_exact(channels).enumerate() {
        let colour = &sample[..colours];
        let low = colour.iter().copied().fold(f32::INFINITY, f32::min);
        let high = colour.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let opacity = if has_alpha { sample[colours] / max } else { 1.0 };
        // A transparent pixel's colour is not seen.
        if (high - low) * opacity > tolerance {
            return Err(pixel);
        }
        let mean = (colour.iter().sum::<f32>() / colours as f32).round();
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
