//! Evaluation against pycocotools, scipy and numpy (`fixtures/evaluate/make_evaluation.py`), and cases that can be
//! checked by hand.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use lunglens::evaluate::{
    About, Bootstrap, CocoScore, EvaluateError, EvaluatedModel, Evaluation, Evaluator, Metric, Overlap,
    Predictions, Rate, SheetCell, SlicePredictions, SliceTruth, Task, contact_sheet_png, fingerprint,
    involvement_svg, lesion_instances, lung_instances, pick_rows, pool, pr_curve_svg, to_json, to_markdown,
};
use lunglens::imaging::{CtSlice, FileFormat, ValueScale};
use lunglens::masks::{Mask, Rle};
use lunglens::report::{ClassName, Instance, ModelInfo};
use lunglens::severity::{Finding, SeverityConfig};
use lunglens::weights::Quantization;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    score_threshold: f32,
    resamples: usize,
    seed: u64,
    slices: Vec<ReferenceSlice>,
    metrics: BTreeMap<String, ReferenceMetric>,
}

#[derive(Deserialize)]
struct ReferenceSlice {
    patient: String,
    lesion: Rle,
    lung: Rle,
    found: Vec<ReferenceInstance>,
}

#[derive(Deserialize)]
struct ReferenceInstance {
    class: ClassName,
    score: f32,
    #[serde(rename = "box")]
    bbox: [f32; 4],
    mask: Rle,
}

#[derive(Deserialize)]
struct ReferenceMetric {
    value: Option<f64>,
    interval: Option<[f64; 2]>,
}

fn reference() -> (Reference, Evaluation) {
    let reference: Reference =
        serde_json::from_str(include_str!("fixtures/evaluate/evaluation.json")).unwrap();
    let mut evaluator = Evaluator::new(reference.score_threshold, SeverityConfig::default());
    for (number, slice) in reference.slices.iter().enumerate() {
        let truth = SliceTruth {
            name: format!("{number}.png"),
            patient: slice.patient.clone(),
            lesion: slice.lesion.decode().unwrap(),
            lung: Some(slice.lung.decode().unwrap()),
        };
        let found: Vec<Instance> = slice
            .found
            .iter()
            .map(|i| Instance {
                class: i.class,
                score: i.score,
                bbox: i.bbox,
                mask: i.mask.decode().unwrap(),
            })
            .collect();
        evaluator.add(&grey(&truth.lesion), truth, &found).unwrap();
    }
    let bootstrap = Bootstrap { resamples: reference.resamples, seed: reference.seed };
    let evaluation = evaluator.finish(&bootstrap).unwrap();
    (reference, evaluation)
}

fn task() -> Task {
    Task {
        data: "slices".into(),
        split: "val".into(),
        patients_known: true,
        limit: None,
        slices_available: 12,
        score_threshold: 0.5,
        ap_score_threshold: 0.05,
        alarming_from_percent: 25.0,
    }
}

fn model(id: &str) -> ModelInfo {
    ModelInfo { id: id.into(), backbone: "resnet50".into(), sha256: "0".repeat(64), input_size: 320 }
}

fn about() -> About {
    let models = vec![EvaluatedModel { model: model("r50"), slices: 12 }];
    About { models, quantization: Quantization::Int8, device: "CPU".into(), task: task() }
}

/// A mask drawn with `#` for inside.
fn drawn(lines: &[&str]) -> Mask {
    let bytes: Vec<u8> = lines.concat().bytes().map(|b| u8::from(b == b'#')).collect();
    Mask::from_bytes(lines.len(), lines[0].len(), &bytes).unwrap()
}

fn instance(class: ClassName, score: f32, mask: &Mask) -> Instance {
    let at = |side: fn(usize, usize) -> usize| {
        let inside = (0..mask.pixels.len()).filter(|&i| mask.pixels[i] != 0);
        inside.map(|i| side(i, mask.columns)).collect::<Vec<_>>()
    };
    let (rows, columns) = (at(|i, n| i / n), at(|i, n| i % n));
    let low = |v: &[usize]| v.iter().min().copied().unwrap_or(0) as f32;
    let high = |v: &[usize]| v.iter().max().map_or(0, |m| m + 1) as f32;
    let bbox = [low(&columns), low(&rows), high(&columns), high(&rows)];
    Instance { class, score, bbox, mask: mask.clone() }
}

fn truth(name: &str, patient: &str, lesion: &Mask, lung: Option<&Mask>) -> SliceTruth {
    SliceTruth { name: name.into(), patient: patient.into(), lesion: lesion.clone(), lung: lung.cloned() }
}

/// A picture of the mask's size: its values say nothing of what can be lung.
fn grey(mask: &Mask) -> CtSlice {
    CtSlice {
        rows: mask.rows,
        columns: mask.columns,
        values: vec![0.0; mask.pixels.len()],
        scale: ValueScale::Grey { max: 255.0 },
        pixel_spacing: None,
        patient_right_is_image_left: None,
        format: FileFormat::Png,
        picture: None,
    }
}

fn evaluate(slices: Vec<(SliceTruth, Vec<Instance>)>) -> Evaluation {
    let mut evaluator = Evaluator::new(0.5, SeverityConfig::default());
    for (truth, found) in slices {
        evaluator.add(&grey(&truth.lesion), truth, &found).unwrap();
    }
    evaluator.finish(&Bootstrap::default()).unwrap()
}

fn value(evaluation: &Evaluation, metric: Metric) -> Option<f64> {
    evaluation.get(metric).unwrap().value
}

const LUNG: [&str; 6] = ["####..####", "####..####", "####..####", "####..####", "####..####", "####..####"];
const LESION: [&str; 6] =
    ["##........", "##........", "##.....###", ".......###", ".......###", ".........."];
const FIRST: [&str; 6] = ["##........", "##........", "##........", "..........", "..........", ".........."];
const SECOND: [&str; 6] =
    ["..........", "..........", ".......###", ".......###", ".......###", ".........."];
const LEFT: [&str; 6] = ["####......", "####......", "####......", "####......", "####......", "####......"];
const RIGHT: [&str; 6] = ["......####", "......####", "......####", "......####", "......####", "......####"];

#[test]
fn every_metric_and_interval_is_that_of_pycocotools_and_numpy() {
    let (reference, evaluation) = reference();
    assert_eq!(evaluation.metrics.len(), reference.metrics.len());
    for (metric, found) in &evaluation.metrics {
        let key = metric.key();
        let expected = reference.metrics.get(&key).unwrap_or_else(|| panic!("no {key}"));
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        match (found.value, expected.value) {
            (Some(a), Some(b)) => assert!(close(a, b), "{key}: {a} is not {b}"),
            (None, None) => {}
            other => panic!("{key}: {other:?}"),
        }
        match (found.interval, expected.interval) {
            (Some(a), Some(b)) => {
                assert!(close(a[0], b[0]) && close(a[1], b[1]), "{key}: {a:?} is not {b:?}")
            }
            (None, None) => {}
            other => panic!("{key}: {other:?}"),
        }
    }
}

#[test]
fn the_reference_can_tell_metrics_apart() {
    let (reference, _) = reference();
    let defined: Vec<f64> = reference.metrics.values().filter_map(|m| m.value).collect();
    assert!(defined.len() >= 48, "{}", defined.len());
    let at_an_end = defined.iter().filter(|&&v| v == 0.0 || v == 1.0).count();
    assert!(at_an_end <= 2, "{at_an_end} metrics are 0 or 1");
    let mut distinct: Vec<u64> = defined.iter().map(|v| v.to_bits()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() + 8 >= defined.len(), "too many equal values");
}

#[test]
fn finding_exactly_what_is_labelled_is_perfect() {
    let (lesion, lung) = (drawn(&LESION), drawn(&LUNG));
    let found = vec![
        instance(ClassName::Lesion, 0.9, &drawn(&FIRST)),
        instance(ClassName::Lesion, 0.8, &drawn(&SECOND)),
        instance(ClassName::Lung, 0.9, &drawn(&LEFT)),
        instance(ClassName::Lung, 0.7, &drawn(&RIGHT)),
    ];
    let evaluation = evaluate(vec![(truth("a", "a", &lesion, Some(&lung)), found)]);
    for (metric, estimate) in &evaluation.metrics {
        let expected = match metric {
            Metric::InvolvementError | Metric::InvolvementBias => Some(0.0),
            // All truths are small.
            Metric::Coco(_, _, CocoScore::ApMedium | CocoScore::ApLarge) => None,
            _ => Some(1.0),
        };
        match (estimate.value, expected) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "{}: {a}", metric.key()),
            (a, b) => assert_eq!(a, b, "{}", metric.key()),
        }
        assert_eq!(estimate.interval, None, "one patient gives no interval");
    }
    let extents = evaluation.patients[0].extents.unwrap();
    // 15 of 48 pixels.
    assert!((extents[0].percent - 31.25).abs() < 1e-12);
    assert_eq!(extents[1].finding, Finding::Alarming);
}

#[test]
fn one_of_two_lesions_and_a_false_one() {
    let (lesion, lung) = (drawn(&LESION), drawn(&LUNG));
    let wrong = drawn(&["..........", "..........", "..........", "..........", "####......", "####......"]);
    let found = vec![
        // A score at the threshold does not count, as in a report.
        instance(ClassName::Lesion, 0.5, &drawn(&SECOND)),
        instance(ClassName::Lesion, 0.9, &wrong),
        instance(ClassName::Lesion, 0.6, &drawn(&FIRST)),
    ];
    let evaluation = evaluate(vec![(truth("a", "a", &lesion, Some(&lung)), found)]);
    let expect = |metric: Metric, expected: Option<f64>| match (value(&evaluation, metric), expected) {
        (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9, "{}: {a} is not {b}", metric.key()),
        (a, b) => assert_eq!(a, b, "{}", metric.key()),
    };
    expect(Metric::LesionPixels(Rate::Precision), Some(6.0 / 14.0));
    expect(Metric::LesionPixels(Rate::Recall), Some(6.0 / 15.0));
    expect(Metric::LesionSliceDice, Some(12.0 / 29.0));
    expect(Metric::Instances(ClassName::Lesion, Rate::Precision), Some(0.5));
    expect(Metric::Instances(ClassName::Lesion, Rate::Recall), Some(0.5));
    // No lung: nothing was found, so there is no precision; the grade is wrong, the involvement 0.
    expect(Metric::Instances(ClassName::Lung, Rate::Precision), None);
    expect(Metric::Instances(ClassName::Lung, Rate::Recall), Some(0.0));
    expect(Metric::LungDice, Some(0.0));
    expect(Metric::InvolvementBias, Some(-31.25));
    expect(Metric::SeverityBySlice, Some(0.0));
    expect(Metric::LesionPresentAccuracy, Some(1.0));
    // Ranked: wrong, right, right. Precision 2/3 at best, at every recall.
    expect(Metric::Coco(Overlap::Mask, Some(ClassName::Lesion), CocoScore::Ap50), Some(2.0 / 3.0));
    expect(Metric::Coco(Overlap::Mask, Some(ClassName::Lung), CocoScore::Ap50), Some(0.0));
    expect(Metric::Coco(Overlap::Mask, None, CocoScore::Ap50), Some(1.0 / 3.0));
}

#[test]
fn without_lung_labels_there_are_no_lung_metrics() {
    let lesion = drawn(&LESION);
    let found = vec![instance(ClassName::Lung, 0.9, &drawn(&LEFT))];
    let evaluation = evaluate(vec![
        (truth("a", "a", &lesion, None), found.clone()),
        (truth("b", "b", &Mask::empty(6, 10), None), Vec::new()),
    ]);
    let keys: Vec<String> = evaluation.metrics.iter().map(|(metric, _)| metric.key()).collect();
    assert!(keys.iter().all(|key| !key.contains("lung") && !key.contains("mean")), "{keys:?}");
    assert!(keys.iter().all(|key| !key.contains("involvement") && !key.contains("severity")), "{keys:?}");
    assert!(evaluation.patients.iter().all(|patient| patient.extents.is_none()));
    assert_eq!(involvement_svg(&evaluation, 25.0), None);
    assert!(evaluation.curves.iter().all(|curve| curve.class == ClassName::Lesion));
    // Missed on one slice, rightly nothing on the other.
    assert_eq!(value(&evaluation, Metric::LesionPresentAccuracy), Some(0.5));
    assert_eq!(value(&evaluation, Metric::LesionSliceDice), Some(0.5));

    let mut evaluator = Evaluator::new(0.5, SeverityConfig::default());
    evaluator.add(&grey(&lesion), truth("a", "a", &lesion, None), &[]).unwrap();
    let mixed = evaluator.add(&grey(&lesion), truth("b", "b", &lesion, Some(&drawn(&LUNG))), &[]);
    assert!(matches!(mixed, Err(EvaluateError::MixedLabels { slice }) if slice == "b"));
}

#[test]
fn wrong_inputs_are_errors_that_name_the_slice() {
    let mut evaluator = Evaluator::new(0.5, SeverityConfig::default());
    let lesion = drawn(&LESION);
    let small = instance(ClassName::Lesion, 0.9, &drawn(&["##", "##"]));
    let error = evaluator.add(&grey(&lesion), truth("x.png", "a", &lesion, None), &[small]).unwrap_err();
    assert!(
        matches!(&error, EvaluateError::Mask { .. }) && error.to_string().starts_with("x.png"),
        "{error}"
    );
    let mut bad = instance(ClassName::Lesion, f32::NAN, &drawn(&FIRST));
    let error = evaluator
        .add(&grey(&lesion), truth("x.png", "a", &lesion, None), std::slice::from_ref(&bad))
        .unwrap_err();
    assert!(matches!(error, EvaluateError::NotFinite { .. }));
    bad.score = 0.9;
    bad.bbox[2] = f32::INFINITY;
    assert!(evaluator.add(&grey(&lesion), truth("x.png", "a", &lesion, None), &[bad]).is_err());
    assert_eq!(evaluator.finish(&Bootstrap::default()).unwrap_err(), EvaluateError::NoSlice);
}

#[test]
fn labels_come_apart_into_instances() {
    let specks = drawn(&["##..#.", "##..#.", "......", "#....#", ".#..#.", "..##.."]);
    let areas: Vec<usize> = lesion_instances(&specks).iter().map(Mask::area).collect();
    // Two pixels are a speck; the diagonal of six is one lesion.
    assert_eq!(areas, [4, 6]);

    let mut lung = Mask::empty(40, 60);
    for row in 5..35 {
        lung.pixels[row * 60 + 5..row * 60 + 20].fill(1);
        lung.pixels[row * 60 + 40..row * 60 + 55].fill(1);
    }
    lung.pixels[37 * 60 + 41] = 1;
    let instances = lung_instances(&lung);
    assert_eq!(instances.iter().map(Mask::area).collect::<Vec<_>>(), [450, 451]);
    assert!(instances[1].contains(37, 41));
    assert!(lung_instances(&Mask::empty(3, 3)).is_empty());
}

#[test]
fn intervals_keep_a_patients_slices_together() {
    let lesion = drawn(&LESION);
    let all = vec![
        instance(ClassName::Lesion, 0.9, &drawn(&FIRST)),
        instance(ClassName::Lesion, 0.9, &drawn(&SECOND)),
    ];
    let interval = |patients: [&str; 4]| {
        let slices = patients.iter().enumerate().map(|(i, patient)| {
            let found = if i < 2 { all.clone() } else { Vec::new() };
            (truth(&i.to_string(), patient, &lesion, None), found)
        });
        let evaluation = evaluate(slices.collect());
        evaluation.get(Metric::LesionSliceDice).unwrap().interval.unwrap()
    };
    // Each patient half right: every resample is the same.
    assert_eq!(interval(["a", "b", "a", "b"]), [0.5, 0.5]);
    // One patient right, one wrong: from nothing to all.
    assert_eq!(interval(["a", "a", "b", "b"]), [0.0, 1.0]);
}

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

#[test]
fn a_fingerprint_is_of_values_and_labels_not_of_names() {
    let lesion = drawn(&["#..", ".#."]);
    let lung = drawn(&["##.", ".##"]);
    let slice = CtSlice {
        rows: 2,
        columns: 3,
        values: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
        scale: ValueScale::Grey { max: 255.0 },
        pixel_spacing: None,
        patient_right_is_image_left: None,
        format: FileFormat::Png,
        picture: None,
    };
    let labels = truth("0.png", "a", &lesion, Some(&lung));
    let print = fingerprint(&slice, &labels);
    // sha256 of, little-endian: float 255, 2 and 3 as 64-bit integers, the floats, the masks' sizes and bytes; by Python's
    // struct and hashlib.
    assert_eq!(print, "d5b431f17668effa6c540e0d33ff483a88f6732b2ce9fc5a79b135bfe6946df6");
    let elsewhere = CtSlice { format: FileFormat::Jpeg, ..slice.clone() };
    assert_eq!(fingerprint(&elsewhere, &truth("1.jpg", "b", &lesion, Some(&lung))), print);
    let mut others = vec![
        (CtSlice { rows: 3, columns: 2, ..slice.clone() }, labels.clone()),
        (CtSlice { scale: ValueScale::Hounsfield, ..slice.clone() }, labels.clone()),
        (slice.clone(), truth("0.png", "a", &lung, Some(&lung))),
        (slice.clone(), truth("0.png", "a", &lesion, Some(&lesion))),
        (slice.clone(), truth("0.png", "a", &lesion, None)),
    ];
    let mut brighter = slice.clone();
    brighter.values[5] = 6.0;
    others.push((brighter, labels));
    for (number, (slice, labels)) in others.iter().enumerate() {
        assert_ne!(fingerprint(slice, labels), print, "{number}");
    }
}

/// The reference slices as the parts of `folds` folds, through JSON.
fn parts(folds: usize) -> Vec<Predictions> {
    let (reference, _) = reference();
    let mut parts: Vec<Predictions> = (0..folds)
        .map(|fold| {
            let model = model(&format!("r50-{fold}"));
            Predictions::new([fold, folds], model, Quantization::Int8, "CPU".into(), task())
        })
        .collect();
    for (number, slice) in reference.slices.iter().enumerate() {
        let found = slice.found.iter().map(|found| Instance {
            class: found.class,
            score: found.score,
            bbox: found.bbox,
            mask: found.mask.decode().unwrap(),
        });
        parts[number % folds].slices.push(SlicePredictions {
            name: format!("{number}.png"),
            pixels_sha256: String::new(),
            found: found.map(|instance| (&instance).into()).collect(),
        });
    }
    parts.iter().map(|part| Predictions::from_json(&part.to_json().unwrap()).unwrap()).collect()
}

#[test]
fn pooled_folds_give_what_one_run_gives() {
    let (reference, whole) = reference();
    let mut shuffled = parts(3);
    shuffled.rotate_left(1);
    let pooled = pool(shuffled).unwrap();
    assert_eq!(pooled.slices.len(), reference.slices.len());
    assert_eq!(pooled.about.models.iter().map(|m| m.slices).collect::<Vec<_>>(), [4, 4, 4]);
    let mut evaluator = Evaluator::new(reference.score_threshold, SeverityConfig::default());
    for (number, slice) in reference.slices.iter().enumerate() {
        let name = format!("{number}.png");
        let (lesion, lung) = (slice.lesion.decode().unwrap(), slice.lung.decode().unwrap());
        let found = pooled.slices[&name].instances().unwrap();
        evaluator.add(&grey(&lesion), truth(&name, &slice.patient, &lesion, Some(&lung)), &found).unwrap();
    }
    let bootstrap = Bootstrap { resamples: reference.resamples, seed: reference.seed };
    assert_eq!(evaluator.finish(&bootstrap).unwrap(), whole);
    let text = to_markdown(&pooled.about, &whole, &bootstrap, &[]);
    assert!(text.starts_with("# resnet50 (int8), cross-validated over 3 folds, on slices, val\n"), "{text}");
    assert!(text.contains("not trained on its patient"));
}

#[test]
fn parts_that_are_no_whole_are_refused() {
    let told = |parts: Vec<Predictions>| pool(parts).unwrap_err().to_string();
    assert!(told(Vec::new()).contains("there is no part"));
    assert!(told(parts(3)[..2].to_vec()).contains("the part of fold 2 is missing"));
    assert!(told(parts(3)[1..].to_vec()).contains("the part of fold 0 is missing"));
    let mut twice = parts(2);
    twice.push(twice[1].clone());
    assert!(told(twice).contains("the part of fold 1 is there twice"));
    let mut mixed = parts(2);
    mixed[1].task.score_threshold = 0.7;
    assert!(told(mixed).contains("are of two evaluations"));
    let mut mixed = parts(2);
    mixed[1].quantization = Quantization::F16;
    assert!(told(mixed).contains("are of two kinds"));
    let mut mixed = parts(2);
    let slice = mixed[0].slices[0].clone();
    mixed[1].slices.push(slice);
    assert!(told(mixed).contains("0.png is in two parts"));
    let other = parts(1)[0].to_json().unwrap().replace("\"schema_version\":2", "\"schema_version\":1");
    assert!(Predictions::from_json(&other).unwrap_err().to_string().contains("version 2"));
}
