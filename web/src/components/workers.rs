//! The page's workers, and what is on its way between them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::ArrayBuffer;
use wasm_bindgen::JsValue;

use crate::bridge::{Code, Luggage, WorkerLink};
use crate::browser;
use crate::dropped::NamedFile;
use crate::protocol::{ReaderReply, ReaderRequest, Reply, Request};
use crate::state::{EngineId, FIRST};

/// The workers, once they are started.
#[derive(Default)]
pub struct Workers {
    engines: BTreeMap<EngineId, WorkerLink<Request>>,
    /// The first engine's code, once it has spoken.
    code: Rc<RefCell<Option<Code>>>,
    reader: Option<WorkerLink<ReaderRequest>>,
    /// The values of the slice that was prepared last.
    pub held: Option<ArrayBuffer>,
}

impl Workers {
    /// Starts the first engine, in the place of one that runs.
    pub fn start_engine(
        &mut self,
        on_reply: impl Fn(Reply) + 'static,
        on_death: impl Fn(String) + 'static,
    ) -> Result<(), JsValue> {
        self.engines.remove(&FIRST);
        let url = browser::meta("lunglens-worker", "worker_loader.js");
        let code = self.code.clone();
        let hear = move |reply, luggage: Luggage| {
            if luggage.code.is_some() {
                *code.borrow_mut() = luggage.code;
            }
            on_reply(reply);
        };
        self.engines.insert(FIRST, WorkerLink::start(&url, hear, on_death)?);
        Ok(())
    }

    /// Starts another engine from the first one's code, which takes no request.
    pub fn start_helper(
        &mut self,
        id: EngineId,
        on_reply: impl Fn(Reply) + 'static,
        on_death: impl Fn(String) + 'static,
    ) -> Result<(), JsValue> {
        let code = self.code.borrow().clone().ok_or("the engine told no code")?;
        let link = WorkerLink::start_from(&code, move |reply, _| on_reply(reply), on_death)?;
        self.engines.insert(id, link);
        Ok(())
    }

    /// Ends an engine beside the first.
    pub fn end_helper(&mut self, id: EngineId) {
        self.engines.remove(&id);
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

    /// Sends a message to an engine.
    pub fn to_engine(&self, id: EngineId, request: &Request) -> Result<(), JsValue> {
        self.engines.get(&id).map_or(Ok(()), |engine| engine.send(request, &Luggage::default()))
    }

    /// Sends a message to an engine with the values of the slice that was prepared last.
    pub fn segment(&mut self, id: EngineId, request: &Request) -> Result<(), JsValue> {
        let luggage = Luggage::of(self.held.take().into_iter().collect());
        self.engines.get(&id).map_or(Ok(()), |engine| engine.send(request, &luggage))
    }

    /// Sends a message to the reader.
    pub fn to_reader(&self, request: &ReaderRequest) -> Result<(), JsValue> {
        self.reader.as_ref().map_or(Ok(()), |reader| reader.send(request, &Luggage::default()))
    }

    /// Sends files to the reader.
    pub fn open(&self, job: u32, files: Vec<NamedFile>) -> Result<(), JsValue> {
        let (names, files) = files.into_iter().unzip();
        let luggage = Luggage { files, ..Luggage::default() };
        let request = ReaderRequest::Open { job, names };
        self.reader.as_ref().map_or(Ok(()), |reader| reader.send(&request, &luggage))
    }
}
