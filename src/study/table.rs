//! The slices as a table.

use std::fmt::Write;

use super::lacking::Lacking;
use super::schema::{SliceInfo, StudyReport};

/// The slices as CSV (RFC 4180 save for plain line feeds), a header and a row a slice, the lowest first; an empty field
/// where there is no value, and in `remark` why there is no place in mm.
pub fn slices_csv(report: &StudyReport) -> String {
    let mut csv = String::from("index,instance_number,z_mm,lung_pixels,lesion_pixels,percent,remark\n");
    // RFC 4180: a quote inside of quotes is doubled.
    let quoted = |why: &str| format!("\"no z_mm: {}\"", why.replace('"', "\"\""));
    let remark = report.lacks(Lacking::Volumes).map(quoted).unwrap_or_default();
    let or_empty = |number: Option<f64>| number.map(|n| n.to_string()).unwrap_or_default();
    for SliceInfo { index, instance_number, z_mm, lung_pixels, lesion_pixels, percent } in &report.slices {
        let instance = instance_number.map(|n| n.to_string()).unwrap_or_default();
        let (z_mm, percent) = (or_empty(*z_mm), or_empty(*percent));
        // Writing to a text cannot fail.
        let _ = writeln!(csv, "{index},{instance},{z_mm},{lung_pixels},{lesion_pixels},{percent},{remark}");
    }
    csv
}
