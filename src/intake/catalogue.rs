//! The series that are among the files, and which one is recommended.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::describe::{summarise, summarise_pictures, summarise_volume};
use super::open::OpenSeries;
use super::pieces::continues;
use super::split::{Part, split};
use super::stack::Picture;
use super::summary::{SeriesKind, SeriesSummary};
use super::volume::ScannedVolume;
use super::{FileProblem, IntakeError, NamedSource, stack};
use crate::imaging::{DicomHeader, ImagingError, ListedImage};
use crate::study::{
    ImageGroup, Reason, SeriesPlan, SetAside, StudyError, StudyImage, group_images, is_screen, other_part,
};

/// What a scan has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub images: Vec<StudyImage>,
    pub pictures: Vec<Picture>,
    pub volumes: Vec<ScannedVolume>,
    /// What DICOMDIRs list.
    pub listed: Vec<ListedImage>,
    pub unreadable: Vec<Unreadable>,
    /// Files that begin like nothing that is known, and what can be said of them.
    pub unknown: Vec<(usize, ImagingError)>,
    aside: BTreeMap<(Option<String>, Reason), usize>,
}

impl Found {
    pub fn put_aside(&mut self, series_uid: Option<String>, reason: Reason) {
        *self.aside.entry((series_uid, reason)).or_default() += 1;
    }
}

/// A file that seems to be of use but cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub file: usize,
    pub why: FileProblem,
    /// What is known of it.
    pub modality: Option<String>,
    pub series_uid: Option<String>,
}

impl Unreadable {
    /// One of which nothing is known.
    pub fn any(file: usize, why: FileProblem) -> Self {
        Self { file, why, modality: None, series_uid: None }
    }

    /// Whether it may be a slice of a CT series; of any for none.
    fn may_be_of(&self, series_uid: Option<&str>) -> bool {
        let is_ct = self.modality.as_deref().is_none_or(|modality| modality == "CT");
        let same = match (self.series_uid.as_deref(), series_uid) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        is_ct && same
    }
}

/// A series, ready to be opened.
#[derive(Debug)]
enum Content {
    Dicom {
        group: ImageGroup,
        plan: Box<Result<SeriesPlan, StudyError>>,
    },
    Volume(Box<ScannedVolume>),
    /// One, or a stack.
    Pictures {
        files: Vec<usize>,
        plan: Box<Result<SeriesPlan, StudyError>>,
    },
}

impl Content {
    /// The plan of an axial CT series that can be measured.
    fn plan_of_axial(&self) -> Option<&SeriesPlan> {
        match self {
            Self::Dicom { group, plan } if group.unfit.is_none() => (**plan).as_ref().ok(),
            _ => None,
        }
    }
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
    unreadable: Vec<Unreadable>,
    /// Images of series of which none is here, as DICOMDIRs list them.
    listed_elsewhere: usize,
}

impl Catalogue {
    pub(super) fn new(files: Vec<NamedSource>, found: Found) -> Self {
        let Found { images, pictures, volumes, listed, unreadable, aside, unknown: _ } = found;
        let missing = missing_images(&images, &listed);
        let here: HashSet<&str> =
            images.iter().filter_map(|image| image.header.series_uid.as_deref()).collect();
        let listed_elsewhere = missing
            .iter()
            .filter(|(series, _)| !here.contains(series.as_str()))
            .map(|(_, count)| count)
            .sum();
        let mut contents = Vec::new();
        let mut series = Vec::new();
        for Part { group, plan, name, partial } in
            group_images(&images).into_iter().flat_map(|group| split(&images, group))
        {
            let plan = match missing.get(group.series_uid.as_deref().unwrap_or_default()) {
                Some(&missing) if group.unfit.is_none() => Err(StudyError::Missing { missing }),
                _ => plan,
            };
            let mut summary = summarise(&images, &group, &plan, name);
            if partial && summary.problem.is_none() {
                summary.reason = Some(Reason::PartOfScan);
            }
            series.push(summary);
            contents.push(Content::Dicom { group, plan: Box::new(plan) });
        }
        for volume in volumes {
            series.push(summarise_volume(&files[volume.file], &volume));
            contents.push(Content::Volume(Box::new(volume)));
        }
        for group in stack::group(&files, &pictures) {
            let plan = stack::plan(&files, &group);
            series.push(summarise_pictures(&files, &group, &plan));
            let files = group.iter().map(|picture| picture.file).collect();
            contents.push(Content::Pictures { files, plan: Box::new(plan) });
        }
        for (one, part) in series.iter_mut().zip(other_parts(&images, &contents)) {
            if one.reason.is_none() {
                one.reason = part.map(Reason::OtherPart);
            }
        }
        let recommended = recommend(&series);
        let studies: Vec<Option<&str>> =
            contents.iter().map(|content| header_of(&images, content)?.study_uid.as_deref()).collect();
        let chosen_study = recommended.and_then(|index| studies[index]);
        for (index, one) in series.iter_mut().enumerate() {
            if Some(index) == recommended {
                one.reason = None;
            } else if one.reason.is_none() {
                one.reason = Some(match &one.problem {
                    Some(problem) => Reason::Unmeasurable(problem.clone()),
                    None if one.kind == SeriesKind::Dicom && studies[index] != chosen_study => {
                        Reason::OtherStudy
                    }
                    None if one.kind == SeriesKind::Dicom => Reason::Smaller,
                    None if one.kind == SeriesKind::Picture => Reason::SinglePicture,
                    None => Reason::NotChosen,
                });
            }
        }
        let aside = aside
            .into_iter()
            .map(|((series_uid, reason), files)| SetAside { series_uid, reason, files })
            .collect();
        Self {
            files: files.into(),
            images,
            contents,
            series,
            recommended,
            aside,
            unreadable,
            listed_elsewhere,
        }
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

    /// What belongs to no series, in a stable order.
    pub fn left_over(&self) -> &[SetAside] {
        &self.aside
    }

    /// How many images the DICOMDIRs list of series of which nothing is here: what is here is only a part of the medium.
    pub fn listed_elsewhere(&self) -> usize {
        self.listed_elsewhere
    }

    /// Other series that go on where `series` ends, above or below it: they may be pieces of one scan.
    pub fn continued_by(&self, series: usize) -> Vec<usize> {
        let Some(own) = self.contents.get(series).and_then(Content::plan_of_axial) else { return Vec::new() };
        let continues =
            |content: &Content| content.plan_of_axial().is_some_and(|other| continues(own, other));
        let all = self.contents.iter().enumerate();
        all.filter(|&(index, content)| index != series && continues(content))
            .map(|(index, _)| index)
            .collect()
    }

    /// Number of files that were looked at.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// Files that cannot be read, by name, and why.
    pub fn unreadable(&self) -> impl Iterator<Item = (&str, &FileProblem)> {
        self.unreadable.iter().map(|one| (self.files[one.file].name.as_str(), &one.why))
    }

    /// Opens the recommended series.
    ///
    /// # Errors
    /// [`StudyError::NoSeries`] with what the files are instead, or as [`Self::open`].
    pub fn open_recommended(&self) -> Result<OpenSeries, IntakeError> {
        match self.recommended {
            Some(series) => self.open(series),
            None => {
                self.all_readable(None)?;
                let stacks = self.series.iter().filter(|one| one.kind == SeriesKind::Stack).count();
                if stacks > 1 {
                    return Err(IntakeError::Several { stacks });
                }
                Err(StudyError::NoSeries { set_aside: self.set_aside(usize::MAX) }.into())
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
            Content::Pictures { files, plan } => {
                Ok(OpenSeries::pictures(self.named(files), Some(plan.as_ref().clone()?)))
            }
            Content::Volume(volume) => {
                let file = &self.files[volume.file];
                match &volume.opened {
                    Ok(reader) => Ok(OpenSeries::volume(file.clone(), volume.file, reader.clone())),
                    Err(error) => Err(IntakeError::Volume { name: file.name.clone(), error: error.clone() }),
                }
            }
            Content::Dicom { group, plan } => {
                self.all_readable(group.series_uid.as_deref())?;
                if let Some(reason) = group.unfit.as_ref().filter(|_| summary.problem.is_some()) {
                    return Err(IntakeError::Unfit { reason: reason.clone() });
                }
                let plan = plan.as_ref().clone()?;
                Ok(OpenSeries::of_images(self.files.clone(), &self.images, group, plan))
            }
        }
    }

    /// Opens a series to look at it and to read single slices, also where it cannot be measured: then
    /// [`OpenSeries::plan`] is none.
    ///
    /// # Errors
    /// [`IntakeError`] if there is none.
    pub fn open_to_look(&self, series: usize) -> Result<OpenSeries, IntakeError> {
        let problem = match self.open(series) {
            Ok(open) => return Ok(open),
            Err(problem) => problem,
        };
        match self.contents.get(series) {
            Some(Content::Dicom { group, .. }) => {
                Ok(OpenSeries::unplaced(self.files.clone(), &self.images, group))
            }
            Some(Content::Pictures { files, .. }) => Ok(OpenSeries::pictures(self.named(files), None)),
            _ => Err(problem),
        }
    }

    fn named(&self, files: &[usize]) -> Vec<NamedSource> {
        files.iter().map(|&file| self.files[file].clone()).collect()
    }

    /// Refuses to go on where a file that cannot be read may be of the series; of any for none.
    fn all_readable(&self, series_uid: Option<&str>) -> Result<(), IntakeError> {
        let mut of_series = self.unreadable.iter().filter(|one| one.may_be_of(series_uid));
        // Files of an archive that cannot be unpacked are known by the archive alone.
        let known: HashSet<usize> = self.unreadable.iter().map(|one| one.file).collect();
        let of = self.files.len() + self.unreadable.len() - known.len();
        match of_series.next() {
            None => Ok(()),
            Some(first) => Err(IntakeError::Unreadable {
                files: 1 + of_series.count(),
                of,
                name: self.files[first.file].name.clone(),
                error: Box::new(first.why.clone()),
            }),
        }
    }
}

/// How many of the images that a DICOMDIR lists are not here, by series.
fn missing_images(images: &[StudyImage], listed: &[ListedImage]) -> HashMap<String, usize> {
    let here: HashSet<&str> = images.iter().filter_map(|image| image.header.sop_uid.as_deref()).collect();
    let mut missing: HashMap<String, usize> = HashMap::new();
    for one in listed.iter().filter(|one| !here.contains(one.sop_uid.as_str())) {
        *missing.entry(one.series_uid.clone()).or_default() += 1;
    }
    missing
}

/// The header of the first image of a DICOM series.
fn header_of<'a>(images: &'a [StudyImage], content: &Content) -> Option<&'a DicomHeader> {
    match content {
        Content::Dicom { group, .. } => Some(&images[*group.images.first()?].header),
        _ => None,
    }
}

/// The part of the body of each series that is no chest CT by its own words, where another one may be.
fn other_parts(images: &[StudyImage], contents: &[Content]) -> Vec<Option<&'static str>> {
    let fit = |content: &&Content| matches!(content, Content::Dicom { group, .. } if group.unfit.is_none());
    let header = |content: &Content| Some(content).filter(fit).and_then(|content| header_of(images, content));
    let headers: Vec<Option<&DicomHeader>> = contents.iter().map(header).collect();
    let others: Vec<Option<&str>> = headers.iter().map(|&header| header.and_then(other_part)).collect();
    // With nothing else the words are not believed: many a chest is filed under another part. A saved screen is nothing else.
    let all_other =
        headers.iter().zip(&others).all(|(header, other)| header.is_none_or(is_screen) || other.is_some());
    if all_other { vec![None; contents.len()] } else { others }
}

/// The best of the series that nothing speaks against: an axial CT in DICOM before a volume before pictures, one that can
/// be measured before one that cannot, then that with more slices, then the first. Of stacks of
/// pictures only a sole one is, and a sole picture where there is no stack.
fn recommend(series: &[SeriesSummary]) -> Option<usize> {
    let fit = |kind: fn(SeriesKind) -> bool| {
        series.iter().enumerate().filter(move |(_, one)| one.reason.is_none() && kind(one.kind))
    };
    let kinds: [fn(SeriesKind) -> bool; 2] =
        [|kind| kind == SeriesKind::Dicom, |kind| matches!(kind, SeriesKind::Volume(_))];
    for kind in kinds {
        let best = fit(kind)
            .max_by_key(|&(index, one)| (one.problem.is_none(), one.slices, std::cmp::Reverse(index)));
        if let Some((index, _)) = best {
            return Some(index);
        }
    }
    // Where there is nothing better. Some tools for leaving names out leave the series out too.
    let second = |one: &SeriesSummary| {
        matches!(one.reason, Some(Reason::NoSeries | Reason::Reformat)) && one.problem.is_none()
    };
    let best = series.iter().enumerate().filter(|(_, one)| second(one));
    if let Some((index, _)) = best.max_by_key(|&(index, one)| (one.slices, std::cmp::Reverse(index))) {
        return Some(index);
    }
    let mut stacks = fit(|kind| kind == SeriesKind::Stack);
    let mut pictures = fit(|kind| kind == SeriesKind::Picture);
    match (stacks.next(), stacks.next()) {
        (Some((only, _)), None) => Some(only),
        (None, _) => pictures.next().filter(|_| pictures.next().is_none()).map(|(only, _)| only),
        _ => None,
    }
}
