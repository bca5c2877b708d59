//! One run: progress, time and cancelling.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use web_time::Instant;

use super::platform;
use crate::model::{ModelError, Observer, Stage};
use crate::report::Timings;

/// Stops a run between two steps. Clones stop the same run.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the run to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Follows one run of the network.
pub(super) struct Run<'a> {
    cancel: &'a CancelToken,
    progress: &'a mut dyn FnMut(Stage),
    began: Instant,
    stages: BTreeMap<String, f64>,
    current: Option<(Stage, Instant)>,
}

impl<'a> Run<'a> {
    pub(super) fn new(cancel: &'a CancelToken, progress: &'a mut dyn FnMut(Stage)) -> Self {
        Self { cancel, progress, began: Instant::now(), stages: BTreeMap::new(), current: None }
    }

    /// The wall time of each stage and of the whole, in ms.
    pub(super) fn finish(mut self) -> Timings {
        self.close();
        Timings { stages: self.stages, total: milliseconds(self.began) }
    }

    fn close(&mut self) {
        if let Some((stage, began)) = self.current.take() {
            self.stages.insert(stage.name().to_owned(), milliseconds(began));
        }
    }
}

impl Observer for Run<'_> {
    fn stage(&mut self, stage: Stage) {
        self.close();
        self.current = Some((stage, Instant::now()));
        (self.progress)(stage);
    }

    async fn pause(&mut self) -> Result<(), ModelError> {
        platform::yield_to_host().await;
        if self.cancel.is_cancelled() { Err(ModelError::Cancelled) } else { Ok(()) }
    }
}

/// Follows a part of a run that is one stage of it.
pub(super) struct WithinStage<'r, 'a>(pub &'r mut Run<'a>);

impl Observer for WithinStage<'_, '_> {
    fn stage(&mut self, _: Stage) {}

    async fn pause(&mut self) -> Result<(), ModelError> {
        self.0.pause().await
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
