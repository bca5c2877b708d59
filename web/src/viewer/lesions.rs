//! Lesions numbered through a study, from the run lengths that the page keeps.

use std::collections::BTreeMap;

use lunglens::masks::Union;

use super::runs::{Run, Runs};
use crate::volume_view::{Kind, Region};

/// Splits the lesion regions of each slice into those of the 3-D lesions and numbers them from 0 for the largest; of
/// equal ones the one that appears first comes first. That is the order of the study's report
/// (`lunglens::study::LesionLinker`): what touches by a side, an edge or a corner is one lesion, and slices that were not
/// measured are passed over.
pub fn number(slices: &mut [Option<Vec<Region>>]) {
    // Runs of all slices in the order of slices, rows and columns, so that a root is where its lesion appears first.
    let mut runs: Vec<Run> = Vec::new();
    let mut sets = Union::default();
    let mut ranges = vec![0..0; slices.len()];
    let mut before = 0..0;
    for (regions, range) in slices.iter().zip(&mut ranges) {
        let Some(regions) = regions else { continue };
        let first = runs.len();
        runs.extend(
            regions.iter().filter(|r| r.kind == Kind::Lesion).flat_map(|r| r.runs.all().iter().copied()),
        );
        runs[first..].sort_by_key(|run| (run.row, run.start));
        sets.extend_to(runs.len());
        *range = first..runs.len();
        link(&runs, &mut sets, range.clone(), range.clone());
        link(&runs, &mut sets, range.clone(), before);
        before = range.clone();
    }
    let mut voxels: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, run) in runs.iter().enumerate() {
        *voxels.entry(sets.root(at)).or_default() += usize::from(run.end - run.start);
    }
    let mut order: Vec<(usize, usize)> = voxels.into_iter().collect();
    order.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let numbers: BTreeMap<usize, usize> =
        order.iter().enumerate().map(|(number, &(root, _))| (root, number)).collect();

    for (regions, range) in slices.iter_mut().zip(ranges) {
        let Some(regions) = regions else { continue };
        let mut lesions: BTreeMap<usize, Vec<Run>> = BTreeMap::new();
        for at in range {
            lesions.entry(numbers[&sets.root(at)]).or_default().push(runs[at]);
        }
        regions.retain(|region| region.kind != Kind::Lesion);
        regions.extend(lesions.into_iter().map(|(number, runs)| Region {
            kind: Kind::Lesion,
            number: Some(number),
            runs: Runs::from_sorted(runs),
        }));
    }
}

/// Joins the runs of one slice with those of another, or the same, that touch them by a side, an edge or a corner.
fn link(runs: &[Run], sets: &mut Union, of: std::ops::Range<usize>, others: std::ops::Range<usize>) {
    let mut first = others.start;
    for at in of {
        let run = runs[at];
        while first < others.end && runs[first].row + 1 < run.row {
            first += 1;
        }
        for (other, beside) in runs.iter().enumerate().take(others.end).skip(first) {
            if beside.row > run.row.saturating_add(1) {
                break;
            }
            if beside.start <= run.end && run.start <= beside.end {
                sets.join(at, other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lunglens::masks::Mask;
    use lunglens::study::LesionLinker;

    use super::*;

    /// Numbers from 0 to 1 that are always the same (a 64-bit linear congruence, Knuth's constants).
    fn noise(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    #[test]
    fn numbers_are_those_of_the_report() {
        for (seed, density) in [(1, 0.02), (2, 0.06), (3, 0.12), (4, 0.3)] {
            let (rows, columns, len) = (23, 31, 9);
            let mut random = noise(seed);
            let mut linker = LesionLinker::default();
            let mut slices = Vec::new();
            for index in 0..len {
                if index == 4 {
                    slices.push(None); // not measured
                    continue;
                }
                let bytes: Vec<u8> = (0..rows * columns).map(|_| u8::from(random() < density)).collect();
                let mask = Mask::from_bytes(rows, columns, &bytes).expect("fits");
                linker.add(&mask, None);
                slices.push(Some(vec![Region {
                    kind: Kind::Lesion,
                    number: None,
                    runs: Runs::from_mask(&mask),
                }]));
            }
            let before: Vec<Mask> =
                slices.iter().flatten().map(|r| r[0].runs.to_mask(rows, columns)).collect();
            number(&mut slices);
            let expected = linker.finish();
            assert!(expected.len() > 1, "seed {seed}");
            for (index, lesion) in expected.iter().enumerate() {
                let areas: Vec<usize> = slices
                    .iter()
                    .flatten()
                    .map(|regions| {
                        regions.iter().filter(|r| r.number == Some(index)).map(|r| r.runs.area()).sum()
                    })
                    .collect();
                assert_eq!(areas.iter().sum::<usize>() as u64, lesion.voxels, "seed {seed} lesion {index}");
                assert_eq!(
                    areas.iter().position(|&a| a > 0),
                    Some(lesion.slices.0),
                    "seed {seed} lesion {index}"
                );
                assert_eq!(
                    areas.iter().rposition(|&a| a > 0),
                    Some(lesion.slices.1),
                    "seed {seed} lesion {index}"
                );
                let largest = areas.iter().max().expect("slices");
                assert_eq!(areas.iter().position(|a| a == largest), Some(lesion.largest_slice));
            }
            for (regions, before) in slices.iter().flatten().zip(before) {
                let mut joined = Mask::empty(rows, columns);
                for region in regions {
                    joined.add(&region.runs.to_mask(rows, columns)).expect("one size");
                }
                assert_eq!(joined, before, "nothing is lost");
            }
        }
    }
}
