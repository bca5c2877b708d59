//! False alarms: what is found on slices that have no lesion.

use std::fmt::Write;

use serde::Serialize;
use serde_json::json;

use super::EvaluateError;
use super::slice::{of_class, reported, union};
use super::write::{About, rounded};
use crate::imaging::CtSlice;
use crate::masks::Mask;
use crate::report::{ClassName, Instance};
use crate::severity::{Finding, SeverityConfig, assess};
use crate::words::{counted, graded_percent};

/// What was found on a slice without lesions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NegativeSlice {
    /// Its name.
    pub name: String,
    /// Lesions found, all of them false.
    pub false_lesions: usize,
    /// Pixels of lesion, inside and outside the lungs.
    pub lesion_pixels: usize,
    /// The share of the lung that is called lesion, in percent.
    pub involvement_percent: f64,
    /// The finding that a report would have.
    pub finding: Finding,
}

/// The figures of slices without lesions. No intervals: a series is one patient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FalseAlarms {
    /// Number of slices.
    pub slices: usize,
    /// Lesions found a slice, on the mean.
    pub false_lesions_per_slice: f64,
    /// Share of slices with a lesion found, 0 to 1.
    pub slices_with_false_lesion: f64,
    /// Mean of the slices' involvement, in percent.
    pub mean_involvement_percent: f64,
    /// The highest involvement of a slice, in percent.
    pub highest_involvement_percent: f64,
    /// Share of slices that a report would call alarming, 0 to 1.
    pub slices_alarming: f64,
    /// Share of slices where a lung was found, 0 to 1.
    pub slices_with_lung: f64,
}

impl NegativeSlice {
    /// Counts the instances with a score above `score_threshold` on `slice`, as a report has them.
    ///
    /// # Errors
    /// [`EvaluateError`] if a mask is not of the slice's size.
    pub fn new(
        name: &str,
        slice: &CtSlice,
        found: &[Instance],
        score_threshold: f32,
        severity: &SeverityConfig,
    ) -> Result<Self, EvaluateError> {
        let kept = reported(found.to_vec(), score_threshold, slice)
            .map_err(|source| EvaluateError::Mask { slice: name.to_owned(), source })?;
        let kept: Vec<&Instance> = kept.iter().collect();
        let masks = |class| -> Vec<Mask> { of_class(&kept, class).cloned().collect() };
        let (lesions, lungs) = (masks(ClassName::Lesion), masks(ClassName::Lung));
        let assessed = assess(&lesions, &lungs, slice.rows, slice.columns, None, None, severity)
            .map_err(|source| EvaluateError::Severity { slice: name.to_owned(), source })?;
        let all = union(slice.rows, slice.columns, &lesions)
            .map_err(|source| EvaluateError::Mask { slice: name.to_owned(), source })?;
        Ok(Self {
            name: name.to_owned(),
            false_lesions: lesions.len(),
            lesion_pixels: all.area(),
            involvement_percent: f64::from(assessed.lungs.percent),
            finding: assessed.finding,
        })
    }
}

impl FalseAlarms {
    /// The figures of `slices`.
    ///
    /// # Errors
    /// [`EvaluateError::NoSlice`] without a slice.
    pub fn of(slices: &[NegativeSlice]) -> Result<Self, EvaluateError> {
        if slices.is_empty() {
            return Err(EvaluateError::NoSlice);
        }
        let count = slices.len() as f64;
        let share = |wanted: fn(&NegativeSlice) -> bool| {
            slices.iter().filter(|slice| wanted(slice)).count() as f64 / count
        };
        let involvements = || slices.iter().map(|slice| slice.involvement_percent);
        Ok(Self {
            slices: slices.len(),
            false_lesions_per_slice: slices.iter().map(|slice| slice.false_lesions as f64).sum::<f64>()
                / count,
            slices_with_false_lesion: share(|slice| slice.false_lesions > 0),
            mean_involvement_percent: involvements().sum::<f64>() / count,
            highest_involvement_percent: involvements().fold(0.0, f64::max),
            slices_alarming: share(|slice| slice.finding == Finding::Alarming),
            slices_with_lung: share(|slice| slice.finding != Finding::NoLungFound),
        })
    }

    /// Name and value of each figure for people.
    pub fn rows(&self) -> [(&'static str, String); 6] {
        [
            ("false lesions a slice", format!("{:.3}", self.false_lesions_per_slice)),
            ("slices with a false lesion", format!("{:.3}", self.slices_with_false_lesion)),
            ("false involvement, mean in %", format!("{:.2}", self.mean_involvement_percent)),
            ("false involvement, highest in %", format!("{:.2}", self.highest_involvement_percent)),
            ("slices called Alarming", format!("{:.3}", self.slices_alarming)),
            ("slices where a lung was found", format!("{:.3}", self.slices_with_lung)),
        ]
    }
}

/// The false alarms as indented JSON with a final line break.
///
/// # Errors
/// [`EvaluateError::Json`], which no result is known to cause.
pub fn negatives_json(about: &About, slices: &[NegativeSlice]) -> Result<String, EvaluateError> {
    let alarms = FalseAlarms::of(slices)?;
    let rows: Vec<_> = slices
        .iter()
        .map(|slice| NegativeSlice {
            involvement_percent: rounded(slice.involvement_percent),
            ..slice.clone()
        })
        .collect();
    let whole = json!({
        "schema_version": 1,
        "about": about,
        "false_alarms": {
            "slices": alarms.slices,
            "false_lesions_per_slice": rounded(alarms.false_lesions_per_slice),
            "slices_with_false_lesion": rounded(alarms.slices_with_false_lesion),
            "mean_involvement_percent": rounded(alarms.mean_involvement_percent),
            "highest_involvement_percent": rounded(alarms.highest_involvement_percent),
            "slices_alarming": rounded(alarms.slices_alarming),
            "slices_with_lung": rounded(alarms.slices_with_lung),
        },
        "slices": rows,
    });
    let text =
        serde_json::to_string_pretty(&whole).map_err(|error| EvaluateError::Json(error.to_string()))?;
    Ok(text + "\n")
}

/// The false alarms as a page of Markdown.
///
/// # Errors
/// [`EvaluateError::NoSlice`] without a slice.
pub fn negatives_markdown(about: &About, slices: &[NegativeSlice]) -> Result<String, EvaluateError> {
    let alarms = FalseAlarms::of(slices)?;
    let mut text = format!("# {} on {}, slices without lesions\n\n", about.title(), about.task.data);
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "{}. Score above {}, {}. Every lesion that is found is false.\n\n| figure | value |\n|---|---|",
        counted(alarms.slices, "slice"),
        about.task.score_threshold,
        about.device
    );
    for (title, value) in alarms.rows() {
        let _ = writeln!(text, "| {title} | {value} |");
    }
    let _ =
        writeln!(text, "\n| slice with a false lesion | lesions | pixels | involvement |\n|---|---|---|---|");
    let limits = [about.task.alarming_from_percent];
    for slice in slices.iter().filter(|slice| slice.false_lesions > 0) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {}, {} |",
            slice.name,
            slice.false_lesions,
            slice.lesion_pixels,
            graded_percent(slice.involvement_percent, &limits),
            slice.finding
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::{FileFormat, ValueScale};

    fn slice(rows: usize, columns: usize, value: f32, scale: ValueScale) -> CtSlice {
        CtSlice {
            rows,
            columns,
            values: vec![value; rows * columns],
            scale,
            pixel_spacing: None,
            patient_right_is_image_left: None,
            format: FileFormat::Dicom,
            picture: None,
        }
    }

    fn instance(class: ClassName, score: f32, inside: std::ops::Range<usize>) -> Instance {
        let mut mask = Mask::empty(4, 10);
        mask.pixels[inside].fill(1);
        Instance { class, score, bbox: [0.0, 0.0, 10.0, 4.0], mask }
    }

    fn slices() -> Vec<NegativeSlice> {
        let found = [
            vec![instance(ClassName::Lung, 0.9, 0..20)],
            vec![
                instance(ClassName::Lung, 0.9, 0..20),
                // Half in the lung, and one at half the threshold, which is not even a faint part.
                instance(ClassName::Lesion, 0.8, 15..25),
                instance(ClassName::Lesion, 0.7, 0..4),
                instance(ClassName::Lesion, 0.25, 2..9),
            ],
            Vec::new(),
            vec![instance(ClassName::Lesion, 0.6, 0..4)],
        ];
        let severity = SeverityConfig::default();
        let slice = slice(4, 10, -700.0, ValueScale::Hounsfield);
        found
            .iter()
            .enumerate()
            .map(|(i, found)| NegativeSlice::new(&i.to_string(), &slice, found, 0.5, &severity).unwrap())
            .collect()
    }

    #[test]
    fn every_found_lesion_is_a_false_alarm() {
        let slices = slices();
        assert_eq!((slices[1].false_lesions, slices[1].lesion_pixels), (2, 14));
        assert!((slices[1].involvement_percent - 45.0).abs() < 1e-4);
        assert_eq!(slices[1].finding, Finding::Alarming);
        let alarms = FalseAlarms::of(&slices).unwrap();
        assert_eq!(alarms.false_lesions_per_slice, 0.75);
        assert_eq!(alarms.slices_with_false_lesion, 0.5);
        assert!((alarms.mean_involvement_percent - 11.25).abs() < 1e-4);
        assert!((alarms.highest_involvement_percent - 45.0).abs() < 1e-4);
        assert_eq!((alarms.slices_alarming, alarms.slices_with_lung), (0.25, 0.5));
        assert_eq!(FalseAlarms::of(&[]).unwrap_err(), EvaluateError::NoSlice);
    }

    #[test]
    fn a_mask_of_another_size_is_named_by_its_slice() {
        let found = [instance(ClassName::Lesion, 0.9, 0..4)];
        let slice = slice(5, 5, -700.0, ValueScale::Hounsfield);
        let error = NegativeSlice::new("7.dcm", &slice, &found, 0.5, &SeverityConfig::default()).unwrap_err();
        assert!(error.to_string().starts_with("7.dcm"), "{error}");
    }

    #[test]
    fn fat_is_no_lung_and_holds_no_false_lesion_where_density_is_known() {
        let found = [instance(ClassName::Lung, 0.9, 0..30), instance(ClassName::Lesion, 0.8, 0..10)];
        let on = |scale| {
            let slice = slice(4, 10, -100.0, scale);
            let counted = NegativeSlice::new("1", &slice, &found, 0.5, &SeverityConfig::default()).unwrap();
            (counted.finding, counted.false_lesions, counted.lesion_pixels)
        };
        assert_eq!(on(ValueScale::Hounsfield), (Finding::NoLungFound, 0, 0));
        assert_eq!(on(ValueScale::Grey { max: 255.0 }), (Finding::Alarming, 1, 10));
    }
}
