//! How the page is laid out in each state.

use wasm_bindgen::JsValue;
use yew::html::Scope;
use yew::prelude::*;

use super::downloads::Downloads;
use super::findings::{Facts, Findings};
use super::found::FoundPanel;
use super::language::{LanguageChoice, use_text};
use super::open::OpenPanel;
use super::options::Options;
use super::page::{Message, Page};
use super::print::{PrintButton, PrintHead};
use super::progress::{EngineLine, RunProgress};
use super::replace::ReplaceDialog;
use super::samples::SampleBytes;
use super::study_result::{StudyFacts, StudyResult};
use super::told;
use crate::outcome::Outcome;
use crate::state::{Action, Asked, EngineState, RunState, State};
use crate::strings::{language, text};
use crate::viewer::Viewer;

/// The whole page.
pub fn page(page: &Page, link: &Scope<Page>) -> Html {
    let t = text();
    let state = &page.state;
    let act = link.callback(Message::Act);
    let ready = state.is_ready() && !page.samples.contains(&SampleBytes::Pending);
    let open = html! {
        <OpenPanel samples={page.samples.clone()} dragging={page.dragging}
            compact={!matches!(state.run, RunState::Idle)}
            on_files={link.callback(Message::Picked)} on_sample={link.callback(Message::OpenSample)} />
    };
    let (column, side) = content(page, link, open);
    html! {
        <div class={classes!("page", page.dragging.then_some("is-dragging"))} data-ready={ready.to_string()}
            data-run={run_name(&state.run)} data-engine={engine_name(&state.engine)}>
            <header class="masthead">
                <div class="brand">
                    <Mark />
                    <div>
                        <h1>{ "LungLens" }</h1>
                        <p>{ t.tagline }</p>
                    </div>
                </div>
                <EngineLine state={state.clone()} on_action={act.clone()} />
            </header>
            <aside class="notice" aria-label={t.notice_label}>
                <p><strong>{ t.notice_research }</strong><span class="screen-only">{ " " }{ t.notice_local }</span></p>
                <LanguageChoice on_language={link.callback(Message::Speak)} />
            </aside>
            <PrintHead state={state.clone()} />
            <p class="visually-hidden" role="status" aria-live="polite">{ announcement(state) }</p>
            <p class="visually-hidden" role="status" aria-live="polite" data-field="notice">{ state.notice.as_ref().map(|notice| notice.words(t)) }</p>
            // Made anew each time that something is told: the styles keep it in sight for a while.
            { for state.notice.iter().map(|notice| html! {
                <p key={page.tellings.to_string()} class="aside-note" aria-hidden="true">{ told::said(t, notice) }</p>
            }) }
            // Has the focus when what had it is gone. In one column the two sides have no box of their own, so it is no side.
            <main id="main" tabindex="-1" class={classes!("layout", matches!(state.run, RunState::Idle).then_some("is-start"))}>
                <div class="stage">
                    { Html::from(column) }
                </div>
                <div class="side">{ side }<Options state={state.clone()} on_action={act.clone()} /></div>
            </main>
            if let Some(asked) = &state.asked {
                <ReplaceDialog asked={asked.clone()} why={why_ask(state)} on_action={act} />
            }
        </div>
    }
}

/// The first column from the top. It is the same list in every state, since what moves to another place in a list is made
/// anew, and the viewer would lose its zoom, its rulers and the focus.
#[derive(Default)]
struct Column {
    above: Html,
    viewer: Html,
    below: Html,
}

impl From<Column> for Html {
    fn from(column: Column) -> Self {
        html! {
            <>
                <key="above">{ column.above }</>
                <key="viewer">{ column.viewer }</>
                <key="below">{ column.below }</>
            </>
        }
    }
}

/// The two columns, from the top: what the run is at or has found comes before what else can be done.
fn content(page: &Page, link: &Scope<Page>, open: Html) -> (Column, Html) {
    let t = text();
    let state = &page.state;
    let act = link.callback(Message::Act);
    let progress = || html! { <RunProgress state={state.clone()} on_action={act.clone()} /> };
    let found = || html! { <FoundPanel state={state.clone()} on_action={act.clone()} /> };
    match &state.run {
        RunState::Idle => (Column { above: open, ..Column::default() }, expectations()),
        RunState::Scanning { .. } => (Column { above: progress(), ..Column::default() }, open),
        RunState::Waiting(_) | RunState::Active(_) => {
            let above = html! { <>{ progress() }{ unfinished(page) }</> };
            let column = Column { above, viewer: viewer(page, link), ..Column::default() };
            (column, html! { <>{ found() }{ open }</> })
        }
        RunState::Open if state.is_undecided() => {
            let above = message_card(t.choose_series, t.choose_hint.into(), false);
            (Column { above, ..Column::default() }, html! { <>{ found() }{ open }</> })
        }
        RunState::Open | RunState::Timing(_) => {
            let column = Column { above: unfinished(page), viewer: viewer(page, link), ..Column::default() };
            (column, html! { <>{ found() }{ open }</> })
        }
        RunState::Done(outcome) => match outcome.as_ref() {
            Outcome::Slice(_) => {
                let on_light = link.callback(Message::Light);
                let (pinned, on_pin) = (page.picked(), link.callback(Message::Visit));
                let lit = page.lit.or(pinned);
                let on_part = link.callback(|part| Message::Act(Action::ChoosePart(part)));
                let below = html! { <Facts outcome={outcome.clone()} /> };
                let slices = state.view.as_ref().map_or(1, |view| view.frame.len);
                let side = html! {
                    <>
                        <Findings outcome={outcome.clone()} {slices} {lit} {pinned} {on_light} {on_pin} {on_part} />
                        { found() }
                        { open }
                    </>
                };
                (Column { viewer: viewer(page, link), below, ..Column::default() }, side)
            }
            Outcome::Study(_) => {
                let on_lesion = link.callback(Message::Visit);
                let below = html! {
                    <>
                        <Downloads outcome={outcome.clone()} writing={state.exporting} problem={state.not_exported.clone()} deidentify={state.deidentify} on_action={act.clone()} />
                        <StudyFacts outcome={outcome.clone()} />
                    </>
                };
                let side = html! {
                    <>
                        <StudyResult outcome={outcome.clone()} lesion={page.picked()} {on_lesion} />
                        { found() }
                        { open }
                    </>
                };
                (Column { viewer: viewer(page, link), below, ..Column::default() }, side)
            }
        },
        RunState::Failed { message } => (
            without_result(page, link, message_card(t.failed_title, told::said(t, message), true)),
            html! { <>{ found() }{ open }</> },
        ),
        RunState::Cancelled => (
            without_result(page, link, message_card(t.cancelled, t.cancelled_hint.into(), false)),
            html! { <>{ found() }{ open }</> },
        ),
    }
}

/// The first column after a run without a result: of a single slice, nothing is shown.
fn without_result(page: &Page, link: &Scope<Page>, card: Html) -> Column {
    let study = page.state.view.as_ref().is_some_and(|view| view.frame.len > 1);
    let viewer = if study { viewer(page, link) } else { Html::default() };
    Column { above: html! { <>{ card }{ unfinished(page) }</> }, viewer, ..Column::default() }
}

/// What would be lost by opening or reading something else.
fn why_ask(state: &State) -> Option<&'static str> {
    let t = text();
    let words = match &state.asked {
        Some(Asked::Step(step)) if matches!(**step, Action::Start | Action::RunAgain) => t.leave_again,
        Some(Asked::Step(_)) => t.leave_unsaved,
        _ if state.is_busy() => t.replace_work,
        _ => t.replace_unsaved,
    };
    Some(words).filter(|_| state.is_study_at_stake())
}

/// That what is outlined is no result yet, once some slices of a study are measured.
fn unfinished(page: &Page) -> Html {
    let study = page.state.view.as_ref().is_some_and(|view| view.frame.len > 1);
    let measured = page.volume.as_ref().is_some_and(|volume| volume.borrow().counts().1 > 0);
    html! {
        if study && measured {
            <p class="unfinished" data-field="unfinished">{ text().unfinished }</p>
        }
    }
}

/// The slices of the opened series with what was found on them so far.
fn viewer(page: &Page, link: &Scope<Page>) -> Html {
    let (Some(view), Some(volume)) = (&page.state.view, &page.volume) else { return Html::default() };
    html! {
        <Viewer volume={volume.clone()} revision={volume.revision()} current={view.current} language={language()}
            on_slice={link.callback(|index| Message::Act(Action::Show(index)))}
            on_part={link.callback(|part| Message::Act(Action::ChoosePart(part)))}
            lit={page.lit} on_light={link.callback(Message::Light)}
            chosen={page.picked()} visits={page.visits} on_choose={link.callback(Message::Pick)}
            name={page.state.picture_name()}>
            if page.state.slice_outcome().is_some() {
                <SaveReport state={page.state.clone()} />
                <PrintButton />
            }
        </Viewer>
    }
}

/// Properties of [`SaveReport`].
#[derive(Properties, PartialEq)]
struct SaveProps {
    state: State,
}

/// The button that saves a single slice's report.
#[component]
fn SaveReport(props: &SaveProps) -> Html {
    let t = use_text();
    let Some(slice) = props.state.slice_outcome() else { return Html::default() };
    let name = format!("{}.lunglens.json", props.state.saved_name());
    let json = slice.json.clone();
    let save = move |_: MouseEvent| {
        report(crate::browser::save_bytes(&name, "application/json", json.as_bytes()));
    };
    html! {
        <button type="button" class="button" data-action="save-report" onclick={save}>{ t.save_report }</button>
    }
}

/// Puts what went wrong in saving on the console.
pub fn report(saved: Result<(), JsValue>) {
    if let Err(problem) = saved {
        web_sys::console::error_2(&"could not save:".into(), &problem);
    }
}

/// What a screen reader says when it changes: phases, never counts.
fn announcement(state: &State) -> String {
    let t = text();
    match &state.run {
        RunState::Scanning { .. } => t.scanning.into(),
        RunState::Open if state.is_undecided() => t.choose_series.into(),
        RunState::Open | RunState::Timing(_) => t.study_open.into(),
        RunState::Waiting(_) => t.waiting.into(),
        RunState::Active(active) if active.slices.count() != 1 => super::progress::study_phase(active).into(),
        RunState::Active(active) => {
            active.slices.stage().and_then(|stage| t.stages.get(stage)).copied().unwrap_or(t.reading).into()
        }
        RunState::Done(outcome) => match outcome.as_ref() {
            Outcome::Slice(slice) => super::findings::spoken(slice),
            Outcome::Study(study) => super::study_result::spoken(study),
        },
        RunState::Failed { message } => format!("{}. {}", t.failed_title, message.words(t)),
        RunState::Cancelled => t.cancelled_hint.into(),
        RunState::Idle => match &state.engine {
            EngineState::Starting => t.starting.into(),
            EngineState::Fetching { .. } => t.fetching.into(),
            EngineState::Preparing => t.preparing.into(),
            EngineState::Ready { .. } => t.ready.into(),
            EngineState::Failed { message } => message.words(t),
        },
    }
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

fn message_card(title: &str, message: Html, failed: bool) -> Html {
    html! {
        <section class={classes!("card", "message", failed.then_some("is-failed"))} role={failed.then_some("alert")}>
            <h2>{ title }</h2>
            <p>{ message }</p>
        </section>
    }
}

/// The run's state as tests and styles know it.
pub fn run_name(run: &RunState) -> &'static str {
    match run {
        RunState::Idle => "idle",
        RunState::Scanning { .. } => "scanning",
        RunState::Open => "open",
        RunState::Timing(_) => "timing",
        RunState::Waiting(_) => "waiting",
        RunState::Active(_) => "active",
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
