//! Evaluation against pycocotools, scipy and numpy (`fixtures/evaluate/make_evaluation.py`), and cases that can be
//! checked by hand.

#![allow(clippy::unwrap_used)]

mod pooled;
mod support;
mod written;

use lunglens::evaluate::{
    Bootstrap, CocoScore, EvaluateError, Evaluator, Metric, Overlap, Rate, involvement_svg, lesion_instances,
    lung_instances,
};
use lunglens::masks::Mask;
use lunglens::report::ClassName;
use lunglens::severity::{Finding, SeverityConfig};
use support::{
    FIRST, LEFT, LESION, LUNG, RIGHT, SECOND, drawn, evaluate, grey, instance, reference, truth, value,
};

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
