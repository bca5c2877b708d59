//! A finished run as the page draws it, from the worker's report and mask bytes.

use lunglens::masks::{Mask, outline};
use lunglens::report::{ClassName, Report};

/// A decoded slice for display.
#[derive(Debug, PartialEq)]
pub struct Picture {
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
    /// `rows * columns` grey levels, row-major.
    pub grey: Vec<u8>,
}

impl Picture {
    /// A picture, if the bytes fit its size.
    pub fn new(rows: usize, columns: usize, grey: Vec<u8>) -> Option<Self> {
        (rows.checked_mul(columns)? == grey.len() && !grey.is_empty()).then_some(Self { rows, columns, grey })
    }
}

/// One instance as it is drawn.
#[derive(Debug, PartialEq)]
pub struct Shape {
    /// Its pixels.
    pub mask: Mask,
    /// Closed polygons along its pixel borders, `[x, y]` in source pixels.
    pub outline: Vec<Vec<[f32; 2]>>,
    /// Whether it is a lesion (else a lung).
    pub lesion: bool,
}

/// A finished run.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// The slice.
    pub picture: std::rc::Rc<Picture>,
    /// The report, read back from `json`.
    pub report: Report,
    /// The report as it is saved.
    pub json: String,
    /// Wall time in milliseconds.
    pub millis: f64,
    /// The instances' shapes, in the report's order.
    pub shapes: Vec<Shape>,
}

impl Outcome {
    /// Joins the report with its masks (`rows * columns` bytes an instance). `None` if they do not belong together.
    pub fn new(picture: std::rc::Rc<Picture>, json: String, millis: f64, masks: Vec<u8>) -> Option<Self> {
        let report = Report::from_json(&json).ok()?;
        let (rows, columns) = (picture.rows, picture.columns);
        let size = rows * columns;
        if masks.len() != size.checked_mul(report.instances.len())? {
            return None;
        }
        let shapes = report.instances.iter().zip(masks.chunks(size)).map(|(instance, pixels)| {
            let mask = Mask { rows, columns, pixels: pixels.to_vec() };
            Shape { outline: outline(&mask), mask, lesion: instance.class == ClassName::Lesion }
        });
        let shapes = shapes.collect();
        Some(Self { picture, report, json, millis, shapes })
    }

    /// The instance at a source pixel: the smallest one, so that a lesion inside a lung can be reached.
    pub fn instance_at(&self, row: usize, column: usize) -> Option<usize> {
        if row >= self.picture.rows || column >= self.picture.columns {
            return None;
        }
        let at = row * self.picture.columns + column;
        let inside = |shape: &Shape| shape.mask.pixels.get(at).is_some_and(|&p| p != 0);
        let hits = self.shapes.iter().enumerate().filter(|(_, shape)| inside(shape));
        hits.min_by_key(|(_, shape)| (!shape.lesion, shape.mask.area())).map(|(index, _)| index)
    }
}
