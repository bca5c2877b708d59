//! The slices of a run on their way: from the reader to the engines, and the engines' reports back into order.

use std::collections::{BTreeMap, BTreeSet};

use lunglens::report::InputInfo;

use super::pool::EngineId;
use crate::protocol::SliceHead;

/// How far slices may be read ahead of the first one without a report: the reader keeps each until its turn.
const AHEAD: usize = 8;

/// A slice that an engine is at.
#[derive(Debug, Clone, Copy, PartialEq)]
struct AtEngine {
    place: usize,
    stage: Option<usize>,
}

/// The slices of a run. A *place* is one in the order of reading.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Slices {
    /// Index of each in the series; empty until the reader has told.
    to_read: Vec<usize>,
    /// Place of the first one that was never asked for.
    next: usize,
    /// Places of those whose engine was lost.
    again: BTreeSet<usize>,
    /// Place of the one that the reader was asked for and has not given.
    asked: Option<usize>,
    /// The one that waits for an engine.
    held: Option<(usize, SliceHead, InputInfo)>,
    at_engines: BTreeMap<EngineId, AtEngine>,
    /// Reports that came before their turn, by place.
    early: BTreeMap<usize, String>,
    /// How many reports had their turn.
    handed_on: usize,
}

impl Slices {
    /// Slices of a series, in the order of reading.
    pub(super) fn new(to_read: Vec<usize>) -> Self {
        Self { to_read, ..Self::default() }
    }

    /// How many there are; 0 until the reader has told.
    pub fn count(&self) -> usize {
        self.to_read.len()
    }

    /// Whether an engine is at one.
    pub fn at_work(&self) -> bool {
        !self.at_engines.is_empty()
    }

    /// The stage of the first one that an engine is at.
    pub fn stage(&self) -> Option<usize> {
        self.at_engines.values().min_by_key(|at| at.place)?.stage
    }

    /// How many have not been handed on.
    pub(super) fn left(&self) -> usize {
        self.count() - self.handed_on
    }

    /// The place that an engine is at.
    pub(super) fn place_at(&self, engine: EngineId) -> Option<usize> {
        self.at_engines.get(&engine).map(|at| at.place)
    }

    /// The slice that an engine is at.
    pub(super) fn slice_at(&self, engine: EngineId) -> Option<usize> {
        self.to_read.get(self.place_at(engine)?).copied()
    }

    /// An engine is at a stage, or begins anew.
    pub(super) fn set_stage(&mut self, engine: EngineId, stage: Option<usize>) {
        if let Some(at) = self.at_engines.get_mut(&engine) {
            at.stage = stage;
        }
    }

    /// The slice that the reader is asked for next: one at a time, and none while one waits for an engine.
    pub(super) fn ask(&mut self) -> Option<usize> {
        if self.asked.is_some() || self.held.is_some() {
            return None;
        }
        let new = (self.next < self.count().min(self.handed_on + AHEAD)).then_some(self.next);
        self.asked = self.again.pop_first().or(new);
        if self.asked == Some(self.next) {
            self.next += 1;
        }
        self.asked.map(|place| self.to_read[place])
    }

    /// A slice came from the reader; whether it was asked for.
    pub(super) fn hold(&mut self, index: usize, head: SliceHead, input: InputInfo) -> bool {
        let place = self.asked.take_if(|place| self.to_read[*place] == index);
        self.held = place.map(|place| (place, head, input)).or(self.held.take());
        place.is_some()
    }

    /// Gives an engine the slice that waits, unless it is at one.
    pub(super) fn give(&mut self, engine: EngineId) -> Option<(usize, SliceHead, InputInfo)> {
        if self.at_engines.contains_key(&engine) {
            return None;
        }
        let (place, head, input) = self.held.take()?;
        self.at_engines.insert(engine, AtEngine { place, stage: None });
        Some((self.to_read[place], head, input))
    }

    /// An engine has a report on a slice; its place, if the engine was at it.
    pub(super) fn done(&mut self, engine: EngineId, index: usize) -> Option<usize> {
        if self.slice_at(engine) != Some(index) {
            return None;
        }
        self.at_engines.remove(&engine).map(|at| at.place)
    }

    /// Takes in the report of a place; returns the slices and reports whose turn has come.
    pub(super) fn hand_on(&mut self, place: usize, report: String) -> Vec<(usize, String)> {
        self.early.insert(place, report);
        let mut turn = Vec::new();
        while let Some(report) = self.early.remove(&self.handed_on) {
            turn.push((self.to_read[self.handed_on], report));
            self.handed_on += 1;
        }
        turn
    }

    /// An engine is gone: what it was at is read once more.
    pub(super) fn lose(&mut self, engine: EngineId) {
        self.again.extend(self.at_engines.remove(&engine).map(|at| at.place));
    }
}
