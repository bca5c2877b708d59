//! What the viewer shows: the opened series, the slice in front, and the findings so far.
//!
//! Pixels are not in here: `volume_view` keeps them in the browser's own memory.

use std::rc::Rc;

use crate::protocol::{SliceMasks, Volume};

/// The opened series as it is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Which of the opened files' series it is; a new number for new files.
    pub key: (u32, usize),
    /// What is known of the series.
    pub volume: Rc<Volume>,
    /// The slice in front, from 0 for the lowest.
    pub current: usize,
    /// For each slice what was found on it; none where it was not read, or not yet.
    pub masks: Vec<Option<Rc<SliceMasks>>>,
    /// The slices that the run reads or has read, in order; empty without a run.
    pub to_read: Vec<usize>,
    /// Whether the run behind `masks` is over: before that, they are no result.
    pub finished: bool,
    /// The lesion that is looked at, as its index in the study's list.
    pub lesion: Option<usize>,
}

impl View {
    /// A series without findings, its middle slice in front.
    pub fn new(key: (u32, usize), volume: Volume) -> Self {
        let slices = volume.slices;
        Self {
            key,
            volume: Rc::new(volume),
            current: slices / 2,
            masks: vec![None; slices],
            to_read: Vec::new(),
            finished: false,
            lesion: None,
        }
    }

    /// Puts a slice in front; beyond the ends, the last one there.
    pub fn show(&mut self, index: usize) {
        self.current = index.min(self.volume.slices.saturating_sub(1));
    }

    /// Forgets all findings, for a new run of `to_read`.
    pub fn clear(&mut self, to_read: Vec<usize>) {
        self.masks.fill(None);
        self.to_read = to_read;
        self.finished = false;
        self.lesion = None;
    }

    /// The involvement of each slice in percent, for a strip beside the slices; none where there is no lung, or nothing
    /// was read.
    pub fn involvement_percent(&self) -> Vec<Option<f64>> {
        let of = |masks: &Option<Rc<SliceMasks>>| {
            let masks = masks.as_ref().filter(|m| m.lung_pixels > 0)?;
            Some(100.0 * masks.lesion_pixels as f64 / masks.lung_pixels as f64)
        };
        self.masks.iter().map(of).collect()
    }
}
