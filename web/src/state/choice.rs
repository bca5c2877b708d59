//! What the user has to choose, and what a choice would lose.

use super::{Action, RunState, State, Task};
use crate::outcome::Outcome;
use crate::protocol::Found;

impl State {
    /// Whether files are open of which no series is proposed, and the user has chosen none.
    pub fn is_undecided(&self) -> bool {
        let proposes = |found: &Found| found.recommended.is_some() || found.series.is_empty();
        let open = matches!(self.run, RunState::Open) && self.view.is_none();
        open && self.found.as_ref().is_some_and(|found| !proposes(found))
    }

    /// Whether leaving the page would lose a study: one that is at work, or whose result is saved nowhere.
    pub fn is_study_at_stake(&self) -> bool {
        match &self.run {
            RunState::Active(active) => matches!(active.task, Task::Study { .. }),
            _ => self.is_unsaved(),
        }
    }

    /// Whether the result of a study is on the page and saved nowhere.
    fn is_unsaved(&self) -> bool {
        let RunState::Done(outcome) = &self.run else { return false };
        matches!(outcome.as_ref(), Outcome::Study(_)) && !self.saved
    }

    /// Whether a step puts something else in the place of a result that is saved nowhere.
    pub(super) fn would_discard(&self, step: &Action) -> bool {
        let reads = matches!(step, Action::Choose(_) | Action::Start | Action::StartSlice | Action::RunAgain);
        // Without what was found, there are no files to read.
        reads && self.found.is_some() && self.is_unsaved()
    }
}
