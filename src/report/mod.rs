//! The report of a slice, its JSON and its picture.
//!
//! The JSON is described in `docs/report.md` and `docs/report.schema.json`.

mod build;
mod error;
mod instance;
mod join;
mod overlay;
mod photo;
mod schema;
mod tissue;

pub use build::{ReportParts, build};
pub use error::ReportError;
pub use instance::{ClassName, DEFAULT_SCORE_THRESHOLD, Instance, sort_instances};
pub use join::{faint_score, join_lesions};
pub use overlay::{LESION_RGB, LUNG_RGB, OverlayOptions, draw_masks, draw_masks_png, overlay, overlay_png};
pub use photo::keep_sure_photo;
pub use schema::{
    DeviceInfo, DeviceKind, Input, InputInfo, InstanceReport, ModelInfo, NOTICE, OfSeries, Report,
    SCHEMA_VERSION, Software, Thresholds, Timings,
};
pub use tissue::keep_lung_tissue;
