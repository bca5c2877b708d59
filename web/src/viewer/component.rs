//! The viewer as a component: it holds the [`Model`] and draws once a screen refresh. What it hears is in `hear`.

use std::cell::Cell;
use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use gloo::timers::callback::Timeout;
use lunglens::imaging::PicturePart;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlCanvasElement, WheelEvent};
use yew::prelude::*;

use super::controls;
use super::gesture::Pointers;
use super::keys::Command;
use super::model::Model;
use super::observer::Observer;
use super::paint::Painter;
use super::part::PartWish;
use super::plane::Plane;
use super::wheel::Wheel;
use crate::browser;
use crate::strings::Language;
use crate::volume_view::SharedVolume;

/// The most canvas pixels a CSS pixel: more costs time and is hardly seen.
const MOST_DENSITY: f64 = 2.0;

/// Properties of [`Viewer`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What is shown.
    pub volume: SharedVolume,
    /// The volume's revision, so that a change is seen.
    pub revision: u32,
    /// The axial slice that the page wants to see; the viewer goes there when this changes.
    pub current: usize,
    /// The page's language, so that a change is seen.
    pub language: Language,
    /// The viewer has gone to another axial slice.
    pub on_slice: Callback<usize>,
    /// The region that is pointed at outside, by its number.
    pub lit: Option<usize>,
    /// The pointer is over a region, or over none.
    pub on_light: Callback<Option<usize>>,
    /// The chosen region: its outline is thick.
    pub chosen: Option<usize>,
    /// Grows when the chosen region is to be gone to.
    pub visits: u32,
    /// A region in the picture was pressed, or a place without one.
    pub on_choose: Callback<Option<usize>>,
    /// Another part of the picture is to be read.
    pub on_part: Callback<PicturePart>,
    /// What saved pictures begin with.
    pub name: AttrValue,
    /// More controls under the picture.
    #[prop_or_default]
    pub children: Html,
}

/// What the viewer hears.
pub enum Message {
    /// A pointer went down, moved, or went up.
    Down(PointerEvent),
    /// It moved.
    Move(PointerEvent),
    /// It went up.
    Up(PointerEvent),
    /// It was taken away.
    Cancel(PointerEvent),
    /// It left.
    Leave(PointerEvent),
    /// The finger of that number has rested.
    Hold(i32),
    /// The wheel turned.
    Turn(WheelEvent),
    /// A key went down.
    Key(KeyboardEvent),
    /// A control asks.
    Obey(Command),
    /// The slider asks for a cut.
    Go(usize),
    /// The overlay's strength, 0 to 1.
    Opacity(f64),
    /// Remove all rulers.
    ClearRulers,
    /// Another part of the picture.
    Part(PartWish),
    /// Save the picture.
    Save,
    /// The picture area may have another size.
    Measure,
    /// The screen refreshes.
    Draw,
}

/// The viewer.
pub struct Viewer {
    pub(super) model: Model,
    pub(super) pointers: Pointers,
    pub(super) wheel: Wheel,
    pub(super) hold: Option<Timeout>,
    pub(super) painter: Painter,
    film: NodeRef,
    pub(super) canvas: NodeRef,
    /// Slices that were told to the page and have not come back as `current`.
    told: Vec<usize>,
    pub(super) hovered: Option<usize>,
    /// What a screen reader says after a key.
    pub(super) spoken: String,
    /// Whether a drawing is waiting for the screen.
    pub(super) waiting: bool,
    /// Whether the wheel has cuts to go through.
    has_cuts: Rc<Cell<bool>>,
    wheel_listener: Option<EventListener>,
    observer: Option<Observer>,
}

impl Component for Viewer {
    type Message = Message;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let props = ctx.props();
        let volume = props.volume.borrow();
        let mut model = Model::new(volume.frame(), props.current);
        if let Some(chosen) = props.chosen {
            model.visit(&volume, chosen);
        }
        Self {
            model,
            pointers: Pointers::default(),
            wheel: Wheel::default(),
            hold: None,
            painter: Painter::default(),
            film: NodeRef::default(),
            canvas: NodeRef::default(),
            told: Vec::new(),
            hovered: None,
            spoken: String::new(),
            waiting: false,
            has_cuts: Rc::default(),
            wheel_listener: None,
            observer: None,
        }
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &Props) -> bool {
        let props = ctx.props();
        let slice = self.model.at.slice;
        {
            let volume = props.volume.borrow();
            let frame = volume.frame();
            if props.volume != old.volume {
                let before = old.volume.borrow().frame().values;
                self.model = self.model.renewed(frame, before, props.current);
                self.painter = Painter::default();
                self.told.clear();
                return true;
            }
            if props.language != old.language {
                self.spoken.clear();
            }
            // The page forgets the region under the pointer when a run begins or ends: the next move tells it again.
            if props.lit.is_none() {
                self.hovered = None;
            }
            if props.current != old.current {
                // What the viewer told the page comes back; only another wish moves it.
                match self.told.iter().position(|&told| told == props.current) {
                    Some(echo) => drop(self.told.drain(..=echo)),
                    None => {
                        self.model.at.slice = props.current.min(frame.len - 1);
                        self.model.settle_cross(frame);
                    }
                }
            }
            let visit = props.visits != old.visits || props.chosen != old.chosen;
            if let (true, Some(chosen)) = (visit, props.chosen) {
                self.model.visit(&volume, chosen);
            }
        }
        self.tell(ctx, slice);
        true
    }

    fn update(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        let slice = self.model.at.slice;
        let again = self.hear(ctx, message);
        self.tell(ctx, slice);
        again
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let events = controls::FilmEvents {
            down: link.callback(Message::Down),
            moved: link.callback(Message::Move),
            up: link.callback(Message::Up),
            cancel: link.callback(Message::Cancel),
            leave: link.callback(Message::Leave),
            key: link.callback(Message::Key),
            fit: link.callback(|_: MouseEvent| Message::Obey(Command::Fit)),
        };
        let volume = ctx.props().volume.borrow();
        controls::layout(
            &volume,
            &self.model,
            ctx.link(),
            [&self.film, &self.canvas],
            events,
            ctx.props(),
            &self.spoken,
        )
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if first && let Some(film) = self.film.cast::<Element>() {
            let link = ctx.link().clone();
            // The framework's own wheel listener may not keep the page from scrolling.
            let options = EventListenerOptions::enable_prevent_default();
            let has_cuts = self.has_cuts.clone();
            let listener = EventListener::new_with_options(&film, "wheel", options, move |event| {
                let Some(wheel) = event.dyn_ref::<WheelEvent>() else { return };
                // Over a picture alone the wheel scrolls the page.
                if has_cuts.get() || wheel.ctrl_key() || wheel.meta_key() {
                    event.prevent_default();
                    link.send_message(Message::Turn(wheel.clone()));
                }
            });
            self.wheel_listener = Some(listener);
            let link = ctx.link().clone();
            self.observer = Observer::new(&film, move || link.send_message(Message::Measure));
            ctx.link().send_message(Message::Measure);
        }
        self.has_cuts.set(self.model.has_cuts(ctx.props().volume.borrow().frame()));
        self.ask(ctx);
    }
}

impl Viewer {
    /// Tells the page if the axial slice is another one than `before`.
    fn tell(&mut self, ctx: &Context<Self>, before: usize) {
        let now = self.model.at.slice;
        if now != before {
            // The page answers soon; a long row would mean that it does not.
            if self.told.len() > 64 {
                self.told.clear();
            }
            self.told.push(now);
            ctx.props().on_slice.emit(now);
        }
    }

    /// Asks for a drawing at the next refresh of the screen.
    fn ask(&mut self, ctx: &Context<Self>) {
        if self.waiting {
            return;
        }
        let link = ctx.link().clone();
        let draw = Closure::once_into_js(move || link.send_message(Message::Draw));
        let asked = browser::window().map(|w| w.request_animation_frame(draw.unchecked_ref()));
        self.waiting = matches!(asked, Some(Ok(_)));
    }

    /// Fits the canvas to the picture area; returns whether its size has changed.
    pub(super) fn measure(&mut self) -> bool {
        let (Some(film), Some(canvas)) =
            (self.film.cast::<Element>(), self.canvas.cast::<HtmlCanvasElement>())
        else {
            return false;
        };
        let screen = [film.client_width(), film.client_height()];
        // Hidden, or on the way to another layout.
        if screen.contains(&0) {
            return false;
        }
        let [width, height] = screen.map(|side| (f64::from(side.max(1)) * density()).round() as u32);
        if (canvas.width(), canvas.height()) == (width, height) {
            return false;
        }
        canvas.set_width(width);
        canvas.set_height(height);
        self.model.screen = screen.map(|side| f64::from(side.max(1)));
        true
    }
}

/// Whether the axial plane is shown; the strip belongs to it.
pub(super) fn is_axial(model: &Model) -> bool {
    model.plane == Plane::Axial
}

/// Canvas pixels a CSS pixel.
pub(super) fn density() -> f64 {
    browser::window().map_or(1.0, |w| w.device_pixel_ratio()).clamp(1.0, MOST_DENSITY)
}
