//! Pixels of any kind to grey values.

use image::DynamicImage;

/// Greatest spread between the channels of a grey pixel, of 255: JPEG's colour transform rounds.
const GREY_TOLERANCE: f32 = 8.0;
/// From this spread on, of 255, a pixel is strongly coloured, once the picture's tint is taken away.
const STRONG: f32 = 48.0;
/// A picture of which more is strongly coloured is no photo of a CT slice: maps in false colours have 0.65 to 1, photographs of other
/// things mostly more than 0.2, photos of a screen or a film under 0.01, with a brown desk around it 0.19.
const MAX_STRONG_SHARE: f64 = 0.2;
/// How far the tint of a picture is taken away.
const GAINS: [f32; 2] = [0.5, 2.0];

/// A picture as grey values.
pub(super) struct GreyPicture {
    /// Row by row.
    pub values: Vec<f32>,
    /// The white level.
    pub max: f32,
    /// Whether any pixel has a colour.
    pub coloured: bool,
}

/// The grey values of an area `[x0, y0, x1, y1]`, each the mean of a square of `by` x `by` pixels (fewer at the right and the lower border), rounded; or the percent of
/// the picture that are strongly coloured, where that is too much.
pub(super) fn read(picture: &DynamicImage, area: [u32; 4], by: usize) -> Result<GreyPicture, u32> {
    let channels = usize::from(picture.color().channel_count());
    let place = Place { columns: picture.width() as usize, area: area.map(|side| side as usize), by };
    match picture {
        DynamicImage::ImageLuma8(p) => grey_of(p.as_raw(), channels, place, 255.0),
        DynamicImage::ImageLumaA8(p) => grey_of(p.as_raw(), channels, place, 255.0),
        DynamicImage::ImageRgb8(p) => grey_of(p.as_raw(), channels, place, 255.0),
        DynamicImage::ImageRgba8(p) => grey_of(p.as_raw(), channels, place, 255.0),
        DynamicImage::ImageLuma16(p) => grey_of(p.as_raw(), channels, place, 65535.0),
        DynamicImage::ImageLumaA16(p) => grey_of(p.as_raw(), channels, place, 65535.0),
        DynamicImage::ImageRgb16(p) => grey_of(p.as_raw(), channels, place, 65535.0),
        DynamicImage::ImageRgba16(p) => grey_of(p.as_raw(), channels, place, 65535.0),
        // The codecs yield no other kind; converting keeps this total.
        other => grey_of(other.to_rgba16().as_raw(), 4, place, 65535.0),
    }
}

fn grey_of<T: Copy + Into<f32>>(
    samples: &[T],
    channels: usize,
    place: Place,
    max: f32,
) -> Result<GreyPicture, u32> {
    let squares = Squares { samples, channels, place, max };
    let mut values = Vec::with_capacity(place.squares());
    let (mut total, mut coloured) = ([0.0f64; 3], false);
    squares.for_each(|colour| {
        coloured |= spread(colour) > GREY_TOLERANCE * max / 255.0;
        total = [0, 1, 2].map(|c| total[c] + f64::from(colour[c]));
        values.push((colour.iter().sum::<f32>() / 3.0).round());
    });
    if coloured {
        let mean = total.iter().sum::<f64>() / 3.0;
        // The tint of a screen, a film or a lamp is taken away: what makes the picture grey in the mean.
        let gains = total.map(|channel| ((mean / channel.max(1e-3)) as f32).clamp(GAINS[0], GAINS[1]));
        let mut strong = 0usize;
        squares.for_each(|colour| {
            let balanced = [0, 1, 2].map(|c| (colour[c] * gains[c]).min(max));
            strong += usize::from(spread(balanced) > STRONG * max / 255.0);
        });
        let share = strong as f64 / values.len() as f64;
        if share > MAX_STRONG_SHARE {
            return Err((100.0 * share).round() as u32);
        }
    }
    Ok(GreyPicture { values, max, coloured })
}

/// Which pixels are read.
#[derive(Clone, Copy)]
struct Place {
    /// Width of the picture in pixels.
    columns: usize,
    /// `[x0, y0, x1, y1]` in pixels, within the picture.
    area: [usize; 4],
    /// Side of the squares that become one value each.
    by: usize,
}

impl Place {
    /// How many squares there are.
    fn squares(&self) -> usize {
        let [x0, y0, x1, y1] = self.area;
        (x1 - x0).div_ceil(self.by) * (y1 - y0).div_ceil(self.by)
    }
}

/// Interleaved samples, looked at by squares.
struct Squares<'a, T> {
    samples: &'a [T],
    channels: usize,
    place: Place,
    max: f32,
}

impl<T: Copy + Into<f32>> Squares<'_, T> {
    /// The mean red, green and blue of every square, row by row.
    fn for_each(&self, mut each: impl FnMut([f32; 3])) {
        let Place { columns, area: [x0, y0, x1, y1], by } = self.place;
        for top in (y0..y1).step_by(by) {
            let height = by.min(y1 - top);
            for left in (x0..x1).step_by(by) {
                let width = by.min(x1 - left);
                let mut sum = [0.0f32; 3];
                for row in top..top + height {
                    let first = (row * columns + left) * self.channels;
                    let line = &self.samples[first..first + width * self.channels];
                    for pixel in line.chunks_exact(self.channels) {
                        let colour = self.colour(pixel);
                        sum = [0, 1, 2].map(|c| sum[c] + colour[c]);
                    }
                }
                let count = (height * width) as f32;
                each(sum.map(|s| s / count));
            }
        }
    }

    /// Red, green and blue of a pixel on black.
    fn colour(&self, pixel: &[T]) -> [f32; 3] {
        let has_alpha = self.channels.is_multiple_of(2);
        let colours = self.channels - usize::from(has_alpha);
        let opacity = if has_alpha { pixel[colours].into() / self.max } else { 1.0 };
        [0, 1, 2].map(|channel: usize| pixel[channel.min(colours - 1)].into() * opacity)
    }
}

/// The distance between the least and the greatest channel.
fn spread([red, green, blue]: [f32; 3]) -> f32 {
    red.max(green).max(blue) - red.min(green).min(blue)
}
