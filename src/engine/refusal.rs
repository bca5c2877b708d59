//! What a GPU refuses, such as memory. wgpu tells it to the thread that asked for it, which is CubeCL's, and not to who waits
//! for results.

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use super::EngineError;

/// What was refused last and no run has told yet; a process opens one GPU at most.
static LAST: Mutex<Option<Refusal>> = Mutex::new(None);

/// What the GPU could not do.
pub(super) struct Refusal {
    /// Whether it had too little memory.
    pub is_memory: bool,
    /// Why, in wgpu's words.
    pub words: String,
}

/// What ends by a refusal unwinds with this.
struct Refused;

/// Keeps what wgpu says until a run tells it, and ends what asked for it.
pub(super) fn refuse(error: wgpu::Error) {
    Refusal::note(&error);
    resume_unwind(Box::new(Refused));
}

impl Refusal {
    fn note(error: &wgpu::Error) {
        let is_memory = matches!(error, wgpu::Error::OutOfMemory { .. });
        let mut cause: &dyn Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let refusal = Self { is_memory, words: cause.to_string() };
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }

    /// What was kept.
    pub fn take() -> Option<Self> {
        LAST.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Does `work`; where a refusal ends it by unwinding through CubeCL, that is an error.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload: Box<dyn Any + Send>| {
        if !payload.is::<Refused>() {
            resume_unwind(payload);
        }
        EngineError::DeviceLost("it refused what was asked".to_owned())
    })
}

/// [`caught`] of work that waits.
pub(super) async fn caught_async<T>(
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| match caught(|| work.as_mut().poll(context)) {
        Ok(polled) => polled,
        Err(error) => Poll::Ready(Err(error)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_an_error_and_a_bug_is_none() {
        let memory = || wgpu::Error::OutOfMemory { source: "4 GB".into() };
        let refused = caught_async(async {
            refuse(memory());
            Ok(())
        });
        assert!(matches!(pollster::block_on(refused), Err(EngineError::DeviceLost(_))));
        let kept = Refusal::take().map(|refusal| (refusal.is_memory, refusal.words));
        assert_eq!(kept, Some((true, "4 GB".to_owned())));
        assert!(matches!(pollster::block_on(caught_async(async { Ok(7) })), Ok(7)));
        let bug = catch_unwind(|| caught::<()>(|| resume_unwind(Box::new("a bug"))));
        assert!(bug.is_err_and(|payload| payload.is::<&str>()));
    }
}
