//! Lesions in three dimensions and the grade on labels of real volumes, against scipy (`fixtures/study/make_labelled.py`).

#![allow(clippy::unwrap_used)]

mod stack;

use std::path::Path;

use lunglens::evaluate::Extent;
use lunglens::masks::Mask;
use lunglens::report::{ClassName, Instance};
use lunglens::severity::SeverityConfig;
use lunglens::study::Measured;
use serde_json::Value;

use stack::{fixture, measure, unpacked};

const LUNG: u8 = 1;
const LESION: u8 = 2;

/// What is compared of a lesion.
type Found = (u64, usize, usize, f64);

fn check(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let volumes: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!volumes.is_empty());
    for volume in &volumes {
        let name = volume["case"].as_str().unwrap();
        let measured = measure_labels(volume);
        let all = &measured.assessment;
        let (lung, lesion) = (volume["lung"].as_u64().unwrap(), volume["lesion"].as_u64().unwrap());
        assert_eq!((all.lungs.lung_voxels, all.lungs.lesion_voxels), (lung, lesion), "{name}");
        // Labelled lungs are lung to the last voxel, and two of them.
        assert_eq!(all.lung_voxels_set_aside, 0, "{name}");
        let smaller = all.left.lung_voxels.min(all.right.lung_voxels);
        assert!(4 * smaller > lung, "{name}: {} and {}", all.left.lung_voxels, all.right.lung_voxels);
        // The grade of the same slices as `lunglens evaluate` pools them.
        let pooled = Extent::new(lung, lesion, &SeverityConfig::default());
        assert_eq!(all.finding, pooled.finding, "{name}");
        assert!((all.lungs.percent.unwrap() - volume["percent"].as_f64().unwrap()).abs() < 1e-9, "{name}");

        let expected = volume["lesions"].as_array().unwrap();
        let mut found: Vec<Found> = measured
            .lesions
            .iter()
            .map(|one| (one.voxels, one.slices.0, one.slices.1, one.mean_link_iou.unwrap_or(0.0)))
            .collect();
        found.sort_by(|a, b| (b.0, a.1, a.2).cmp(&(a.0, b.1, b.2)).then(a.3.total_cmp(&b.3)));
        assert_eq!(found.len(), expected.len(), "{name}");
        for (one, expected) in found.iter().zip(expected) {
            let at = |key: &str| expected[key].as_u64().unwrap();
            assert_eq!(
                (one.0, one.1 as u64, one.2 as u64),
                (at("voxels"), at("first"), at("last")),
                "{name}"
            );
            assert!((one.3 - expected["iou"].as_f64().unwrap_or(0.0)).abs() < 1e-9, "{name}: {one:?}");
        }
        eprintln!("{name}: {} lesions, {:.2} %, {}", found.len(), all.lungs.percent.unwrap(), all.finding);
    }
}

fn measure_labels(volume: &Value) -> Measured {
    let size: [usize; 3] = serde_json::from_value(volume["shape"].clone()).unwrap();
    let [_, rows, columns] = size;
    let values = unpacked(&volume["runs"]);
    measure(size, true, 1, |index| {
        let slice = &values[index * rows * columns..(index + 1) * rows * columns];
        [(LUNG, ClassName::Lung), (LESION, ClassName::Lesion)]
            .into_iter()
            .map(|(bit, class)| {
                let bytes: Vec<u8> = slice.iter().map(|value| value & bit).collect();
                let mask = Mask::from_bytes(rows, columns, &bytes).unwrap();
                Instance { class, score: 0.9, bbox: [0.0, 0.0, columns as f32, rows as f32], mask }
            })
            .collect()
    })
}

/// The volume of the repository, and those of the file that LUNGLENS_LABELLED names, if it names one; see `make_labelled.py`.
#[test]
fn lesions_of_labelled_volumes_are_those_of_scipy() {
    check(&fixture("study/labelled.json"));
    if let Some(path) = std::env::var_os("LUNGLENS_LABELLED") {
        check(Path::new(&path));
    }
}
