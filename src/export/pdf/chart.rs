//! Involvement by slice, as bars.

use super::canvas::{Canvas, Colour, Font};
use super::{FAINT, INK, RULE};

const BAR: Colour = [0.95, 0.5, 0.18];

/// A slice that was read.
pub struct Bar {
    /// Its position towards the head, in mm, or its number.
    pub at: f64,
    /// How much of its lung is lesion; 0 without lung.
    pub percent: f64,
}

/// Draws the slices in a rectangle, each at its place and as wide as the step between them; the ends are written with
/// the unit, if there is one.
pub fn draw(page: &mut Canvas, [x, y, width, height]: [f32; 4], bars: &[Bar], step: f64, unit: &str) {
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
    let step = if step > 0.0 { step } else { 1.0 };
    let across = (last.at - first.at + step).max(step);
    let each = (f64::from(width) * step / across) as f32;
    for bar in bars {
        let at = x + (f64::from(width) * (bar.at - first.at) / across) as f32;
        let tall = height * (bar.percent / top) as f32;
        // A gap between bars as long as it can be seen.
        let gap = if each > 3.0 { 0.6 } else { 0.0 };
        page.fill([at, bottom - tall, each - gap, tall], BAR);
    }
    page.line([x, bottom], [x + width, bottom], 0.8, INK);
    let place = |at: f64| if unit.is_empty() { format!("{at}") } else { format!("{at:.1}") };
    page.text([x, bottom + 10.0], 7.0, Font::Plain, FAINT, &format!("{} {unit}", place(first.at)));
    page.number([x + width - 14.0, bottom + 10.0], 7.0, Font::Plain, FAINT, &place(last.at));
    page.text([x + width - 12.0, bottom + 10.0], 7.0, Font::Plain, FAINT, unit);
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
