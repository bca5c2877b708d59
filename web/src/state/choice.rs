//! What the user chooses or has to choose, and what a choice would lose.

use super::{Action, RunState, State, Task};
use crate::format;
use crate::outcome::Outcome;
use crate::protocol::{Found, ModelSummary};

impl State {
    /// The present model, as the manifest describes it.
    pub fn model(&self) -> Option<&ModelSummary> {
        self.models.get(self.model_index(self.settings.model.as_deref())?)
    }

    /// Which model a choice means.
    pub(super) fn model_index(&self, choice: Option<&str>) -> Option<usize> {
        match choice {
            Some(id) => self.models.iter().position(|model| model.id == id),
            None => Some(0).filter(|_| !self.models.is_empty()),
        }
    }

    /// What the models are called beside each other.
    pub fn model_names(&self) -> Vec<&str> {
        let titles: Vec<&str> = self.models.iter().map(|model| model.title.as_str()).collect();
        format::told_apart(&titles)
    }

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
