//! Opening files and choosing a series.

use std::rc::Rc;

use lunglens::imaging::PicturePart;

use super::run::Task;
use super::{Effect, Files, RunState, Said, State};
use crate::protocol::{Found, ReaderReply, ReaderRequest};
use crate::view::View;
use crate::volume_view::Frame;

impl State {
    pub(super) fn hear_reader(&mut self, reply: ReaderReply) -> Vec<Effect> {
        match reply {
            ReaderReply::Hello => self.reader_hears = true,
            ReaderReply::Slice { job, series, index } => return self.slice_settled(job, series, index),
            ReaderReply::Scanned { job, read, of } => {
                if let (true, RunState::Scanning { .. }) = (job == self.job, &self.run) {
                    self.run = RunState::Scanning { read, of };
                }
            }
            ReaderReply::Found { job, found } if job == self.job => return self.found(found),
            ReaderReply::Opened { job, series, frame } if job == self.job => {
                return self.opened(series, frame);
            }
            ReaderReply::Refused { job, cause } if job == self.job => {
                return self.refuse(Said::Cause(cause));
            }
            ReaderReply::NotShown { job, series, index, cause } => {
                // A run that failed at that slice has said why.
                let told = matches!(&self.run, RunState::Failed { message } if message.says(&cause));
                if self.is_viewed(job, series) && !told {
                    self.notice = Some(Said::NotShown(index, cause));
                }
                return self.slice_settled(job, series, index);
            }
            ReaderReply::Found { .. } | ReaderReply::Opened { .. } | ReaderReply::Refused { .. } => {}
            ReaderReply::Begun { run, to_read } => return self.begun(run, to_read),
            ReaderReply::Prepared { run, index, head, input } => {
                return self.prepared(run, index, head, input);
            }
            ReaderReply::Measured { run, index, masks } => return self.measured(run, index, masks),
            ReaderReply::Finished { run, study, settled, formats } => {
                return self.finished(run, &study, settled, formats);
            }
            ReaderReply::Failed { run, cause } => {
                return self.end(run, RunState::Failed { message: Said::Cause(cause) });
            }
            ReaderReply::Exported { run, .. } if run == self.shown_run => {
                self.exporting = None;
                self.saved = true;
            }
            ReaderReply::NotExported { run, cause } if run == self.shown_run => {
                self.exporting = None;
                self.not_exported = Some(cause);
            }
            ReaderReply::Exported { .. } | ReaderReply::NotExported { .. } => {}
            ReaderReply::Crashed { .. } => return self.reader_died(),
        }
        Vec::new()
    }

    /// A slice has come to be shown, or never will: the next one is asked for, one at a time, so that a run's slices
    /// need not wait behind them.
    fn slice_settled(&mut self, job: u32, series: usize, index: usize) -> Vec<Effect> {
        if !self.is_viewed(job, series) {
            return Vec::new();
        }
        if let Some(view) = &mut self.view {
            view.settle(index);
        }
        self.ask_to_show()
    }

    fn ask_to_show(&self) -> Vec<Effect> {
        let Some(view) = &self.view else { return Vec::new() };
        let (job, series) = (self.job, view.series);
        view.wanted()
            .map(|index| Effect::Read(ReaderRequest::Show { job, series, index }))
            .into_iter()
            .collect()
    }

    /// New files: whatever ran is stopped, and whatever was shown is forgotten.
    pub(super) fn open(&mut self, files: Files) -> Vec<Effect> {
        let mut effects = self.stop();
        self.job += 1;
        self.run = RunState::Scanning { read: 0, of: files.count };
        self.files = Some(files);
        (self.asked, self.found, self.notice) = (None, None, None);
        (self.exporting, self.not_exported) = (None, None);
        self.untimed = false;
        effects.extend(self.forget_view());
        if std::mem::take(&mut self.reader_gone) {
            effects.push(Effect::StartReader);
        }
        effects.push(Effect::OpenFiles(self.job));
        effects
    }

    fn forget_view(&mut self) -> Vec<Effect> {
        match self.view.take() {
            Some(_) => vec![Effect::ResetView(None)],
            None => Vec::new(),
        }
    }

    fn found(&mut self, found: Found) -> Vec<Effect> {
        let recommended = found.recommended;
        self.found = Some(Rc::new(found));
        match recommended {
            Some(series) => {
                vec![Effect::Read(ReaderRequest::Choose { job: self.job, series, part: None })]
            }
            None => {
                self.run = RunState::Open;
                Vec::new()
            }
        }
    }

    /// Looks at another of the found series.
    pub(super) fn choose(&mut self, series: usize) -> Vec<Effect> {
        self.choose_part(series, None)
    }

    /// Reads a part of the picture that is looked at, and segments it.
    pub(super) fn look_at_part(&mut self, part: PicturePart) -> Vec<Effect> {
        match self.view.as_ref().map(|view| view.series) {
            Some(series) => self.choose_part(series, Some(part)),
            None => Vec::new(),
        }
    }

    fn choose_part(&mut self, series: usize, part: Option<PicturePart>) -> Vec<Effect> {
        let mut effects = self.stop();
        self.next_step(false);
        self.run = RunState::Open;
        effects.extend(self.forget_view());
        effects.push(Effect::Read(ReaderRequest::Choose { job: self.job, series, part }));
        effects
    }

    fn opened(&mut self, series: usize, frame: Frame) -> Vec<Effect> {
        let slices = frame.len;
        let view = View::new(series, frame);
        let mut effects = vec![Effect::ResetView(Some(view.frame.clone()))];
        self.view = Some(view);
        self.run = RunState::Open;
        self.every = 1;
        if slices == 1 {
            effects.extend(self.begin(Task::Slice { index: 0 }));
        } else {
            effects.extend(self.time_a_slice());
        }
        effects.extend(self.ask_to_show());
        effects
    }

    /// Files or a series cannot be used; what was found stays, so that another series can be chosen.
    pub(super) fn refuse(&mut self, message: Said) -> Vec<Effect> {
        self.next_step(false);
        self.run = RunState::Failed { message };
        self.forget_view()
    }

    /// Files cannot be opened at all: what was open gives way to the reason.
    pub(super) fn close(&mut self, message: Said) -> Vec<Effect> {
        let mut effects = self.stop();
        self.job += 1;
        (self.files, self.found, self.notice) = (None, None, None);
        effects.extend(self.refuse(message));
        effects
    }

    /// The reader broke: the files have to be opened again. A result stays, but no file can be made of it any more.
    pub(super) fn reader_died(&mut self) -> Vec<Effect> {
        // One that never spoke would be started for ever.
        let spoke = std::mem::take(&mut self.reader_hears);
        self.reader_gone = !spoke;
        self.exporting = None;
        let mut effects = Vec::new();
        if let RunState::Done(outcome) = &self.run {
            self.run = RunState::Done(Rc::new(outcome.without_files()));
            self.job += 1;
            self.found = None;
            self.notice = Some(Said::ResultStays);
        } else if !spoke {
            effects = self.close(Said::WorkerLost);
        } else if self.files.is_some() {
            effects = self.close(Said::ReaderCrashed);
        }
        effects.extend(spoke.then_some(Effect::StartReader));
        effects
    }
}
