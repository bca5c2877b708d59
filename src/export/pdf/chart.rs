//! Involvement by slice, as bars.

use super::canvas::{Canvas, Colour, Font};
use super::{FAINT, INK, RULE};

const BAR: Colour = [0.95, 0.5, 0.18];

/// A slice that was read.
pub struct Bar {
    /// Its position towards the head, in mm.
    pub z_mm: f64,
    /// How much of its lung is lesion; 0 without lung.
    pub percent: f64,
}

/// Draws the slices in a rectangle, each at its place and as wide as the step between them.
pub fn draw(page: &mut Canvas, [x, y, width, height]: [f32; 4], bars: &[Bar], step_mm: f64) {
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return };
    let most = bars.iter().map(|bar| bar.percent).fold(0.0, f64::max);
    let top = scale_end(most);
    let bottom = y + height;
    for part in 0..=2 {
        let percent = top * f64::from(part) / 2.0;
        let line = bottom - height * part as f32 / 2.0;
        page.line([x, line], [x + width, line], 0.4, RULE);
        page.number([x - 4.0, line + 2.5], 7.0, Font::Plain, FAINT, &format!("{percent} %"));
    }
    let step = if step_mm > 0.0 { step_mm } else { 1.0 };
    let across = (last.z_mm - first.z_mm + step).max(step);
    let each = (f64::from(width) * step / across) as f32;
    for bar in bars {
        let at = x + (f64::from(width) * (bar.z_mm - first.z_mm) / across) as f32;
        let tall = height * (bar.percent / top) as f32;
        // A gap between bars as long as it can be seen.
        let gap = if each > 3.0 { 0.6 } else { 0.0 };
        page.fill([at, bottom - tall, each - gap, tall], BAR);
    }
    page.line([x, bottom], [x + width, bottom], 0.8, INK);
    page.text([x, bottom + 10.0], 7.0, Font::Plain, FAINT, &format!("{:.1} mm", first.z_mm));
    page.number([x + width - 14.0, bottom + 10.0], 7.0, Font::Plain, FAINT, &format!("{:.1}", last.z_mm));
    page.text([x + width - 12.0, bottom + 10.0], 7.0, Font::Plain, FAINT, "mm");
}

/// A round number of percent at or above the most.
fn scale_end(most: f64) -> f64 {
    [1.0, 2.0, 4.0, 10.0, 20.0, 40.0, 60.0, 80.0].into_iter().find(|&end| most <= end).unwrap_or(100.0)
}

#[cfg(test)]
mod tests {
    use super::scale_end;

    #[test]
    fn the_scale_holds_every_percentage() {
        let found: Vec<f64> = [0.0, 1.0, 1.1, 25.0, 79.9, 80.1, 100.0].map(scale_end).into();
        assert_eq!(found, [1.0, 1.0, 2.0, 40.0, 80.0, 100.0, 100.0]);
    }
}
