//! The slices as a table.

use std::fmt::Write;

use super::schema::{SliceInfo, StudyReport};

/// The slices as CSV (RFC 4180 save for plain line feeds), a header and a row a slice, the lowest first; an empty field
/// where there is no value.
pub fn slices_csv(report: &StudyReport) -> String {
    let mut csv = String::from("index,instance_number,z_mm,lung_pixels,lesion_pixels,percent\n");
    for SliceInfo { index, instance_number, z_mm, lung_pixels, lesion_pixels, percent } in &report.slices {
        let instance = instance_number.map(|n| n.to_string()).unwrap_or_default();
        let percent = percent.map(|p| p.to_string()).unwrap_or_default();
        // Writing to a text cannot fail.
        let _ = writeln!(csv, "{index},{instance},{z_mm},{lung_pixels},{lesion_pixels},{percent}");
    }
    csv
}
