//! An engine's worker: one engine behind typed messages, one slice at a time.

mod adapter;
mod checksum;
mod constructors;
mod engine_host;
mod fetch;
mod models;
mod warm_up;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use lunglens::engine::CancelToken;
use lunglens::imaging::CtSlice;
use lunglens::manifest::ModelEntry;
use lunglens::report::InputInfo;
use wasm_bindgen_futures::spawn_local;

use crate::bridge::{self, Luggage};
use crate::protocol::{Cause, CauseKind, DeviceWish, ModelCopy, Reply, Request, RunOptions};
use engine_host::{EngineHost, Stop};
use models::Models;
use warm_up::WarmUp;

/// What is told when the values that came are not those of the slice.
fn bad_slice() -> Cause {
    let words =
        "The slice did not reach the model whole. Open it again; if this happens again, reload the page.";
    Cause::new(CauseKind::Failed, words)
}

/// Work that waits for its turn.
enum Job {
    Load {
        model: Option<String>,
        device: DeviceWish,
    },
    Join {
        copy: ModelCopy,
    },
    Segment {
        run: u32,
        index: usize,
        slice: Option<CtSlice>,
        input: InputInfo,
        options: RunOptions,
        cancel: CancelToken,
    },
    Bench {
        device: DeviceWish,
    },
}

#[derive(Default)]
struct Worker {
    queue: RefCell<VecDeque<Job>>,
    working: Cell<bool>,
    /// The runs that wait or are at work, so that a cancel reaches them while a future is pending.
    cancels: RefCell<Vec<(u32, CancelToken)>>,
    models: RefCell<Models>,
    engine: RefCell<Option<EngineHost>>,
    warm_up: RefCell<Option<WarmUp>>,
}

/// Starts listening; called once by the worker's `main`.
pub fn start() {
    constructors::run();
    std::panic::set_hook(Box::new(|info| {
        // Last words: the page then ends this worker and starts another.
        bridge::reply(&Reply::Crashed { message: info.to_string() }, Vec::new());
    }));
    let worker = Rc::new(Worker::default());
    bridge::listen(move |request, luggage| worker.hear(request, luggage));
    bridge::reply_with_code(&Reply::Hello);
}

impl Worker {
    fn hear(self: &Rc<Self>, request: Request, luggage: Luggage) {
        let job = match request {
            Request::Cancel { run } => {
                self.cancels
                    .borrow()
                    .iter()
                    .filter(|(number, _)| *number == run)
                    .for_each(|(_, c)| c.cancel());
                return;
            }
            Request::Load { model, device } => Job::Load { model, device },
            Request::Join { copy } => Job::Join { copy },
            Request::Bench { device } => Job::Bench { device },
            Request::Segment { run, index, head, input, options } => {
                let cancel = CancelToken::default();
                self.cancels.borrow_mut().push((run, cancel.clone()));
                let slice = luggage.buffers.first().and_then(|values| head.with(bridge::f32_in(values)));
                Job::Segment { run, index, slice, input, options, cancel }
            }
        };
        self.queue.borrow_mut().push_back(job);
        if !self.working.replace(true) {
            let worker = self.clone();
            spawn_local(async move {
                while let Some(job) = worker.next_job() {
                    worker.work(job).await;
                }
                worker.working.set(false);
            });
        }
    }

    fn next_job(&self) -> Option<Job> {
        self.queue.borrow_mut().pop_front()
    }

    async fn work(&self, job: Job) {
        let warm_up = self.warm_up.take();
        if let Some(warm_up) = warm_up {
            warm_up.stop().await;
        }
        match job {
            Job::Load { model, device } => {
                if let Err(cause) = self.load(model, device).await {
                    bridge::reply(&Reply::LoadFailed { cause }, Vec::new());
                }
            }
            Job::Join { copy } => {
                if let Err(cause) = self.join(copy).await {
                    bridge::reply(&Reply::LoadFailed { cause }, Vec::new());
                }
            }
            Job::Bench { device } => match engine_host::bench(device).await {
                Ok((device, rows)) => bridge::reply(&Reply::BenchRows { device, rows }, Vec::new()),
                Err(cause) => bridge::reply(&Reply::LoadFailed { cause }, Vec::new()),
            },
            Job::Segment { run, index, slice, input, options, cancel } => {
                let ended = match slice {
                    Some(slice) => self.segment(run, index, &slice, input, &options, &cancel).await,
                    None => Err(Stop::Failed(bad_slice())),
                };
                self.cancels.borrow_mut().retain(|(number, _)| *number != run);
                match ended {
                    Ok(reply) => bridge::reply(&reply, Vec::new()),
                    Err(Stop::Cancelled) => bridge::reply(&Reply::Cancelled { run }, Vec::new()),
                    Err(Stop::Failed(cause)) => bridge::reply(&Reply::Failed { run, cause }, Vec::new()),
                }
            }
        }
    }

    async fn load(&self, model: Option<String>, device: DeviceWish) -> Result<(), Cause> {
        // The old engine's memory goes before the new one's comes.
        *self.engine.borrow_mut() = None;
        let mut models = self.models.take();
        let found = self.fetch(&mut models, model.as_deref(), device).await;
        *self.models.borrow_mut() = models;
        let (entry, file, copy) = found?;
        self.put(entry, file, device, copy).await
    }

    /// Loads a model that the browser's cache keeps, on the CPU.
    async fn join(&self, copy: ModelCopy) -> Result<(), Cause> {
        let (entry, file) = models::kept(&copy).await?;
        self.put(entry, file, DeviceWish::Cpu, Some(copy)).await
    }

    /// Puts a model on the device.
    async fn put(
        &self,
        entry: ModelEntry,
        file: Vec<u8>,
        device: DeviceWish,
        copy: Option<ModelCopy>,
    ) -> Result<(), Cause> {
        bridge::reply(&Reply::Preparing, Vec::new());
        let (host, fallback) = EngineHost::new(entry, file, device).await?;
        let ready = Reply::Ready { model: host.model_id().into(), device: host.device(), fallback, copy };
        *self.engine.borrow_mut() = Some(host);
        bridge::reply(&ready, Vec::new());
        Ok(())
    }

    /// A model's entry, its file, and what another engine needs to load it, while whose bytes are on their way kernels are made.
    async fn fetch(
        &self,
        models: &mut Models,
        id: Option<&str>,
        device: DeviceWish,
    ) -> Result<(ModelEntry, Vec<u8>, Option<ModelCopy>), Cause> {
        let entry = models.entry(id).await?;
        *self.warm_up.borrow_mut() = Some(WarmUp::start(entry.clone(), device));
        let (file, copy) = Models::bytes(&entry).await?;
        Ok((entry, file, copy))
    }

    async fn segment(
        &self,
        run: u32,
        index: usize,
        slice: &CtSlice,
        input: InputInfo,
        options: &RunOptions,
        cancel: &CancelToken,
    ) -> Result<Reply, Stop> {
        let begun = bridge::worker_now();
        let mut host =
            self.engine.borrow_mut().take().ok_or_else(|| Stop::Failed(engine_host::no_model()))?;
        let done = host.segment(run, slice, input, options, cancel).await;
        *self.engine.borrow_mut() = Some(host);
        let report = done?.to_json();
        Ok(Reply::Segmented { run, index, report, millis: bridge::worker_now() - begun })
    }
}
