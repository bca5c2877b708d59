//! Whole studies: from the files of a folder to the lesions, volumes and severity of a patient.
//!
//! [`group_images`] sorts images into series by their headers, [`order_series`] puts the slices of one in order and
//! refuses what cannot be measured, [`StudyBuilder`] takes the segmented slices one by one and keeps only their masks and sums;
//! when all are there it tells the lungs in three dimensions and leaves out what is none of them. [`LesionLinker`] makes
//! lesions of what was found slice by slice,
//! and [`StudyReport`] is what is written (`docs/study.md`).
//!
//! Sizes are of voxels, millimetres and millilitres; heights are along the slices' common normal, towards the head.

mod budget;
mod builder;
mod choose;
mod composition;
mod error;
mod grade;
mod ids;
mod lacking;
mod lesions;
mod order;
mod schema;
mod sections;
mod settle;
mod sides;
mod steps;
mod table;
mod unmeasurable;
mod vector;
mod zones;

pub use budget::every_within;
pub use builder::{FoundSlice, KeySlice, Measured, SliceRecord, StudyBuilder};
pub use choose::{
    ImageGroup, Reason, SetAside, StudyImage, group_images, is_screen, list_reasons, other_part,
};
pub use composition::{Composition, HU_LIMITS};
pub use error::{Differing, StudyError};
pub use grade::{MosMed, mosmed, zone_score};
pub use ids::{Ids, short_hash};
pub use lacking::{Lacking, NotMeasured};
pub use lesions::{Lesion, LesionLinker};
pub use order::{SeriesPlan, SlicePlace, order_series};
pub use schema::{
    LesionInfo, STUDY_SCHEMA_VERSION, SeriesInfo, SetAsideInfo, SliceInfo, StudyParts, StudyReport,
    build_report,
};
pub use table::slices_csv;
pub use unmeasurable::{Unmeasurable, UnreadVolume};
pub use zones::{Assessment, Height, Side, VolumeInvolvement, Zone};
