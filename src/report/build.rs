//! From a run's results to its report.

use super::instance::report_order;
use super::schema::{
    DeviceInfo, Input, InputInfo, InstanceReport, ModelInfo, NOTICE, Report, SCHEMA_VERSION, Software,
    Thresholds, Timings,
};
use super::{Instance, ReportError};
use crate::detect::BoxXyxy;
use crate::imaging::{CtSlice, Preprocessing};
use crate::masks::Rle;
use crate::severity::{Assessment, Involvement};

/// What a report is made of.
#[derive(Debug, Clone)]
pub struct ReportParts<'a> {
    /// The decoded slice.
    pub slice: &'a CtSlice,
    /// Its file.
    pub input: InputInfo,
    /// The model.
    pub model: ModelInfo,
    /// The device.
    pub device: DeviceInfo,
    /// The least score of an instance; the boundary of the grade is the assessment's.
    pub score_threshold: f32,
    /// The least probability of an instance's pixel.
    pub mask_threshold: f32,
    /// How the slice was prepared for the network.
    pub preprocessing: Preprocessing,
    /// The part of the slice that the network was given, in source pixels, if that was not all.
    pub region: Option<BoxXyxy>,
    /// The places of several slices on one picture, in source pixels; empty where there is one.
    pub slices: Vec<BoxXyxy>,
    /// The instances, in any order.
    pub instances: &'a [Instance],
    /// Involvement and grade.
    pub assessment: Assessment,
    /// Wall time, if it is to be in the report.
    pub timings: Option<Timings>,
}

/// Makes the report: instances in order (see [`super::sort_instances`]) and numbered from 1, numbers rounded.
///
/// # Errors
/// [`ReportError::Mask`] if a mask is not of the slice's size.
pub fn build(parts: ReportParts<'_>) -> Result<Report, ReportError> {
    let slice = parts.slice;
    let pixel_mm2 = slice.pixel_spacing.map(|s| f64::from(s.row_mm) * f64::from(s.column_mm));
    let mut order: Vec<&Instance> = parts.instances.iter().collect();
    order.sort_by(|a, b| report_order(a, b));
    let mut instances = Vec::with_capacity(order.len());
    for (index, instance) in order.into_iter().enumerate() {
        let id = index + 1;
        let mask = &instance.mask;
        mask.check_size("reporting an instance", slice.rows, slice.columns)
            .map_err(|source| ReportError::Mask { id, source })?;
        let area_pixels = mask.area();
        instances.push(InstanceReport {
            id,
            class: instance.class,
            score: rounded(instance.score, 6),
            bbox: instance.bbox.map(|v| rounded(v, 3)),
            area_pixels,
            area_mm2: pixel_mm2.map(|mm2| rounded((area_pixels as f64 * mm2) as f32, 3)),
            segmentation: Rle::encode(mask),
        });
    }
    let assessment = rounded_assessment(parts.assessment);
    Ok(Report {
        schema_version: SCHEMA_VERSION.into(),
        software: Software::this(),
        notice: NOTICE.into(),
        input: Input {
            name: parts.input.name,
            sha256: parts.input.sha256,
            format: slice.format,
            rows: slice.rows,
            columns: slice.columns,
            pixel_spacing_mm: slice.pixel_spacing.map(|s| [s.row_mm, s.column_mm]),
            picture: slice.picture,
            series: parts.input.series,
        },
        model: parts.model,
        device: parts.device,
        thresholds: Thresholds {
            score: parts.score_threshold,
            mask: parts.mask_threshold,
            alarming_from_percent: assessment.alarming_from_percent,
        },
        preprocessing: parts.preprocessing,
        region: parts.region.map(|region| region.map(|v| rounded(v, 3))),
        slices: parts.slices.into_iter().map(|slice| slice.map(|v| rounded(v, 3))).collect(),
        instances,
        assessment,
        timings: parts.timings.map(rounded_timings),
    })
}

fn rounded(value: f32, decimals: i32) -> f32 {
    rounded_f64(f64::from(value), decimals) as f32
}

fn rounded_f64(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    // Adding zero makes a negative zero positive.
    (value * scale).round() / scale + 0.0
}

fn rounded_assessment(assessment: Assessment) -> Assessment {
    let involvement = |i: Involvement| Involvement {
        percent: rounded(i.percent, 3),
        lung_mm2: i.lung_mm2.map(|v| rounded(v, 3)),
        lesion_mm2: i.lesion_mm2.map(|v| rounded(v, 3)),
        ..i
    };
    Assessment {
        lungs: involvement(assessment.lungs),
        left: assessment.left.map(involvement),
        right: assessment.right.map(involvement),
        ..assessment
    }
}

fn rounded_timings(timings: Timings) -> Timings {
    let stages = timings.stages.into_iter().map(|(stage, ms)| (stage, rounded_f64(ms, 3))).collect();
    Timings { stages, total: rounded_f64(timings.total, 3) }
}
