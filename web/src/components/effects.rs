//! What the state wants done outside: words to the workers, and the slices and findings that the viewer shows.

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use super::page::{Message, Page};
use super::stage;
use crate::bridge::{Luggage, bytes_in};
use crate::browser;
use crate::outcome::Outcome;
use crate::protocol::{ReaderReply, SliceMasks};
use crate::state::{Action, Effect, EngineId, FIRST};
use crate::volume_view::{SharedVolume, VolumeView};

impl Page {
    /// Does what the state asks for.
    pub(super) fn carry_out(&mut self, ctx: &Context<Self>, effects: Vec<Effect>) {
        let link = ctx.link();
        let hearing = |id: EngineId| {
            let link = link.clone();
            move |reply| link.send_message(Message::Act(Action::Engine(id, reply)))
        };
        let mourning = |id: EngineId| {
            let link = link.clone();
            move |message| link.send_message(Message::Act(Action::EngineDied(id, message)))
        };
        for effect in effects {
            let engine = match &effect {
                Effect::StartHelper(id) | Effect::Engine(id, _) | Effect::Segment(id, _) => *id,
                _ => FIRST,
            };
            let sent = match effect {
                Effect::StartEngine => self.workers.start_engine(hearing(FIRST), mourning(FIRST)),
                Effect::StartHelper(id) => self.workers.start_helper(id, hearing(id), mourning(id)),
                Effect::EndHelper(id) => {
                    self.workers.end_helper(id);
                    Ok(())
                }
                Effect::StartReader => {
                    let replies = link.clone();
                    let hear = move |reply, luggage| replies.send_message(Message::Read(reply, luggage));
                    let died = link.clone();
                    let mourn = move |message| died.send_message(Message::Act(Action::ReaderDied(message)));
                    self.workers.start_reader(hear, mourn)
                }
                Effect::Engine(id, request) => self.workers.to_engine(id, &request),
                Effect::Segment(id, request) => self.workers.segment(id, &request),
                Effect::Read(request) => self.workers.to_reader(&request),
                Effect::OpenFiles(job) => self.workers.open(job, std::mem::take(&mut self.files)),
                Effect::WatchCancel(run) => {
                    let link = link.clone();
                    let overdue = move || link.send_message(Message::Act(Action::CancelOverdue(run)));
                    // A handful of small timers at most; each is spent after three seconds.
                    self.timers.push(Timeout::new(3000, overdue));
                    if self.timers.len() > 8 {
                        drop(self.timers.remove(0));
                    }
                    Ok(())
                }
                Effect::ResetView(frame) => {
                    let volume = frame.and_then(|frame| VolumeView::new(frame.as_ref().clone()));
                    self.volume = volume.map(SharedVolume::new);
                    Ok(())
                }
                Effect::ClearFindings => {
                    self.change_volume(VolumeView::clear_findings);
                    Ok(())
                }
                Effect::PutMasks(index, masks) => {
                    self.put_masks(index, &masks);
                    Ok(())
                }
                Effect::PutInstances(outcome) => {
                    self.put_instances(&outcome);
                    Ok(())
                }
                Effect::LinkLesions => {
                    self.change_volume(|volume| {
                        volume.link_lesions();
                    });
                    self.visit_key_slice(ctx);
                    Ok(())
                }
            };
            if let Err(problem) = sent {
                web_sys::console::error_1(&problem);
                link.send_message(Message::Act(Action::EngineDied(engine, "no worker".into())));
            }
        }
    }

    /// Takes in what came beside the reader's message, if it is still wanted.
    pub(super) fn unpack(&mut self, reply: &ReaderReply, luggage: Luggage) {
        match (reply, luggage.buffers.as_slice()) {
            (ReaderReply::Slice { job, series, index }, [pixels]) if self.state.is_viewed(*job, *series) => {
                self.put_slice(*index, &bytes_in(pixels));
            }
            (ReaderReply::NotShown { job, series, index, .. }, _) if self.state.is_viewed(*job, *series) => {
                self.change_volume(|volume| volume.put_failure(*index));
            }
            (ReaderReply::Prepared { run, index, .. }, [pixels, values]) if self.state.is_at_work(*run) => {
                self.put_slice(*index, &bytes_in(pixels));
                self.workers.held = Some(values.clone());
            }
            (ReaderReply::Exported { files, name, .. }, buffers) => {
                for (file, bytes) in files.iter().zip(buffers) {
                    let kind = file.name.strip_prefix("study.").unwrap_or(&file.name);
                    let name = format!("{name}.{kind}");
                    stage::report(browser::save_buffer(&name, &file.media_type, bytes));
                }
            }
            _ => {}
        }
    }

    fn put_slice(&self, index: usize, pixels: &[u8]) {
        if let Some(volume) = &self.volume
            && !volume.change(|volume| volume.put_slice(index, pixels))
        {
            web_sys::console::error_1(&format!("slice {index} does not fit").into());
        }
    }

    fn put_masks(&self, index: usize, masks: &SliceMasks) {
        if let (Some(volume), Ok(lung), Ok(lesion)) =
            (&self.volume, masks.lung.decode(), masks.lesion.decode())
        {
            volume.change(|volume| volume.put_masks(index, &lung, &lesion));
        }
    }

    fn change_volume(&self, how: impl FnOnce(&mut VolumeView)) {
        if let Some(volume) = &self.volume {
            volume.change(how);
        }
    }

    fn put_instances(&self, outcome: &Outcome) {
        if let Outcome::Slice(slice) = outcome
            && let Some(masks) = slice.masks()
        {
            self.change_volume(|volume| {
                volume.put_instances(slice.index, &masks, slice.percent());
            });
        }
    }

    /// Puts the slice with the most lesion in front, unless the user looks at one of their own choice.
    fn visit_key_slice(&mut self, ctx: &Context<Self>) {
        if let (Some(volume), Some(false)) = (&self.volume, self.state.view.as_ref().map(|view| view.moved)) {
            let key = volume.borrow().key_slice();
            ctx.link().send_message(Message::Act(Action::Show(key)));
        }
    }
}
