//! Which pixels were segmented and measured, whatever files they were stored in.

use sha2::{Digest, Sha256};

use super::SliceTruth;
use crate::imaging::{CtSlice, ValueScale};
use crate::masks::Mask;

/// The SHA-256 of a slice's values and of its labels, in hexadecimal digits. Names, patients and how the files were
/// compressed do not count.
pub fn fingerprint(slice: &CtSlice, truth: &SliceTruth) -> String {
    let mut hash = Sha256::new();
    let size = |hash: &mut Sha256, rows: usize, columns: usize| {
        hash.update((rows as u64).to_le_bytes());
        hash.update((columns as u64).to_le_bytes());
    };
    // Hounsfield units have no white level.
    let white = match slice.scale {
        ValueScale::Hounsfield => 0.0f32,
        ValueScale::Grey { max } => max,
    };
    hash.update(white.to_le_bytes());
    size(&mut hash, slice.rows, slice.columns);
    for value in &slice.values {
        hash.update(value.to_le_bytes());
    }
    let mut mask = |mask: &Mask| {
        size(&mut hash, mask.rows, mask.columns);
        hash.update(&mask.pixels);
    };
    mask(&truth.lesion);
    if let Some(lung) = &truth.lung {
        mask(lung);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
