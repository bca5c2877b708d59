//! Axial, coronal and sagittal cuts through a volume.

use lunglens::masks::{Mask, outline};

use super::window::Lut;
use crate::volume_view::{Frame, Kind, Region, VolumeView};

/// A direction of cutting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Plane {
    /// A slice as it was taken.
    Axial,
    /// All slices along one row: seen from the front, the head up.
    Coronal,
    /// All slices along one column: seen from the side, the head up.
    Sagittal,
}

impl Plane {
    /// Its name for tests.
    pub fn id(self) -> &'static str {
        match self {
            Self::Axial => "axial",
            Self::Coronal => "coronal",
            Self::Sagittal => "sagittal",
        }
    }
}

/// All planes, in the order of the page.
pub const PLANES: [Plane; 3] = [Plane::Axial, Plane::Coronal, Plane::Sagittal];

/// A place in the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voxel {
    /// Index of the slice, from 0 for the lowest.
    pub slice: usize,
    /// Row of the slice.
    pub row: usize,
    /// Column of the slice.
    pub column: usize,
}

/// Something found, as it is drawn on a cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What it is.
    pub kind: Kind,
    /// Whether it is the one looked at.
    pub lit: bool,
    /// Closed polygons, `[x, y]` in pixels of the cut, for the even-odd rule.
    pub polygons: Vec<Vec<[f32; 2]>>,
}

impl Plane {
    /// Whether a volume can be cut this way at true aspect: across slices only where their distance is known.
    pub fn is_offered(self, frame: &Frame) -> bool {
        let across_slices =
            frame.len > 1 && frame.pixel_spacing_mm.is_some() && frame.slice_spacing_mm.is_some();
        self == Self::Axial || across_slices
    }

    /// Width and height of a cut in pixels.
    pub fn size(self, frame: &Frame) -> [usize; 2] {
        match self {
            Self::Axial => [frame.columns, frame.rows],
            Self::Coronal => [frame.columns, frame.len],
            Self::Sagittal => [frame.rows, frame.len],
        }
    }

    /// Width and height of a pixel of a cut: in mm where the spacing is known, else 1 and 1.
    pub fn pixel(self, frame: &Frame) -> [f64; 2] {
        let [row, column] = frame.pixel_spacing_mm.unwrap_or([1.0, 1.0]);
        let slice = frame.slice_spacing_mm.unwrap_or(1.0);
        match self {
            Self::Axial => [column, row],
            Self::Coronal => [column, slice],
            Self::Sagittal => [row, slice],
        }
    }

    /// How many cuts there are.
    pub fn count(self, frame: &Frame) -> usize {
        match self {
            Self::Axial => frame.len,
            Self::Coronal => frame.rows,
            Self::Sagittal => frame.columns,
        }
    }

    /// Which cut a place lies on.
    pub fn position(self, at: Voxel) -> usize {
        match self {
            Self::Axial => at.slice,
            Self::Coronal => at.row,
            Self::Sagittal => at.column,
        }
    }

    /// The place on another cut, else the same.
    pub fn moved(self, at: Voxel, position: usize) -> Voxel {
        match self {
            Self::Axial => Voxel { slice: position, ..at },
            Self::Coronal => Voxel { row: position, ..at },
            Self::Sagittal => Voxel { column: position, ..at },
        }
    }

    /// The place at a point of the cut through `at`; none beyond its borders.
    pub fn voxel(self, frame: &Frame, at: Voxel, [x, y]: [f64; 2]) -> Option<Voxel> {
        let [width, height] = self.size(frame);
        if !(0.0..width as f64).contains(&x) || !(0.0..height as f64).contains(&y) {
            return None;
        }
        let (x, y) = (x as usize, y as usize);
        Some(match self {
            Self::Axial => Voxel { slice: at.slice, row: y, column: x },
            Self::Coronal => Voxel { slice: frame.len - 1 - y, row: at.row, column: x },
            Self::Sagittal => Voxel { slice: frame.len - 1 - y, row: x, column: at.column },
        })
    }

    /// The middle of a voxel as a point of the cut.
    pub fn point(self, frame: &Frame, at: Voxel) -> [f64; 2] {
        let height = frame.len as f64 - 0.5 - at.slice as f64;
        match self {
            Self::Axial => [at.column as f64 + 0.5, at.row as f64 + 0.5],
            Self::Coronal => [at.column as f64 + 0.5, height],
            Self::Sagittal => [at.row as f64 + 0.5, height],
        }
    }

    /// Writes the cut through `at` as grey RGBA pixels; slices that are not here are black.
    pub fn draw(self, volume: &VolumeView, at: Voxel, lut: &Lut, out: &mut Vec<[u8; 4]>) {
        let frame = volume.frame();
        let [width, height] = self.size(frame);
        out.clear();
        out.resize(width * height, [0, 0, 0, 255]);
        let grey = |value: i16| {
            let level = lut[usize::from(value as u16)];
            [level, level, level, 255]
        };
        if self == Self::Axial {
            if let Some(values) = volume.slice(at.slice) {
                out.iter_mut().zip(values).for_each(|(pixel, &value)| *pixel = grey(value));
            }
            return;
        }
        for (y, line) in out.chunks_exact_mut(width).enumerate() {
            let Some(values) = volume.slice(frame.len - 1 - y) else { continue };
            if self == Self::Coronal {
                let row = &values[at.row * frame.columns..][..frame.columns];
                line.iter_mut().zip(row).for_each(|(pixel, &value)| *pixel = grey(value));
            } else {
                let column = values[at.column..].iter().step_by(frame.columns);
                line.iter_mut().zip(column).for_each(|(pixel, &value)| *pixel = grey(value));
            }
        }
    }

    /// The pixels of the cut through `at` that lie in regions that `wanted` wants.
    pub fn mask(self, volume: &VolumeView, at: Voxel, wanted: impl Fn(&Region) -> bool) -> Mask {
        let frame = volume.frame();
        let [width, height] = self.size(frame);
        let mut mask = Mask::empty(height, width);
        let lines = match self {
            Self::Axial => at.slice..at.slice + 1,
            _ => 0..frame.len,
        };
        for slice in lines {
            let first = match self {
                Self::Axial => 0,
                _ => (frame.len - 1 - slice) * width,
            };
            for region in volume.regions(slice).iter().filter(|region| wanted(region)) {
                let (start, end) = (|at: u16| usize::from(at).min(frame.columns), at.column);
                match self {
                    Self::Axial => {
                        for run in region.runs.all().iter().filter(|run| usize::from(run.row) < frame.rows) {
                            let line = usize::from(run.row) * width;
                            mask.pixels[line + start(run.start)..line + start(run.end)].fill(1);
                        }
                    }
                    Self::Coronal => {
                        for run in region.runs.row(at.row) {
                            mask.pixels[first + start(run.start)..first + start(run.end)].fill(1);
                        }
                    }
                    Self::Sagittal => {
                        for run in region.runs.all().iter().filter(|run| usize::from(run.row) < frame.rows) {
                            if usize::from(run.start) <= end && end < usize::from(run.end) {
                                mask.pixels[first + usize::from(run.row)] = 1;
                            }
                        }
                    }
                }
            }
        }
        mask
    }

    /// What was found on the cut through `at`, in the order of drawing: lungs, lesions, then what is lit.
    pub fn shapes(self, volume: &VolumeView, at: Voxel, lit: Option<usize>) -> Vec<Shape> {
        let is_lit = |region: &Region| lit.is_some() && region.number == lit;
        let mut shapes = Vec::new();
        let mut add = |kind: Kind, lit: bool, mask: Mask| {
            let polygons = outline(&mask);
            if !polygons.is_empty() {
                shapes.push(Shape { kind, lit, polygons });
            }
        };
        if volume.frame().len == 1 && self == Self::Axial {
            // Instances of one slice may overlap, so each has its own outline.
            let regions = volume.regions(0);
            let mut order: Vec<&Region> = regions.iter().collect();
            order.sort_by_key(|region| (is_lit(region), region.kind == Kind::Lesion));
            for region in order {
                let [width, height] = self.size(volume.frame());
                add(region.kind, is_lit(region), region.runs.to_mask(height, width));
            }
            return shapes;
        }
        for kind in [Kind::Lung, Kind::Lesion] {
            add(kind, false, self.mask(volume, at, |region| region.kind == kind && !is_lit(region)));
        }
        if lit.is_some() {
            add(Kind::Lesion, true, self.mask(volume, at, |r| r.kind == Kind::Lesion && is_lit(r)));
            add(Kind::Lung, true, self.mask(volume, at, |r| r.kind == Kind::Lung && is_lit(r)));
        }
        shapes
    }
}

/// The distance in mm of two points of a cut; none where the spacing is unknown.
pub fn length_mm(plane: Plane, frame: &Frame, [from, to]: [[f64; 2]; 2]) -> Option<f64> {
    frame.pixel_spacing_mm?;
    if plane != Plane::Axial {
        frame.slice_spacing_mm?;
    }
    let [across, down] = plane.pixel(frame);
    Some(((to[0] - from[0]) * across).hypot((to[1] - from[1]) * down))
}

#[cfg(test)]
#[path = "plane_tests.rs"]
mod tests;
