//! Takes segmented slices one by one and keeps their masks and sums.

use super::composition::HuSums;
use super::lacking::Lacking;
use super::lesions::{Lesion, LesionLinker};
use super::order::SeriesPlan;
use super::sections::LungSections;
use super::settle::{Frame, settle};
use super::zones::{self, Assessment, Side};
use super::{SlicePlace, StudyError};
use crate::imaging::{CtSlice, PixelSpacing, ValueScale};
use crate::masks::{Mask, MaskError, Rle};
use crate::report::{ClassName, Instance};
use crate::severity::are_of_several_slices;

/// How many slices are kept for pictures.
const KEY_SLICES: usize = 3;
/// The least number of slices that are measured: one a zone.
pub(super) const LEAST_SLICES: usize = 3;

/// What was found on a slice, before the lungs are known in three dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSlice {
    /// Its place in the series, from 0 for the lowest.
    pub index: usize,
    /// Its position towards the head, in mm.
    pub height_mm: Option<f64>,
    /// Its InstanceNumber.
    pub instance_number: Option<i64>,
    /// All that was taken for lung, holes filled.
    pub lung: Rle,
    /// Lesions inside it.
    pub lesion: Rle,
    /// Lesion pixels outside it.
    pub lesion_outside: u64,
}

/// A slice, measured.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceRecord {
    /// Its place in the series, from 0 for the lowest.
    pub index: usize,
    /// Its position towards the head, in mm; none where the files do not say it.
    pub height_mm: Option<f64>,
    /// Its InstanceNumber.
    pub instance_number: Option<i64>,
    /// Both lungs, holes filled.
    pub lung: Rle,
    /// The part of `lung` that is the patient's left one; the rest is the right one.
    pub left_lung: Rle,
    /// Lesions inside the lungs.
    pub lesion: Rle,
    /// Lesion pixels outside the lungs.
    pub lesion_outside: u64,
    /// Pixels that were taken for lung and are no part of the lungs in three dimensions.
    pub lung_set_aside: u64,
    pub(super) left: [u64; 2],
    pub(super) right: [u64; 2],
}

impl SliceRecord {
    /// Pixels of lung and of lesion inside it on a side.
    pub fn side(&self, side: Side) -> [u64; 2] {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }

    /// Pixels of both lungs.
    pub fn lung_pixels(&self) -> u64 {
        self.left[0] + self.right[0]
    }

    /// Pixels of lesion inside the lungs.
    pub fn lesion_pixels(&self) -> u64 {
        self.left[1] + self.right[1]
    }
}

/// One of the slices with the most lesion, for a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySlice {
    /// Its place in the series.
    pub index: usize,
    /// Pixels of lesion inside the lungs.
    pub lesion_pixels: u64,
    /// Its values.
    pub slice: CtSlice,
    /// Both lungs.
    pub lung: Mask,
    /// Lesions inside the lungs.
    pub lesion: Mask,
}

/// A whole study, measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The slices that were read, the lowest first.
    pub slices: Vec<SliceRecord>,
    /// The lesions, the largest first.
    pub lesions: Vec<Lesion>,
    /// Volumes and grades.
    pub assessment: Assessment,
    /// The volume of one voxel in ml; none where the files do not say how large their voxels are.
    pub voxel_ml: Option<f64>,
    /// What could not be measured, for want of what the files do not say.
    pub lacking: Vec<Lacking>,
    /// Whether the slices are pictures with colours, read as grey.
    pub coloured: bool,
    /// The slices with the most lesion, the most first; none without lesion.
    pub key_slices: Vec<KeySlice>,
}

/// Measures a series from its segmented slices, which come in order. Of a slice only masks and sums are kept.
#[derive(Debug)]
pub struct StudyBuilder {
    places: Vec<(usize, SlicePlace)>,
    rows: usize,
    columns: usize,
    spacing: Option<PixelSpacing>,
    voxel_ml: Option<f64>,
    oriented: bool,
    /// Whether the slices are in Hounsfield units, as the first one was; none before it.
    hounsfield: Option<bool>,
    /// Whether any slice is a picture with colours.
    coloured: bool,
    alarming_from_percent: f64,
    right_first: Option<bool>,
    found: Vec<FoundSlice>,
    sections: LungSections,
    linker: LesionLinker,
}

impl StudyBuilder {
    /// A study of every `every`-th slice of `plan`, from the lowest on. A voxel is as high as the step between the
    /// slices that are read.
    ///
    /// # Errors
    /// [`StudyError`] if `every` is 0, fewer than three slices would be read, or the boundary is no percentage.
    pub fn new(plan: &SeriesPlan, every: usize, alarming_from_percent: f64) -> Result<Self, StudyError> {
        if !(0.0..=100.0).contains(&alarming_from_percent) {
            return Err(StudyError::Boundary(alarming_from_percent));
        }
        if every == 0 {
            return Err(StudyError::Every);
        }
        let places: Vec<(usize, SlicePlace)> =
            plan.slices.iter().copied().enumerate().step_by(every).collect();
        if places.len() < LEAST_SLICES {
            return Err(StudyError::TooFewSlices { found: places.len(), needed: LEAST_SLICES });
        }
        let spacing = |[row_mm, column_mm]: [f64; 2]| PixelSpacing {
            row_mm: row_mm as f32,
            column_mm: column_mm as f32,
        };
        let geometry = plan.geometry.as_ref();
        Ok(Self {
            places,
            rows: plan.rows,
            columns: plan.columns,
            spacing: geometry.map(|grid| spacing(grid.pixel_spacing_mm)),
            voxel_ml: geometry.map(|grid| grid.voxel_ml() * every as f64),
            oriented: plan.oriented,
            hounsfield: None,
            coloured: false,
            alarming_from_percent,
            right_first: None,
            found: Vec::new(),
            sections: LungSections::default(),
            linker: LesionLinker::default(),
        })
    }

    /// The slices to read, in the order in which they are to be added: index in the series, and place.
    pub fn to_read(&self) -> &[(usize, SlicePlace)] {
        &self.places
    }

    /// Adds the next slice of [`Self::to_read`] with what was found on it, and whether its report says that it shows several slices.
    ///
    /// As in [`crate::severity::assess`], lung is the union of the lung masks, the holes of each filled, and lesion the
    /// union of the lesion masks inside. Of grey levels nothing is measured that needs Hounsfield units.
    ///
    /// # Errors
    /// [`StudyError`] if all slices were added, or this one is of another size or scale, or does not state its sides where
    /// the series does.
    pub fn add(
        &mut self,
        slice: &CtSlice,
        instances: &[Instance],
        several_slices: bool,
    ) -> Result<(), StudyError> {
        let Some(&(index, place)) = self.places.get(self.found.len()) else {
            return Err(StudyError::WrongSlice {
                index: self.found.len(),
                problem: "all were there already".to_owned(),
            });
        };
        self.check(index, slice)?;
        let right_first = match slice.patient_right_is_image_left {
            Some(right_first) => right_first,
            None if self.oriented => return Err(StudyError::Turned),
            None => true,
        };
        if *self.right_first.get_or_insert(right_first) != right_first {
            return Err(StudyError::Turned);
        }
        let hounsfield = slice.scale == ValueScale::Hounsfield;
        self.hounsfield = Some(hounsfield);
        let mut lung = Mask::empty(self.rows, self.columns);
        let mut lesion = Mask::empty(self.rows, self.columns);
        for instance in instances {
            match instance.class {
                ClassName::Lung => lung.add_filled(&instance.mask)?,
                ClassName::Lesion => lesion.add(&instance.mask)?,
            }
        }
        if several_slices || slice.picture.is_some() && are_of_several_slices(&lung) {
            return Err(StudyError::SeveralSlices { index });
        }
        self.coloured |= slice.picture.is_some_and(|picture| picture.coloured);
        let all_lesion = lesion.area();
        lesion.keep(&lung)?;
        self.sections.add(&lung);
        self.linker.add(&lesion, hounsfield.then_some(slice.values.as_slice()));
        self.found.push(FoundSlice {
            index,
            height_mm: place.height_mm,
            instance_number: place.instance_number,
            lung: Rle::encode(&lung),
            lesion: Rle::encode(&lesion),
            lesion_outside: (all_lesion - lesion.area()) as u64,
        });
        Ok(())
    }

    /// What was found on the slice that was added last.
    pub fn last(&self) -> Option<&FoundSlice> {
        self.found.last()
    }

    fn check(&self, index: usize, slice: &CtSlice) -> Result<(), StudyError> {
        let wrong = |problem: String| Err(StudyError::WrongSlice { index, problem });
        if [slice.rows, slice.columns] != [self.rows, self.columns] {
            return wrong(format!("it has {} x {} pixels", slice.columns, slice.rows));
        }
        let hounsfield = slice.scale == ValueScale::Hounsfield;
        if self.hounsfield.is_some_and(|before| before != hounsfield) {
            return wrong("some slices are in Hounsfield units and others in grey levels".to_owned());
        }
        if slice.values.len() != self.rows * self.columns {
            return wrong(format!("it has {} values", slice.values.len()));
        }
        Ok(())
    }

    /// The whole study. `read` gives a slice of the series again, by its index, for the pictures of key slices.
    ///
    /// # Errors
    /// [`StudyError::Incomplete`] unless every slice was added: there is no result of a part. What `read` fails with.
    pub fn finish<E: From<StudyError>>(
        self,
        mut read: impl FnMut(usize) -> Result<CtSlice, E>,
    ) -> Result<Measured, E> {
        let (found, needed) = (self.found.len(), self.places.len());
        if found < needed {
            return Err(StudyError::Incomplete { found, needed }.into());
        }
        let frame = Frame {
            rows: self.rows,
            columns: self.columns,
            spacing: self.spacing,
            right_first: self.right_first.unwrap_or(true),
        };
        let mut linker = self.linker;
        let slices = settle(&self.found, &self.sections.finish(), frame, &mut linker)?;
        let lesions = linker.finish();
        let mut hu = HuSums::default();
        lesions.iter().for_each(|lesion| hu.join(&lesion.hu));
        let mut assessment =
            zones::assess(&slices, self.voxel_ml, self.alarming_from_percent, lesions.len(), &hu);
        if !self.oriented {
            // Upper and lower are not known.
            (assessment.zones, assessment.ct_severity_score) = (Vec::new(), None);
            assessment.side_assumed = true;
        }
        let lacking = [
            (self.voxel_ml.is_none(), Lacking::Volumes),
            (self.hounsfield == Some(false), Lacking::Densities),
            (!self.oriented, Lacking::Zones),
        ];
        let lacking = lacking.into_iter().filter_map(|(lacks, what)| lacks.then_some(what)).collect();
        let keys = key_slices(&slices).into_iter().map(|record| {
            let wrong = |error: MaskError| E::from(StudyError::from(error));
            Ok(KeySlice {
                index: record.index,
                lesion_pixels: record.lesion_pixels(),
                slice: read(record.index)?,
                lung: record.lung.decode().map_err(wrong)?,
                lesion: record.lesion.decode().map_err(wrong)?,
            })
        });
        let key_slices = keys.collect::<Result<_, E>>()?;
        Ok(Measured {
            slices,
            lesions,
            assessment,
            voxel_ml: self.voxel_ml,
            lacking,
            coloured: self.coloured,
            key_slices,
        })
    }
}

/// The slices with the most lesion, the most first; of equal ones the lower.
fn key_slices(slices: &[SliceRecord]) -> Vec<&SliceRecord> {
    let mut keys: Vec<&SliceRecord> = slices.iter().filter(|slice| slice.lesion_pixels() > 0).collect();
    keys.sort_by_key(|key| std::cmp::Reverse(key.lesion_pixels()));
    keys.truncate(KEY_SLICES);
    keys
}
