//! How well instances agree with labels: average precision as COCO defines it, pixels, instances, involvement and
//! severity, with bootstrap intervals over patients.
//!
//! An [`Evaluator`] takes slices one after the other and gives an [`Evaluation`], which can be written as JSON, as
//! Markdown and as plots. What each figure means is described in `docs/evaluation.md`.

mod bootstrap;
mod coco;
mod error;
mod evaluator;
mod fingerprint;
mod folds;
mod metric;
mod negatives;
mod overlap;
mod plots;
mod predictions;
mod sheet;
mod slice;
mod truth;
mod write;

pub use bootstrap::{Bootstrap, interval_95};
pub use coco::{CocoScore, Overlap, RECALLS};
pub use error::EvaluateError;
pub use evaluator::{Estimate, Evaluation, Evaluator, PatientResult, PrCurve, SliceTruth};
pub use fingerprint::fingerprint;
pub use folds::{Fold, Folds, SliceNames};
pub use metric::{Metric, Rate};
pub use negatives::{FalseAlarms, NegativeSlice, negatives_json, negatives_markdown};
pub use plots::{involvement_svg, pr_curve_svg};
pub use predictions::{Pooled, PredictedInstance, Predictions, SlicePredictions, Task, pool};
pub use sheet::{SheetCell, contact_sheet_png, pick_rows};
pub use slice::{Counts, Extent, LungResult, SliceResult, found_lung, reported, union};
pub use truth::{LEAST_LESION_PIXELS, LEAST_LUNG_SHARE, lesion_instances, lung_instances};
pub use write::{About, EvaluatedModel, headline, to_json, to_markdown};
