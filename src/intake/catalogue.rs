//! The series that are among the files, and which one is recommended.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::open::OpenSeries;
use super::summary::{SeriesKind, SeriesSummary};
use super::{IntakeError, NamedSource};
use crate::study::{
    ImageGroup, Reason, SeriesPlan, SetAside, StudyError, StudyImage, group_images, list_reasons,
    order_series,
};

/// What a scan has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub images: Vec<StudyImage>,
    pub pictures: Vec<usize>,
    /// Files that seem to be of use but cannot be read, and why.
    pub unreadable: Vec<(usize, String)>,
    aside: BTreeMap<(Option<String>, Reason), usize>,
}

impl Found {
    pub fn put_aside(&mut self, series_uid: Option<String>, reason: Reason) {
        *self.aside.entry((series_uid, reason)).or_default() += 1;
    }
}

/// A series, ready to be opened.
#[derive(Debug)]
enum Content {
    Dicom { group: ImageGroup, plan: Result<SeriesPlan, StudyError> },
    Picture { file: usize },
}

/// All series of the files.
#[derive(Debug)]
pub struct Catalogue {
    files: Rc<[NamedSource]>,
    images: Vec<StudyImage>,
    contents: Vec<Content>,
    series: Vec<SeriesSummary>,
    recommended: Option<usize>,
    aside: Vec<SetAside>,
    unreadable: Vec<(usize, String)>,
}

impl Catalogue {
    pub(super) fn new(files: Vec<NamedSource>, found: Found) -> Self {
        let Found { images, pictures, unreadable, aside } = found;
        let mut contents = Vec::new();
        let mut series = Vec::new();
        for group in group_images(&images) {
            let plan = order_series(&images, &group.images);
            series.push(summarise(&images, &group, &plan));
            contents.push(Content::Dicom { group, plan });
        }
        for file in pictures {
            series.push(summarise_picture(&files[file]));
            contents.push(Content::Picture { file });
        }
        let recommended = recommend(&series);
        for (index, one) in series.iter_mut().enumerate() {
            if one.reason.is_none() && Some(index) != recommended {
                one.reason = Some(match &one.problem {
                    Some(problem) => Reason::Unmeasurable(problem.clone()),
                    None if one.kind == SeriesKind::Dicom => Reason::Smaller,
                    None => Reason::NotChosen,
                });
            }
        }
        let aside = aside
            .into_iter()
            .map(|((series_uid, reason), files)| SetAside { series_uid, reason, files })
            .collect();
        Self { files: files.into(), images, contents, series, recommended, aside, unreadable }
    }

    /// All series, in the order of their first files.
    pub fn series(&self) -> &[SeriesSummary] {
        &self.series
    }

    /// The axial chest CT with the most slices, as an index into [`Self::series`]; else the only picture or volume.
    pub fn recommended(&self) -> Option<usize> {
        self.recommended
    }

    /// What is not measured if `series` is, in a stable order.
    pub fn set_aside(&self, series: usize) -> Vec<SetAside> {
        let mut all = self.aside.clone();
        for (index, one) in self.series.iter().enumerate() {
            if index != series {
                let reason = one.reason.clone().unwrap_or(Reason::NotChosen);
                let reason = match reason {
                    Reason::Smaller if Some(series) != self.recommended => Reason::NotChosen,
                    reason => reason,
                };
                all.push(SetAside { series_uid: one.series_uid.clone(), reason, files: one.files });
            }
        }
        all.sort_by(|a, b| (&a.series_uid, &a.reason).cmp(&(&b.series_uid, &b.reason)));
        all
    }

    /// Files that cannot be read, by name, and why.
    pub fn unreadable(&self) -> impl Iterator<Item = (&str, &str)> {
        self.unreadable.iter().map(|(file, why)| (self.files[*file].name.as_str(), why.as_str()))
    }

    /// Opens the recommended series.
    ///
    /// # Errors
    /// [`StudyError::NoSeries`] with what the files are instead, or as [`Self::open`].
    pub fn open_recommended(&self) -> Result<OpenSeries, IntakeError> {
        match self.recommended {
            Some(series) => self.open(series),
            None => {
                self.all_readable()?;
                let reasons = list_reasons(&self.set_aside(usize::MAX));
                Err(StudyError::NoSeries { reasons }.into())
            }
        }
    }

    /// Opens a series by its index.
    ///
    /// # Errors
    /// [`IntakeError`] if there is none, it cannot be measured, or a file that may belong to it cannot be read.
    pub fn open(&self, series: usize) -> Result<OpenSeries, IntakeError> {
        let no_series =
            IntakeError::NoSuchSeries { wanted: series.saturating_add(1), series: self.series.len() };
        let (content, summary) = self.contents.get(series).zip(self.series.get(series)).ok_or(no_series)?;
        match content {
            Content::Picture { file } => Ok(OpenSeries::picture(self.files[*file].clone())),
            Content::Dicom { group, plan } => {
                self.all_readable()?;
                if let Some(reason) = group.unfit.as_ref().filter(|_| summary.problem.is_some()) {
                    return Err(IntakeError::Unfit { reason: reason.to_string() });
                }
                let plan = plan.clone()?;
                Ok(OpenSeries::of_images(self.files.clone(), &self.images, group, plan))
            }
        }
    }

    fn all_readable(&self) -> Result<(), IntakeError> {
        match self.unreadable().next() {
            None => Ok(()),
            Some((name, error)) => Err(IntakeError::Unreadable {
                files: self.unreadable.len(),
                of: self.files.len(),
                name: name.to_owned(),
                error: error.to_owned(),
            }),
        }
    }
}

/// The best of the series that nothing speaks against: one that can be measured, then one with more slices, then the
/// first. A picture is recommended only where there is nothing else.
fn recommend(series: &[SeriesSummary]) -> Option<usize> {
    let fit = series.iter().enumerate().filter(|(_, one)| one.reason.is_none());
    let mut dicom = fit.clone().filter(|(_, one)| one.kind == SeriesKind::Dicom).peekable();
    if dicom.peek().is_some() {
        return dicom
            .max_by_key(|(index, one)| (one.problem.is_none(), one.slices, std::cmp::Reverse(*index)))
            .map(|(index, _)| index);
    }
    let mut others = fit;
    match (others.next(), others.next()) {
        (Some((only, _)), None) => Some(only),
        _ => None,
    }
}

fn summarise(
    images: &[StudyImage],
    group: &ImageGroup,
    plan: &Result<SeriesPlan, StudyError>,
) -> SeriesSummary {
    let header = &images[group.images[0]].header;
    let mut files: Vec<usize> = group.images.iter().map(|&image| images[image].file).collect();
    files.dedup();
    let problem = match (&group.unfit, plan) {
        (None | Some(Reason::Projection), Ok(_)) => None,
        (None | Some(Reason::Projection), Err(error)) => Some(error.to_string()),
        (Some(reason), _) => Some(format!("It is {reason}.")),
    };
    SeriesSummary {
        kind: SeriesKind::Dicom,
        label: header.series_description.clone().unwrap_or_default(),
        series_uid: group.series_uid.clone(),
        number: header.series_number,
        modality: header.modality.clone(),
        slices: group.images.len(),
        files: files.len(),
        size: header.rows.zip(header.columns).map(|(rows, columns)| [rows, columns]),
        slice_spacing_mm: plan.as_ref().ok().map(|plan| plan.geometry.slice_spacing_mm),
        reason: group.unfit.clone(),
        problem,
    }
}

fn summarise_picture(file: &NamedSource) -> SeriesSummary {
    SeriesSummary {
        kind: SeriesKind::Picture,
        label: file.name.clone(),
        series_uid: None,
        number: None,
        modality: None,
        slices: 1,
        files: 1,
        size: None,
        slice_spacing_mm: None,
        reason: None,
        problem: None,
    }
}
