//! The study's result as it is written (`docs/study.md`).

use serde::{Deserialize, Serialize};

use super::builder::{Measured, SliceRecord};
use super::choose::SetAside;
use super::composition::Composition;
use super::ids::{Ids, name};
use super::lacking::{Lacking, NotMeasured};
use super::lesions::Lesion;
use super::order::SeriesPlan;
use super::zones::{Assessment, Side, VolumeInvolvement};
use crate::imaging::Preprocessing;
use crate::report::{DeviceInfo, ModelInfo, NOTICE, Software, Thresholds};

/// The version of the schema. The first number grows when a reader of the old one would fail.
pub const STUDY_SCHEMA_VERSION: &str = "2.1";

/// The series that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesInfo {
    /// Slices of the series.
    pub slices: usize,
    /// Slices that were read: all, unless `every` is more than 1.
    pub slices_read: usize,
    /// Every how-manieth slice was read.
    pub every: usize,
    /// Height of a slice in pixels.
    pub rows: usize,
    /// Width of a slice in pixels.
    pub columns: usize,
    /// Between rows, then between columns, in mm, where known.
    pub pixel_spacing_mm: Option<[f64; 2]>,
    /// Mean distance of neighbouring slices, in mm, where known.
    pub slice_spacing_mm: Option<f64>,
    /// The height of a voxel: `every` times the spacing, in mm, where known.
    pub step_mm: Option<f64>,
    /// SliceThickness, in mm. It only informs.
    pub slice_thickness_mm: Option<f64>,
    /// Position of the lowest slice of the series towards the head, in mm, where known.
    pub lowest_mm: Option<f64>,
    /// Position of the highest slice, in mm, where known.
    pub highest_mm: Option<f64>,
    /// How many other series go on where this one ends: if they and it are one scan, only a part of it is measured.
    pub continued_by: usize,
}

/// Files that were not measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAsideInfo {
    /// Their series, as in `ids`.
    pub series: Option<String>,
    /// Why, in fixed words: none of a file's own.
    pub reason: String,
    /// How many.
    pub files: usize,
}

/// A lesion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LesionInfo {
    /// Its number, from 1 for the largest.
    pub id: usize,
    /// The lung that has most of it.
    pub side: Side,
    /// Number of voxels.
    pub voxels: u64,
    /// Its volume in ml, where the size of voxels is known.
    pub volume_ml: Option<f64>,
    /// Index in the series of the lowest slice that it is on.
    pub first_slice: usize,
    /// Index of the highest.
    pub last_slice: usize,
    /// Index of the slice where its area is largest.
    pub largest_slice: usize,
    /// Mean of its voxels in HU; none of grey levels.
    pub mean_hu: Option<f64>,
    /// What it consists of; none of grey levels.
    pub composition: Option<Composition>,
    /// Mean IoU of its areas on neighbouring slices; none on one slice only.
    pub mean_link_iou: Option<f64>,
}

/// A slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceInfo {
    /// Its place in the series, from 0 for the lowest.
    pub index: usize,
    /// InstanceNumber, by which viewers name it.
    pub instance_number: Option<i64>,
    /// Its position towards the head, in mm, where known.
    pub z_mm: Option<f64>,
    /// Pixels of both lungs.
    pub lung_pixels: u64,
    /// Pixels of lesion inside the lungs.
    pub lesion_pixels: u64,
    /// `100 * lesion_pixels / lung_pixels`; none without lung.
    pub percent: Option<f64>,
}

/// The result of a study. The same files, model and devices give the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyReport {
    /// [`STUDY_SCHEMA_VERSION`].
    pub schema_version: String,
    /// The program.
    pub software: Software,
    /// The sentence of every report.
    pub notice: String,
    /// Which study.
    pub ids: Ids,
    /// The series.
    pub series: SeriesInfo,
    /// Files that were not measured.
    pub set_aside: Vec<SetAsideInfo>,
    /// What the files do not tell enough for, and why; empty for a CT in Hounsfield units with its places.
    pub not_measured: Vec<NotMeasured>,
    /// The model.
    pub model: ModelInfo,
    /// The devices, in the order of use: more than one if the first failed.
    pub devices: Vec<DeviceInfo>,
    /// The limits.
    pub thresholds: Thresholds,
    /// How slices were prepared for the network.
    pub preprocessing: Preprocessing,
    /// Volumes and grades.
    pub assessment: Assessment,
    /// The lesions, the largest first.
    pub lesions: Vec<LesionInfo>,
    /// Indices of the slices with the most lesion, the most first.
    pub key_slices: Vec<usize>,
    /// The slices that were read, the lowest first.
    pub slices: Vec<SliceInfo>,
}

impl StudyReport {
    /// Why a kind of measure is lacking, as a sentence; none where it is there.
    pub fn lacks(&self, what: Lacking) -> Option<&str> {
        self.not_measured.iter().find(|one| one.what == what).map(|one| one.why.as_str())
    }

    /// Indented JSON that ends in a newline.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("a study has only text keys");
        json.push('\n');
        json
    }

    /// JSON on one line, without a newline.
    pub fn to_json_line(&self) -> String {
        serde_json::to_string(self).expect("a study has only text keys")
    }
}

/// What a report is made of.
#[derive(Debug)]
pub struct StudyParts<'a> {
    /// The series.
    pub plan: &'a SeriesPlan,
    /// What was not measured.
    pub set_aside: &'a [SetAside],
    /// How many other series go on where this one ends.
    pub continued_by: usize,
    /// Every how-manieth slice was read.
    pub every: usize,
    /// Whether UIDs and the series description are written as they are.
    pub keep_ids: bool,
    /// The measurements.
    pub measured: &'a Measured,
    /// The model.
    pub model: ModelInfo,
    /// The devices.
    pub devices: Vec<DeviceInfo>,
    /// The limits.
    pub thresholds: Thresholds,
    /// How slices were prepared.
    pub preprocessing: Preprocessing,
}

/// Makes the report, numbers rounded to 3 decimals. Grades were made of the unrounded ones.
pub fn build_report(parts: StudyParts<'_>) -> StudyReport {
    let StudyParts { plan, measured, .. } = parts;
    let series_name = |set_aside: &SetAside| name(set_aside.series_uid.as_deref(), parts.keep_ids);
    let height = |slice: Option<&super::SlicePlace>| slice.and_then(|slice| slice.height_mm).map(round);
    let geometry = plan.geometry.as_ref();
    let spacing_mm = geometry.map(|grid| grid.slice_spacing_mm);
    let index = |read: usize| measured.slices.get(read).map_or(0, |slice| slice.index);
    StudyReport {
        schema_version: STUDY_SCHEMA_VERSION.into(),
        software: Software::this(),
        notice: NOTICE.into(),
        ids: Ids::of(&plan.header, parts.keep_ids),
        series: SeriesInfo {
            slices: plan.slices.len(),
            slices_read: measured.slices.len(),
            every: parts.every,
            rows: plan.rows,
            columns: plan.columns,
            pixel_spacing_mm: geometry.map(|grid| grid.pixel_spacing_mm),
            slice_spacing_mm: spacing_mm.map(round),
            step_mm: spacing_mm.map(|mm| round(mm * parts.every as f64)),
            slice_thickness_mm: plan.slice_thickness_mm,
            lowest_mm: height(plan.slices.first()),
            highest_mm: height(plan.slices.last()),
            continued_by: parts.continued_by,
        },
        set_aside: parts
            .set_aside
            .iter()
            .map(|one| SetAsideInfo {
                series: series_name(one),
                reason: one.reason.without_words_of_files(),
                files: one.files,
            })
            .collect(),
        not_measured: measured
            .lacking
            .iter()
            .map(|&what| NotMeasured::new(what, measured.coloured))
            .collect(),
        model: parts.model,
        devices: parts.devices,
        thresholds: parts.thresholds,
        preprocessing: parts.preprocessing,
        assessment: rounded(&measured.assessment),
        lesions: measured
            .lesions
            .iter()
            .enumerate()
            .map(|(at, lesion)| describe(at + 1, lesion, measured.voxel_ml, &index))
            .collect(),
        key_slices: measured.key_slices.iter().map(|key| key.index).collect(),
        slices: measured.slices.iter().map(row).collect(),
    }
}

fn describe(
    id: usize,
    lesion: &Lesion,
    voxel_ml: Option<f64>,
    index: &impl Fn(usize) -> usize,
) -> LesionInfo {
    LesionInfo {
        id,
        side: if 2 * lesion.left_voxels >= lesion.voxels { Side::Left } else { Side::Right },
        voxels: lesion.voxels,
        volume_ml: voxel_ml.map(|ml| round(lesion.voxels as f64 * ml)),
        first_slice: index(lesion.slices.0),
        last_slice: index(lesion.slices.1),
        largest_slice: index(lesion.largest_slice),
        mean_hu: lesion.mean_hu().map(round),
        composition: lesion.hu.composition().map(rounded_composition),
        mean_link_iou: lesion.mean_link_iou.map(round),
    }
}

fn row(slice: &SliceRecord) -> SliceInfo {
    let (lung_pixels, lesion_pixels) = (slice.lung_pixels(), slice.lesion_pixels());
    SliceInfo {
        index: slice.index,
        instance_number: slice.instance_number,
        z_mm: slice.height_mm.map(round),
        lung_pixels,
        lesion_pixels,
        percent: (lung_pixels > 0).then(|| round(100.0 * lesion_pixels as f64 / lung_pixels as f64)),
    }
}

fn rounded(assessment: &Assessment) -> Assessment {
    let involvement = |i: VolumeInvolvement| VolumeInvolvement {
        lung_ml: i.lung_ml.map(round),
        lesion_ml: i.lesion_ml.map(round),
        percent: i.percent.map(round),
        ..i
    };
    let mut assessment = assessment.clone();
    for whole in [&mut assessment.lungs, &mut assessment.left, &mut assessment.right] {
        *whole = involvement(*whole);
    }
    for zone in &mut assessment.zones {
        zone.involvement = involvement(zone.involvement);
    }
    assessment.mean_hu = assessment.mean_hu.map(round);
    assessment.composition = assessment.composition.map(rounded_composition);
    assessment
}

fn rounded_composition(shares: Composition) -> Composition {
    Composition {
        aerated_percent: round(shares.aerated_percent),
        ground_glass_percent: round(shares.ground_glass_percent),
        consolidation_percent: round(shares.consolidation_percent),
        denser_percent: round(shares.denser_percent),
    }
}

/// Three decimals, without a negative zero.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0 + 0.0
}
