//! The box arithmetic against what torchvision computed (`fixtures/detect/make_fixtures.py`).

#![allow(clippy::unwrap_used)]

use lunglens::detect::{
    AnchorGenerator, BoxCoder, BoxXyxy, DetectError, RoiHeadsConfig, RpnConfig, RpnLevel, batched_nms,
    filter_proposals, level_of_box, nms, postprocess_detections,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    anchors: Vec<AnchorCase>,
    coder: Vec<CoderCase>,
    nms: Vec<NmsCase>,
    proposals: Vec<ProposalCase>,
    detections: Vec<DetectionCase>,
    levels: Vec<LevelCase>,
}

#[derive(Deserialize)]
struct AnchorCase {
    sizes: Vec<f32>,
    ratios: Vec<f32>,
    maps: Vec<[usize; 2]>,
    strides: Vec<[usize; 2]>,
    anchors: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct CoderCase {
    weights: [f32; 4],
    anchors: Vec<f32>,
    deltas: Vec<f32>,
    decoded: Vec<f32>,
    reference: Vec<f32>,
    encoded: Vec<f32>,
}

#[derive(Deserialize)]
struct NmsCase {
    threshold: f32,
    boxes: Vec<f32>,
    scores: Vec<f32>,
    groups: Vec<usize>,
    kept: Vec<usize>,
    batched: Vec<usize>,
}

#[derive(Deserialize)]
struct ProposalCase {
    image: [usize; 2],
    maps: Vec<[usize; 2]>,
    sizes: Vec<f32>,
    pre: usize,
    post: usize,
    nms: f32,
    score: f32,
    objectness: Vec<f32>,
    deltas: Vec<f32>,
    proposals: Vec<f32>,
}

#[derive(Deserialize)]
struct DetectionCase {
    image: [usize; 2],
    classes: usize,
    score: f32,
    nms: f32,
    most: usize,
    logits: Vec<f32>,
    regression: Vec<f32>,
    proposals: Vec<f32>,
    boxes: Vec<f32>,
    scores: Vec<f32>,
    labels: Vec<usize>,
}

#[derive(Deserialize)]
struct LevelCase {
    k_min: usize,
    k_max: usize,
    boxes: Vec<f32>,
    levels: Vec<usize>,
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("fixtures/detect/detect.json")).unwrap()
}

fn fours(values: &[f32]) -> Vec<[f32; 4]> {
    values.as_chunks::<4>().0.to_vec()
}

fn assert_close(found: &[BoxXyxy], expected: &[BoxXyxy], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        for axis in 0..4 {
            let tolerance = 1e-5 * b[axis].abs().max(10.0);
            assert!((a[axis] - b[axis]).abs() <= tolerance, "{what} {i}: {a:?} is not {b:?}");
        }
    }
}

#[test]
fn anchors_equal_torchvision() {
    let cases = fixtures().anchors;
    assert_eq!(cases.len(), 3);
    for case in cases {
        let generator = AnchorGenerator { sizes: case.sizes, aspect_ratios: case.ratios };
        for (level, (map, stride)) in case.maps.iter().zip(&case.strides).enumerate() {
            let found = generator.level_anchors(level, map[0], map[1], stride[0], stride[1]);
            assert_eq!(found.len(), map[0] * map[1] * generator.anchors_per_position());
            assert_eq!(found, fours(&case.anchors[level]), "level {level}");
        }
        assert!(generator.level_anchors(case.maps.len(), 2, 2, 4, 4).is_empty());
    }
}

#[test]
fn the_box_codec_equals_torchvision() {
    for case in fixtures().coder {
        let coder = BoxCoder { weights: case.weights };
        let anchors = fours(&case.anchors);
        let decoded: Vec<_> =
            fours(&case.deltas).iter().zip(&anchors).map(|(d, a)| coder.decode(*d, *a)).collect();
        assert_close(&decoded, &fours(&case.decoded), "decoded");
        let encoded: Vec<_> =
            fours(&case.reference).iter().zip(&anchors).map(|(r, a)| coder.encode(*r, *a)).collect();
        assert_close(&encoded, &fours(&case.encoded), "encoded");
        for ((delta, anchor), reference) in encoded.iter().zip(&anchors).zip(fours(&case.reference)) {
            // Growth beyond the decoder's clamp does not come back.
            if delta[2] / case.weights[2] < 4.1 && delta[3] / case.weights[3] < 4.1 {
                let back = coder.decode(*delta, *anchor);
                assert!(back.iter().zip(reference).all(|(a, b)| (a - b).abs() < 1e-2), "{back:?}");
            }
        }
    }
}

#[test]
fn suppression_equals_torchvision() {
    let cases = fixtures().nms;
    assert!(cases.iter().any(|c| c.kept.len() < c.boxes.len() / 4));
    for case in cases {
        let boxes = fours(&case.boxes);
        assert_eq!(nms(&boxes, &case.scores, case.threshold), case.kept, "{}", case.threshold);
        assert_eq!(batched_nms(&boxes, &case.scores, &case.groups, case.threshold), case.batched);
    }
}

#[test]
fn equal_scores_keep_the_lower_index() {
    let boxes = [[0.0, 0.0, 10.0, 10.0]; 3];
    assert_eq!(nms(&boxes, &[0.5; 3], 0.5), [0]);
    assert_eq!(batched_nms(&boxes, &[0.5; 3], &[7, 1, 7], 0.5), [0, 1]);
    assert_eq!(nms(&boxes, &[f32::NAN, 0.2, 0.3], 0.5), [2]);
}

fn rpn_levels(case: &ProposalCase) -> Vec<RpnLevel> {
    let generator = AnchorGenerator { sizes: case.sizes.clone(), aspect_ratios: vec![0.5, 1.0, 2.0] };
    let deltas = fours(&case.deltas);
    let mut start = 0;
    (0..case.maps.len())
        .map(|level| {
            let [rows, columns] = case.maps[level];
            let (y, x) = (case.image[0] / rows, case.image[1] / columns);
            let anchors = generator.level_anchors(level, rows, columns, y, x);
            let range = start..start + anchors.len();
            start = range.end;
            RpnLevel {
                anchors,
                objectness: case.objectness[range.clone()].to_vec(),
                deltas: deltas[range].to_vec(),
            }
        })
        .collect()
}

fn rpn_config(case: &ProposalCase) -> RpnConfig {
    RpnConfig {
        pre_nms_top_n: case.pre,
        post_nms_top_n: case.post,
        nms_threshold: case.nms,
        score_threshold: case.score,
        ..RpnConfig::default()
    }
}

#[test]
fn proposals_equal_torchvision() {
    for case in fixtures().proposals {
        let levels = rpn_levels(&case);
        let found = filter_proposals(&levels, &rpn_config(&case), case.image).unwrap();
        assert_close(&found, &fours(&case.proposals), "proposals");
    }
}

#[test]
fn a_top_k_made_before_changes_no_proposal() {
    let case = fixtures().proposals.remove(0);
    let config = rpn_config(&case);
    let levels = rpn_levels(&case);
    let chosen: Vec<RpnLevel> = levels
        .iter()
        .map(|level| {
            let mut order: Vec<usize> = (0..level.anchors.len()).collect();
            order.sort_by(|&a, &b| level.objectness[b].total_cmp(&level.objectness[a]));
            order.truncate(config.pre_nms_top_n);
            RpnLevel {
                anchors: order.iter().map(|&i| level.anchors[i]).collect(),
                objectness: order.iter().map(|&i| level.objectness[i]).collect(),
                deltas: order.iter().map(|&i| level.deltas[i]).collect(),
            }
        })
        .collect();
    assert!(chosen[0].anchors.len() < levels[0].anchors.len());
    assert_eq!(
        filter_proposals(&chosen, &config, case.image).unwrap(),
        filter_proposals(&levels, &config, case.image).unwrap()
    );
}

#[test]
fn detections_equal_torchvision() {
    for case in fixtures().detections {
        let config = RoiHeadsConfig {
            num_classes: case.classes,
            score_threshold: case.score,
            nms_threshold: case.nms,
            detections_per_image: case.most,
            ..RoiHeadsConfig::default()
        };
        let proposals = fours(&case.proposals);
        let found =
            postprocess_detections(&case.logits, &case.regression, &proposals, &config, case.image).unwrap();
        let boxes: Vec<_> = found.iter().map(|d| d.bbox).collect();
        assert_close(&boxes, &fours(&case.boxes), "detections");
        assert_eq!(found.iter().map(|d| d.label).collect::<Vec<_>>(), case.labels);
        assert!(found.iter().zip(&case.scores).all(|(d, s)| (d.score - s).abs() < 1e-6));
        assert!(found.len() <= case.most);
    }
}

#[test]
fn levels_equal_torchvision() {
    for case in fixtures().levels {
        let found: Vec<usize> =
            fours(&case.boxes).iter().map(|b| level_of_box(b, case.k_min, case.k_max)).collect();
        assert_eq!(found, case.levels);
    }
    assert_eq!(level_of_box(&[f32::NAN; 4], 2, 5), 0);
    assert_eq!(level_of_box(&[0.0, 0.0, f32::INFINITY, 1.0], 2, 5), 3);
}

#[test]
fn values_that_are_not_finite_are_named() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let case = fixtures().proposals.remove(1);
        let mut levels = rpn_levels(&case);
        levels[1].deltas[2][3] = bad;
        let error = filter_proposals(&levels, &rpn_config(&case), case.image).unwrap_err();
        assert_eq!(
            error.to_string(),
            "filtering proposals: box deltas holds a value that is not finite at index 11"
        );

        let mut case = fixtures().detections.remove(0);
        case.logits[7] = bad;
        let (proposals, config) = (fours(&case.proposals), RoiHeadsConfig::default());
        let error = postprocess_detections(&case.logits, &case.regression, &proposals, &config, case.image);
        assert!(matches!(error, Err(DetectError::NotFinite { tensor: "class logits", index: 7, .. })));
    }
}

#[test]
fn huge_but_finite_offsets_stay_inside_the_image() {
    let level = RpnLevel {
        anchors: vec![[0.0, 0.0, 32.0, 32.0]; 2],
        objectness: vec![f32::MAX, f32::MIN],
        deltas: vec![[f32::MAX, f32::MIN, f32::MAX, f32::MAX], [0.0, 0.0, f32::MAX, f32::MAX]],
    };
    let found = filter_proposals(&[level], &RpnConfig::default(), [64, 48]).unwrap();
    assert_eq!(found, [[0.0, 0.0, 48.0, 64.0]]);
}

#[test]
fn lengths_that_disagree_are_named() {
    let level = RpnLevel { anchors: vec![[0.0; 4]; 2], objectness: vec![0.0], deltas: vec![[0.0; 4]; 2] };
    let error = filter_proposals(&[level], &RpnConfig::default(), [8, 8]).unwrap_err();
    assert!(matches!(error, DetectError::Length { tensor: "objectness", expected: 2, found: 1, .. }));
    let error = postprocess_detections(&[0.0; 3], &[0.0; 8], &[[0.0; 4]], &RoiHeadsConfig::default(), [8, 8]);
    assert!(matches!(error, Err(DetectError::Length { tensor: "box regression", expected: 12, .. })));
    let none = RoiHeadsConfig { num_classes: 0, ..RoiHeadsConfig::default() };
    assert!(postprocess_detections(&[], &[], &[[0.0; 4]], &none, [8, 8]).unwrap().is_empty());
}
