//! Series in words, before they are opened.

use super::NamedSource;
use super::stack::{self, Picture};
use super::summary::{SeriesKind, SeriesPart, SeriesSummary};
use super::volume::ScannedVolume;
use crate::study::{ImageGroup, Reason, SeriesPlan, StudyError, StudyImage, Unmeasurable};

/// A series of DICOM images; `part` tells it from others of the same name.
pub(super) fn summarise(
    images: &[StudyImage],
    group: &ImageGroup,
    plan: &Result<SeriesPlan, StudyError>,
    part: Option<SeriesPart>,
) -> SeriesSummary {
    let header = &images[group.images[0]].header;
    let mut files: Vec<usize> = group.images.iter().map(|&image| images[image].file).collect();
    files.dedup();
    let can_be_asked_for =
        matches!(&group.unfit, None | Some(Reason::Projection | Reason::Reformat | Reason::NoSeries));
    let problem = match (&group.unfit, plan) {
        (Some(reason), _) if !can_be_asked_for => Some(Unmeasurable::Unfit(Box::new(reason.clone()))),
        (_, Err(error)) => Some(error.clone().into()),
        (_, Ok(_)) => None,
    };
    SeriesSummary {
        kind: SeriesKind::Dicom,
        label: header.series_description.clone().unwrap_or_default(),
        part,
        series_uid: group.series_uid.clone(),
        number: header.series_number,
        modality: header.modality.clone(),
        slices: group.images.len(),
        files: files.len(),
        size: header.rows.zip(header.columns).map(|(rows, columns)| [rows, columns]),
        slice_spacing_mm: plan
            .as_ref()
            .ok()
            .and_then(|plan| plan.geometry.as_ref())
            .map(|grid| grid.slice_spacing_mm),
        reason: group.unfit.clone(),
        problem,
    }
}

/// A volume in one file.
pub(super) fn summarise_volume(file: &NamedSource, volume: &ScannedVolume) -> SeriesSummary {
    let grid = &volume.header.geometry;
    SeriesSummary {
        label: file.name.clone(),
        slices: grid.slices,
        size: Some([grid.rows, grid.columns]),
        slice_spacing_mm: Some(grid.slice_spacing_mm),
        problem: volume.opened.as_ref().err().map(|error| error.clone().into()),
        ..SeriesSummary::of_files(SeriesKind::Volume(volume.header.format), 1)
    }
}

/// One picture, or a stack.
pub(super) fn summarise_pictures(
    files: &[NamedSource],
    group: &[Picture],
    plan: &Result<SeriesPlan, StudyError>,
) -> SeriesSummary {
    let name = files[group[0].file].name.as_str();
    let (kind, label) = match group.len() {
        1 => (SeriesKind::Picture, name),
        _ => (SeriesKind::Stack, stack::folder(name)),
    };
    SeriesSummary {
        label: label.to_owned(),
        size: plan.as_ref().ok().map(|plan| [plan.rows, plan.columns]),
        problem: plan.as_ref().err().map(|error| error.clone().into()),
        ..SeriesSummary::of_files(kind, group.len())
    }
}
