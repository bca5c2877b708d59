//! What was found in the files, and the size and place of a series.

use lunglens::imaging::{CtSlice, ValueScale};
use lunglens::intake::{Catalogue, FileProblem, OpenSeries, SeriesKind, SeriesSummary};

use crate::causes::{HasCause, of_file};
use crate::protocol::{Cause, Found, FoundSeries, FoundSetAside};
use crate::volume_view::{Frame, Values};

/// The series on offer.
///
/// # Errors
/// Where there is none: what the files are instead.
pub fn found(catalogue: &Catalogue) -> Result<Found, Cause> {
    let series: Vec<FoundSeries> = catalogue
        .series()
        .iter()
        .enumerate()
        .map(|(index, summary)| series(summary, !catalogue.continued_by(index).is_empty()))
        .collect();
    let unreadable: Vec<Cause> = catalogue.unreadable().map(|(name, why)| unreadable(name, why)).collect();
    if series.is_empty() {
        return Err(match (unreadable.into_iter().next(), catalogue.open_recommended()) {
            (Some(first), _) => first,
            (_, Err(problem)) => problem.into(),
            (_, Ok(_)) => super::lost(),
        });
    }
    let recommended = catalogue.recommended().or((series.len() == 1).then_some(0));
    let mut set_aside: Vec<FoundSetAside> = catalogue
        .left_over()
        .iter()
        .map(|one| FoundSetAside { reason: (&one.reason).into(), files: one.files })
        .collect();
    set_aside.extend(unreadable.into_iter().map(|reason| FoundSetAside { reason, files: 1 }));
    let files = catalogue.file_count();
    Ok(Found { series, recommended, set_aside, listed_elsewhere: catalogue.listed_elsewhere(), files })
}

/// What is wrong with the file of a name.
fn unreadable(name: &str, why: &FileProblem) -> Cause {
    Cause { words: format!("{name}: {why}"), ..of_file(name, why.cause()) }
}

fn series(summary: &SeriesSummary, continued: bool) -> FoundSeries {
    let form = match (summary.kind, &summary.modality) {
        (SeriesKind::Stack | SeriesKind::Picture, _) => None,
        (SeriesKind::Dicom, Some(modality)) => Some(format!("{} {modality}", summary.kind)),
        (kind, _) => Some(kind.to_string()),
    };
    FoundSeries {
        label: summary.label.trim().to_owned(),
        part: summary.part.clone(),
        number: summary.number,
        form,
        slices: summary.slices,
        size: summary.size,
        slice_spacing_mm: summary.slice_spacing_mm,
        reason: summary.reason.as_ref().map(Cause::from),
        problem: summary.problem.as_ref().map(Cause::from),
        continued,
    }
}

/// The size and place of an opened series.
///
/// # Errors
/// If not even its size can be told, because its first slice cannot be read.
pub fn frame(series: &OpenSeries) -> Result<Frame, Cause> {
    let values = match series.instances() {
        // DICOM is in Hounsfield units; what the others hold tells a slice.
        [_, ..] => Values::Hounsfield,
        [] => values_of(&series.slice(0)?),
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
    let slice = series.slice(0)?;
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
