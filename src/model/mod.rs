//! Mask R-CNN with a ResNet-FPN backbone, in Burn; layers and parameter names as in torchvision.
//!
//! Tensors are `[images, rows, columns, channels]`. It knows nothing of files, reports or the user.

mod fpn;
mod layers;
mod mask_rcnn;
mod observer;
mod resnet;
mod roi_heads;
mod rpn;
mod semantic;
mod shapes;
mod warm_up;

use thiserror::Error;

pub use fpn::Pyramid;
pub use layers::WeightStorage;
pub use mask_rcnn::{Detections, MaskRcnn, MaskedDetection, SEARCH_PROPOSALS};
pub use observer::{Observer, Silent, Stage};
pub use semantic::{SemanticHead, SemanticMaps};
pub use shapes::conv_shapes;
pub use warm_up::warm_up;

use crate::detect::DetectError;

/// Why a run of the network gave no detections.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The observer asked to stop.
    #[error("the run was cancelled")]
    Cancelled,
    /// The network computed something that is no detection.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// A stage computed NaN or infinity.
    #[error("{stage}: a value is not finite")]
    NotFinite {
        /// The stage.
        stage: &'static str,
    },
    /// The device chose an anchor that is none.
    #[error("proposal head: anchor {index} of level {level} does not exist")]
    NoSuchAnchor {
        /// The anchor.
        index: f32,
        /// The pyramid level, from 0.
        level: usize,
    },
    /// The device failed while it computed or while its results were read.
    #[error("the device failed while the network ran: {0}")]
    Execution(#[from] burn::tensor::ExecutionError),
}
