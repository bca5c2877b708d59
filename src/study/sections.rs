//! Lungs in three dimensions: what hangs together from slice to slice, and what of it is lung.

use std::collections::BTreeMap;

use crate::masks::{Labels, Mask, Union, connected_components};
use crate::severity::Part;

/// A lung that is missing on one slice goes on beyond it where its areas before and after have at least this
/// intersection over union.
const SAME_LUNG_IOU: f64 = 0.5;
/// A piece is lung if it has at least this share of the largest one's voxels.
const LEAST_SHARE: f64 = 0.1;
/// And if at least this share of its slices lies within the largest one's height: gas in the bowel lies below.
const LEAST_BESIDE: f64 = 0.5;

/// Takes the lung masks slice by slice and keeps the places of their components and how these hang together, but no
/// pixels save those of the last two slices.
///
/// A piece of lung is a component of the volume: pixels of a slice belong together if they touch by a side or a corner,
/// pixels of neighbouring slices if one lies straight above the other. That is `scipy.ndimage.label` with a structure of
/// a 3 x 3 slice of ones and its centre alone before and after. Straight only, since bowel lies under the
/// diaphragm, a few millimetres beside the lung. Where a slice misses a lung, its areas before and after are joined if
/// they agree ([`SAME_LUNG_IOU`]).
#[derive(Debug, Default)]
pub(super) struct LungSections {
    sections: Sections,
    pieces: Union,
    last: Option<Labels>,
    before_last: Option<Labels>,
}

/// The components of all slices.
#[derive(Debug, Default)]
pub(super) struct Sections {
    parts: Vec<Part>,
    /// Where those of each slice begin in `parts`.
    starts: Vec<usize>,
    /// Which are lung.
    kept: Vec<bool>,
}

impl Sections {
    /// Number of slices.
    pub fn slices(&self) -> usize {
        self.starts.len()
    }

    /// The components of a slice, in the order of [`connected_components`], and which of them are lung.
    pub fn of(&self, slice: usize) -> (&[Part], &[bool]) {
        let end = self.starts.get(slice + 1).copied().unwrap_or(self.parts.len());
        let range = self.starts[slice]..end;
        (&self.parts[range.clone()], &self.kept[range])
    }

    /// The components of a slice that are lung.
    pub fn lungs(&self, slice: usize) -> impl Iterator<Item = &Part> {
        let (parts, kept) = self.of(slice);
        parts.iter().zip(kept).filter(|&(_, &kept)| kept).map(|(part, _)| part)
    }
}

/// A component of the volume.
#[derive(Debug, Clone, Copy)]
struct Piece {
    voxels: usize,
    first: usize,
    last: usize,
}

impl LungSections {
    /// Adds the next slice, of the same size as the others.
    pub fn add(&mut self, lung: &Mask) {
        let labels = connected_components(lung);
        let slice = self.sections.starts.len();
        let start = self.sections.parts.len();
        self.sections.starts.push(start);
        self.sections.parts.extend(Part::all(&labels));
        self.pieces.extend_to(self.sections.parts.len());
        if let Some(last) = &self.last {
            let below = self.sections.starts[slice - 1];
            for (a, b) in shared(last, &labels).into_keys() {
                self.pieces.join(below + a, start + b);
            }
        }
        if let Some(before) = &self.before_last {
            let below = self.sections.starts[slice - 2];
            for ((a, b), both) in shared(before, &labels) {
                let either = self.sections.parts[below + a].area + self.sections.parts[start + b].area - both;
                if both as f64 >= SAME_LUNG_IOU * either as f64 {
                    self.pieces.join(below + a, start + b);
                }
            }
        }
        self.before_last = self.last.replace(labels);
    }

    /// Decides what is lung: the largest piece, and those that are not small beside it and lie at its height. The rest are
    /// islands: gas in the bowel, the windpipe, the table, specks.
    pub fn finish(mut self) -> Sections {
        let mut pieces: BTreeMap<usize, Piece> = BTreeMap::new();
        for slice in 0..self.sections.slices() {
            let start = self.sections.starts[slice];
            let end = self.sections.starts.get(slice + 1).copied().unwrap_or(self.sections.parts.len());
            for at in start..end {
                let new = Piece { voxels: 0, first: slice, last: slice };
                let piece = pieces.entry(self.pieces.root(at)).or_insert(new);
                piece.voxels += self.sections.parts[at].area;
                piece.last = slice;
            }
        }
        // Of equal ones the first.
        let largest = pieces.values().rev().max_by_key(|piece| piece.voxels).copied();
        self.sections.kept = (0..self.sections.parts.len())
            .map(|at| {
                let piece = &pieces[&self.pieces.root(at)];
                largest.is_some_and(|largest| is_lung(piece, &largest))
            })
            .collect();
        self.sections
    }
}

fn is_lung(piece: &Piece, largest: &Piece) -> bool {
    let slices = piece.last + 1 - piece.first;
    let beside = (piece.last.min(largest.last) + 1).saturating_sub(piece.first.max(largest.first));
    piece.voxels as f64 >= LEAST_SHARE * largest.voxels as f64
        && beside as f64 >= LEAST_BESIDE * slices as f64
}

/// How many pixels the components of two slices share, by their numbers from 0.
fn shared(one: &Labels, other: &Labels) -> BTreeMap<(usize, usize), usize> {
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let both = one.labels.iter().zip(&other.labels).filter(|&(&a, &b)| a != 0 && b != 0);
    let (mut last, mut run) = ((0, 0), 0);
    for (&a, &b) in both {
        // Rows are long runs of the same two.
        if (a, b) == last {
            run += 1;
        } else {
            add_run(&mut counts, last, run);
            (last, run) = ((a, b), 1);
        }
    }
    add_run(&mut counts, last, run);
    counts
}

fn add_run(counts: &mut BTreeMap<(usize, usize), usize>, (a, b): (u32, u32), run: usize) {
    if run > 0 {
        *counts.entry((a as usize - 1, b as usize - 1)).or_default() += run;
    }
}
