//! What was found in the files, in words, and the size and place of a series.

use lunglens::imaging::{CtSlice, ValueScale};
use lunglens::intake::{Catalogue, OpenSeries, SeriesKind, SeriesSummary};

use crate::protocol::{Found, FoundSeries, FoundSetAside};
use crate::volume_view::{Frame, Values};

/// The series on offer.
///
/// # Errors
/// A sentence where there is none: what the files are instead.
pub fn found(catalogue: &Catalogue) -> Result<Found, String> {
    let series: Vec<FoundSeries> = catalogue.series().iter().map(series).collect();
    let unreadable: Vec<(&str, &str)> = catalogue.unreadable().collect();
    if series.is_empty() {
        return Err(match (unreadable.as_slice(), catalogue.open_recommended()) {
            ([(name, why), ..], _) => format!("{name}: {why}"),
            (_, Err(problem)) => problem.to_string(),
            (_, Ok(_)) => String::new(),
        });
    }
    let recommended = catalogue.recommended().or((series.len() == 1).then_some(0));
    let mut set_aside: Vec<FoundSetAside> = catalogue
        .left_over()
        .iter()
        .map(|one| FoundSetAside { reason: one.reason.to_string(), files: one.files })
        .collect();
    set_aside.extend(
        unreadable.iter().map(|(name, why)| FoundSetAside { reason: format!("{name}: {why}"), files: 1 }),
    );
    let files = catalogue.file_count();
    Ok(Found { series, recommended, set_aside, files })
}

fn series(summary: &SeriesSummary) -> FoundSeries {
    let form = match (summary.kind, &summary.modality) {
        (SeriesKind::Stack | SeriesKind::Picture, _) => None,
        (SeriesKind::Dicom, Some(modality)) => Some(format!("{} {modality}", summary.kind)),
        (kind, _) => Some(kind.to_string()),
    };
    FoundSeries {
        label: summary.label.trim().to_owned(),
        number: summary.number,
        form,
        slices: summary.slices,
        size: summary.size,
        slice_spacing_mm: summary.slice_spacing_mm,
        reason: summary.reason.as_ref().map(ToString::to_string),
        problem: summary.problem.clone(),
    }
}

/// The size and place of an opened series.
///
/// # Errors
/// A sentence if not even its size can be told, because its first slice cannot be read.
pub fn frame(series: &OpenSeries) -> Result<Frame, String> {
    let values = match series.instances() {
        // DICOM is in Hounsfield units; what the others hold tells a slice.
        [_, ..] => Values::Hounsfield,
        [] => values_of(&series.slice(0).map_err(|problem| problem.to_string())?),
    };
    if let Some(geometry) = series.geometry() {
        let (row, column) = (geometry.row_direction, geometry.column_direction);
        return Ok(Frame {
            rows: geometry.rows,
            columns: geometry.columns,
            len: series.len(),
            pixel_spacing_mm: Some(geometry.pixel_spacing_mm),
            slice_spacing_mm: (series.len() > 1).then_some(geometry.slice_spacing_mm),
            axes: Some([row, column, geometry.normal()]),
            values,
            picture: None,
        });
    }
    let slice = series.slice(0).map_err(|problem| problem.to_string())?;
    let axes = slice.patient_right_is_image_left.map(|right_first| {
        let across = if right_first { 1.0 } else { -1.0 };
        [[across, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    });
    let spacing = slice.pixel_spacing;
    Ok(Frame {
        rows: slice.rows,
        columns: slice.columns,
        len: series.len(),
        pixel_spacing_mm: spacing.map(|mm| [f64::from(mm.row_mm), f64::from(mm.column_mm)]),
        slice_spacing_mm: None,
        axes,
        values,
        picture: slice.picture,
    })
}

/// What the values of a series like this slice mean.
fn values_of(slice: &CtSlice) -> Values {
    match slice.scale {
        ValueScale::Hounsfield => Values::Hounsfield,
        ValueScale::Grey { max } if max <= 255.0 => Values::Grey { offset: 0, lowest: 0, highest: 255 },
        ValueScale::Grey { .. } => {
            let finite = || slice.values.iter().copied().filter(|value| value.is_finite());
            let (lowest, highest) = (finite().fold(f32::MAX, f32::min), finite().fold(f32::MIN, f32::max));
            Values::Grey { offset: 32_768, lowest: lowest as i32, highest: highest as i32 }
        }
    }
}
