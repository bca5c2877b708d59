//! Parts of an evaluation, put together.

use lunglens::evaluate::{
    Bootstrap, Evaluator, Predictions, SlicePredictions, fingerprint, pool, to_markdown,
};
use lunglens::imaging::{CtSlice, FileFormat, ValueScale};
use lunglens::report::Instance;
use lunglens::severity::SeverityConfig;
use lunglens::weights::Quantization;

use super::support::{drawn, grey, model, reference, task, truth};

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
