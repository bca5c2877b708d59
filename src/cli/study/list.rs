//! `lunglens study --list`.

use std::io::Write;

use lunglens::intake::{Catalogue, SeriesSummary};
use lunglens::words::counted;

use crate::cli::table::format_table;
use crate::cli::tell::{say, stdout};

/// Prints the series as a table, and says what belongs to none unless `quiet`.
pub fn print(catalogue: &Catalogue, quiet: bool) -> anyhow::Result<()> {
    if !quiet {
        tell_elsewhere(catalogue);
    }
    for one in catalogue.left_over().iter().filter(|_| !quiet) {
        say(format_args!("note: {} set aside: {}", counted(one.files, "file"), one.reason));
    }
    let mut rows: Vec<[String; 7]> = Vec::new();
    for (index, one) in catalogue.series().iter().enumerate() {
        let recommended = catalogue.recommended() == Some(index);
        let remark = match (&one.reason, &one.problem) {
            (None, None) if recommended => "recommended".to_owned(),
            (_, Some(problem)) => problem.to_string(),
            (Some(reason), None) => reason.to_string(),
            (None, None) => String::new(),
        };
        rows.push([
            (index + 1).to_string(),
            one.slices.to_string(),
            size(one),
            one.slice_spacing_mm.map(|mm| format!("{mm:.2} mm")).unwrap_or_default(),
            one.kind.to_string(),
            one.name(),
            remark,
        ]);
    }
    let header = ["SERIES", "SLICES", "SIZE", "SPACING", "KIND", "NAME", "REMARK"];
    write!(stdout(), "{}", format_table(header, &rows))?;
    Ok(())
}

/// Says that a medium is not here as a whole.
pub fn tell_elsewhere(catalogue: &Catalogue) {
    let images = catalogue.listed_elsewhere();
    if images > 0 {
        say(format_args!(
            "note: the DICOMDIR lists {} of series that are not here",
            counted(images, "image")
        ));
    }
}

fn size(one: &SeriesSummary) -> String {
    one.size.map(|[rows, columns]| format!("{columns} x {rows}")).unwrap_or_default()
}
