//! What the drawn chest's masks have on a slice (`fixtures/study/make_fixtures.py`).

use std::fs;
use std::path::Path;

use lunglens::masks::Mask;
use lunglens::report::{ClassName, Instance};

/// Rows and columns of a slice.
const SIDE: usize = 64;

/// Left lung, right lung and lesion of a slice, as `masks.bin` has them.
pub fn instances(index: usize) -> Vec<Instance> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/study/masks.bin");
    let all = fs::read(path).unwrap();
    let pixels = &all[index * SIDE * SIDE..(index + 1) * SIDE * SIDE];
    [(1, ClassName::Lung), (2, ClassName::Lung), (4, ClassName::Lesion)]
        .into_iter()
        .map(|(bit, class)| {
            let bytes: Vec<u8> = pixels.iter().map(|p| p & bit).collect();
            let mask = Mask::from_bytes(SIDE, SIDE, &bytes).unwrap();
            Instance { class, score: 0.9, bbox: [0.0, 0.0, 64.0, 64.0], mask }
        })
        .collect()
}
