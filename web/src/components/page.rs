//! The whole page: owns the state, carries out its effects, and lays out the parts.

use std::rc::Rc;

use gloo::file::callbacks::FileReader;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, File, HtmlElement};
use yew::prelude::*;

use super::findings::{Facts, Findings};
use super::open::OpenPanel;
use super::options::Options;
use super::progress::{EngineLine, RunProgress};
use super::samples::{SAMPLES, SampleBytes};
use super::viewer::Viewer;
use crate::bridge::WorkerLink;
use crate::browser;
use crate::protocol::Reply;
use crate::state::{Action, Effect, EngineState, LARGEST_FILE, RunState, Source, State};
use crate::strings::text;

/// What the page hears.
pub enum Message {
    /// Something for the reducer.
    Act(Action),
    /// The user picked files.
    Picked(Vec<File>),
    /// A file's bytes were read, or not.
    Read(String, Result<Vec<u8>, String>),
    /// A sample's bytes came, or not.
    Sample(usize, Option<Vec<u8>>),
    /// The user opened a sample.
    OpenSample(usize),
    /// A drag is over the page, or not any more.
    Dragging(bool),
    /// An instance is pointed at or focused, or none is.
    Light(Option<usize>),
    /// An instance was pressed: it stays lit until it is pressed again.
    Pin(usize),
}

/// The page.
pub struct Page {
    state: State,
    worker: Option<WorkerLink>,
    samples: Vec<SampleBytes>,
    reader: Option<FileReader>,
    timers: Vec<Timeout>,
    dragging: bool,
    lit: Option<usize>,
    pinned: Option<usize>,
    /// The run's state when the page was last drawn.
    drawn: &'static str,
    note: Option<&'static str>,
}

impl Component for Page {
    type Message = Message;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        for (index, sample) in SAMPLES.iter().enumerate() {
            ctx.link().send_future(async move {
                let bytes = browser::fetch_bytes(&format!("samples/{}", sample.file)).await;
                Message::Sample(index, bytes.ok())
            });
        }
        let mut page = Self {
            state: State::default(),
            worker: None,
            samples: vec![SampleBytes::Pending; SAMPLES.len()],
            reader: None,
            timers: Vec::new(),
            dragging: false,
            lit: None,
            pinned: None,
            drawn: "idle",
            note: None,
        };
        page.carry_out(ctx, vec![Effect::StartWorker]);
        page
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        match message {
            Message::Act(action) => {
                if let Action::Reply(Reply::Crashed { message }, _) | Action::WorkerDied(message) = &action {
                    web_sys::console::error_2(&"the worker stopped:".into(), &message.as_str().into());
                }
                self.act(ctx, action);
            }
            Message::Picked(files) => self.pick(ctx, files),
            Message::Read(name, bytes) => {
                self.reader = None;
                let action = match bytes {
                    Ok(bytes) if bytes.is_empty() => Action::Refuse(text().empty_file.into()),
                    Ok(bytes) => Action::Open(Source { name, bytes: Rc::new(bytes) }),
                    Err(_) => Action::Refuse(text().unreadable.into()),
                };
                self.act(ctx, action);
            }
            Message::Sample(index, bytes) => {
                self.samples[index] =
                    bytes.map_or(SampleBytes::Missing, |bytes| SampleBytes::Loaded(Rc::new(bytes)));
            }
            Message::OpenSample(index) => {
                if let SampleBytes::Loaded(bytes) = &self.samples[index] {
                    let source = Source { name: SAMPLES[index].file.into(), bytes: bytes.clone() };
                    self.note = None;
                    self.act(ctx, Action::Open(source));
                }
            }
            Message::Dragging(dragging) => {
                let changed = self.dragging != dragging;
                self.dragging = dragging;
                return changed;
            }
            Message::Light(lit) => {
                let changed = self.lit != lit;
                self.lit = lit;
                return changed;
            }
            Message::Pin(index) => {
                self.pinned = if self.pinned == Some(index) { None } else { Some(index) };
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let t = text();
        let link = ctx.link();
        let act = link.callback(Message::Act);
        let ready = self.state.is_ready() && !self.samples.contains(&SampleBytes::Pending);
        let drag_over = link.callback(|event: DragEvent| {
            event.prevent_default();
            Message::Dragging(true)
        });
        let drag_leave = link.batch_callback(|event: DragEvent| {
            // Leaving one child for another is no leave.
            event.related_target().is_none().then_some(Message::Dragging(false))
        });
        let drop = link.batch_callback(|event: DragEvent| {
            event.prevent_default();
            let files = event.data_transfer().and_then(|d| d.files()).map(list_files).unwrap_or_default();
            vec![Message::Dragging(false), Message::Picked(files)]
        });
        let open = html! {
            <OpenPanel samples={self.samples.clone()} dragging={self.dragging}
                compact={!matches!(self.state.run, RunState::Idle)}
                on_files={link.callback(Message::Picked)} on_sample={link.callback(Message::OpenSample)} />
        };
        let options = html! { <Options state={self.state.clone()} on_action={act.clone()} /> };
        let (stage, side) = match &self.state.run {
            RunState::Idle => (open, expectations()),
            RunState::Waiting | RunState::Active { .. } => {
                (html! { <RunProgress state={self.state.clone()} on_action={act.clone()} /> }, open)
            }
            RunState::Done(outcome) => {
                let on_light = link.callback(Message::Light);
                let (lit, on_pin) = (self.lit.or(self.pinned), link.callback(Message::Pin));
                let viewer = html! {
                    <>
                        <Viewer outcome={outcome.clone()} {lit} on_light={on_light.clone()} />
                        <Facts outcome={outcome.clone()} />
                    </>
                };
                let findings = html! {
                    <>
                        <Findings outcome={outcome.clone()} {lit} pinned={self.pinned} {on_light} {on_pin} />
                        { open }
                    </>
                };
                (viewer, findings)
            }
            RunState::Failed { message } => (message_card(t.failed_title, message, true), open),
            RunState::Cancelled => (message_card(t.cancelled, t.cancelled_hint, false), open),
        };
        html! {
            <div class={classes!("page", self.dragging.then_some("is-dragging"))} data-ready={ready.to_string()}
                data-run={run_name(&self.state.run)} data-engine={engine_name(&self.state.engine)}
                ondragover={drag_over} ondragleave={drag_leave} ondrop={drop}>
                <header class="masthead">
                    <div class="brand">
                        <Mark />
                        <div>
                            <h1>{ "LungLens" }</h1>
                            <p>{ t.tagline }</p>
                        </div>
                    </div>
                    <EngineLine state={self.state.clone()} on_action={act.clone()} />
                </header>
                <aside class="notice" aria-label="Notice">
                    <p><strong>{ t.notice_research }</strong>{ " " }{ t.notice_local }</p>
                </aside>
                <p class="visually-hidden" role="status" aria-live="polite">{ self.announcement() }</p>
                <main class={classes!("layout", matches!(self.state.run, RunState::Idle).then_some("is-start"))}>
                    <div class="stage" id="stage" tabindex="-1">
                        if let Some(notice) = &self.state.notice {
                            <p class="aside-note" role="note">{ notice }</p>
                        }
                        if let Some(note) = self.note {
                            <p class="aside-note" role="note">{ note }</p>
                        }
                        { stage }
                    </div>
                    <div class="side">{ side }{ options }</div>
                </main>
            </div>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        let now = run_name(&self.state.run);
        if std::mem::replace(&mut self.drawn, now) == now {
            return;
        }
        // What had the focus may be gone: then the focus goes to what took its place.
        let Some(document) = browser::document() else { return };
        if document.active_element().is_none_or(|e| e.tag_name() == "BODY")
            && let Some(stage) =
                document.get_element_by_id("stage").and_then(|e| e.dyn_into::<HtmlElement>().ok())
        {
            let _ = stage.focus();
        }
    }
}

impl Page {
    fn act(&mut self, ctx: &Context<Self>, action: Action) {
        let was_done = matches!(self.state.run, RunState::Done(_));
        let effects = self.state.update(action);
        if was_done != matches!(self.state.run, RunState::Done(_)) {
            (self.lit, self.pinned) = (None, None);
        }
        self.carry_out(ctx, effects);
    }

    fn carry_out(&mut self, ctx: &Context<Self>, effects: Vec<Effect>) {
        for effect in effects {
            let sent = match effect {
                Effect::StartWorker => {
                    self.worker = None;
                    let (replies, deaths) = (ctx.link().clone(), ctx.link().clone());
                    let url = browser::meta("lunglens-worker", "worker_loader.js");
                    WorkerLink::start(
                        &url,
                        move |reply, buffers| {
                            replies.send_message(Message::Act(Action::Reply(reply, buffers)))
                        },
                        move |message| deaths.send_message(Message::Act(Action::WorkerDied(message))),
                    )
                    .map(|worker| self.worker = Some(worker))
                }
                Effect::Send(request) => self.worker.as_ref().map_or(Ok(()), |w| w.send(&request, None)),
                Effect::SendFile(request, bytes) => {
                    self.worker.as_ref().map_or(Ok(()), |w| w.send(&request, Some(&bytes)))
                }
                Effect::WatchCancel(run) => {
                    let link = ctx.link().clone();
                    let overdue = move || link.send_message(Message::Act(Action::CancelOverdue(run)));
                    // A handful of small timers at most; each is spent after three seconds.
                    self.timers.push(Timeout::new(3000, overdue));
                    if self.timers.len() > 8 {
                        drop(self.timers.remove(0));
                    }
                    Ok(())
                }
            };
            if let Err(problem) = sent {
                web_sys::console::error_1(&problem);
                ctx.link().send_message(Message::Act(Action::WorkerDied("no worker".into())));
            }
        }
    }

    fn pick(&mut self, ctx: &Context<Self>, files: Vec<File>) {
        self.note = (files.len() > 1).then_some(text().only_first);
        let Some(file) = files.into_iter().next() else { return };
        if file.size() > LARGEST_FILE as f64 {
            return self.act(ctx, Action::Refuse(text().too_large.into()));
        }
        let (link, name) = (ctx.link().clone(), file.name());
        let blob = gloo::file::Blob::from(web_sys::Blob::from(file));
        self.reader = Some(gloo::file::callbacks::read_as_bytes(&blob, move |bytes| {
            link.send_message(Message::Read(name, bytes.map_err(|e| e.to_string())));
        }));
    }

    /// What a screen reader says when it changes: phases, never byte counts.
    fn announcement(&self) -> String {
        let t = text();
        match &self.state.run {
            RunState::Waiting => t.waiting.into(),
            RunState::Active { cancelling: true, .. } => t.cancelling.into(),
            RunState::Active { stage: Some(stage), .. } => {
                t.stages.get(*stage).copied().unwrap_or_default().into()
            }
            RunState::Active { .. } => t.reading.into(),
            RunState::Done(outcome) => super::findings::spoken(outcome),
            RunState::Failed { message } => format!("{}. {message}", t.failed_title),
            RunState::Cancelled => t.cancelled_hint.into(),
            RunState::Idle => match &self.state.engine {
                EngineState::Starting => t.starting.into(),
                EngineState::Fetching { .. } => t.fetching.into(),
                EngineState::Preparing => t.preparing.into(),
                EngineState::Ready { .. } => t.ready.into(),
                EngineState::Failed { message } => message.clone(),
            },
        }
    }
}

/// The files of a browser's list.
pub fn list_files(list: web_sys::FileList) -> Vec<File> {
    (0..list.length()).filter_map(|index| list.get(index)).collect()
}

fn expectations() -> Html {
    let items = text().expect_items.iter().map(|(title, words)| {
        html! { <><dt>{ title }</dt><dd>{ words }</dd></> }
    });
    html! {
        <section class="card expect" aria-labelledby="expect-title">
            <h2 id="expect-title">{ text().expect }</h2>
            <dl>{ for items }</dl>
        </section>
    }
}

fn message_card(title: &str, message: &str, failed: bool) -> Html {
    html! {
        <section class={classes!("card", "message", failed.then_some("is-failed"))} role={failed.then_some("alert")}>
            <h2>{ title }</h2>
            <p>{ message }</p>
        </section>
    }
}

fn run_name(run: &RunState) -> &'static str {
    match run {
        RunState::Idle => "idle",
        RunState::Waiting => "waiting",
        RunState::Active { .. } => "active",
        RunState::Done(_) => "done",
        RunState::Failed { .. } => "failed",
        RunState::Cancelled => "cancelled",
    }
}

fn engine_name(engine: &EngineState) -> &'static str {
    match engine {
        EngineState::Starting => "starting",
        EngineState::Fetching { .. } => "fetching",
        EngineState::Preparing => "preparing",
        EngineState::Ready { .. } => "ready",
        EngineState::Failed { .. } => "failed",
    }
}

/// The mark: two lungs under a lens.
#[component]
fn Mark() -> Html {
    html! {
        <svg class="mark" viewBox="0 0 40 40" aria-hidden="true" focusable="false">
            <circle cx="20" cy="20" r="18.5" fill="none" stroke="currentColor" stroke-width="1.5" />
            <path d="M18 12v13c0 3-2.5 5-5.5 5S8 28 8 25c0-6 3.5-12 7-13.6 1.6-.7 3-.4 3 .6z" fill="currentColor" />
            <path d="M22 12v13c0 3 2.5 5 5.5 5s4.500-2 4.500-5c0-6-3.500-12-7-13.600-1.600-.700-3-.400-3 .600z" fill="currentColor" />
            <circle class="mark-spot" cx="27" cy="23.500" r="2.600" />
        </svg>
    }
}
