//! Where the slice, or a part of it, lies in the network's square input, and the way back.

use crate::detect::BoxXyxy;

/// Pixels whose height differs by less than this share from their width are square: files round their spacings.
const NOT_SQUARE: f32 = 0.01;

/// The place of a slice or a part of it in the network's input: top-left, padded on the right and at the bottom, as torchvision's
/// `GeneralizedRCNNTransform.batch_images` does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letterbox {
    /// What of the slice is there, in source pixels.
    pub region: BoxXyxy,
    /// Height that it takes up in the input, in network pixels.
    pub content_rows: usize,
    /// Width that it takes up in the input, in network pixels.
    pub content_columns: usize,
}

impl Letterbox {
    /// Fits a slice of square pixels into a square of `size` pixels, keeping its aspect to the nearest pixel.
    ///
    /// The longer side becomes `size`; the shorter is rounded, halves up, to at least one pixel.
    pub fn fit(source_rows: usize, source_columns: usize, size: usize) -> Self {
        let longest = source_rows.max(source_columns).max(1);
        let scaled = |side: usize| ((side * size + longest / 2) / longest).max(1);
        Self {
            region: [0.0, 0.0, source_columns as f32, source_rows as f32],
            content_rows: scaled(source_rows),
            content_columns: scaled(source_columns),
        }
    }

    /// As [`Letterbox::fit`], of pixels that are `pixel_height` times as high as wide: the input shows the slice as it is in mm.
    pub fn fit_pixels(source_rows: usize, source_columns: usize, pixel_height: f32, size: usize) -> Self {
        let square = Self::fit(source_rows, source_columns, size);
        if pixel_height.is_nan() || (pixel_height - 1.0).abs() < NOT_SQUARE {
            return square;
        }
        let (height, width) = (source_rows as f32 * pixel_height, source_columns as f32);
        let scaled =
            |side: f32| ((side * size as f32 / height.max(width)).round() as usize).clamp(1, size.max(1));
        Self { content_rows: scaled(height), content_columns: scaled(width), ..square }
    }

    /// Maps a box in network pixels to source pixels, clipped to the region.
    ///
    /// As torchvision's `resize_boxes`: each axis by its own ratio of source to content.
    pub fn to_source(&self, [x0, y0, x1, y1]: BoxXyxy) -> BoxXyxy {
        let [left, top, right, bottom] = self.region;
        let along = |v: f32, from: f32, to: f32, content: usize| {
            from + (v * ((to - from) / content as f32)).clamp(0.0, to - from)
        };
        [
            along(x0, left, right, self.content_columns),
            along(y0, top, bottom, self.content_rows),
            along(x1, left, right, self.content_columns),
            along(y1, top, bottom, self.content_rows),
        ]
    }

    /// What the whole square input of `size` pixels covers, padding included, in source pixels.
    pub fn square(&self, size: usize) -> BoxXyxy {
        let [left, top, right, bottom] = self.region;
        let x = (right - left) * (size as f32 / self.content_columns as f32);
        let y = (bottom - top) * (size as f32 / self.content_rows as f32);
        [left, top, left + x, top + y]
    }

    /// Maps a box in source pixels to network pixels: the inverse of [`Letterbox::to_source`], not clipped.
    pub fn to_network(&self, [x0, y0, x1, y1]: BoxXyxy) -> BoxXyxy {
        let [left, top, right, bottom] = self.region;
        let x = self.content_columns as f32 / (right - left);
        let y = self.content_rows as f32 / (bottom - top);
        [(x0 - left) * x, (y0 - top) * y, (x1 - left) * x, (y1 - top) * y]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_the_longer_side_and_rounds_the_shorter() {
        let boxed = Letterbox::fit(153, 507, 320);
        assert_eq!((boxed.content_rows, boxed.content_columns), (97, 320));
        let boxed = Letterbox::fit(512, 512, 320);
        assert_eq!((boxed.content_rows, boxed.content_columns), (320, 320));
        let thin = Letterbox::fit(1, 4096, 320);
        assert_eq!((thin.content_rows, thin.content_columns), (1, 320));
    }

    #[test]
    fn pixels_that_are_not_square_become_so() {
        let sizes = |rows, columns, pixel_height| {
            let boxed = Letterbox::fit_pixels(rows, columns, pixel_height, 320);
            assert_eq!(boxed.region, [0.0, 0.0, columns as f32, rows as f32]);
            [boxed.content_rows, boxed.content_columns]
        };
        assert_eq!(sizes(256, 512, 2.0), [320, 320]);
        assert_eq!(sizes(512, 512, 2.0), [320, 160]);
        assert_eq!(sizes(512, 512, 0.5), [160, 320]);
        assert_eq!(sizes(43, 512, 12.0), [320, 318]);
        for square in [1.0, 1.005, 0.995, f32::NAN] {
            assert_eq!(sizes(153, 507, square), [97, 320]);
        }
        for extreme in [0.0, 1e-30, 1e30, f32::INFINITY] {
            assert!(sizes(100, 100, extreme).iter().all(|side| (1..=320).contains(side)));
        }
    }

    #[test]
    fn there_and_back_is_the_same_box() {
        for (rows, columns) in [(512, 512), (300, 507), (507, 300), (31, 17), (256, 256)] {
            let boxed = Letterbox::fit(rows, columns, 320);
            let inside = [2.5, 3.25, columns as f32 - 1.5, rows as f32 - 0.75];
            let back = boxed.to_source(boxed.to_network(inside));
            for (a, b) in inside.iter().zip(back) {
                assert!((a - b).abs() < 1e-3, "{rows}x{columns}: {inside:?} came back as {back:?}");
            }
        }
    }

    #[test]
    fn the_square_is_mapped_like_any_box() {
        let boxed = Letterbox { region: [10.0, 20.0, 110.0, 70.0], ..Letterbox::fit(50, 100, 320) };
        assert_eq!(boxed.square(320), [10.0, 20.0, 110.0, 120.0]);
        assert_eq!(boxed.to_network(boxed.square(320)), [0.0, 0.0, 320.0, 320.0]);
    }

    #[test]
    fn boxes_in_the_padding_are_clipped_to_the_slice() {
        let boxed = Letterbox::fit(256, 512, 320);
        assert_eq!(boxed.to_source([-5.0, -1.0, 400.0, 320.0]), [0.0, 0.0, 512.0, 256.0]);
        let whole = boxed.to_source([0.0, 0.0, 320.0, 160.0]);
        assert_eq!(whole, [0.0, 0.0, 512.0, 256.0]);
    }
}
