//! One page for people: grades, volumes, zones, the involvement by slice, and the slices with the most lesion.

mod canvas;
mod chart;

use self::canvas::{A4, Canvas, Colour, Font, Picture};
use super::{ExportError, ExportStudy};
use crate::report::{DeviceKind, LESION_RGB, LUNG_RGB, NOTICE, OverlayOptions, draw_masks};
use crate::severity::Finding;
use crate::study::{
    Assessment, Height, KeySlice, Lacking, LesionInfo, Side, SliceInfo, StudyReport, VolumeInvolvement,
};
use crate::words::{graded_percent, percent, tenths};

const INK: Colour = [0.1, 0.12, 0.15];
const FAINT: Colour = [0.42, 0.46, 0.5];
const RULE: Colour = [0.82, 0.84, 0.86];
const WARNING: Colour = [0.68, 0.1, 0.08];
/// Of a series that another one goes on from.
const CONTINUED: &str = "Perhaps only a part of the scan: another series goes on where this one ends.";
const LEFT: f32 = 42.0;
const RIGHT: f32 = A4[0] - 42.0;

/// The bytes of a one-page PDF. Nothing in it names the patient.
pub fn report(study: &ExportStudy<'_>) -> Result<Vec<u8>, ExportError> {
    let report = study.report;
    let mut page = Canvas::new();
    heading(&mut page, report);
    grades(&mut page, report);
    volumes(&mut page, report);
    composition(&mut page, report);
    involvement_by_slice(&mut page, report);
    pictures(&mut page, study)?;
    footing(&mut page, report);
    let producer = format!("{} {}", report.software.name, report.software.version);
    Ok(page.finish("LungLens chest CT report", &producer))
}

fn involvement_by_slice(page: &mut Canvas, report: &StudyReport) {
    // Without places the slices stand by their numbers.
    let placed = report.slices.iter().all(|slice| slice.z_mm.is_some());
    let bar = |slice: &SliceInfo| chart::Bar {
        at: slice.z_mm.unwrap_or((slice.index + 1) as f64),
        percent: slice.percent.unwrap_or(0.0),
    };
    let bars: Vec<chart::Bar> = report.slices.iter().map(bar).collect();
    let (step, unit) = match report.series.step_mm.filter(|_| placed) {
        Some(step_mm) => (step_mm, "mm"),
        None => (report.series.every as f64, ""),
    };
    let way = match report.lacks(Lacking::Zones) {
        None => "from the feet (left) to the head (right)",
        Some(_) => "in the order of the files",
    };
    title(page, 452.0, &format!("Involvement by slice, {way}"));
    chart::draw(page, [LEFT + 24.0, 462.0, RIGHT - LEFT - 24.0, 84.0], &bars, step, unit);
}

fn title(page: &mut Canvas, y: f32, text: &str) {
    page.text([LEFT, y], 10.0, Font::Bold, INK, text);
}

fn heading(page: &mut Canvas, report: &StudyReport) {
    page.text([LEFT, 56.0], 18.0, Font::Bold, INK, "LungLens chest CT report");
    page.fill([LEFT, 66.0, RIGHT - LEFT, 18.0], [0.98, 0.92, 0.91]);
    page.text([LEFT + 6.0, 78.5], 9.5, Font::Bold, WARNING, NOTICE);
    page.text([LEFT + 216.0, 78.5], 9.5, Font::Plain, WARNING, "The grades are not validated.");
    let series = &report.series;
    let read = match series.every {
        1 => format!("all {} slices read", series.slices),
        every => format!(
            "ONLY {} OF {} SLICES READ (1 in {every}): a quick look, not the whole study",
            series.slices_read, series.slices
        ),
    };
    let colour = if series.every == 1 { FAINT } else { WARNING };
    page.text([LEFT, 99.0], 9.0, if series.every == 1 { Font::Plain } else { Font::Bold }, colour, &read);
    let name = report.ids.series.as_deref().unwrap_or("not named");
    let mut text = format!("Series {name}: {} x {} pixels", series.columns, series.rows);
    match (series.pixel_spacing_mm, series.slice_spacing_mm) {
        (Some([row_mm, column_mm]), Some(apart)) => {
            text += &format!(" of {row_mm:.3} x {column_mm:.3} mm, slices {apart:.2} mm apart");
        }
        _ => text += " of unknown size",
    }
    if let (Some(lowest), Some(highest)) = (series.lowest_mm, series.highest_mm) {
        text += &format!(", from {lowest:.1} to {highest:.1} mm");
    }
    page.text([LEFT, 111.0], 8.0, Font::Plain, FAINT, &shortened(&text, 130));
}

fn grades(page: &mut Canvas, report: &StudyReport) {
    let assessment = &report.assessment;
    let colour = match assessment.finding {
        Finding::Alarming => WARNING,
        _ => INK,
    };
    page.text([LEFT, 144.0], 22.0, Font::Bold, colour, &assessment.finding.to_string());
    let boundary = format!("Alarming from {} % on", assessment.alarming_from_percent);
    page.text([LEFT, 157.0], 8.0, Font::Plain, FAINT, &boundary);
    let involved = graded(&assessment.lungs, assessment).unwrap_or("none".to_owned());
    let mosmed = assessment.mosmed.map_or("none".to_owned(), |grade| grade.to_string());
    let no_score = if report.lacks(Lacking::Zones).is_some() { "not known" } else { "none" };
    let score = assessment.ct_severity_score.map_or(no_score.to_owned(), |score| format!("{score} of 24"));
    let lesions = match assessment.lungs.lesion_ml {
        Some(ml) => format!("{} ({} ml)", assessment.lesion_count, tenths(ml)),
        None => assessment.lesion_count.to_string(),
    };
    let by = if report.lacks(Lacking::Volumes).is_some() { "MosMed, by pixels" } else { "MosMed, by volume" };
    let facts =
        [("Lungs involved", involved), (by, mosmed), ("CT severity score", score), ("Lesions", lesions)];
    for (at, (name, value)) in facts.iter().enumerate() {
        let x = LEFT + 148.0 + at as f32 * 92.0;
        page.text([x, 132.0], 8.0, Font::Plain, FAINT, name);
        page.text([x, 147.0], 13.0, Font::Bold, INK, value);
    }
    page.line([LEFT, 166.0], [RIGHT, 166.0], 0.6, RULE);
}

/// The table of lungs and zones: volumes, or voxels where their size is not known.
fn volumes(page: &mut Canvas, report: &StudyReport) {
    let assessment = &report.assessment;
    let in_ml = report.lacks(Lacking::Volumes).is_none();
    let unit = if in_ml { "ml" } else { "pixels" };
    title(page, 184.0, if in_ml { "Volumes" } else { "Extent" });
    let columns = [LEFT + 250.0, LEFT + 340.0, LEFT + 425.0, RIGHT];
    let names =
        [format!("lung, {unit}"), format!("lesion, {unit}"), "involved".into(), "score, 0 to 4".into()];
    for (x, name) in columns.into_iter().zip(names) {
        // Letters are about half as wide as the size.
        page.text([x - name.len() as f32 * 3.9, 184.0], 8.0, Font::Plain, FAINT, &name);
    }
    let mut rows: Vec<(String, VolumeInvolvement, Option<u8>, bool)> = vec![
        ("Both lungs".into(), assessment.lungs, None, true),
        ("Right lung".into(), assessment.right, None, true),
    ];
    let zones = |side: Side| {
        assessment.zones.iter().filter(move |zone| zone.side == side).map(|zone| {
            let height = match zone.height {
                Height::Upper => "upper third",
                Height::Middle => "middle third",
                Height::Lower => "lower third",
            };
            (format!("    {height}"), zone.involvement, zone.score, false)
        })
    };
    rows.extend(zones(Side::Right));
    rows.push(("Left lung".into(), assessment.left, None, true));
    rows.extend(zones(Side::Left));
    let mut y = 199.0;
    for (name, part, score, bold) in rows {
        let font = if bold { Font::Bold } else { Font::Plain };
        page.line([LEFT, y + 4.0], [RIGHT, y + 4.0], 0.3, RULE);
        page.text([LEFT, y], 9.0, font, INK, &name);
        let involved = graded(&part, assessment).unwrap_or("-".to_owned());
        let score = score.map(|score| score.to_string()).unwrap_or_default();
        let extent = |ml: Option<f64>, voxels: u64| ml.map_or(voxels.to_string(), tenths);
        let lung = extent(part.lung_ml, part.lung_voxels);
        let values = [lung, extent(part.lesion_ml, part.lesion_voxels), involved, score];
        for (x, value) in columns.into_iter().zip(values) {
            page.number([x, y], 9.0, font, INK, &value);
        }
        y += 14.0;
    }
    y += 8.0;
    // Without zones there is room; densities are told below.
    let lacking = report.not_measured.iter().filter(|one| one.what != Lacking::Densities);
    let lacking = lacking.map(|one| format!("Not measured: {}. {}", one.what, one.why));
    let continued = (report.series.continued_by > 0).then(|| CONTINUED.to_owned());
    for text in continued.into_iter().chain(lacking) {
        for line in lines(&text, 118) {
            page.text([LEFT, y], 8.0, Font::Plain, WARNING, &line);
            y += 10.0;
        }
    }
}

/// A text in lines of at most so many characters, broken between words.
fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What lesions consist of, as one bar with its legend.
fn composition(page: &mut Canvas, report: &StudyReport) {
    let assessment = &report.assessment;
    title(page, 344.0, "What the lesions consist of, by Hounsfield units");
    let Some(shares) = assessment.composition else {
        let why = match report.lacks(Lacking::Densities) {
            Some(why) if assessment.lesion_count > 0 => format!("Not known. {why}"),
            _ => "No lesion was found.".to_owned(),
        };
        page.text([LEFT, 360.0], 9.0, Font::Plain, FAINT, &why);
        largest(page, report, 373.0);
        return;
    };
    let parts = [
        ("below -750: as aerated lung", shares.aerated_percent, [0.75, 0.85, 0.95]),
        ("-750 to -400: ground glass", shares.ground_glass_percent, [0.98, 0.75, 0.45]),
        ("-400 to 0: consolidation", shares.consolidation_percent, [0.88, 0.45, 0.16]),
        ("from 0 on: denser", shares.denser_percent, [0.5, 0.2, 0.1]),
    ];
    let width = RIGHT - LEFT;
    let mut x = LEFT;
    for (at, (name, share, colour)) in parts.into_iter().enumerate() {
        let part = (share / 100.0) as f32 * width;
        page.fill([x, 352.0, part, 14.0], colour);
        x += part;
        let legend = LEFT + at as f32 * width / 4.0;
        page.fill([legend, 374.0, 8.0, 8.0], colour);
        page.text([legend + 12.0, 381.0], 8.0, Font::Plain, INK, name);
        page.text([legend + 12.0, 393.0], 9.0, Font::Bold, INK, &percent(share));
    }
    let mean = assessment.mean_hu.map_or(String::new(), |mean| format!("Mean {mean:.0} HU. "));
    let source = "Limits: default thresholds of Lung CT Analyzer for 3D Slicer.";
    page.text([LEFT, 408.0], 8.0, Font::Plain, FAINT, &format!("{mean}{source}"));
    largest(page, report, 421.0);
}

/// The sizes of the largest lesions.
fn largest(page: &mut Canvas, report: &StudyReport, y: f32) {
    if report.lesions.is_empty() {
        return;
    }
    let one = |lesion: &LesionInfo| {
        let side = if lesion.side == Side::Left { "left" } else { "right" };
        match lesion.volume_ml {
            Some(ml) => format!("{} ml {side}", tenths(ml)),
            None => format!("{} pixels {side}", lesion.voxels),
        }
    };
    let largest: Vec<String> = report.lesions.iter().take(4).map(one).collect();
    page.text([LEFT, y], 8.0, Font::Plain, FAINT, &format!("Largest lesions: {}", largest.join(", ")));
}

fn pictures(page: &mut Canvas, study: &ExportStudy<'_>) -> Result<(), ExportError> {
    let keys = &study.measured.key_slices;
    title(page, 588.0, "The slices with the most lesion");
    if keys.is_empty() {
        page.text(
            [LEFT, 604.0],
            9.0,
            Font::Plain,
            FAINT,
            "No lesion was found on the slices that were read.",
        );
        return Ok(());
    }
    colour_key(page);
    let side = (RIGHT - LEFT - 2.0 * 12.0) / 3.0;
    for (at, key) in keys.iter().take(3).enumerate() {
        let x = LEFT + at as f32 * (side + 12.0);
        let picture = draw(key)?;
        // The true aspect: pixels need not be square. Where it is not known they are taken to be.
        let [row_mm, column_mm] = study.report.series.pixel_spacing_mm.unwrap_or([1.0, 1.0]);
        let height_mm = key.slice.rows as f64 * row_mm;
        let width_mm = key.slice.columns as f64 * column_mm;
        let scale = f64::from(side) / height_mm.max(width_mm).max(f64::MIN_POSITIVE);
        let (width, height) = ((width_mm * scale) as f32, (height_mm * scale) as f32);
        page.picture([x + (side - width) / 2.0, 596.0, width, height], picture);
        page.text([x, 596.0 + side + 11.0], 8.0, Font::Plain, FAINT, &caption(study.report, key));
    }
    Ok(())
}

fn colour_key(page: &mut Canvas) {
    let entries = [("lesion", LESION_RGB, RIGHT - 92.0), ("lung", LUNG_RGB, RIGHT - 36.0)];
    for (name, rgb, x) in entries {
        page.fill([x, 581.0, 8.0, 8.0], rgb.map(|v| f32::from(v) / 255.0));
        page.text([x + 11.0, 588.0], 8.0, Font::Plain, FAINT, name);
    }
}

fn draw(key: &KeySlice) -> Result<Picture, ExportError> {
    let (lesion, lung) = (std::slice::from_ref(&key.lesion), std::slice::from_ref(&key.lung));
    let drawn = draw_masks(&key.slice, lesion, lung, OverlayOptions::default())?;
    Ok(Picture { width: drawn.width(), height: drawn.height(), rgb: drawn.into_raw() })
}

fn caption(report: &StudyReport, key: &KeySlice) -> String {
    let Some(slice) = report.slices.iter().find(|slice| slice.index == key.index) else {
        return format!("slice {}", key.index + 1);
    };
    let involved = slice.percent.map(|of_lungs| format!(", {}", percent(of_lungs))).unwrap_or_default();
    let instance = slice.instance_number.map(|number| format!(" (image {number})")).unwrap_or_default();
    let place = slice.z_mm.map(|mm| format!(", {mm:.1} mm")).unwrap_or_default();
    format!("slice {}{instance}{place}{involved}", key.index + 1)
}

fn footing(page: &mut Canvas, report: &StudyReport) {
    page.line([LEFT, 796.0], [RIGHT, 796.0], 0.6, RULE);
    let device = |kind| match kind {
        DeviceKind::Gpu => "GPU",
        DeviceKind::Cpu => "CPU",
    };
    let mut devices: Vec<&str> = report.devices.iter().map(|one| device(one.kind)).collect();
    devices.dedup();
    let text = format!(
        "{} {}, model {} (SHA-256 {}...), on the {}, instances of a score from {} on.",
        report.software.name,
        report.software.version,
        report.model.id,
        shortened(&report.model.sha256, 12),
        devices.join(", then the "),
        report.thresholds.score,
    );
    page.text([LEFT, 806.0], 7.0, Font::Plain, FAINT, &shortened(&text, 150));
    let zones = match report.lacks(Lacking::Zones) {
        None => "A zone is a third of its lung's height. ",
        Some(_) => "",
    };
    let grades = format!("{zones}Grades of the eye are made here of measured involvement.");
    page.text([LEFT, 815.0], 7.0, Font::Plain, FAINT, &grades);
    page.text([LEFT, 825.0], 7.0, Font::Bold, WARNING, NOTICE);
}

/// An involvement beside the grades; none without lung.
fn graded(part: &VolumeInvolvement, assessment: &Assessment) -> Option<String> {
    part.exact_percent().map(|percent| graded_percent(percent, &assessment.limits()))
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
