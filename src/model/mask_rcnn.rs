//! Mask R-CNN, He et al. 2017, as torchvision's `MaskRCNN` runs it, with the host's work (suppression) in [`crate::detect`].

use burn::tensor::{Device, Tensor};

use super::fpn::{Fpn, Pyramid};
use super::layers::{LayerLoader, WeightStorage};
use super::resnet::ResNet;
use super::roi_heads::{MASKS_AT_ONCE, RoiHeads, mask_probabilities};
use super::rpn::RpnHead;
use super::semantic::{SemanticHead, SemanticMaps};
use super::{ModelError, Observer, Stage};
use crate::detect::{
    BoxXyxy, Detection, RoiHeadsConfig, RpnConfig, RpnLevel, filter_proposals, postprocess_detections,
};
use crate::imaging::NetworkInput;
use crate::kernels::{Precision, TOP_ROW, download, top_anchors, upload};
use crate::manifest::MaskRcnnConfig;
use crate::weights::{Weights, WeightsError, check};

/// Channels of the network's input: three equal grey ones and a zero, since kernels read four at a time.
const INPUT_CHANNELS: usize = 4;
/// Pyramid levels that make proposals.
const PROPOSAL_LEVELS: usize = 5;

/// Proposals that a search for the lungs looks at: they are large, and so among the best.
pub const SEARCH_PROPOSALS: usize = 50;

/// A detection in network pixels with its mask.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskedDetection {
    /// Box, class and score.
    pub detection: Detection,
    /// `mask_size * mask_size` probabilities over the box.
    pub mask: Vec<f32>,
}

/// What the network finds in a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detections {
    /// The instances, best first.
    pub instances: Vec<MaskedDetection>,
    /// Lesion and lung cell by cell, if the model tells them and there are instances.
    pub maps: Option<SemanticMaps>,
}

/// The network with its weights on one device.
#[derive(Debug, Clone)]
pub struct MaskRcnn {
    config: MaskRcnnConfig,
    device: Device,
    resnet: ResNet,
    fpn: Fpn,
    rpn: RpnHead,
    roi_heads: RoiHeads,
    semantic: Option<SemanticHead>,
}

impl MaskRcnn {
    /// Uploads `weights` (BatchNorm folded) to `device`; `storage` is for those of 8 bit, `precision` for activations.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] names every missing, extra or mis-shaped tensor.
    pub fn load(
        config: &MaskRcnnConfig,
        mut weights: Weights,
        device: &Device,
        storage: WeightStorage,
        precision: Precision,
    ) -> Result<Self, WeightsError> {
        check(&weights, config)?;
        let mut loader = LayerLoader::new(&mut weights, device, storage, precision);
        Ok(Self {
            resnet: ResNet::load(&mut loader, config.backbone)?,
            fpn: Fpn::load(&mut loader)?,
            rpn: RpnHead::load(&mut loader)?,
            roi_heads: RoiHeads::load(&mut loader, config)?,
            semantic: config.semantic_channels.map(|_| SemanticHead::load(&mut loader)).transpose()?,
            config: config.clone(),
            device: device.clone(),
        })
    }

    /// The sizes and limits of the network.
    pub fn config(&self) -> &MaskRcnnConfig {
        &self.config
    }

    /// The heads over the regions, to run them apart (parity tests).
    pub fn roi_heads(&self) -> &RoiHeads {
        &self.roi_heads
    }

    /// The proposal head, to run it apart (parity tests).
    pub fn rpn(&self) -> &RpnHead {
        &self.rpn
    }

    /// The head that tells lesion and lung cell by cell, if there is one, to run it apart (parity tests).
    pub fn semantic(&self) -> Option<&SemanticHead> {
        self.semantic.as_ref()
    }

    /// The picture on the device, `[1, size, size, 4]`.
    pub fn upload(&self, input: &NetworkInput) -> Tensor<4> {
        let mut values = vec![0.0; INPUT_CHANNELS * input.values.len()];
        for (pixel, &grey) in values.as_chunks_mut::<INPUT_CHANNELS>().0.iter_mut().zip(&input.values) {
            *pixel = [grey, grey, grey, 0.0];
        }
        upload(values, [1, input.size, input.size, INPUT_CHANNELS], &self.device)
    }

    /// The stages C2 to C5 of `[1, size, size, 4]`.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] between two blocks.
    pub async fn body(
        &self,
        input: Tensor<4>,
        observer: &mut impl Observer,
    ) -> Result<[Tensor<4>; 4], ModelError> {
        let mut x = self.resnet.stem(input);
        let mut stages = Vec::with_capacity(4);
        for layer in self.resnet.layers() {
            for block in layer {
                observer.pause().await?;
                x = block.forward(x);
            }
            stages.push(x.clone());
        }
        Ok(stages.try_into().expect("a ResNet has four stages"))
    }

    /// The pyramid over C2 to C5.
    pub fn pyramid(&self, stages: [Tensor<4>; 4]) -> Pyramid {
        self.fpn.forward(stages)
    }

    /// The proposals of a picture of `size` x `size` pixels of which `[rows, columns]` are content, best first.
    ///
    /// # Errors
    /// [`ModelError`] where the device fails or computes a value that is not finite.
    pub async fn proposals(
        &self,
        pyramid: &Pyramid,
        size: usize,
        content: [usize; 2],
        observer: &mut impl Observer,
    ) -> Result<Vec<BoxXyxy>, ModelError> {
        let config: &RpnConfig = &self.config.rpn;
        let sizes = pyramid.each_ref().map(|level| level.dims());
        let anchors = self.config.anchors_per_position();
        let outputs = self.rpn.forward(pyramid).into_iter();
        let chosen = outputs.map(|output| top_anchors(output, anchors, config.pre_nms_top_n)).collect();
        let read = download(chosen).await?;
        observer.stage(Stage::Proposals);
        observer.pause().await?;
        let mut levels = Vec::with_capacity(PROPOSAL_LEVELS);
        for (level, (values, [_, rows, columns, _])) in read.iter().zip(sizes).enumerate() {
            let all = self.config.anchors.level_anchors(level, rows, columns, size / rows, size / columns);
            let mut chosen = RpnLevel::default();
            for [index, logit, deltas @ ..] in values.as_chunks::<TOP_ROW>().0 {
                let anchor =
                    all.get(*index as usize).ok_or(ModelError::NoSuchAnchor { index: *index, level })?;
                chosen.anchors.push(*anchor);
                chosen.objectness.push(*logit);
                chosen.deltas.push(*deltas);
            }
            levels.push(chosen);
        }
        Ok(filter_proposals(&levels, config, content)?)
    }

    /// The detections among the proposals with a score above `score_threshold`, best first, in network pixels.
    ///
    /// # Errors
    /// As [`Self::proposals`].
    pub async fn boxes(
        &self,
        pyramid: &Pyramid,
        proposals: &[BoxXyxy],
        content: [usize; 2],
        score_threshold: f32,
    ) -> Result<Vec<Detection>, ModelError> {
        if proposals.is_empty() {
            return Ok(Vec::new());
        }
        let features = self.roi_heads.box_features(pyramid, proposals, &self.device);
        let output = self.roi_heads.predict_boxes(self.roi_heads.box_head(features));
        let [_, channels] = output.dims();
        let values = download(vec![output]).await?.concat();
        let classes = self.config.num_classes();
        let (mut logits, mut regression) = (Vec::new(), Vec::new());
        for row in values.chunks_exact(channels) {
            logits.extend_from_slice(&row[..classes]);
            regression.extend_from_slice(&row[classes..5 * classes]);
        }
        let config = RoiHeadsConfig { score_threshold, ..self.config.roi_heads.clone() };
        Ok(postprocess_detections(&logits, &regression, proposals, &config, content)?)
    }

    /// The detections with their masks, and the maps that go with them.
    ///
    /// # Errors
    /// As [`Self::proposals`].
    pub async fn masks(
        &self,
        pyramid: &Pyramid,
        detections: Vec<Detection>,
    ) -> Result<Detections, ModelError> {
        if detections.is_empty() {
            return Ok(Detections::default());
        }
        let boxes: Vec<BoxXyxy> = detections.iter().map(|d| d.bbox).collect();
        let heads = &self.roi_heads;
        let mut outputs: Vec<_> = boxes
            .chunks(MASKS_AT_ONCE)
            .map(|boxes| heads.mask_logits(heads.mask_features(pyramid, boxes, &self.device)))
            .collect();
        let [_, _, channels] = outputs[0].dims();
        let batches = outputs.len();
        let [p2, ..] = pyramid;
        outputs.extend(self.semantic.as_ref().map(|head| head.forward(p2.clone())));
        let mut read = download(outputs).await?;
        if let Some(at) = read.iter().position(|values| values.iter().any(|v| !v.is_finite())) {
            let stage = if at < batches { "mask head" } else { "semantic head" };
            return Err(ModelError::NotFinite { stage });
        }
        let [_, rows, columns, _] = p2.dims();
        let maps = read.drain(batches..).next().map(|map| SemanticMaps::from_logits(&map, rows, columns));
        let (logits, side) = (read.concat(), self.config.mask_roi_size);
        let masked = |(i, detection): (usize, Detection)| MaskedDetection {
            detection,
            mask: mask_probabilities(&logits, i, detection.label, side, channels),
        };
        Ok(Detections { instances: detections.into_iter().enumerate().map(masked).collect(), maps })
    }

    /// Runs the network without its masks on the best `proposals`, of which a few suffice to find what is large
    /// ([`SEARCH_PROPOSALS`]). The input may have another size than the configuration's.
    ///
    /// # Errors
    /// As [`Self::detect`].
    pub async fn detect_boxes(
        &self,
        input: &NetworkInput,
        proposals: usize,
        score_threshold: f32,
        observer: &mut impl Observer,
    ) -> Result<Vec<Detection>, ModelError> {
        Ok(self.pyramid_and_boxes(input, proposals, score_threshold, observer).await?.1)
    }

    /// Runs the whole network.
    ///
    /// # Errors
    /// [`ModelError`] where the run was cancelled, the device fails or it computes a value that is not finite: never a
    /// part of the detections.
    pub async fn detect(
        &self,
        input: &NetworkInput,
        score_threshold: f32,
        observer: &mut impl Observer,
    ) -> Result<Detections, ModelError> {
        let (pyramid, detections) =
            self.pyramid_and_boxes(input, usize::MAX, score_threshold, observer).await?;
        observer.stage(Stage::Masks);
        observer.pause().await?;
        let found = self.masks(&pyramid, detections).await?;
        observer.pause().await?;
        Ok(found)
    }

    async fn pyramid_and_boxes(
        &self,
        input: &NetworkInput,
        most_proposals: usize,
        score_threshold: f32,
        observer: &mut impl Observer,
    ) -> Result<(Pyramid, Vec<Detection>), ModelError> {
        let content = [input.letterbox.content_rows, input.letterbox.content_columns];
        observer.stage(Stage::Backbone);
        let stages = self.body(self.upload(input), observer).await?;
        observer.pause().await?;
        let pyramid = self.pyramid(stages);
        observer.pause().await?;
        let mut proposals = self.proposals(&pyramid, input.size, content, observer).await?;
        proposals.truncate(most_proposals);
        observer.stage(Stage::Boxes);
        observer.pause().await?;
        let detections = self.boxes(&pyramid, &proposals, content, score_threshold).await?;
        Ok((pyramid, detections))
    }
}
