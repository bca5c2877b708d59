//! The network's weights: reading torchvision's checkpoints, folding BatchNorm, checking, and the packed file.
//!
//! A checkpoint goes through [`load_torchvision`], and [`quantize`] where it is to be calibrated; the result is written by [`write_packed`] and read by
//! [`read_packed`]. Every name is torchvision's, with BatchNorm gone and the biases in its place.

mod blocks;
mod calibrate;
mod error;
mod expected;
mod fold;
mod header;
mod names;
mod packed;
mod quantize;
mod safetensors;
mod tensor;

pub use blocks::{BLOCK, Int4Blocks, quantize_blocks};
pub use calibrate::{Calibration, LayerError, Quantized, Storage, quantize, storage_of};
pub use error::WeightsError;
pub use expected::{
    SEMANTIC_CLASSES, SEMANTIC_LAYERS, SEMANTIC_LOGITS, check, expected_tensors, semantic_channels,
};
pub use fold::{BATCH_NORM_EPS, fold_batch_norm};
pub use names::canonical_names;
pub use packed::{read_packed, write_packed};
pub use quantize::{Quantization, quantize_per_channel};
pub use safetensors::{read_safetensors, write_safetensors};
pub use tensor::{WeightData, WeightTensor, Weights};

use crate::manifest::MaskRcnnConfig;

/// The weights of a torchvision `MaskRCNN` checkpoint in safetensors, with BatchNorm folded, checked against `config`.
///
/// # Errors
/// [`WeightsError`] if the file is damaged, or a tensor is missing, extra, mis-shaped or not finite.
pub fn load_torchvision(bytes: &[u8], config: &MaskRcnnConfig) -> Result<Weights, WeightsError> {
    let folded = read_torchvision(bytes)?;
    check(&folded, config)?;
    Ok(folded)
}

/// [`load_torchvision`] without the check: for those who learn from the weights what network they are of.
///
/// # Errors
/// [`WeightsError`] if the file is damaged or a value is not finite.
pub fn read_torchvision(bytes: &[u8]) -> Result<Weights, WeightsError> {
    fold_batch_norm(canonical_names(read_safetensors(bytes)?)?)
}
