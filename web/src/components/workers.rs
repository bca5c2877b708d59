//! The page's two workers, and what is on its way between them.

use js_sys::ArrayBuffer;
use wasm_bindgen::JsValue;

use crate::bridge::{Luggage, WorkerLink};
use crate::browser;
use crate::dropped::NamedFile;
use crate::protocol::{ReaderReply, ReaderRequest, Reply, Request};

/// The workers, once they are started.
#[derive(Default)]
pub struct Workers {
    engine: Option<WorkerLink<Request>>,
    reader: Option<WorkerLink<ReaderRequest>>,
    /// The values of the slice that was prepared last.
    pub held: Option<ArrayBuffer>,
}

impl Workers {
    /// Starts the engine, in the place of one that runs.
    pub fn start_engine(
        &mut self,
        on_reply: impl Fn(Reply) + 'static,
        on_death: impl Fn(String) + 'static,
    ) -> Result<(), JsValue> {
        self.engine = None;
        let url = browser::meta("lunglens-worker", "worker_loader.js");
        self.engine = Some(WorkerLink::start(&url, move |reply, _| on_reply(reply), on_death)?);
        Ok(())
    }

    /// Starts the reader, in the place of one that runs.
    pub fn start_reader(
        &mut self,
        on_reply: impl Fn(ReaderReply, Luggage) + 'static,
        on_death: impl Fn(String) + 'static,
    ) -> Result<(), JsValue> {
        self.reader = None;
        let url = browser::meta("lunglens-reader", "reader_loader.js");
        self.reader = Some(WorkerLink::start(&url, on_reply, on_death)?);
        Ok(())
    }

    /// Sends a message to the engine.
    pub fn to_engine(&self, request: &Request) -> Result<(), JsValue> {
        self.engine.as_ref().map_or(Ok(()), |engine| engine.send(request, &Luggage::default()))
    }

    /// Sends a message to the engine with the values of the slice that was prepared last.
    pub fn segment(&mut self, request: &Request) -> Result<(), JsValue> {
        let luggage = Luggage::of(self.held.take().into_iter().collect());
        self.engine.as_ref().map_or(Ok(()), |engine| engine.send(request, &luggage))
    }

    /// Sends a message to the reader.
    pub fn to_reader(&self, request: &ReaderRequest) -> Result<(), JsValue> {
        self.reader.as_ref().map_or(Ok(()), |reader| reader.send(request, &Luggage::default()))
    }

    /// Sends files to the reader.
    pub fn open(&self, job: u32, files: Vec<NamedFile>) -> Result<(), JsValue> {
        let (names, files) = files.into_iter().unzip();
        let luggage = Luggage { buffers: Vec::new(), files };
        let request = ReaderRequest::Open { job, names };
        self.reader.as_ref().map_or(Ok(()), |reader| reader.send(&request, &luggage))
    }
}
