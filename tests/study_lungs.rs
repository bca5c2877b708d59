//! Lungs and lesions in three dimensions, against drawn chests of which it is known what is lung and which lung it is
//! (`fixtures/study/make_lungs.py`: numpy and scipy).

#![allow(clippy::unwrap_used)]

mod stack;

use std::fs;

use lunglens::masks::Mask;
use lunglens::report::{ClassName, Instance};
use lunglens::study::Measured;
use serde_json::Value;

use stack::{fixture, measure, unpacked};

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const LESION: u8 = 4;
const ISLAND: u8 = 8;
const BRIDGE: u8 = 16;

/// A drawn chest: the bits of each slice, and what is to be measured on it.
struct Case {
    name: String,
    expected: Value,
    every: usize,
    rows: usize,
    columns: usize,
    slices: Vec<Vec<u8>>,
}

impl Case {
    fn all() -> Vec<Self> {
        let text = fs::read_to_string(fixture("study/lungs.json")).unwrap();
        let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
        cases.into_iter().map(Self::of).collect()
    }

    fn of(expected: Value) -> Self {
        let shape: Vec<usize> = serde_json::from_value(expected["shape"].clone()).unwrap();
        let volume = unpacked(&expected["runs"]);
        Self {
            name: expected["name"].as_str().unwrap().to_owned(),
            every: expected["every"].as_u64().unwrap() as usize,
            rows: shape[1],
            columns: shape[2],
            slices: volume.chunks(shape[1] * shape[2]).map(<[u8]>::to_vec).collect(),
            expected,
        }
    }

    fn number(&self, name: &str) -> u64 {
        self.expected[name].as_u64().unwrap()
    }

    fn bits(&self, index: usize, bits: u8) -> Mask {
        let bytes: Vec<u8> = self.slices[index].iter().map(|value| value & bits).collect();
        Mask::from_bytes(self.rows, self.columns, &bytes).unwrap()
    }

    /// What a network would find: where the lungs touch one instance, else one for each lung; islands for themselves.
    fn instances(&self, index: usize) -> Vec<Instance> {
        let one = |class, bits| Instance {
            class,
            score: 0.9,
            bbox: [0.0, 0.0, self.columns as f32, self.rows as f32],
            mask: self.bits(index, bits),
        };
        let touch = self.bits(index, BRIDGE).area() > 0;
        let lungs = if touch { vec![LEFT | RIGHT | BRIDGE] } else { vec![LEFT, RIGHT] };
        let mut all: Vec<Instance> = lungs.into_iter().map(|bits| one(ClassName::Lung, bits)).collect();
        all.extend([one(ClassName::Lung, ISLAND), one(ClassName::Lesion, LESION)]);
        all
    }

    fn measured(&self) -> Measured {
        let right_first = !self.expected["mirrored"].as_bool().unwrap();
        let size = [self.slices.len(), self.rows, self.columns];
        measure(size, right_first, self.every, |index| self.instances(index))
    }
}

#[test]
fn islands_are_left_out_with_their_lesions_and_nothing_else() {
    for case in Case::all() {
        let measured = case.measured();
        let (name, all) = (&case.name, &measured.assessment);
        for slice in &measured.slices {
            let lung = slice.lung.decode().unwrap();
            assert_eq!(lung, case.bits(slice.index, LEFT | RIGHT | BRIDGE), "{name}, slice {}", slice.index);
            let mut lesion = case.bits(slice.index, LESION);
            lesion.keep(&lung).unwrap();
            assert_eq!(slice.lesion.decode().unwrap(), lesion, "{name}, slice {}", slice.index);
        }
        assert_eq!(all.lung_voxels_set_aside, case.number("set_aside"), "{name}");
        assert_eq!(all.lungs.lesion_voxels, case.number("lesion"), "{name}");
        assert_eq!(all.lesion_voxels_outside_lungs, case.number("outside"), "{name}");
        let lesions: Vec<u64> = measured.lesions.iter().map(|lesion| lesion.voxels).collect();
        let expected: Vec<u64> = serde_json::from_value(case.expected["lesions"].clone()).unwrap();
        assert_eq!(lesions, expected, "{name}");
    }
}

#[test]
fn each_lung_is_one_side_from_slice_to_slice() {
    for case in Case::all() {
        let measured = case.measured();
        let name = &case.name;
        for slice in &measured.slices {
            let mut left = slice.left_lung.decode().unwrap();
            let bridge = case.bits(slice.index, BRIDGE);
            left.pixels.iter_mut().zip(&bridge.pixels).for_each(|(pixel, &bridge)| *pixel &= 1 - bridge);
            assert_eq!(left, case.bits(slice.index, LEFT), "{name}, slice {}", slice.index);
        }
        let [left, right, bridge] = ["left", "right", "bridge"].map(|key| case.number(key));
        let (all, within) = (&measured.assessment, |sum: u64, own: u64| (own..=own + bridge).contains(&sum));
        assert!(within(all.left.lung_voxels, left) && within(all.right.lung_voxels, right), "{name}");
        assert_eq!(all.lungs.lung_voxels, left + right + bridge, "{name}");
        let of_lesions: u64 = measured.lesions.iter().map(|lesion| lesion.left_voxels).sum();
        assert_eq!(of_lesions, all.left.lesion_voxels, "{name}");
        // The lungs of a side are its three zones.
        for (side, zones) in [(all.left, &all.zones[..3]), (all.right, &all.zones[3..])] {
            assert_eq!(zones.iter().map(|zone| zone.involvement.lung_voxels).sum::<u64>(), side.lung_voxels);
        }
    }
}

#[test]
fn pictures_show_what_was_measured() {
    for case in Case::all() {
        let measured = case.measured();
        for key in &measured.key_slices {
            let record = measured.slices.iter().find(|slice| slice.index == key.index).unwrap();
            assert_eq!(key.lesion_pixels, record.lesion_pixels());
            assert_eq!(
                (&key.lung, &key.lesion),
                (&record.lung.decode().unwrap(), &record.lesion.decode().unwrap())
            );
        }
        let mut by_lesion: Vec<_> =
            measured.slices.iter().filter(|slice| slice.lesion_pixels() > 0).collect();
        by_lesion.sort_by_key(|slice| std::cmp::Reverse(slice.lesion_pixels()));
        let keys: Vec<usize> = measured.key_slices.iter().map(|key| key.index).collect();
        assert_eq!(
            keys,
            by_lesion.iter().take(3).map(|slice| slice.index).collect::<Vec<_>>(),
            "{}",
            case.name
        );
    }
}
