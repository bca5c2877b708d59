//! Drawing a slice and its findings on a canvas.

use lunglens::report::{LESION_RGB, LUNG_RGB};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, CanvasWindingRule, HtmlCanvasElement, ImageData};
use yew::NodeRef;

use crate::browser;
use crate::outcome::{Outcome, Picture, Shape};

/// The least width of the drawing in pixels, so that outlines of small slices stay fine.
const LEAST_WIDTH: usize = 1024;

/// How the overlay is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Whether it is drawn at all.
    pub overlay: bool,
    /// Strength of the tint, 0 to 1.
    pub opacity: f64,
    /// The lit instance.
    pub lit: Option<usize>,
}

/// The whole number by which a slice is enlarged for drawing.
pub fn enlargement(picture: &Picture) -> usize {
    LEAST_WIDTH.div_ceil(picture.columns.max(1)).max(1)
}

/// Draws the slice alone, one canvas pixel a slice pixel.
pub fn slice_only(canvas: &NodeRef, picture: &Picture) {
    let done = canvas.cast::<HtmlCanvasElement>().ok_or(JsValue::from("no canvas"));
    let done = done.and_then(|canvas| context(&canvas)?.put_image_data(&image_data(picture)?, 0.0, 0.0));
    log(done);
}

/// Draws the slice with its findings; sets the canvas's size.
pub fn findings(canvas: &HtmlCanvasElement, outcome: &Outcome, style: Style) {
    log(try_findings(canvas, outcome, style));
}

fn try_findings(canvas: &HtmlCanvasElement, outcome: &Outcome, style: Style) -> Result<(), JsValue> {
    let picture = &outcome.picture;
    let scale = enlargement(picture);
    let (width, height) = ((picture.columns * scale) as u32, (picture.rows * scale) as u32);
    if canvas.width() != width || canvas.height() != height {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    let small: HtmlCanvasElement =
        browser::document().ok_or("no document")?.create_element("canvas")?.unchecked_into();
    small.set_width(picture.columns as u32);
    small.set_height(picture.rows as u32);
    context(&small)?.put_image_data(&image_data(picture)?, 0.0, 0.0)?;

    let ctx = context(canvas)?;
    ctx.set_image_smoothing_enabled(true);
    ctx.draw_image_with_html_canvas_element_and_dw_and_dh(&small, 0.0, 0.0, width.into(), height.into())?;
    if !style.overlay {
        return Ok(());
    }
    ctx.set_line_join("round");
    // Lungs first, so that lesions lie on top; the lit one last.
    let mut order: Vec<usize> = (0..outcome.shapes.len()).collect();
    order.sort_by_key(|&i| (style.lit == Some(i), outcome.shapes[i].lesion));
    for index in order {
        draw(&ctx, &outcome.shapes[index], scale as f64, style, index);
    }
    Ok(())
}

fn draw(ctx: &CanvasRenderingContext2d, shape: &Shape, scale: f64, style: Style, index: usize) {
    let lit = style.lit == Some(index);
    let faded = style.lit.is_some() && !lit;
    let [red, green, blue] = if shape.lesion { LESION_RGB } else { LUNG_RGB };
    let colour = format!("{red}, {green}, {blue}");
    // A lung is mostly outline, so that what lies in it can be seen.
    let tint = style.opacity * if shape.lesion { 0.55 } else { 0.16 } * if faded { 0.35 } else { 1.0 };
    let line = (0.25 + 0.75 * style.opacity) * if faded { 0.35 } else { 1.0 };
    ctx.begin_path();
    for ring in &shape.outline {
        let mut points = ring.iter().map(|&[x, y]| (f64::from(x) * scale, f64::from(y) * scale));
        if let Some((x, y)) = points.next() {
            ctx.move_to(x, y);
            points.for_each(|(x, y)| ctx.line_to(x, y));
            ctx.close_path();
        }
    }
    ctx.set_fill_style_str(&format!("rgba({colour}, {})", if lit { tint.max(0.3) } else { tint }));
    ctx.fill_with_canvas_winding_rule(CanvasWindingRule::Evenodd);
    if lit {
        ctx.set_line_width(9.0);
        ctx.set_stroke_style_str("rgba(255, 255, 255, 0.9)");
        ctx.stroke();
    }
    ctx.set_line_width(if lit { 5.0 } else { 3.0 });
    ctx.set_stroke_style_str(&format!("rgba({colour}, {})", if lit { 1.0 } else { line }));
    ctx.stroke();
}

fn context(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d, JsValue> {
    Ok(canvas.get_context("2d")?.ok_or("no 2D canvas")?.unchecked_into())
}

fn image_data(picture: &Picture) -> Result<ImageData, JsValue> {
    let rgba: Vec<u8> = picture.grey.iter().flat_map(|&g| [g, g, g, 255]).collect();
    ImageData::new_with_u8_clamped_array_and_sh(Clamped(&rgba), picture.columns as u32, picture.rows as u32)
}

fn log(done: Result<(), JsValue>) {
    if let Err(problem) = done {
        web_sys::console::error_2(&"could not draw:".into(), &problem);
    }
}
