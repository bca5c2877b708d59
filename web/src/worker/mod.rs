//! The worker: one engine behind typed messages, one job at a time.

mod adapter;
mod engine_host;
mod fetch;
mod models;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use lunglens::engine::CancelToken;
use lunglens::imaging;
use wasm_bindgen_futures::spawn_local;

use crate::bridge;
use crate::protocol::{DeviceWish, Reply, Request, RunOptions};
use engine_host::{EngineHost, Stop};
use models::Models;

/// Work that waits for its turn.
enum Job {
    Load { model: Option<String>, device: DeviceWish },
    Run { run: u32, name: String, options: RunOptions, bytes: Vec<u8>, cancel: CancelToken },
    Bench { device: DeviceWish },
}

#[derive(Default)]
struct Worker {
    queue: RefCell<VecDeque<Job>>,
    working: Cell<bool>,
    /// The runs that wait or are at work, so that a cancel reaches them while a future is pending.
    cancels: RefCell<Vec<(u32, CancelToken)>>,
    models: RefCell<Models>,
    engine: RefCell<Option<EngineHost>>,
}

/// Starts listening; called once by the worker's `main`.
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        // Last words: the page then ends this worker and starts another.
        bridge::reply(&Reply::Crashed { message: info.to_string() }, &[]);
    }));
    let worker = Rc::new(Worker::default());
    bridge::listen(move |request, buffers| worker.hear(request, buffers));
    bridge::reply(&Reply::Hello, &[]);
}

impl Worker {
    fn hear(self: &Rc<Self>, request: Request, buffers: Vec<Vec<u8>>) {
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
            Request::Bench { device } => Job::Bench { device },
            Request::Run { run, name, options } => {
                let cancel = CancelToken::default();
                self.cancels.borrow_mut().push((run, cancel.clone()));
                let bytes = buffers.into_iter().next().unwrap_or_default();
                Job::Run { run, name, options, bytes, cancel }
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
        match job {
            Job::Load { model, device } => {
                if let Err(message) = self.load(model, device).await {
                    bridge::reply(&Reply::LoadFailed { message }, &[]);
                }
            }
            Job::Bench { device } => match engine_host::bench(device).await {
                Ok((device, rows)) => bridge::reply(&Reply::BenchRows { device, rows }, &[]),
                Err(message) => bridge::reply(&Reply::LoadFailed { message }, &[]),
            },
            Job::Run { run, name, options, bytes, cancel } => {
                let ended = self.run(run, name, &options, &bytes, &cancel).await;
                self.cancels.borrow_mut().retain(|(number, _)| *number != run);
                match ended {
                    Ok(()) => {}
                    Err(Stop::Cancelled) => bridge::reply(&Reply::Cancelled { run }, &[]),
                    Err(Stop::Failed(message)) => bridge::reply(&Reply::Failed { run, message }, &[]),
                }
            }
        }
    }

    async fn load(&self, model: Option<String>, device: DeviceWish) -> Result<(), String> {
        // The old engine's memory goes before the new one's comes.
        *self.engine.borrow_mut() = None;
        let mut models = self.models.take();
        let found = models.get(model.as_deref()).await;
        *self.models.borrow_mut() = models;
        let (entry, weights) = found?;
        bridge::reply(&Reply::Preparing, &[]);
        let (host, fallback) = EngineHost::new(entry, weights, device).await?;
        let ready = Reply::Ready { model: host.model_id().into(), device: host.device(), fallback };
        *self.engine.borrow_mut() = Some(host);
        bridge::reply(&ready, &[]);
        Ok(())
    }

    async fn run(
        &self,
        run: u32,
        name: String,
        options: &RunOptions,
        bytes: &[u8],
        cancel: &CancelToken,
    ) -> Result<(), Stop> {
        let begun = now();
        let mut host =
            self.engine.borrow_mut().take().ok_or_else(|| Stop::Failed(engine_host::NO_MODEL.into()))?;
        let done = async {
            let slice = imaging::decode(bytes).map_err(|e| engine_host::unreadable(&e))?;
            let grey = imaging::display_grey(&slice, None);
            bridge::reply(&Reply::Opened { run, rows: slice.rows, columns: slice.columns }, &[&grey]);
            host.segment(run, &slice, name, bytes, options, cancel).await
        }
        .await;
        *self.engine.borrow_mut() = Some(host);
        let done = done?;
        let masks: Vec<u8> = done.instances.iter().flat_map(|i| i.mask.pixels.iter().copied()).collect();
        let report = done.report.to_json();
        bridge::reply(&Reply::Finished { run, report, millis: now() - begun }, &[&masks]);
        Ok(())
    }
}

/// Milliseconds since the worker started.
fn now() -> f64 {
    bridge::worker_scope().performance().map_or(0.0, |clock| clock.now())
}
