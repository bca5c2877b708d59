//! The whole page: owns the state and hears the user. What the state then wants done is in `effects`.

use std::cell::Cell;
use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::{Interval, Timeout};
use yew::prelude::*;

use super::samples::{SAMPLES, SampleBytes};
use super::stage;
use super::workers::Workers;
use crate::bridge::Luggage;
use crate::browser::{self, Drag};
use crate::dropped::{Drop, DropProblem, NamedFile};
use crate::protocol::{DeviceWish, ReaderReply, Reply};
use crate::state::{Action, Effect, Files, RunState, Said, State, TICK_MILLIS, most_engines};
use crate::strings::{Language, language, speak, text};
use crate::volume_view::SharedVolume;

/// Under which key the browser keeps the language that the user chose.
const LANGUAGE: &str = "lunglens-language";

/// What the page hears.
pub enum Message {
    /// Something for the reducer.
    Act(Action),
    /// The reader spoke.
    Read(ReaderReply, Luggage),
    /// The user picked files.
    Picked(Vec<NamedFile>),
    /// The user dropped or pasted something.
    Dropped(Drop),
    /// The files of the drop or paste of that number are known, or why there are none.
    LookedThrough(u32, Result<Vec<NamedFile>, DropProblem>),
    /// A sample's bytes came, or not.
    Sample(usize, Option<Vec<u8>>),
    /// The user opened a sample.
    OpenSample(usize),
    /// The user chose a language.
    Speak(Language),
    /// A drag is over the page, or not any more.
    Dragging(bool),
    /// An instance is pointed at or focused, or none is.
    Light(Option<usize>),
    /// An instance or a lesion was chosen, or none.
    Pick(Option<usize>),
    /// A lesion or an instance of the list was pressed: go to it.
    Visit(usize),
}

/// The page.
pub struct Page {
    pub(super) state: State,
    pub(super) workers: Workers,
    pub(super) volume: Option<SharedVolume>,
    pub(super) samples: Vec<SampleBytes>,
    /// The files that the user opened last, until the reader has them.
    pub(super) files: Vec<NamedFile>,
    /// How often the user opened something: a large drop that is looked through gives way to what came after it.
    openings: u32,
    pub(super) timers: Vec<Timeout>,
    pub(super) dragging: bool,
    pub(super) lit: Option<usize>,
    /// The instance of a single slice that stays lit.
    pinned: Option<usize>,
    /// Grows each time the chosen one is to be gone to.
    pub(super) visits: u32,
    /// How often something was told in a notice, the same or another.
    pub(super) tellings: u32,
    /// Whether files were refused since the page was last drawn, in the place of what it showed.
    refused: bool,
    /// The run's state when the page was last drawn.
    drawn: &'static str,
    /// Whether leaving the page would lose a study.
    at_stake: Rc<Cell<bool>>,
    _before_leaving: Option<EventListener>,
    _on_drag: Vec<EventListener>,
    _on_paste: Option<EventListener>,
    _ticks: Interval,
}

impl Component for Page {
    type Message = Message;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let mut wished = browser::kept(LANGUAGE).into_iter().chain(browser::languages());
        use_language(wished.find_map(|tag| Language::of_tag(&tag)).unwrap_or(Language::English));
        for (index, sample) in SAMPLES.iter().enumerate() {
            ctx.link().send_future(async move {
                let bytes = browser::fetch_bytes(&format!("samples/{}", sample.file)).await;
                Message::Sample(index, bytes.ok())
            });
        }
        let engines =
            most_engines(browser::trait_of("hardwareConcurrency"), browser::trait_of("deviceMemory"));
        let at_stake = Rc::new(Cell::new(false));
        let asked = at_stake.clone();
        let (dragged, ticked) = (ctx.link().clone(), ctx.link().clone());
        let (pasted, pastings) = (ctx.link().clone(), Cell::new(0));
        let mut page = Self {
            state: State::new(engines, wished_device()),
            workers: Workers::default(),
            volume: None,
            samples: vec![SampleBytes::Pending; SAMPLES.len()],
            files: Vec::new(),
            openings: 0,
            timers: Vec::new(),
            dragging: false,
            lit: None,
            pinned: None,
            visits: 0,
            tellings: 0,
            refused: false,
            drawn: "idle",
            at_stake,
            _before_leaving: browser::before_leaving(move || asked.get()),
            _on_drag: browser::on_drag(move |drag| {
                let (dragging, dropped) = match drag {
                    Drag::Over => (true, None),
                    Drag::Left => (false, None),
                    Drag::Dropped(data) => (false, data.map(|data| Message::Dropped(Drop::of(&data)))),
                };
                dragged
                    .send_message_batch([Message::Dragging(dragging)].into_iter().chain(dropped).collect());
            }),
            _on_paste: browser::on_paste(move |data| {
                pastings.set(pastings.get() + 1);
                pasted.send_message(Message::Dropped(Drop::pasted(&data, pastings.get())));
            }),
            _ticks: Interval::new(TICK_MILLIS, move || ticked.send_message(Message::Act(Action::Tick))),
        };
        page.carry_out(ctx, vec![Effect::StartReader, Effect::StartEngine]);
        page
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        match message {
            Message::Act(action) => {
                if let Action::Engine(_, Reply::Crashed { message })
                | Action::Reader(ReaderReply::Crashed { message })
                | Action::EngineDied(_, message)
                | Action::ReaderDied(message) = &action
                {
                    web_sys::console::error_2(&"a worker stopped:".into(), &message.as_str().into());
                }
                if matches!(action, Action::Keep) {
                    self.files.clear();
                }
                self.act(ctx, action);
            }
            Message::Read(reply, luggage) => {
                self.unpack(&reply, luggage);
                return Component::update(self, ctx, Message::Act(Action::Reader(reply)));
            }
            Message::Picked(files) => self.open(ctx, files),
            Message::Dropped(dropped) => {
                self.openings += 1;
                let opening = self.openings;
                ctx.link().send_future(async move { Message::LookedThrough(opening, dropped.files().await) });
                return false;
            }
            Message::LookedThrough(opening, _) if opening != self.openings => return false,
            Message::LookedThrough(_, Ok(files)) => self.open(ctx, files),
            Message::LookedThrough(_, Err(DropProblem::TooMany)) => {
                self.act(ctx, Action::Refuse(Said::TooMany));
            }
            Message::LookedThrough(_, Err(DropProblem::Unreadable(name))) => {
                self.act(ctx, Action::Refuse(Said::Unreadable(name)));
            }
            Message::Sample(index, bytes) => {
                self.samples[index] =
                    bytes.map_or(SampleBytes::Missing, |bytes| SampleBytes::Loaded(Rc::new(bytes)));
            }
            Message::OpenSample(index) => {
                if let SampleBytes::Loaded(bytes) = &self.samples[index] {
                    let name = SAMPLES[index].file;
                    match browser::file_of(name, bytes) {
                        Ok(file) => self.open(ctx, vec![(name.into(), file)]),
                        Err(problem) => web_sys::console::error_1(&problem),
                    }
                }
            }
            Message::Speak(language) => {
                browser::keep(LANGUAGE, language.tag());
                use_language(language);
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
            Message::Pick(picked) => self.pick(ctx, picked),
            Message::Visit(index) => {
                let picked = if self.picked() == Some(index) { None } else { Some(index) };
                self.visits += 1;
                self.pick(ctx, picked);
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        html! {
            <ContextProvider<Language> context={language()}>{ stage::page(self, ctx.link()) }</ContextProvider<Language>>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        let now = stage::run_name(&self.state.run);
        let before = std::mem::replace(&mut self.drawn, now);
        let refused = std::mem::take(&mut self.refused);
        if before == now && !refused {
            return;
        }
        // What had the focus may be gone: then the focus goes to what took its place.
        let Some(document) = browser::document() else { return };
        if document.active_element().is_none_or(|e| e.tag_name() == "BODY") {
            browser::focus(browser::find("#main"));
        }
        if refused || begins(before, now) {
            browser::show_top(browser::find("#main"));
        }
    }
}

impl Page {
    /// The chosen instance of a slice, or lesion of a study.
    pub(super) fn picked(&self) -> Option<usize> {
        match self.state.slice_outcome() {
            Some(_) => self.pinned,
            None => self.state.view.as_ref().and_then(|view| view.lesion),
        }
    }

    fn pick(&mut self, ctx: &Context<Self>, picked: Option<usize>) {
        match self.state.slice_outcome() {
            Some(_) => self.pinned = picked,
            None => self.act(ctx, Action::PickLesion(picked)),
        }
    }

    fn act(&mut self, ctx: &Context<Self>, action: Action) {
        let (before, notice) = (stage::run_name(&self.state.run), self.state.notice.clone());
        let (tells, refuses) =
            (matches!(action, Action::Tell(_) | Action::Refuse(_)), matches!(action, Action::Refuse(_)));
        let effects = self.state.update(action);
        self.refused |= refuses && matches!(self.state.run, RunState::Failed { .. });
        self.tellings += u32::from(tells || notice != self.state.notice);
        self.at_stake.set(self.state.is_study_at_stake());
        if before != stage::run_name(&self.state.run) {
            (self.lit, self.pinned) = (None, None);
        }
        self.carry_out(ctx, effects);
    }

    fn open(&mut self, ctx: &Context<Self>, files: Vec<NamedFile>) {
        self.openings += 1;
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let Some(opened) = Files::of(&names) else {
            return self.act(ctx, Action::Tell(Said::NoFiles));
        };
        if let [(_, file)] = files.as_slice()
            && file.size() == 0.0
        {
            return self.act(ctx, Action::Refuse(Said::EmptyFile));
        }
        self.files = files;
        self.act(ctx, Action::Open(opened));
    }
}

/// Whether the user has begun something, whose course is told at the top: what they pressed may be far below. Where a run
/// that they wait for goes on or ends, they look where they like.
fn begins(before: &str, now: &str) -> bool {
    match (before, now) {
        (_, "scanning") => true,
        ("waiting" | "active", _) => false,
        _ => matches!(now, "waiting" | "active" | "failed"),
    }
}

/// The device that the page's address wishes, as `?device=gpu`.
fn wished_device() -> DeviceWish {
    match browser::asked("device").as_deref() {
        Some("gpu") => DeviceWish::Gpu,
        Some("cpu") => DeviceWish::Cpu,
        _ => DeviceWish::Auto,
    }
}

/// Speaks a language from now on, and says so to the browser.
fn use_language(language: Language) {
    speak(language);
    let Some(document) = browser::document() else { return };
    if let Some(root) = document.document_element() {
        let _ = root.set_attribute("lang", language.tag());
        let _ = root.set_attribute("dir", language.direction());
        browser::tell_styles(&root, "--notice", text().notice_research);
    }
    // It stands beside the page, for the script that keeps the page for use without a network.
    if let Some(offline) = document.get_element_by_id("offline") {
        offline.set_text_content(Some(text().offline));
    }
}
