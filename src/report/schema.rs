//! The report as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ClassName, ReportError};
use crate::imaging::{FileFormat, PictureReading, Preprocessing};
use crate::masks::Rle;
use crate::severity::Assessment;

/// The version of the report's schema. The first number grows when a reader of the old one would fail.
pub const SCHEMA_VERSION: &str = "1.4";
/// The sentence that every report and every page carries.
pub const NOTICE: &str = "Research use only. Not a medical device.";

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Software {
    /// `LungLens`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Software {
    /// This program.
    pub fn this() -> Self {
        Self { name: "LungLens".into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// Which slice of a volume or a series one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfSeries {
    /// Its place in the series, from 0 for the lowest.
    pub slice_index: usize,
    /// How many slices the series has.
    pub slices: usize,
}

impl OfSeries {
    /// The slice at a place of a series of so many; none of a series that is one slice.
    pub fn new(slice_index: usize, slices: usize) -> Option<Self> {
        (slices > 1).then_some(Self { slice_index, slices })
    }
}

/// The file that a slice came from, as its reader knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputInfo {
    /// The file's name, without folders.
    pub name: String,
    /// The SHA-256 of its bytes, lowercase hexadecimal.
    pub sha256: String,
    /// Which slice it is, where it is one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<OfSeries>,
}

/// The slice that was segmented.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The file's name, without folders.
    pub name: String,
    /// The SHA-256 of its bytes, lowercase hexadecimal.
    pub sha256: String,
    /// The file's format.
    pub format: FileFormat,
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
    /// Millimetres between rows and between columns, where the file states them.
    pub pixel_spacing_mm: Option<[f32; 2]>,
    /// How a picture was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureReading>,
    /// Which slice of a volume or a series it is, where it is one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<OfSeries>,
}

/// The model that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Its name in the manifest, as `r50`.
    pub id: String,
    /// `resnet50` or `resnet101`.
    pub backbone: String,
    /// The SHA-256 of the weights' file, lowercase hexadecimal.
    pub sha256: String,
    /// Side of the network's input in pixels.
    pub input_size: usize,
}

/// Where a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A graphics adapter, through WebGPU.
    Gpu,
    /// The processor.
    Cpu,
}

/// The device that a model ran on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Graphics adapter or processor.
    pub kind: DeviceKind,
    /// The adapter's name.
    pub name: String,
    /// The programming interface, as `vulkan` or `webgpu`.
    pub backend: String,
}

/// The limits that decided what is reported.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// The least score of an instance.
    pub score: f32,
    /// The least probability of an instance's pixel.
    pub mask: f32,
    /// The involvement in percent from which a slice is alarming.
    pub alarming_from_percent: f64,
}

/// Wall time, which no two runs share.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Timings {
    /// Milliseconds by stage.
    pub stages: BTreeMap<String, f64>,
    /// Milliseconds in all.
    pub total: f64,
}

/// One instance as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceReport {
    /// Its number in the report, from 1.
    pub id: usize,
    /// What it is.
    pub class: ClassName,
    /// The class probability, 6 decimals.
    pub score: f32,
    /// `[x0, y0, x1, y1]` in source pixels, 3 decimals.
    pub bbox: [f32; 4],
    /// Number of pixels.
    pub area_pixels: usize,
    /// The area in mm2, where the pixel spacing is known.
    pub area_mm2: Option<f32>,
    /// The pixels, as COCO's compressed run lengths.
    pub segmentation: Rle,
}

/// The report of one slice. Without `timings`, the same input, model and device give the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: String,
    /// The program.
    pub software: Software,
    /// [`NOTICE`].
    pub notice: String,
    /// The slice.
    pub input: Input,
    /// The model.
    pub model: ModelInfo,
    /// The device.
    pub device: DeviceInfo,
    /// The limits.
    pub thresholds: Thresholds,
    /// How the slice was prepared for the network.
    pub preprocessing: Preprocessing,
    /// The part of the slice that was segmented, `[x0, y0, x1, y1]` in source pixels, 3 decimals; absent where it was all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<[f32; 4]>,
    /// Where a picture shows several slices, the places of those that were found, `[x0, y0, x1, y1]` in source pixels, 3 decimals, from left
    /// to right and row by row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<[f32; 4]>,
    /// Lesions, then lungs, each by falling score.
    pub instances: Vec<InstanceReport>,
    /// Involvement and grade.
    pub assessment: Assessment,
    /// Wall time, if it was asked for.
    #[serde(rename = "timings_ms", default, skip_serializing_if = "Option::is_none")]
    pub timings: Option<Timings>,
}

impl Report {
    /// The report as indented JSON, keys in the schema's order, ending in a newline.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("a report has only text keys");
        json.push('\n');
        json
    }

    /// The report as JSON on one line, without a newline.
    pub fn to_json_line(&self) -> String {
        serde_json::to_string(self).expect("a report has only text keys")
    }

    /// Reads a report of this schema's first number.
    ///
    /// # Errors
    /// [`ReportError::Json`] if the text is not a report, [`ReportError::Version`] if it is one of another schema.
    pub fn from_json(json: &str) -> Result<Self, ReportError> {
        /// The one field that every version has.
        #[derive(Deserialize)]
        struct Versioned {
            schema_version: String,
        }
        let broken = |e: serde_json::Error| ReportError::Json(e.to_string());
        let Versioned { schema_version } = serde_json::from_str(json).map_err(broken)?;
        if schema_version.split('.').next() != SCHEMA_VERSION.split('.').next() {
            return Err(ReportError::Version(schema_version));
        }
        serde_json::from_str(json).map_err(broken)
    }
}
