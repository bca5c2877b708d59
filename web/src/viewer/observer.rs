//! Tells when an element changes its size.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

/// A `ResizeObserver`, made by reflection: its binding is a feature of web-sys that would compile the network again.
pub struct Observer {
    observer: JsValue,
    _heard: Closure<dyn FnMut()>,
}

impl Observer {
    /// Calls `heard` when `element` changes its size. `None` in a browser that cannot tell.
    pub fn new(element: &Element, heard: impl FnMut() + 'static) -> Option<Self> {
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
