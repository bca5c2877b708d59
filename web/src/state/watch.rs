//! Engines that have gone quiet: of one that hangs nobody tells.

use super::pool::{EngineId, FIRST};
use super::{Effect, EngineState, RunState, Said, State};

/// How often [`Action::Tick`](super::Action::Tick) comes, in milliseconds.
pub const TICK_MILLIS: u32 = 10_000;

/// So many ticks without a word, three minutes, are too many for an engine that is at something: its longest stage takes some
/// twenty seconds on the slowest device seen. Not by a clock: a device that sleeps has no ticks.
const MOST_QUIET_TICKS: u32 = 18;

impl State {
    /// Gives up the engines that hang, as if they had broken.
    pub(super) fn tick(&mut self) -> Vec<Effect> {
        let owing = self.owing();
        self.quiet.retain(|id, _| owing.contains(id));
        let mut effects = Vec::new();
        for id in owing {
            let ticks = self.quiet.entry(id).or_default();
            *ticks += 1;
            if *ticks > MOST_QUIET_TICKS {
                self.quiet.remove(&id);
                effects.extend(self.give_up(id));
            }
        }
        effects
    }

    /// The engines from which a word is to come: they load, or are at a slice.
    fn owing(&self) -> Vec<EngineId> {
        let loads = matches!(
            self.engine,
            EngineState::Starting | EngineState::Fetching { .. } | EngineState::Preparing
        );
        let is_at_slice = |id: EngineId| match &self.run {
            RunState::Active(active) | RunState::Timing(active) => active.slices.place_at(id).is_some(),
            _ => false,
        };
        let first = (loads || is_at_slice(FIRST)).then_some(FIRST);
        let helpers = self.helpers_that_load().chain(self.helper_ids().filter(|&id| is_at_slice(id)));
        first.into_iter().chain(helpers).collect()
    }

    fn give_up(&mut self, id: EngineId) -> Vec<Effect> {
        if id != FIRST {
            return self.lose_helper(id);
        }
        if matches!(self.engine, EngineState::Fetching { .. }) {
            if let Some(effects) = self.go_back_anew(&Said::FetchStalled) {
                return effects;
            }
            // It goes on by itself if bytes come after all.
            self.load_failed(Said::FetchStalled);
            return Vec::new();
        }
        self.recover()
    }
}
