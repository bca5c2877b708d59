//! The reader: the worker that opens the user's files, decodes slices, measures the study and writes its results.
//!
//! It never holds more than the slices in hand, and nothing of the network.

mod describe;
mod study;
mod web_file;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Promise;
use lunglens::imaging::PicturePart;
use lunglens::intake::{Catalogue, NamedSource, OpenSeries, Scan};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;

use self::study::Study;
use self::web_file::WebFile;
use crate::bridge::{self, Luggage};
use crate::protocol::{Cause, CauseKind, ReaderReply, ReaderRequest};
use crate::volume_view::pack_slice;

/// How long files are looked through before messages are heard, in milliseconds.
const TURN: f64 = 60.0;

/// What is open.
#[derive(Default)]
struct Shelf {
    job: u32,
    catalogue: Option<Rc<Catalogue>>,
    series: Option<Series>,
    study: Study,
}

/// An opened series.
pub(crate) struct Series {
    pub index: usize,
    pub open: OpenSeries,
    pub frame: crate::volume_view::Frame,
    /// Why it cannot be measured as a study.
    pub problem: Option<Cause>,
}

/// Starts listening; called once by the reader's `main`.
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        // Last words: the page then ends this worker and starts another.
        bridge::reply(&ReaderReply::Crashed { message: info.to_string() }, Vec::new());
    }));
    let shelf = Rc::new(RefCell::new(Shelf::default()));
    bridge::listen(move |request, luggage| hear(&shelf, request, luggage));
    bridge::reply(&ReaderReply::Hello, Vec::new());
}

fn hear(shelf: &Rc<RefCell<Shelf>>, request: ReaderRequest, luggage: Luggage) {
    match request {
        ReaderRequest::Open { job, names } => {
            // What was open goes before the new comes.
            *shelf.borrow_mut() = Shelf { job, ..Shelf::default() };
            spawn_local(scan(shelf.clone(), job, names, luggage.files));
        }
        ReaderRequest::Choose { job, series, part } => {
            let mut shelf = shelf.borrow_mut();
            if shelf.job == job {
                (shelf.series, shelf.study) = (None, Study::default());
                match shelf.open(series, part) {
                    Ok(frame) => bridge::reply(&ReaderReply::Opened { job, series, frame }, Vec::new()),
                    Err(cause) => refuse(job, cause),
                }
            }
        }
        ReaderRequest::Show { job, series, index } => shelf.borrow().show(job, series, index),
        ReaderRequest::Begin { run, every } => shelf.borrow_mut().of_study(run, |study, shelf| {
            let to_read = study.begin(run, every, shelf.series()?)?;
            Ok((ReaderReply::Begun { run, to_read }, Vec::new()))
        }),
        ReaderRequest::Prepare { run, index } => {
            shelf.borrow_mut().of_study(run, |study, shelf| study.prepare(run, index, shelf.series()?));
        }
        ReaderRequest::Add { run, index, report } => shelf.borrow_mut().of_study(run, |study, _| {
            let masks = study.add(run, index, &report)?;
            Ok((ReaderReply::Measured { run, index, masks }, Vec::new()))
        }),
        ReaderRequest::Finish { run } => shelf.borrow_mut().of_study(run, |study, shelf| {
            Ok((study.finish(run, shelf.catalogue()?, shelf.series()?)?, Vec::new()))
        }),
        ReaderRequest::Export { run, format, deidentify, name } => {
            let shelf = shelf.borrow();
            let written =
                shelf.series().and_then(|series| shelf.study.export(run, format, deidentify, series));
            match written {
                Ok((files, buffers)) => {
                    bridge::reply(&ReaderReply::Exported { run, format, name, files }, buffers)
                }
                Err(cause) => bridge::reply(&ReaderReply::NotExported { run, cause }, Vec::new()),
            }
        }
    }
}

/// What a part of a run has to say: a message with its buffers, or why there is none.
type Said = Result<(ReaderReply, Vec<js_sys::ArrayBuffer>), Cause>;

impl Shelf {
    fn open(&mut self, index: usize, part: Option<PicturePart>) -> Result<crate::volume_view::Frame, Cause> {
        let catalogue = self.catalogue()?;
        let mut open = catalogue.open_to_look(index)?;
        open.read_part(part);
        let problem = match open.plan() {
            Some(_) => None,
            None => catalogue.open(index).err().map(Cause::from),
        };
        let frame = describe::frame(&open)?;
        self.series = Some(Series { index, open, frame: frame.clone(), problem });
        Ok(frame)
    }

    fn catalogue(&self) -> Result<&Rc<Catalogue>, Cause> {
        self.catalogue.as_ref().ok_or_else(lost)
    }

    fn series(&self) -> Result<&Series, Cause> {
        self.series.as_ref().ok_or_else(lost)
    }

    fn show(&self, job: u32, series: usize, index: usize) {
        let Some(own) = self.series.as_ref().filter(|own| own.index == series && self.job == job) else {
            return;
        };
        let fits = |slice: &lunglens::imaging::CtSlice| {
            [slice.rows, slice.columns] == [own.frame.rows, own.frame.columns]
        };
        let cause = match own.open.slice(index) {
            Ok(slice) if fits(&slice) => {
                let pixels = bridge::buffer_of(&pack_slice(&slice.values, own.frame.values));
                return bridge::reply(&ReaderReply::Slice { job, series, index }, vec![pixels]);
            }
            Ok(_) => {
                Cause::new(CauseKind::Mixed, "It has another size than the others.").over(CauseKind::Size)
            }
            Err(problem) => problem.into(),
        };
        bridge::reply(&ReaderReply::NotShown { job, series, index, cause }, Vec::new());
    }

    fn of_study(&mut self, run: u32, work: impl FnOnce(&mut Study, &Self) -> Said) {
        let mut study = std::mem::take(&mut self.study);
        let said = work(&mut study, self);
        self.study = study;
        match said {
            Ok((reply, buffers)) => bridge::reply(&reply, buffers),
            Err(cause) => bridge::reply(&ReaderReply::Failed { run, cause }, Vec::new()),
        }
    }
}

/// What is told when a message is about files that are not open, which no order of clicks should bring about.
fn lost() -> Cause {
    Cause::new(CauseKind::Lost, "The files are not open any more. Open them again.")
}

fn refuse(job: u32, cause: Cause) {
    bridge::reply(&ReaderReply::Refused { job, cause }, Vec::new());
}

/// Looks through files, hearing messages between two of them; stops when others were opened.
async fn scan(shelf: Rc<RefCell<Shelf>>, job: u32, names: Vec<String>, files: Vec<File>) {
    let files: Vec<NamedSource> =
        names.into_iter().zip(files).map(|(name, file)| NamedSource::new(name, WebFile(file))).collect();
    let mut scan = Scan::new(files);
    let mut turn = bridge::worker_now();
    while let Some(scanned) = scan.step() {
        if bridge::worker_now() - turn < TURN {
            continue;
        }
        bridge::reply(&ReaderReply::Scanned { job, read: scanned.done, of: scanned.of }, Vec::new());
        hear_messages().await;
        turn = bridge::worker_now();
        if shelf.borrow().job != job {
            return;
        }
    }
    let catalogue = match scan.finish() {
        Ok(catalogue) => catalogue,
        Err(problem) => return refuse(job, problem.into()),
    };
    match describe::found(&catalogue) {
        Ok(found) => {
            shelf.borrow_mut().catalogue = Some(Rc::new(catalogue));
            bridge::reply(&ReaderReply::Found { job, found }, Vec::new());
        }
        Err(cause) => refuse(job, cause),
    }
}

/// Lets the messages that wait be heard.
async fn hear_messages() {
    let soon = Promise::new(&mut |resolve, _| {
        let _ = bridge::worker_scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 0);
    });
    let _ = JsFuture::from(soon).await;
}
