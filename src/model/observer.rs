//! How a run reports where it is, and how it is stopped.

use super::ModelError;

/// The stages of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The slice is made ready for the network.
    Preprocess,
    /// The lungs are looked for in a small view of it, where the model wants that.
    Lungs,
    /// ResNet, pyramid and proposal head.
    Backbone,
    /// The best anchors are suppressed to proposals.
    Proposals,
    /// The box head.
    Boxes,
    /// The mask head.
    Masks,
    /// Masks are pasted, lungs and lesions measured.
    Measure,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 7] = [
        Self::Preprocess,
        Self::Lungs,
        Self::Backbone,
        Self::Proposals,
        Self::Boxes,
        Self::Masks,
        Self::Measure,
    ];

    /// Position in [`Self::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preprocess => "preprocess",
            Self::Lungs => "lungs",
            Self::Backbone => "backbone",
            Self::Proposals => "proposals",
            Self::Boxes => "boxes",
            Self::Masks => "masks",
            Self::Measure => "measure",
        }
    }
}

/// Follows a run.
pub trait Observer {
    /// A stage begins.
    fn stage(&mut self, stage: Stage);

    /// Lets the host do other work (a message to the worker, say).
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] ends the run.
    fn pause(&mut self) -> impl Future<Output = Result<(), ModelError>>;
}

/// Follows nothing and never cancels.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn stage(&mut self, _: Stage) {}

    async fn pause(&mut self) -> Result<(), ModelError> {
        Ok(())
    }
}
