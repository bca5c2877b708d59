//! Drawing a cut, what was found on it, and rulers on a canvas.

use lunglens::report::{LESION_RGB, LUNG_RGB};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, CanvasWindingRule, HtmlCanvasElement, ImageData};

use super::model::Model;
use super::plane::{Plane, Shape, Voxel};
use super::viewport::Placement;
use super::window::{Lut, Window};
use crate::volume_view::{Kind, Values, VolumeView};
use crate::{browser, format};

const RULER: &str = "#ffe08a";
const HALO: &str = "rgba(0, 0, 0, 0.75)";
/// The least width of a saved picture in pixels, so that outlines of small slices stay fine.
const LEAST_WIDTH: usize = 1024;

/// What a picture of a cut was made of.
type CutKey = (Plane, Voxel, u32, Window, Values);
/// What shapes were made of.
type ShapesKey = (Plane, Voxel, u32, Option<usize>);

/// Keeps the present cut's pixels and shapes, and nothing of other cuts.
#[derive(Default)]
pub struct Painter {
    pixels: Vec<[u8; 4]>,
    lut: Option<(Window, Values, Box<Lut>)>,
    cut: Option<(CutKey, HtmlCanvasElement)>,
    shapes: Option<(ShapesKey, Vec<Shape>)>,
}

/// How a cut is drawn beside what the model says.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The number of the region that is lit.
    pub lit: Option<usize>,
    /// Canvas pixels a CSS pixel.
    pub density: f64,
    /// Whether the scale and marks are drawn.
    pub marks: bool,
}

impl Painter {
    /// Draws the model's cut on the whole canvas.
    pub fn paint(
        &mut self,
        canvas: &HtmlCanvasElement,
        volume: &VolumeView,
        model: &Model,
        style: Style,
    ) -> Result<(), JsValue> {
        let place = model.placement(volume.frame());
        let place = Placement {
            scale: place.scale.map(|s| s * style.density),
            origin: place.origin.map(|o| o * style.density),
        };
        let ctx = context(canvas)?;
        ctx.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)?;
        ctx.set_fill_style_str("#000");
        ctx.fill_rect(0.0, 0.0, canvas.width().into(), canvas.height().into());
        self.cut(&ctx, volume, model, place)?;
        if model.overlay {
            self.overlay(&ctx, volume, model, place, style)?;
        }
        if style.marks {
            marks(&ctx, canvas, volume, model, place, style.density)?;
        }
        rulers(&ctx, canvas, volume, model, place, style.density)?;
        Ok(())
    }

    /// A picture of the model's cut alone, with the overlay as it is set, what was measured, and nothing lit.
    pub fn picture(&mut self, volume: &VolumeView, model: &Model) -> Result<HtmlCanvasElement, JsValue> {
        let frame = volume.frame();
        let ([width, height], [across, down]) = (model.plane.size(frame), model.plane.pixel(frame));
        let scale = LEAST_WIDTH.div_ceil(width.max(1)).max(1) as f64;
        let aspect = (height as f64 * down) / (width as f64 * across);
        let screen = [width as f64 * scale, (width as f64 * scale * aspect).round().clamp(1.0, 8192.0)];
        let canvas = new_canvas(screen[0] as u32, screen[1] as u32)?;
        let mut model = model.clone();
        model.screen = screen;
        model.fit();
        self.paint(&canvas, volume, &model, Style { lit: None, density: 1.0, marks: false })?;
        Ok(canvas)
    }

    fn cut(
        &mut self,
        ctx: &CanvasRenderingContext2d,
        volume: &VolumeView,
        model: &Model,
        place: Placement,
    ) -> Result<(), JsValue> {
        let values = volume.frame().values;
        let key = (model.plane, along(model), volume.slices_revision(), model.window, values);
        let [width, height] = model.plane.size(volume.frame());
        if self.cut.as_ref().is_none_or(|(old, _)| *old != key) {
            let lut = match &mut self.lut {
                Some((window, of, lut)) if (*window, *of) == (model.window, values) => lut,
                slot => {
                    let mut lut = slot.take().map_or_else(|| Box::new([0; 65_536]), |(.., lut)| lut);
                    model.window.fill(values, &mut lut);
                    &mut slot.insert((model.window, values, lut)).2
                }
            };
            model.plane.draw(volume, model.at, lut, &mut self.pixels);
            let small = match self.cut.take() {
                Some((_, canvas)) => canvas,
                None => new_canvas(1, 1)?,
            };
            let (width, height) = (width as u32, height as u32);
            if (small.width(), small.height()) != (width, height) {
                small.set_width(width);
                small.set_height(height);
            }
            let bytes = Clamped(self.pixels.as_flattened());
            let image = ImageData::new_with_u8_clamped_array_and_sh(bytes, width, height)?;
            context(&small)?.put_image_data(&image, 0.0, 0.0)?;
            self.cut = Some((key, small));
        }
        let Some((_, small)) = &self.cut else { return Ok(()) };
        // Single pixels show once they are large.
        ctx.set_image_smoothing_enabled(place.scale[0].min(place.scale[1]) < 12.0);
        let ([x, y], [across, down]) = (place.origin, place.scale);
        ctx.draw_image_with_html_canvas_element_and_dw_and_dh(
            small,
            x,
            y,
            width as f64 * across,
            height as f64 * down,
        )
    }

    fn overlay(
        &mut self,
        ctx: &CanvasRenderingContext2d,
        volume: &VolumeView,
        model: &Model,
        place: Placement,
        style: Style,
    ) -> Result<(), JsValue> {
        let key = (model.plane, along(model), volume.findings_revision(), style.lit);
        if self.shapes.as_ref().is_none_or(|(old, _)| *old != key) {
            self.shapes = Some((key, model.plane.shapes(volume, model.at, style.lit)));
        }
        let Some((_, shapes)) = &self.shapes else { return Ok(()) };
        let any_lit = shapes.iter().any(|shape| shape.lit);
        ctx.set_line_join("round");
        for shape in shapes {
            draw(ctx, shape, place, model.opacity, style.density, any_lit && !shape.lit)?;
        }
        Ok(())
    }
}

/// The place of a cut with what does not matter to it left out.
fn along(model: &Model) -> Voxel {
    model.plane.moved(Voxel { slice: 0, row: 0, column: 0 }, model.position())
}

fn draw(
    ctx: &CanvasRenderingContext2d,
    shape: &Shape,
    place: Placement,
    opacity: f64,
    density: f64,
    faded: bool,
) -> Result<(), JsValue> {
    let [red, green, blue] = if shape.kind == Kind::Lesion { LESION_RGB } else { LUNG_RGB };
    let colour = format!("{red}, {green}, {blue}");
    let fade = if faded { 0.35 } else { 1.0 };
    // A lung is mostly outline, so that what lies in it can be seen.
    let tint = opacity * if shape.kind == Kind::Lesion { 0.55 } else { 0.16 } * fade;
    let line = (0.25 + 0.75 * opacity) * fade;
    let ([across, down], [x, y]) = (place.scale, place.origin);
    ctx.set_transform(across, 0.0, 0.0, down, x, y)?;
    ctx.begin_path();
    for ring in &shape.polygons {
        let mut points = ring.iter();
        if let Some(&[x, y]) = points.next() {
            ctx.move_to(x.into(), y.into());
            points.for_each(|&[x, y]| ctx.line_to(x.into(), y.into()));
            ctx.close_path();
        }
    }
    // The path is placed; lines are as wide as the screen wants them.
    ctx.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)?;
    ctx.set_fill_style_str(&format!("rgba({colour}, {})", if shape.lit { tint.max(0.3) } else { tint }));
    ctx.fill_with_canvas_winding_rule(CanvasWindingRule::Evenodd);
    if shape.lit {
        ctx.set_line_width(5.0 * density);
        ctx.set_stroke_style_str("rgba(255, 255, 255, 0.9)");
        ctx.stroke();
    }
    ctx.set_line_width(if shape.lit { 3.0 } else { 1.5 } * density);
    ctx.set_stroke_style_str(&format!("rgba({colour}, {})", if shape.lit { 1.0 } else { line }));
    ctx.stroke();
    Ok(())
}

/// The scale, the frame around a part, the cross, and on cuts across the slices where the axial slice lies.
fn marks(
    ctx: &CanvasRenderingContext2d,
    canvas: &HtmlCanvasElement,
    volume: &VolumeView,
    model: &Model,
    place: Placement,
    density: f64,
) -> Result<(), JsValue> {
    let frame = volume.frame();
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    set_pen(ctx, density);
    if model.plane != Plane::Axial {
        let [_, y] = place.to_screen(model.plane.point(frame, model.at));
        for [from, to] in [[0.0, 14.0 * density], [width - 14.0 * density, width]] {
            stroke(ctx, &[[from, y], [to, y]], 2.0 * density, "rgba(255, 255, 255, 0.75)");
        }
    }
    if let Some(corners) = model.selected {
        let [[x0, y0], [x1, y1]] = corners.map(|corner| place.to_screen(corner));
        for (line_width, colour) in [(4.0, HALO), (2.0, RULER)] {
            stroke(ctx, &[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]], line_width * density, colour);
        }
    }
    if let Some(at) = model.cross {
        let [x, y] = place.to_screen(at);
        let [near, far] = [4.0 * density, 14.0 * density];
        for (line_width, colour) in [(4.0, HALO), (2.0, RULER)] {
            for [across, down] in [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]] {
                let arm = [near, far].map(|way| [x + across * way, y + down * way]);
                stroke(ctx, &arm, line_width * density, colour);
            }
        }
    }
    if frame.pixel_spacing_mm.is_some() && model.plane.is_offered(frame) {
        let mm = model.plane.pixel(frame)[0];
        let pixels_a_mm = place.scale[0] / mm;
        // The largest round length in a fifth of the width.
        let most = width / 5.0 / pixels_a_mm;
        if let Some(length) = [100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0].into_iter().find(|&mm| mm <= most) {
            let (right, y) = (width - 14.0 * density, height - 14.0 * density);
            let left = right - length * pixels_a_mm;
            let up = 5.0 * density;
            for (line_width, colour) in [(4.0, HALO), (1.5, "#dfe8ea")] {
                let line = [[left, y - up], [left, y], [right, y], [right, y - up]];
                stroke(ctx, &line, line_width * density, colour);
            }
            label_at(ctx, &format::mm(length, 0), [left, y - 8.0 * density], "#dfe8ea", density)?;
        }
    }
    Ok(())
}

/// The distances that were measured on the cut.
fn rulers(
    ctx: &CanvasRenderingContext2d,
    canvas: &HtmlCanvasElement,
    volume: &VolumeView,
    model: &Model,
    place: Placement,
    density: f64,
) -> Result<(), JsValue> {
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    set_pen(ctx, density);
    for (ruler, mm) in model.shown_rulers(volume.frame()) {
        let [from, to] = ruler.ends.map(|end| place.to_screen(end));
        let way = (to[0] - from[0]).hypot(to[1] - from[1]).max(1.0);
        let across = [-(to[1] - from[1]) / way, (to[0] - from[0]) / way].map(|part| part * 6.0 * density);
        let tick =
            |at: [f64; 2]| [[at[0] - across[0], at[1] - across[1]], [at[0] + across[0], at[1] + across[1]]];
        for (line_width, colour) in [(4.0, HALO), (2.0, RULER)] {
            for line in [[from, to], tick(from), tick(to)] {
                stroke(ctx, &line, line_width * density, colour);
            }
        }
        let label = format::mm(mm, 1);
        // Not `clamp`, which panics where the canvas is smaller than the label.
        let x = (to[0] + 10.0 * density).min(width - 70.0 * density).max(4.0 * density);
        let y = to[1].min(height - 8.0 * density).max(16.0 * density);
        label_at(ctx, &label, [x, y], RULER, density)?;
    }
    Ok(())
}

/// How lines end and labels are written.
fn set_pen(ctx: &CanvasRenderingContext2d, density: f64) {
    ctx.set_line_cap("round");
    ctx.set_font(&format!("600 {}px system-ui, sans-serif", 13.0 * density));
}

fn stroke(ctx: &CanvasRenderingContext2d, line: &[[f64; 2]], width: f64, colour: &str) {
    ctx.begin_path();
    for (index, &[x, y]) in line.iter().enumerate() {
        if index == 0 { ctx.move_to(x, y) } else { ctx.line_to(x, y) }
    }
    ctx.set_line_width(width);
    ctx.set_stroke_style_str(colour);
    ctx.stroke();
}

fn label_at(
    ctx: &CanvasRenderingContext2d,
    label: &str,
    [x, y]: [f64; 2],
    colour: &str,
    density: f64,
) -> Result<(), JsValue> {
    ctx.set_line_width(4.0 * density);
    ctx.set_stroke_style_str(HALO);
    ctx.stroke_text(label, x, y)?;
    ctx.set_fill_style_str(colour);
    ctx.fill_text(label, x, y)
}

fn new_canvas(width: u32, height: u32) -> Result<HtmlCanvasElement, JsValue> {
    let document = browser::document().ok_or("no document")?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    Ok(canvas)
}

fn context(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d, JsValue> {
    Ok(canvas.get_context("2d")?.ok_or("no 2D canvas")?.unchecked_into())
}
