//! What is written of an evaluation: JSON, Markdown, plots and the sheet of slices.

use lunglens::evaluate::{
    Bootstrap, Metric, SheetCell, contact_sheet_png, involvement_svg, pick_rows, pr_curve_svg, to_json,
    to_markdown,
};
use lunglens::imaging::{CtSlice, FileFormat, ValueScale};
use lunglens::masks::Mask;
use lunglens::report::ClassName;

use super::support::{FIRST, LESION, RIGHT, SECOND, about, drawn, evaluate, instance, reference, truth};

#[test]
fn json_and_markdown_say_every_metric() {
    let (_, evaluation) = reference();
    let bootstrap = Bootstrap::default();
    let json = to_json(&about(), &evaluation, &bootstrap).unwrap();
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    for (metric, estimate) in &evaluation.metrics {
        let written = read["metrics"][metric.key()]["value"].as_f64();
        match (written, estimate.value) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-6),
            (a, b) => assert_eq!(a, b),
        }
    }
    assert_eq!(read["slices"].as_array().unwrap().len(), 12);
    assert_eq!(read["patients"].as_array().unwrap().len(), 5);
    let slices: u64 =
        read["severity"].as_array().unwrap().iter().map(|row| row["slices"].as_u64().unwrap()).sum();
    assert_eq!(slices, 12);

    let rows = pick_rows(&evaluation.slices, 3);
    let text = to_markdown(&about(), &evaluation, &bootstrap, &rows);
    for (metric, _) in evaluation.metrics.iter().filter(|(m, _)| !matches!(m, Metric::Coco(..))) {
        assert!(text.contains(&format!("| {} |", metric.title())), "{}", metric.title());
    }
    assert!(text.contains("| lesion mask AP | 0."), "{text}");
    assert!(!text.contains("Every slice has a lesion"));
}

#[test]
fn plots_show_every_slice_and_curve() {
    let (_, evaluation) = reference();
    let svg = involvement_svg(&evaluation, 25.0).unwrap();
    assert_eq!(svg.matches("<circle").count(), 12);
    let svg = pr_curve_svg(&evaluation);
    assert_eq!(svg.matches("<polyline").count(), 4);
    let points = svg.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(points.split(' ').count(), 101);
}

#[test]
fn the_sheet_has_the_best_the_median_and_the_worst() {
    let lesion = drawn(&LESION);
    let found = [&[][..], &[&FIRST][..], &[&FIRST, &SECOND][..], &[&SECOND][..], &[][..]];
    let evaluation = evaluate(
        found
            .iter()
            .enumerate()
            .map(|(i, parts)| {
                let found =
                    parts.iter().map(|&part| instance(ClassName::Lesion, 0.9, &drawn(part))).collect();
                (truth(&i.to_string(), &i.to_string(), &lesion, None), found)
            })
            .collect(),
    );
    assert_eq!(pick_rows(&evaluation.slices, 1), [vec![2], vec![1], vec![4]]);
    assert_eq!(pick_rows(&evaluation.slices, 9)[0].len(), 5);

    let cell = SheetCell {
        slice: CtSlice {
            rows: 6,
            columns: 10,
            values: vec![0.0; 60],
            scale: ValueScale::Grey { max: 255.0 },
            pixel_spacing: None,
            patient_right_is_image_left: None,
            format: FileFormat::Png,
            picture: None,
        },
        true_lesion: lesion.clone(),
        true_lung: None,
        found_lesion: drawn(&FIRST),
        found_lung: drawn(&RIGHT),
    };
    let bytes = contact_sheet_png(&[vec![cell.clone(), cell.clone()], vec![cell.clone()]]).unwrap();
    let sheet = image::load_from_memory(&bytes).unwrap().to_rgb8();
    assert_eq!(sheet.dimensions(), (2 * 384 + 3 * 6, 2 * 384 + 3 * 6));
    let colours: std::collections::BTreeSet<[u8; 3]> = sheet.pixels().map(|pixel| pixel.0).collect();
    assert_eq!(colours.len(), 4, "black, found lesion, found lung, true lesion: {colours:?}");
    let bad = SheetCell { found_lung: Mask::empty(2, 2), ..cell };
    assert!(contact_sheet_png(&[vec![bad]]).is_err());
}
