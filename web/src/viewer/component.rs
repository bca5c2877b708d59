//! The viewer as a component: it holds the [`Model`], hears pointers and keys, and draws once a screen refresh.

use gloo::events::{EventListener, EventListenerOptions};
use gloo::timers::callback::Timeout;
use js_sys::{Array, Function, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, Element, HtmlCanvasElement, WheelEvent};
use yew::prelude::*;

use super::controls;
use super::gesture::{Gesture, Pointer, Pointers, Wheel};
use super::keys::{self, Command};
use super::model::Model;
use super::paint::{Painter, Style};
use super::plane::{Plane, Voxel};
use crate::browser;
use crate::volume_view::SharedVolume;

/// How long a finger rests until it asks for the value under it, in milliseconds.
const HOLD_MILLIS: u32 = 450;
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
    /// What a saved picture is called, without its ending.
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
    pointers: Pointers,
    wheel: Wheel,
    hold: Option<Timeout>,
    painter: Painter,
    film: NodeRef,
    canvas: NodeRef,
    /// Slices that were told to the page and have not come back as `current`.
    told: Vec<usize>,
    hovered: Option<usize>,
    /// What a screen reader says after a key.
    spoken: String,
    /// Whether a drawing is waiting for the screen.
    waiting: bool,
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
            if props.current != old.current {
                // What the viewer told the page comes back; only another wish moves it.
                match self.told.iter().position(|&told| told == props.current) {
                    Some(echo) => drop(self.told.drain(..=echo)),
                    None => self.model.at.slice = props.current.min(frame.len - 1),
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
            let listener = EventListener::new_with_options(&film, "wheel", options, move |event| {
                event.prevent_default();
                if let Some(event) = event.dyn_ref::<WheelEvent>() {
                    link.send_message(Message::Turn(event.clone()));
                }
            });
            self.wheel_listener = Some(listener);
            let link = ctx.link().clone();
            self.observer = Observer::new(&film, move || link.send_message(Message::Measure));
            ctx.link().send_message(Message::Measure);
        }
        self.ask(ctx);
    }
}

impl Viewer {
    /// Takes in a message; returns whether the controls change.
    fn hear(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        let props = ctx.props();
        let shared = props.volume.clone();
        let volume = shared.borrow();
        let frame = volume.frame();
        match message {
            Message::Down(event) => {
                let kind = match event.pointer_type().as_str() {
                    "mouse" => Pointer::Mouse(event.button()),
                    _ => Pointer::Touch,
                };
                if let Some(canvas) = self.canvas.cast::<Element>() {
                    let _ = canvas.set_pointer_capture(event.pointer_id());
                }
                let setting = self.model.setting(frame, event.shift_key());
                let (id, at) = (event.pointer_id(), self.place(&event));
                self.pointers.press(id, kind, at, setting);
                let link = ctx.link().clone();
                self.hold = (kind == Pointer::Touch)
                    .then(|| Timeout::new(HOLD_MILLIS, move || link.send_message(Message::Hold(id))));
                false
            }
            Message::Move(event) => {
                let at = self.place(&event);
                if !self.pointers.are_down() {
                    if event.pointer_type() == "mouse" {
                        return self.point_at(props, self.model.voxel(frame, at));
                    }
                    return false;
                }
                let setting = self.model.setting(frame, event.shift_key());
                let gestures = self.pointers.drag(event.pointer_id(), at, setting);
                self.carry_out(ctx, &gestures)
            }
            Message::Up(event) => {
                self.hold = None;
                let gestures = self.pointers.release(event.pointer_id(), self.place(&event));
                self.carry_out(ctx, &gestures)
            }
            Message::Cancel(event) => {
                self.hold = None;
                self.model.drawing = None;
                self.pointers.cancel(event.pointer_id());
                true
            }
            // A finger that is lifted leaves too; what it asked for stays to be read.
            Message::Leave(event) => {
                event.pointer_type() == "mouse" && !self.pointers.are_down() && self.point_at(props, None)
            }
            Message::Hold(id) => {
                let gestures = self.pointers.hold(id);
                self.carry_out(ctx, &gestures)
            }
            Message::Turn(event) => {
                let lines = event.delta_mode() != WheelEvent::DOM_DELTA_PIXEL;
                if event.ctrl_key() || event.meta_key() {
                    let factor = Wheel::zoom(event.delta_y(), lines);
                    self.model.take(frame, Gesture::Zoom { at: self.place(&event), factor });
                } else {
                    let steps = self.wheel.turn(event.delta_y(), lines);
                    if steps == 0 {
                        return false;
                    }
                    self.model.take(frame, Gesture::Scroll(steps));
                }
                self.model.probe = self.model.voxel(frame, self.place(&event));
                true
            }
            Message::Key(event) => {
                if event.ctrl_key() || event.meta_key() || event.alt_key() {
                    return false;
                }
                let Some(command) = keys::command(&event.key(), event.shift_key()) else { return false };
                event.prevent_default();
                self.model.probe = None;
                self.model.obey(frame, command);
                self.spoken = controls::described(&volume, &self.model);
                true
            }
            Message::Obey(command) => {
                self.model.obey(frame, command);
                true
            }
            Message::Go(position) => {
                self.model.go(frame, position);
                true
            }
            Message::Opacity(opacity) => {
                self.model.opacity = opacity.clamp(0.0, 1.0);
                true
            }
            Message::ClearRulers => {
                self.model.rulers.clear();
                true
            }
            Message::Save => {
                let name = format!("{}.png", props.name);
                let saved = self.painter.picture(&volume, &self.model);
                log(saved.and_then(|canvas| save(&canvas, name)));
                false
            }
            Message::Measure => self.measure(),
            Message::Draw => {
                self.waiting = false;
                let style = Style { lit: props.lit.or(props.chosen), density: density(), marks: true };
                if let Some(canvas) = self.canvas.cast::<HtmlCanvasElement>() {
                    log(self.painter.paint(&canvas, &volume, &self.model, style));
                    // For whoever waits for a cut to be on the screen.
                    let _ = canvas.set_attribute("data-drawn", &self.model.position().to_string());
                }
                false
            }
        }
    }

    /// Carries out gestures; returns whether there were any.
    fn carry_out(&mut self, ctx: &Context<Self>, gestures: &[Gesture]) -> bool {
        let props = ctx.props();
        let volume = props.volume.borrow();
        for gesture in gestures {
            self.model.take(volume.frame(), *gesture);
            if let (Gesture::Tap(_), Some(Voxel { slice, row, column })) = (gesture, self.model.probe) {
                props.on_choose.emit(volume.number_at(slice, row, column));
            }
        }
        !gestures.is_empty()
    }

    /// The mouse is over a place; returns whether that changes anything.
    fn point_at(&mut self, props: &Props, place: Option<Voxel>) -> bool {
        let changed = self.model.probe != place;
        self.model.probe = place;
        let over = place
            .filter(|_| self.model.overlay)
            .and_then(|at| props.volume.borrow().number_at(at.slice, at.row, at.column));
        if self.hovered != over {
            self.hovered = over;
            props.on_light.emit(over);
        }
        changed
    }

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
    fn measure(&mut self) -> bool {
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

    /// A pointer's place in CSS pixels from the top left of the canvas.
    fn place(&self, event: &web_sys::MouseEvent) -> [f64; 2] {
        let Some(canvas) = self.canvas.cast::<Element>() else { return [0.0, 0.0] };
        let shown = canvas.get_bounding_client_rect();
        [f64::from(event.client_x()) - shown.left(), f64::from(event.client_y()) - shown.top()]
    }
}

/// Whether the axial plane is shown; the strip belongs to it.
pub(super) fn is_axial(model: &Model) -> bool {
    model.plane == Plane::Axial
}

/// Canvas pixels a CSS pixel.
fn density() -> f64 {
    browser::window().map_or(1.0, |w| w.device_pixel_ratio()).clamp(1.0, MOST_DENSITY)
}

fn save(canvas: &HtmlCanvasElement, name: String) -> Result<(), JsValue> {
    let save = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            log(browser::save_blob(&name, &blob));
        }
    });
    canvas.to_blob(save.unchecked_ref())
}

fn log(done: Result<(), JsValue>) {
    if let Err(problem) = done {
        web_sys::console::error_2(&"the viewer:".into(), &problem);
    }
}

/// A `ResizeObserver`, made by reflection: its binding is a feature of web-sys that would compile the network again.
struct Observer {
    observer: JsValue,
    _heard: Closure<dyn FnMut()>,
}

impl Observer {
    /// Calls `heard` when `element` changes its size. `None` in a browser that cannot tell.
    fn new(element: &Element, heard: impl FnMut() + 'static) -> Option<Self> {
        let heard = Closure::<dyn FnMut()>::new(heard);
        let make: Function =
            Reflect::get(&js_sys::global(), &"ResizeObserver".into()).ok()?.dyn_into().ok()?;
        let observer = Reflect::construct(&make, &Array::of1(heard.as_ref())).ok()?;
        call(&observer, "observe", &Array::of1(element))?;
        Some(Self { observer, _heard: heard })
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        let _ = call(&self.observer, "disconnect", &Array::new());
    }
}

fn call(of: &JsValue, method: &str, arguments: &Array) -> Option<JsValue> {
    let method: Function = Reflect::get(of, &method.into()).ok()?.dyn_into().ok()?;
    Reflect::apply(&method, of, arguments).ok()
}
