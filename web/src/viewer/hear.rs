//! What the viewer does with pointers, the wheel, keys and controls.

use gloo::timers::callback::Timeout;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, Element, HtmlCanvasElement, WheelEvent};
use yew::prelude::*;

use super::component::{Message, Props, Viewer, density};
use super::gesture::{Gesture, Pointer};
use super::keys::{self, Command};
use super::paint::Style;
use super::part;
use super::plane::Voxel;
use super::spoken::{described, under_cross};
use super::wheel::Wheel;
use crate::browser;
use crate::strings::text;

/// How long a finger rests until it asks for the value under it, in milliseconds.
const HOLD_MILLIS: u32 = 450;
impl Viewer {
    /// Takes in a message; returns whether the controls change.
    pub(super) fn hear(&mut self, ctx: &Context<Self>, message: Message) -> bool {
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
                let given_up = self.pointers.press(id, kind, at, setting);
                let had_cross = self.model.cross.take().is_some();
                if had_cross {
                    (self.model.drawing, self.model.probe) = (None, None);
                }
                let link = ctx.link().clone();
                self.hold = (kind == Pointer::Touch)
                    .then(|| Timeout::new(HOLD_MILLIS, move || link.send_message(Message::Hold(id))));
                self.carry_out(ctx, given_up.as_slice()) || had_cross
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
                let given_up = self.pointers.cancel(event.pointer_id());
                self.carry_out(ctx, given_up.as_slice())
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
                let (key, code) = (event.key(), event.code());
                let key = keys::latin(&key, &code);
                let Some(command) = self.model.command(key, event.shift_key()) else { return false };
                if command.goes_on() && !self.model.has_cuts(frame) {
                    return false;
                }
                event.prevent_default();
                self.model.probe = None;
                self.model.obey(frame, command);
                self.spoken = match (command, under_cross(&volume, &self.model)) {
                    (Command::Move(_), Some(under)) => under,
                    (_, Some(under)) => format!("{}{}{under}", described(&volume, &self.model), text().comma),
                    (_, None) => described(&volume, &self.model),
                };
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
            Message::Part(wish) => {
                if let Some(part) = part::wished(frame, &self.model, wish) {
                    props.on_part.emit(part);
                }
                false
            }
            Message::Save => {
                let name = self.model.saved_as(frame, &props.name);
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

    /// A pointer's place in CSS pixels from the top left of the canvas.
    fn place(&self, event: &web_sys::MouseEvent) -> [f64; 2] {
        let Some(canvas) = self.canvas.cast::<Element>() else { return [0.0, 0.0] };
        let shown = canvas.get_bounding_client_rect();
        [f64::from(event.client_x()) - shown.left(), f64::from(event.client_y()) - shown.top()]
    }
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
