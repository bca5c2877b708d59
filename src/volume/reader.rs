//! The slices of a volume.

use std::cell::RefCell;
use std::rc::Rc;

use super::header::Packing;
use super::scale::Seen;
use super::{Along, VolumeError, VolumeFormat, VolumeHeader};
use crate::container::{GzipSource, PartSource};
use crate::imaging::{AIR_HU, CtSlice, FileFormat, PixelSpacing, ValueScale};
use crate::source::ByteSource;

/// Planes of the file that are looked at to tell what the values are.
const SAMPLE_PLANES: usize = 9;
/// Bytes of slices that are gathered at once where a slice lies scattered over the file.
const BAND_BYTES: usize = 32 << 20;
/// Bytes that are read at once while slices are gathered.
const CHUNK_BYTES: usize = 1 << 20;
/// What may follow the voxels in a gzip file.
const TAIL_BYTES: u64 = 1 << 20;

/// A volume whose slices can be read, in any order; the lowest first is fastest. It keeps at most some tens of MB.
pub struct VolumeReader {
    header: VolumeHeader,
    /// The inflated file or stream, and where the voxels begin in it.
    source: Rc<dyn ByteSource>,
    begin: u64,
    scale: ValueScale,
    band: RefCell<Option<Band>>,
}

/// Gathered slices, as stored.
struct Band {
    first: usize,
    slices: Vec<u8>,
}

impl VolumeReader {
    /// Opens a volume whose header was read from the same source: goes once through a gzip file and checks it, and looks
    /// at some planes to tell what the values are.
    ///
    /// # Errors
    /// [`VolumeError`] if the file is cut short or damaged, or does not hold a CT.
    pub fn open(source: Rc<dyn ByteSource>, header: VolumeHeader) -> Result<Self, VolumeError> {
        let bytes = header.data_bytes();
        let gzip = |source, begin: u64| -> Result<Rc<dyn ByteSource>, VolumeError> {
            let limit = begin.saturating_add(bytes).saturating_add(TAIL_BYTES);
            Ok(Rc::new(GzipSource::open(source, limit)?))
        };
        let (source, begin) = match header.packing {
            Packing::Plain(begin) => (source, begin),
            Packing::GzipFile(begin) => (gzip(source, begin)?, begin),
            Packing::GzipFrom(stream, begin) => {
                let len = source.len().saturating_sub(stream);
                (gzip(Rc::new(PartSource::new(source, stream, len)?), begin)?, begin)
            }
        };
        let needed = begin.saturating_add(bytes);
        if source.len() < needed {
            let (format, needed, at_most) = (header.format, u128::from(needed), source.len());
            return Err(VolumeError::CutShort { format, needed, at_most });
        }
        let [across, down, planes] = header.grid.shape;
        let plane_bytes = across * down * header.coding.element.bytes();
        let mut seen = Seen::new();
        for sample in 0..SAMPLE_PLANES.min(planes) {
            let plane = (2 * sample + 1) * planes / (2 * SAMPLE_PLANES.min(planes));
            let stored = source.read(begin + (plane * plane_bytes) as u64, plane_bytes)?;
            seen.add(header.coding.values(&stored));
        }
        let scale = seen.scale(header.format)?;
        Ok(Self { header, source, begin, scale, band: RefCell::new(None) })
    }

    /// What the file says.
    pub fn header(&self) -> &VolumeHeader {
        &self.header
    }

    /// A slice by its place, the lowest first. Values that are no number are padding: [`AIR_HU`], or black.
    ///
    /// # Errors
    /// [`VolumeError`] if the voxels cannot be read or one has an infinite value.
    pub fn slice(&self, index: usize) -> Result<CtSlice, VolumeError> {
        let geometry = &self.header.geometry;
        let (rows, columns, slices) = (geometry.rows, geometry.columns, geometry.slices);
        if index >= slices {
            return Err(VolumeError::NoSlice { index, slices });
        }
        let values = if self.header.grid.axes[2].along == Along::Slices {
            self.plane(index)?
        } else {
            self.gathered(index)?
        };
        if let Some(at) = values.iter().position(|v| v.is_infinite()) {
            let (row, column, value) = (at / columns, at % columns, values[at]);
            return Err(VolumeError::BadValue {
                format: self.header.format,
                slice: index + 1,
                row,
                column,
                value,
            });
        }
        let [row_mm, column_mm] = geometry.pixel_spacing_mm.map(|mm| mm as f32);
        Ok(CtSlice {
            rows,
            columns,
            values,
            scale: self.scale,
            pixel_spacing: Some(PixelSpacing { row_mm, column_mm }),
            patient_right_is_image_left: self.header.orientation_stated.then_some(true),
            format: match self.header.format {
                VolumeFormat::Nrrd => FileFormat::Nrrd,
                VolumeFormat::Nifti1 | VolumeFormat::Nifti2 => FileFormat::Nifti,
            },
            picture: None,
        })
    }

    /// The values of a slice that is one plane of the file.
    fn plane(&self, index: usize) -> Result<Vec<f32>, VolumeError> {
        let grid = &self.header.grid;
        let [across, down, planes] = grid.shape;
        let pixels = across * down;
        let plane = if grid.axes[2].reversed { planes - 1 - index } else { index };
        let bytes = pixels * self.header.coding.element.bytes();
        let stored = self.source.read(self.begin + (plane * bytes) as u64, bytes)?;
        let [first, second, _] = grid.axes;
        let columns = self.header.geometry.columns;
        let is_column = first.along == Along::Columns;
        let mut values = vec![0.0; pixels];
        for (at, value) in self.values(&stored).enumerate() {
            let (i, j) = (at % across, at / across);
            let i = if first.reversed { across - 1 - i } else { i };
            let j = if second.reversed { down - 1 - j } else { j };
            values[if is_column { j * columns + i } else { i * columns + j }] = value;
        }
        Ok(values)
    }

    /// The values of a slice that lies scattered over the file.
    fn gathered(&self, index: usize) -> Result<Vec<f32>, VolumeError> {
        let geometry = &self.header.geometry;
        let bytes = geometry.rows * geometry.columns * self.header.coding.element.bytes();
        let each = (BAND_BYTES / bytes).max(1);
        let mut held = self.band.borrow_mut();
        let inside = |band: &Band| index >= band.first && index < band.first + band.slices.len() / bytes;
        if !held.as_ref().is_some_and(inside) {
            // The old band goes before the new one comes.
            *held = None;
            let first = index / each * each;
            *held =
                Some(Band { first, slices: self.gather(first, each.min(geometry.slices - first), bytes)? });
        }
        let stored = held.as_ref().and_then(|band| {
            let start = (index - band.first) * bytes;
            band.slices.get(start..start + bytes)
        });
        Ok(self.values(stored.unwrap_or_default()).collect())
    }

    /// Goes through the file once and collects the voxels of `count` slices, row-major.
    fn gather(&self, first: usize, count: usize, slice_bytes: usize) -> Result<Vec<u8>, VolumeError> {
        let (grid, size) = (&self.header.grid, self.header.coding.element.bytes());
        let [across, down, planes] = grid.shape;
        // How far a step along each axis goes in the band, in bytes, and where the first voxel lies.
        let stride = |along| match along {
            Along::Columns => size,
            Along::Rows => size * self.header.geometry.columns,
            Along::Slices => slice_bytes,
        };
        let mut band = vec![0; count * slice_bytes];
        // The place of an index along an axis, in bytes; none for slices outside the band.
        let place = |axis: usize, index: usize| -> Option<usize> {
            let (length, axis) = (grid.shape[axis], grid.axes[axis]);
            let index = if axis.reversed { length - 1 - index } else { index };
            let index = match axis.along {
                Along::Slices => index.checked_sub(first).filter(|&at| at < count)?,
                _ => index,
            };
            Some(index * stride(axis.along))
        };
        let columns: Vec<Option<usize>> = (0..across).map(|i| place(0, i)).collect();
        let line_bytes = across * size;
        let lines_at_once = (CHUNK_BYTES / line_bytes).max(1);
        let mut line = 0;
        while line < down * planes {
            let lines = lines_at_once.min(down * planes - line);
            let stored = self.source.read(self.begin + (line * line_bytes) as u64, lines * line_bytes)?;
            for (at, voxels) in (line..).zip(stored.chunks_exact(line_bytes)) {
                let (Some(down_at), Some(plane_at)) = (place(1, at % down), place(2, at / down)) else {
                    continue;
                };
                for (voxel, column) in voxels.chunks_exact(size).zip(&columns) {
                    if let Some(column) = column {
                        let to = down_at + plane_at + column;
                        band[to..to + size].copy_from_slice(voxel);
                    }
                }
            }
            line += lines;
        }
        Ok(band)
    }

    fn values<'a>(&'a self, stored: &'a [u8]) -> impl Iterator<Item = f32> + 'a {
        let padding = match self.scale {
            ValueScale::Hounsfield => AIR_HU,
            ValueScale::Grey { .. } => 0.0,
        };
        self.header.coding.values(stored).map(move |v| if v.is_nan() { padding } else { v as f32 })
    }
}
