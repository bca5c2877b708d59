//! The messages between the page and the engine.

use lunglens::manifest::ModelEntry;
use lunglens::report::InputInfo;
use serde::{Deserialize, Serialize};

use super::{Cause, SliceHead};

/// Which device the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceWish {
    /// WebGPU where there is an adapter, else the CPU.
    #[default]
    Auto,
    /// WebGPU.
    Gpu,
    /// The CPU.
    Cpu,
}

/// Whether contrast is equalised before the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaheWish {
    /// For Hounsfield slices only.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// The stage that looks for the lungs, as [`Reply::Stage`] counts.
pub const LUNG_SEARCH: usize = 1;

/// One model of the manifest, as the page shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// The manifest's id, such as `r50`.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Size of the download.
    pub bytes: u64,
    /// The licence of the weights.
    pub licence: String,
    /// Whether it looks for the lungs before all else.
    pub finds_lungs: bool,
}

impl From<&ModelEntry> for ModelSummary {
    fn from(entry: &ModelEntry) -> Self {
        Self {
            id: entry.id.clone(),
            title: entry.title.clone(),
            bytes: entry.bytes,
            licence: entry.licence.clone(),
            finds_lungs: entry.preprocessing.lung_crop.is_some(),
        }
    }
}

/// The device that runs the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSummary {
    /// Whether it is a GPU.
    pub gpu: bool,
    /// The adapter's name; may be empty.
    pub name: String,
}

/// A loaded model, for another engine that takes it from the browser's cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCopy {
    /// Its entry in the manifest, as JSON.
    pub entry: String,
    /// The whole address under which the browser's cache keeps its file.
    pub url: String,
}

/// What the page asks for one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunOptions {
    /// Instances below this score are dropped, 0 to 1.
    pub score_threshold: f32,
    /// Contrast equalisation.
    pub clahe: ClaheWish,
}

/// From the page to the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Load a model and put it on a device. Answered by `Manifest` (the first time), `Progress`, `Preparing`, then
    /// `Ready` or `LoadFailed`.
    Load {
        /// The manifest's id; the manifest's first model if absent.
        model: Option<String>,
        /// The device to use.
        device: DeviceWish,
    },
    /// Put a model that the browser's cache keeps on the CPU; nothing is fetched. Answered by `Ready` or `LoadFailed`.
    Join {
        /// The model.
        copy: ModelCopy,
    },
    /// Segment one slice. Buffer 0: its values. Answered by `Stage`, then one of `Segmented`, `Failed`, `Cancelled`.
    Segment {
        /// Number of the run that the slice belongs to; every answer repeats it.
        run: u32,
        /// Which slice of the series.
        index: usize,
        /// What the values mean.
        head: SliceHead,
        /// How the report names the slice.
        input: InputInfo,
        /// The settings.
        options: RunOptions,
    },
    /// Stop the run between two stages.
    Cancel {
        /// Number of the run to stop.
        run: u32,
    },
    /// Measure the kernels. Answered by `BenchRows` or `LoadFailed`.
    Bench {
        /// The device to measure.
        device: DeviceWish,
    },
}

/// Why the CPU takes the place of a graphics device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CpuReason {
    /// The browser offers no WebGPU.
    NoGpu,
    /// It has too little memory.
    Memory,
    /// It failed.
    Failed,
}

/// One measured kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchLine {
    /// Kernel and shape.
    pub name: String,
    /// Milliseconds a launch.
    pub millis: f64,
    /// Billions of floating point operations a second, counting a multiply-add as two.
    pub gflops: f64,
}

/// From the worker to the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The worker has started and listens.
    Hello,
    /// The models that can be loaded, the default first.
    Manifest {
        /// In the manifest's order.
        models: Vec<ModelSummary>,
    },
    /// Bytes of the model so far.
    Progress {
        /// Bytes received.
        loaded: u64,
        /// Bytes in all, from the manifest.
        total: u64,
    },
    /// All bytes are here; the model is being checked and put on the device.
    Preparing,
    /// A slice can be run.
    Ready {
        /// The loaded model's id.
        model: String,
        /// Where it runs.
        device: DeviceSummary,
        /// Why it is not the wished device.
        fallback: Option<CpuReason>,
        /// For another engine, if one can be started.
        copy: Option<ModelCopy>,
    },
    /// The model could not be loaded.
    LoadFailed {
        /// Why.
        cause: Cause,
    },
    /// A stage begins.
    Stage {
        /// The run.
        run: u32,
        /// From 0; [`LUNG_SEARCH`] is left out by models that do not look for the lungs.
        index: usize,
    },
    /// The GPU failed before a result; the CPU takes over from the first stage.
    FellBack {
        /// The run.
        run: u32,
        /// Where it runs now.
        device: DeviceSummary,
        /// Why.
        reason: CpuReason,
    },
    /// What is on a slice.
    Segmented {
        /// The run.
        run: u32,
        /// Which slice.
        index: usize,
        /// The report as JSON, as it is saved; its instances hold the masks.
        report: String,
        /// Wall time in the engine, in milliseconds.
        millis: f64,
    },
    /// The run failed: there is no result.
    Failed {
        /// The run.
        run: u32,
        /// Why.
        cause: Cause,
    },
    /// The run was stopped: there is no result.
    Cancelled {
        /// The run.
        run: u32,
    },
    /// The kernels' figures.
    BenchRows {
        /// The measured device.
        device: DeviceSummary,
        /// One line a kernel and shape.
        rows: Vec<BenchLine>,
    },
    /// The worker hit a bug or ran out of memory and will not answer again.
    Crashed {
        /// For the console.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use lunglens::imaging::{FileFormat, ValueScale};
    use lunglens::manifest::ModelManifest;

    use super::*;
    use lunglens::report::OfSeries;

    #[test]
    fn messages_survive_json() {
        let request = Request::Segment {
            run: 3,
            index: 7,
            head: SliceHead {
                rows: 2,
                columns: 3,
                scale: ValueScale::Hounsfield,
                pixel_spacing: None,
                patient_right_is_image_left: Some(true),
                format: FileFormat::Dicom,
                picture: None,
            },
            input: InputInfo { name: "slice".into(), sha256: String::new(), series: OfSeries::new(7, 9) },
            options: RunOptions { score_threshold: 0.4, clahe: ClaheWish::Off },
        };
        let text = serde_json::to_string(&request).expect("serialises");
        assert!(text.contains(r#"{"segment":{"#), "{text}");
        assert_eq!(serde_json::from_str::<Request>(&text).expect("parses"), request);

        let reply = Reply::Segmented { run: 3, index: 7, report: "{\n}".into(), millis: 12.5 };
        let text = serde_json::to_string(&reply).expect("serialises");
        assert_eq!(serde_json::from_str::<Reply>(&text).expect("parses"), reply);
    }

    #[test]
    fn a_model_finds_lungs_where_its_configuration_says_so() {
        let manifest = include_str!("../../../models/manifest.json");
        let mut entry = ModelManifest::from_json(manifest).expect("is one").models.remove(0);
        let summary = ModelSummary::from(&entry);
        assert_eq!((summary.id.as_str(), summary.bytes, summary.finds_lungs), ("r50", entry.bytes, true));
        entry.preprocessing.lung_crop = None;
        assert_eq!(ModelSummary::from(&entry), ModelSummary { finds_lungs: false, ..summary });
    }

    #[test]
    fn bench_page_request_is_understood() {
        // web/static/bench.js writes this by hand.
        let request: Request = serde_json::from_str(r#"{"bench":{"device":"gpu"}}"#).expect("parses");
        assert_eq!(request, Request::Bench { device: DeviceWish::Gpu });
    }
}
