//! The device opened and its kernels made while the model's file is on its way.

use super::run::Run;
use super::{CancelToken, DeviceChoice, EngineError, device};
use crate::manifest::ModelEntry;
use crate::model::{self, WeightStorage};
use crate::report::DeviceKind;
use crate::weights::Quantization;

/// Opens the device that an engine for `entry` would run on and makes the kernels that it would make in its first run. On
/// the CPU there are none.
///
/// It pauses between two kernels, so that others may use this thread; a call that is dropped or cancelled leaves the rest to
/// the first run. A failure shows again when an engine is built or run, and is reported then.
///
/// # Errors
/// [`EngineError::Cancelled`] soon after `cancel` was called; else as [`super::open_device`] and a run.
pub async fn warm_up(
    entry: &ModelEntry,
    choice: DeviceChoice,
    cancel: &CancelToken,
) -> Result<(), EngineError> {
    let (device, info) = device::open(choice).await?;
    if info.kind == DeviceKind::Cpu {
        return Ok(());
    }
    let keeps_steps = device::weight_storage(info.kind) == WeightStorage::Packed
        && entry.quantization == Quantization::Int8;
    let precision = device::precision(&device, info.kind);
    let mut unheard = |_| {};
    let mut run = Run::new(cancel, &mut unheard);
    let search_size = entry.preprocessing.lung_crop.map(|crop| crop.search_size);
    Ok(model::warm_up(&entry.config, search_size, keeps_steps, precision, &device, &mut run).await?)
}
