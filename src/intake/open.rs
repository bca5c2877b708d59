//! A series whose slices are read one by one.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use super::stack::Pictures;
use super::volume::{self, Volume};
use super::{IntakeError, NamedSource};
use crate::imaging::{CtSlice, DicomIdentity, DicomImage, Geometry, ImagingError, PicturePart, Vector};
use crate::study::{ImageGroup, SeriesPlan, SlicePlace, StudyImage};
use crate::volume::{SourceGrid, VolumeReader};

/// What a slice was made of, for results that refer to it.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInstance {
    /// SOPClassUID.
    pub sop_class_uid: String,
    /// SOPInstanceUID.
    pub sop_instance_uid: String,
    /// Number of the frame, from 1, in a file of several.
    pub frame: Option<u32>,
    /// ImagePositionPatient as the file states it, in mm.
    pub position_mm: Vector,
}

/// Gives the slices of a series.
pub(super) trait SliceReader {
    /// The slice at `index`, which is within the series.
    fn slice(&self, index: usize) -> Result<CtSlice, IntakeError>;

    /// The file that a slice comes from.
    fn file(&self, index: usize) -> &NamedSource;

    /// Which part of a picture is read from now on; other formats have none.
    fn read_part(&mut self, _: Option<PicturePart>) {}

    /// Whose images they are; none where they are not DICOM.
    fn identity(&self) -> Result<Option<DicomIdentity>, IntakeError> {
        Ok(None)
    }

    /// The grid of the file's own voxels; none where it is that of the slices.
    fn grid(&self) -> Option<&SourceGrid> {
        None
    }
}

/// An opened series. Slices are read when they are asked for and not kept.
pub struct OpenSeries {
    plan: Option<SeriesPlan>,
    instances: Vec<SourceInstance>,
    slices: usize,
    reader: Box<dyn SliceReader>,
}

impl fmt::Debug for OpenSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSeries").field("slices", &self.slices).finish_non_exhaustive()
    }
}

impl OpenSeries {
    /// One picture, or several of one folder; without a plan where they do not fit together.
    pub(super) fn pictures(files: Vec<NamedSource>, plan: Option<SeriesPlan>) -> Self {
        let slices = files.len();
        let reader = Box::new(Pictures::new(files));
        Self { plan, instances: Vec::new(), slices, reader }
    }

    /// A volume in one file.
    pub(super) fn volume(file: NamedSource, index: usize, reader: Rc<VolumeReader>) -> Self {
        let plan = volume::plan(index, reader.header());
        let slices = plan.slices.len();
        Self { plan: Some(plan), instances: Vec::new(), slices, reader: Box::new(Volume { file, reader }) }
    }

    pub(super) fn of_images(
        files: Rc<[NamedSource]>,
        images: &[StudyImage],
        group: &ImageGroup,
        plan: SeriesPlan,
    ) -> Self {
        let own: HashMap<(usize, u32), &StudyImage> = group
            .images
            .iter()
            .map(|&index| ((images[index].file, images[index].frame), &images[index]))
            .collect();
        let of_place = |place: &SlicePlace| own.get(&(place.file, place.frame)).map(|&image| image.clone());
        let images: Vec<StudyImage> = plan.slices.iter().filter_map(of_place).collect();
        Self::of_dicom(files, images, Some(plan))
    }

    /// The images of a series that cannot be measured, by height where each states its position, else as they came.
    pub(super) fn unplaced(files: Rc<[NamedSource]>, images: &[StudyImage], group: &ImageGroup) -> Self {
        let mut images: Vec<StudyImage> = group.images.iter().map(|&index| images[index].clone()).collect();
        if images.iter().all(|image| image.header.position.is_some()) {
            let height = |image: &StudyImage| image.header.position.map_or(0.0, |[.., z]| z);
            images.sort_by(|a, b| height(a).total_cmp(&height(b)));
        }
        Self::of_dicom(files, images, None)
    }

    fn of_dicom(files: Rc<[NamedSource]>, images: Vec<StudyImage>, plan: Option<SeriesPlan>) -> Self {
        let instances = images
            .iter()
            .map(|image| SourceInstance {
                sop_class_uid: image.header.sop_class_uid.clone().unwrap_or_default(),
                sop_instance_uid: image.header.sop_uid.clone().unwrap_or_default(),
                frame: (image.header.frames > 1).then_some(image.frame + 1),
                position_mm: image.header.position.unwrap_or_default(),
            })
            .collect();
        let slices = images.len();
        let reader = Box::new(Dicom { files, last: RefCell::new(None), images });
        Self { slices, plan, instances, reader }
    }

    /// The slices in their order, and their grid where the files tell it; none where the series cannot be measured.
    pub fn plan(&self) -> Option<&SeriesPlan> {
        self.plan.as_ref()
    }

    /// The grid of the slices; none where the files do not say how large their pixels are, as pictures.
    pub fn geometry(&self) -> Option<&Geometry> {
        self.plan.as_ref().and_then(|plan| plan.geometry.as_ref())
    }

    /// The grid of the file's own voxels, of a volume in one file; else it is [`Self::geometry`].
    pub fn grid(&self) -> Option<&SourceGrid> {
        self.reader.grid()
    }

    /// Number of slices.
    pub fn len(&self) -> usize {
        self.slices
    }

    /// Whether there are no slices; there always are.
    pub fn is_empty(&self) -> bool {
        self.slices == 0
    }

    /// The DICOM image of each slice, the lowest first; empty where the series is not DICOM.
    pub fn instances(&self) -> &[SourceInstance] {
        &self.instances
    }

    /// Whose images they are, read anew of the lowest; none where they are not DICOM.
    ///
    /// # Errors
    /// [`IntakeError`] if the file cannot be read.
    pub fn identity(&self) -> Result<Option<DicomIdentity>, IntakeError> {
        self.reader.identity()
    }

    /// From now on, reads this part of each picture; none for all of it. For other formats it means nothing.
    pub fn read_part(&mut self, part: Option<PicturePart>) {
        self.reader.read_part(part);
    }

    /// The slice at `index`, from 0 for the lowest, decoded.
    ///
    /// # Errors
    /// [`IntakeError`] if there is no such slice, or it cannot be read.
    pub fn slice(&self, index: usize) -> Result<CtSlice, IntakeError> {
        if index >= self.slices {
            return Err(IntakeError::NoSuchSlice { index, slices: self.slices });
        }
        self.reader.slice(index)
    }

    /// The file that a slice comes from.
    pub fn file(&self, index: usize) -> Option<&NamedSource> {
        (index < self.slices).then(|| self.reader.file(index))
    }

    /// The name of the file that a slice comes from.
    pub fn file_name(&self, index: usize) -> &str {
        self.file(index).map_or("", |file| file.name.as_str())
    }
}

struct Dicom {
    files: Rc<[NamedSource]>,
    /// One a slice, in order.
    images: Vec<StudyImage>,
    /// The file that was read last: the next slice is often of the same.
    last: RefCell<Option<(usize, Rc<DicomImage>)>>,
}

impl Dicom {
    fn open(&self, file: usize) -> Result<Option<Rc<DicomImage>>, ImagingError> {
        if let Some((last, image)) = &*self.last.borrow()
            && *last == file
        {
            return Ok(Some(image.clone()));
        }
        let opened = DicomImage::open(&*self.files[file].source)?.map(Rc::new);
        *self.last.borrow_mut() =
            opened.clone().filter(|image| image.frames() > 1).map(|image| (file, image));
        Ok(opened)
    }
}

impl SliceReader for Dicom {
    fn slice(&self, index: usize) -> Result<CtSlice, IntakeError> {
        let image = &self.images[index];
        let file = &self.files[image.file];
        let of_file = |error| IntakeError::File { name: file.name.clone(), error };
        let opened = self.open(image.file).map_err(of_file)?;
        let changed = || IntakeError::Changed { name: file.name.clone() };
        let opened = opened.ok_or_else(changed)?;
        if image.frame >= opened.frames() || opened.header(image.frame).map_err(of_file)? != image.header {
            return Err(changed());
        }
        opened.slice(&*file.source, image.frame).map_err(of_file)
    }

    fn identity(&self) -> Result<Option<DicomIdentity>, IntakeError> {
        let Some(image) = self.images.first() else { return Ok(None) };
        let of_file = |error| IntakeError::File { name: self.files[image.file].name.clone(), error };
        let opened = self.open(image.file).map_err(of_file)?;
        opened.map(|opened| opened.identity()).transpose().map_err(of_file)
    }

    fn file(&self, index: usize) -> &NamedSource {
        &self.files[self.images[index].file]
    }
}
