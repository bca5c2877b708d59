//! Volumes of one file as series.

use std::rc::Rc;

use super::open::SliceReader;
use super::{IntakeError, NamedSource};
use crate::imaging::{CtSlice, DicomHeader};
use crate::study::{SeriesPlan, SlicePlace};
use crate::volume::{SourceGrid, VolumeError, VolumeHeader, VolumeReader};

/// A volume's file that was looked into.
pub(super) struct ScannedVolume {
    pub file: usize,
    /// What is read of it, or why it cannot be.
    pub opened: Result<Rc<VolumeReader>, VolumeError>,
    pub header: VolumeHeader,
}

impl ScannedVolume {
    /// Opens it at once, since only its voxels tell whether it is a CT.
    pub fn open(index: usize, file: &NamedSource, header: VolumeHeader) -> Self {
        let opened = VolumeReader::open(file.source.clone(), header.clone()).map(Rc::new);
        Self { file: index, opened, header }
    }
}

impl std::fmt::Debug for ScannedVolume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "volume in file {}", self.file)
    }
}

/// The slices of a volume in their places.
pub(super) fn plan(file: usize, header: &VolumeHeader) -> SeriesPlan {
    let geometry = &header.geometry;
    let normal = geometry.normal();
    let height_mm = |index: usize| -> f64 {
        let place = geometry.position_mm(index as f64, 0.0, 0.0);
        place.iter().zip(&normal).map(|(p, n)| p * n).sum()
    };
    let place = |index: usize| SlicePlace {
        file,
        frame: u32::try_from(index).unwrap_or(u32::MAX),
        height_mm: Some(height_mm(index)),
        instance_number: None,
    };
    SeriesPlan {
        slices: (0..geometry.slices).map(place).collect(),
        rows: geometry.rows,
        columns: geometry.columns,
        geometry: Some(geometry.clone()),
        oriented: header.orientation_stated,
        slice_thickness_mm: None,
        header: DicomHeader::default(),
    }
}

/// Gives the slices of a volume.
pub(super) struct Volume {
    pub file: NamedSource,
    pub reader: Rc<VolumeReader>,
}

impl SliceReader for Volume {
    fn slice(&self, index: usize) -> Result<CtSlice, IntakeError> {
        let of_file = |error| IntakeError::Volume { name: self.file.name.clone(), error };
        self.reader.slice(index).map_err(of_file)
    }

    fn file(&self, _: usize) -> &NamedSource {
        &self.file
    }

    fn grid(&self) -> Option<&SourceGrid> {
        Some(&self.reader.header().grid)
    }
}
