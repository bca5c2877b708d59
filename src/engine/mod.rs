//! The engine: a device, a model on it, and the way from a slice to its report. The same code runs on the desktop and in
//! the page's worker.

mod device;
mod error;
mod platform;
mod refusal;
mod run;
mod search;
mod warm_up;

use burn::tensor::Device;
use lunglens_cpu::for_each_chunk;
use sha2::{Digest, Sha256};

pub use crate::model::Stage;
pub use crate::report::{DeviceInfo, DeviceKind, InputInfo};
pub use device::{list_devices, open as open_device};
pub use error::EngineError;
pub use run::CancelToken;
pub use warm_up::warm_up;

use crate::detect::BoxXyxy;
use crate::imaging::{ClaheMode, CtSlice, Letterbox, Preprocessing, prepare};
use crate::manifest::ModelEntry;
use crate::masks::{Mask, ProbabilityMap, paste_averaged, paste_mask};
use crate::model::{Detections, MaskRcnn, MaskedDetection, Observer, SemanticMaps};
use crate::report::{
    self, ClassName, DEFAULT_SCORE_THRESHOLD, Instance, ModelInfo, Report, ReportParts, faint_score,
    join_lesions, keep_lung_tissue, keep_sure_photo, sort_instances,
};
use crate::severity::{SeverityConfig, assess};
use crate::weights::{Weights, read_packed};
use refusal::{caught, caught_async};
use run::Run;
use search::Searched;

/// A pixel belongs to an instance from this probability of its mask on, as in torchvision.
const MASK_THRESHOLD: f32 = 0.5;
/// The same where a pixel's probability is the mean of its mask's and the semantic head's, which is the more cautious (docs/comparison.md).
const MEAN_THRESHOLD: f32 = 0.45;

/// Which device to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A GPU where there is one, else the CPU.
    #[default]
    Auto,
    /// A GPU (or a software adapter), or an error.
    Gpu,
    /// The CPU.
    Cpu,
}

/// What may differ from run to run.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentOptions {
    /// Instances below this score are left out, 0 to 1; what [`report::faint_score`] says belongs to a lesion that it touches.
    pub score_threshold: f32,
    /// From where a slice is alarming.
    pub severity: SeverityConfig,
    /// Whether contrast is equalised (CLAHE).
    pub clahe: ClaheMode,
    /// Whether lesions that touch become one ([`report::join_lesions`]) and what cannot be lung is left out
    /// ([`report::keep_lung_tissue`], [`report::keep_sure_photo`]); not where each detection is measured.
    pub join_lesions: bool,
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self {
            score_threshold: DEFAULT_SCORE_THRESHOLD,
            severity: SeverityConfig::default(),
            clahe: ClaheMode::Auto,
            join_lesions: true,
        }
    }
}

/// A slice's report and the masks it speaks of, in the report's order.
#[derive(Debug, Clone)]
pub struct Segmentation {
    /// The report.
    pub report: Report,
    /// The instances.
    pub instances: Vec<Instance>,
}

/// What was found on a slice.
struct Found {
    instances: Vec<Instance>,
    /// The part of the slice that was looked at if it was not all, in source pixels.
    region: Option<BoxXyxy>,
    /// The places of several slices on one picture, of which the instances may show but one; empty where there is one.
    slices: Vec<BoxXyxy>,
}

/// A model on a device.
pub struct Engine {
    model: MaskRcnn,
    entry: ModelEntry,
    device: Device,
    info: DeviceInfo,
}

impl Engine {
    /// Checks the weights' hash, opens the device and uploads the model.
    ///
    /// # Errors
    /// [`EngineError`] where the file is not the manifest's, cannot be read, or the device cannot be had.
    pub async fn new(entry: &ModelEntry, weights: &[u8], choice: DeviceChoice) -> Result<Self, EngineError> {
        let weights = Self::read(entry, weights)?;
        Self::on(device::open(choice).await?, entry, weights)
    }

    /// The weights of a model's file, once its hash is checked: what [`Self::on`] takes, when the file is to be dropped
    /// before.
    ///
    /// # Errors
    /// [`EngineError`] where the file is not the manifest's or cannot be read.
    pub fn read(entry: &ModelEntry, file: &[u8]) -> Result<Weights, EngineError> {
        let found = hex(&Sha256::digest(file));
        if found != entry.sha256 {
            return Err(EngineError::HashMismatch { expected: entry.sha256.clone(), found });
        }
        Ok(read_packed(file)?)
    }

    /// Uploads a model to a device that [`open_device`] opened.
    ///
    /// # Errors
    /// [`EngineError::Weights`] where the weights are not those of the entry's network; what the device says where they do not
    /// fit into its memory, though it may say so in the first run only.
    pub fn on(
        (device, info): (Device, DeviceInfo),
        entry: &ModelEntry,
        weights: Weights,
    ) -> Result<Self, EngineError> {
        // What a model before this one held goes back to the driver.
        device.memory_cleanup();
        let (storage, precision) = (device::weight_storage(info.kind), device::precision(&device, info.kind));
        let model = caught(|| MaskRcnn::load(&entry.config, weights, &device, storage, precision))
            .map_err(|error| device::note_failure(&info, error))??;
        Ok(Self { model, entry: entry.clone(), device, info })
    }

    /// Where it runs.
    pub fn device(&self) -> &DeviceInfo {
        &self.info
    }

    /// Burn's handle of the device.
    pub fn burn_device(&self) -> &Device {
        &self.device
    }

    /// Finds what is in a slice: instances on its own pixels, in the report's order, neither measured nor reported.
    ///
    /// # Errors
    /// As [`Self::segment`].
    pub async fn instances(
        &self,
        slice: &CtSlice,
        options: &SegmentOptions,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Vec<Instance>, EngineError> {
        let mut run = Run::new(cancel, progress);
        let preprocessing = self.preprocessing(options);
        Ok(self.noting(self.find(slice, &preprocessing, options, &mut run)).await?.instances)
    }

    /// Waits for `run`; of its failure the device's own words are told, and a GPU that it found lost is not opened again.
    async fn noting<T>(&self, run: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
        caught_async(run).await.map_err(|error| device::note_failure(&self.info, error))
    }

    fn mask_threshold(&self) -> f32 {
        if self.entry.config.semantic_channels.is_some() { MEAN_THRESHOLD } else { MASK_THRESHOLD }
    }

    fn preprocessing(&self, options: &SegmentOptions) -> Preprocessing {
        let mut preprocessing = self.entry.preprocessing.clone();
        if options.clahe != ClaheMode::Auto {
            preprocessing.clahe = options.clahe;
        }
        preprocessing
    }

    async fn find(
        &self,
        slice: &CtSlice,
        preprocessing: &Preprocessing,
        options: &SegmentOptions,
        run: &mut Run<'_>,
    ) -> Result<Found, EngineError> {
        run.stage(Stage::Preprocess);
        run.pause().await?;
        let prepared = prepare(slice, preprocessing)?;
        let Searched { region, slices } = match preprocessing.lung_crop {
            Some(crop) => self.search(slice, &prepared, crop, run).await?,
            None => Searched::default(),
        };
        let network_input = prepared.network_input(region, preprocessing.input_size)?;
        let limit = options.score_threshold;
        let limit_of_parts = if options.join_lesions { faint_score(limit) } else { limit };
        let detections = self.model.detect(&network_input, limit_of_parts, run).await?;

        run.stage(Stage::Measure);
        let mask_size = self.entry.config.mask_size();
        let mut instances =
            paste(detections, slice, &network_input.letterbox, mask_size, self.mask_threshold())?;
        if options.join_lesions {
            let joined = join_lesions(instances, limit)?;
            instances = keep_sure_photo(keep_lung_tissue(joined, slice), slice);
        } else {
            sort_instances(&mut instances);
        }
        let whole = [0.0, 0.0, slice.columns as f32, slice.rows as f32];
        let region = Some(network_input.letterbox.region).filter(|&region| region != whole);
        Ok(Found { instances, region, slices })
    }

    /// Finds, outlines and measures what is in a slice.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] soon after `cancel` was called; else what failed. Never a part of the result.
    pub async fn segment(
        &self,
        slice: &CtSlice,
        input: InputInfo,
        options: &SegmentOptions,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<Segmentation, EngineError> {
        let mut run = Run::new(cancel, progress);
        let preprocessing = self.preprocessing(options);
        let Found { instances, region, slices } =
            self.noting(self.find(slice, &preprocessing, options, &mut run)).await?;
        let masks = |class: ClassName| -> Vec<&Mask> {
            instances.iter().filter(|i| i.class == class).map(|i| &i.mask).collect()
        };
        let mut assessment = assess(
            &masks(ClassName::Lesion),
            &masks(ClassName::Lung),
            slice.rows,
            slice.columns,
            slice.pixel_spacing,
            slice.patient_right_is_image_left,
            &options.severity,
        )?;
        if !slices.is_empty() {
            assessment = assessment.of_several_slices();
        }
        run.pause().await?;
        let report = report::build(ReportParts {
            slice,
            input,
            model: ModelInfo {
                id: self.entry.id.clone(),
                backbone: self.entry.backbone.name().to_owned(),
                sha256: self.entry.sha256.clone(),
                input_size: self.entry.config.input_size,
            },
            device: self.info.clone(),
            score_threshold: options.score_threshold,
            mask_threshold: self.mask_threshold(),
            preprocessing,
            region,
            slices,
            instances: &instances,
            assessment,
            timings: Some(run.finish()),
        })?;
        Ok(Segmentation { report, instances })
    }
}

/// The detections on the slice's own pixels, on all threads. Where the model also tells lesion and lung cell by cell, a pixel's
/// probability is the mean of both.
fn paste(
    Detections { instances, maps }: Detections,
    slice: &CtSlice,
    letterbox: &Letterbox,
    mask_size: usize,
    mask_threshold: f32,
) -> Result<Vec<Instance>, EngineError> {
    let [lesion, lung] = match maps {
        Some(maps) => placed(maps, letterbox)?.map(Some),
        None => [None, None],
    };
    let one = |found: &MaskedDetection| -> Result<Instance, EngineError> {
        let detection = found.detection;
        let class =
            ClassName::from_label(detection.label).ok_or(EngineError::UnknownClass(detection.label))?;
        let bbox = letterbox.to_source(detection.bbox);
        let map = match class {
            ClassName::Lesion => &lesion,
            ClassName::Lung => &lung,
        };
        let (rows, columns) = (slice.rows, slice.columns);
        let mask = match map {
            None => paste_mask(&found.mask, mask_size, bbox, rows, columns, mask_threshold)?,
            Some(map) => paste_averaged(&found.mask, mask_size, bbox, map, rows, columns, mask_threshold)?,
        };
        Ok(Instance { class, score: detection.score, bbox, mask })
    };
    let mut pasted: Vec<Option<Result<Instance, EngineError>>> = instances.iter().map(|_| None).collect();
    for_each_chunk(&mut pasted, 1, |index, place| place[0] = Some(one(&instances[index])));
    pasted.into_iter().flatten().collect()
}

/// The maps of lesion and lung where they lie on the slice.
fn placed(maps: SemanticMaps, letterbox: &Letterbox) -> Result<[ProbabilityMap; 2], EngineError> {
    let SemanticMaps { rows, columns, lesion, lung, stride } = maps;
    let place = letterbox.square(columns * stride);
    Ok([ProbabilityMap::new(lesion, rows, columns, place)?, ProbabilityMap::new(lung, rows, columns, place)?])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
