//! Plots as SVG, written by hand.

use std::fmt::Write;

use super::evaluator::Evaluation;
use crate::report::ClassName;

const SIDE: f64 = 480.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 56.0;
const RIGHT: f64 = 20.0;
const TICKS: usize = 5;
/// Readable for the colour-blind (Okabe and Ito).
const COLOURS: [&str; 8] =
    ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#000000"];

/// A square plot from 0 to `to` on both axes.
struct Plot {
    svg: String,
    to: f64,
}

impl Plot {
    fn new(title: &str, [x_title, y_title]: [&str; 2], to: f64, digits: usize) -> Self {
        let (width, height) = (LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM);
        let mut plot = Self {
            svg: format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
                 font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{width}\" height=\"{height}\" \
                 fill=\"white\"/>\n"
            ),
            to,
        };
        for i in 0..=TICKS {
            let value = to * i as f64 / TICKS as f64;
            let (x, y) = (plot.x(value), plot.y(value));
            let (left, bottom) = (plot.x(0.0), plot.y(0.0));
            plot.line([x, plot.y(to)], [x, bottom], "#dddddd", "");
            plot.line([left, y], [plot.x(to), y], "#dddddd", "");
            plot.text([x, bottom + 18.0], "middle", &format!("{value:.digits$}"));
            plot.text([left - 8.0, y + 4.0], "end", &format!("{value:.digits$}"));
        }
        let middle = SIDE / 2.0;
        plot.text([LEFT + middle, TOP - 16.0], "middle", title);
        plot.text([LEFT + middle, TOP + SIDE + 42.0], "middle", x_title);
        let y = TOP + middle;
        plot.push(format!(
            "<text x=\"18\" y=\"{y:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 18 {y:.1})\">{y_title}</text>"
        ));
        plot
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + SIDE * value / self.to
    }

    fn y(&self, value: f64) -> f64 {
        TOP + SIDE * (1.0 - value / self.to)
    }

    fn push(&mut self, element: String) {
        self.svg.push_str(&element);
        self.svg.push('\n');
    }

    fn line(&mut self, from: [f64; 2], to: [f64; 2], colour: &str, more: &str) {
        let ([x1, y1], [x2, y2]) = (from, to);
        self.push(format!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"{more}/>"
        ));
    }

    fn text(&mut self, [x, y]: [f64; 2], anchor: &str, text: &str) {
        let text = escaped(text);
        self.push(format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"));
    }

    /// A line of the legend, which stands at the top right.
    fn legend(&mut self, line: usize, colour: &str, text: &str) {
        let (x, y) = (LEFT + SIDE - 190.0, TOP + 16.0 + 18.0 * line as f64);
        self.push(format!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>",
            y - 11.0
        ));
        self.text([x + 18.0, y], "start", text);
    }

    fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

/// Precision by recall at mask overlaps 0.5 and 0.75, a curve a class and overlap.
pub fn pr_curve_svg(evaluation: &Evaluation) -> String {
    let mut plot = Plot::new("Precision and recall of instances (masks)", ["recall", "precision"], 1.0, 1);
    for (line, curve) in evaluation.curves.iter().enumerate() {
        let colour = COLOURS[usize::from(curve.class == ClassName::Lung)];
        let dash = if curve.iou > 0.6 { " stroke-dasharray=\"6 4\"" } else { "" };
        let last = (curve.precisions.len() - 1) as f64;
        let mut points = String::new();
        for (i, &precision) in curve.precisions.iter().enumerate() {
            // Writing to a text cannot fail.
            let _ = write!(points, "{:.1},{:.1} ", plot.x(i as f64 / last), plot.y(precision));
        }
        let points = points.trim_end();
        plot.push(format!(
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dash}/>"
        ));
        let dashed = if dash.is_empty() { "" } else { " (dashed)" };
        plot.legend(line, colour, &format!("{} at IoU {}{dashed}", curve.class, curve.iou));
    }
    plot.finish()
}

/// Predicted against true involvement, a point a slice, a colour a patient; none without lung labels.
///
/// `alarming_from_percent` is drawn as a line on both axes.
pub fn involvement_svg(evaluation: &Evaluation, alarming_from_percent: f64) -> Option<String> {
    let pairs: Vec<(&str, f64, f64)> = evaluation
        .slices
        .iter()
        .filter_map(|slice| {
            let lung = slice.lung.as_ref()?;
            Some((slice.patient.as_str(), lung.truth.percent, lung.predicted.percent))
        })
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let greatest = pairs.iter().fold(0.0f64, |most, pair| most.max(pair.1).max(pair.2));
    let to = (greatest / 10.0).ceil().clamp(1.0, 10.0) * 10.0;
    let axes = ["true involvement, %", "predicted involvement, %"];
    let mut plot = Plot::new("Involvement by slice", axes, to, 0);
    let (low, high) = ([plot.x(0.0), plot.y(0.0)], [plot.x(to), plot.y(to)]);
    plot.line(low, high, "#888888", "");
    if alarming_from_percent < to {
        let (x, y) = (plot.x(alarming_from_percent), plot.y(alarming_from_percent));
        plot.line([x, low[1]], [x, high[1]], "#888888", " stroke-dasharray=\"4 4\"");
        plot.line([low[0], y], [high[0], y], "#888888", " stroke-dasharray=\"4 4\"");
    }
    for (at, patient) in evaluation.patients.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        for &(_, truth, predicted) in pairs.iter().filter(|pair| pair.0 == patient.patient) {
            let (x, y) = (plot.x(truth), plot.y(predicted));
            plot.push(format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\" fill-opacity=\"0.6\"/>"
            ));
        }
    }
    // More patients than colours cannot be told apart.
    if evaluation.patients.len() <= COLOURS.len() {
        for (line, patient) in evaluation.patients.iter().enumerate() {
            plot.legend(line, COLOURS[line], &patient.patient);
        }
    }
    Some(plot.finish())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
