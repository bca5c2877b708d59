//! Lesions that touch are one lesion.

use super::instance::{ClassName, Instance, sort_instances};
use crate::masks::{Mask, MaskError, connected_components};

/// A lesion of fewer pixels is noise; the labels that models are trained and measured on have none.
const SMALLEST_LESION_PIXELS: usize = 4;

/// Of the score limit, from which share on a lesion counts where it touches one above the limit.
const FAINT_SHARE: f32 = 0.5;

/// The score above which [`join_lesions`] wants lesions, if those above `score_threshold` are to be reported.
pub fn faint_score(score_threshold: f32) -> f32 {
    score_threshold * FAINT_SHARE
}

/// Joins lesions whose masks touch or overlap, so that no pixel is outlined or listed twice, leaves out what has no score
/// above `score_threshold`, and puts the rest in the report's order.
///
/// A Mask R-CNN finds parts of a spread-out lesion beside the whole. Lesions become the 8-connected components of all
/// lesion masks together, as radiologists' labels are read (`docs/evaluation.md`): the score is the highest of the
/// instances in it, the box the component's own. So a faint part ([`faint_score`]) belongs to a lesion that it touches, and is
/// nothing alone, as in hysteresis thresholding (Canny 1986, doi 10.1109/TPAMI.1986.4767851): sparse ground glass around a
/// lesion is where models are least sure. Components of fewer than 4 pixels are left out.
///
/// # Errors
/// [`MaskError`] if the masks are not of one size.
pub fn join_lesions(instances: Vec<Instance>, score_threshold: f32) -> Result<Vec<Instance>, MaskError> {
    let faint = faint_score(score_threshold);
    let (mut lesions, mut joined): (Vec<Instance>, Vec<Instance>) =
        instances.into_iter().partition(|instance| instance.class == ClassName::Lesion);
    lesions.retain(|lesion| lesion.score > faint);
    joined.retain(|other| other.score > score_threshold);
    if let Some(first) = lesions.first() {
        let mut all = Mask::empty(first.mask.rows, first.mask.columns);
        sort_instances(&mut lesions);
        for lesion in &lesions {
            all.add(&lesion.mask)?;
        }
        let labels = connected_components(&all);
        let mut scores = vec![None; labels.count()];
        // Best first, and a mask of several parts scores each of them.
        for lesion in &lesions {
            let Some([rows, columns]) = lesion.mask.bounds() else { continue };
            for row in rows {
                let place = row * labels.columns + columns.start..row * labels.columns + columns.end;
                for (&label, &inside) in labels.labels[place.clone()].iter().zip(&lesion.mask.pixels[place]) {
                    if inside != 0 {
                        scores[label as usize - 1].get_or_insert(lesion.score);
                    }
                }
            }
        }
        // Their masks are in `labels` now.
        drop(lesions);
        for (label, (part, score)) in (1..).zip(labels.parts.iter().zip(scores)) {
            let Some(score) = score.filter(|&score| score > score_threshold) else { continue };
            if part.area < SMALLEST_LESION_PIXELS {
                continue;
            }
            let (rows, columns) = (&part.rows, &part.columns);
            let bbox = [columns.start, rows.start, columns.end, rows.end].map(|side| side as f32);
            joined.push(Instance { class: ClassName::Lesion, score, bbox, mask: labels.component(label) });
        }
    }
    sort_instances(&mut joined);
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(class: ClassName, score: f32, pixels: &[(usize, usize)]) -> Instance {
        let mut mask = Mask::empty(6, 8);
        for &(row, column) in pixels {
            mask.pixels[row * 8 + column] = 1;
        }
        Instance { class, score, bbox: [0.0, 0.0, 8.0, 6.0], mask }
    }

    #[test]
    fn touching_lesions_become_one_and_specks_none() {
        let square = [(0, 0), (0, 1), (1, 0), (1, 1)];
        // It touches the square by a corner, and has a far part of its own.
        let corner = [(2, 2), (2, 3), (5, 4), (5, 5), (5, 6), (5, 7)];
        let speck = [(0, 6), (0, 7)];
        let lung = instance(ClassName::Lung, 0.99, &square);
        let found = join_lesions(
            vec![
                lung.clone(),
                instance(ClassName::Lesion, 0.4, &square),
                instance(ClassName::Lesion, 0.7, &corner),
                instance(ClassName::Lesion, 0.9, &speck),
            ],
            0.3,
        )
        .expect("masks of one size");
        let lesions: Vec<_> = found.iter().filter(|i| i.class == ClassName::Lesion).collect();
        assert_eq!(lesions.len(), 2);
        assert_eq!([lesions[0].score, lesions[1].score], [0.7, 0.7]);
        assert_eq!(lesions[0].bbox, [0.0, 0.0, 4.0, 3.0]);
        assert_eq!(lesions[0].mask.area(), 6);
        assert_eq!(lesions[1].bbox, [4.0, 5.0, 8.0, 6.0]);
        assert_eq!(found.last(), Some(&lung));
    }

    #[test]
    fn nothing_stays_nothing() {
        assert_eq!(join_lesions(Vec::new(), 0.3), Ok(Vec::new()));
        let empty = instance(ClassName::Lesion, 0.9, &[]);
        assert_eq!(join_lesions(vec![empty], 0.3), Ok(Vec::new()));
    }

    #[test]
    fn a_faint_part_counts_only_where_it_touches_a_lesion() {
        let (sure, faint) = ([(0, 0), (0, 1), (1, 0), (1, 1)], [(2, 2), (2, 3), (3, 2), (3, 3)]);
        let beyond = [(4, 4), (4, 5), (5, 4), (5, 5)];
        let alone = [(0, 6), (0, 7), (1, 6), (1, 7)];
        let found = |beyond_score| {
            let lesions = vec![
                instance(ClassName::Lesion, 0.31, &sure),
                instance(ClassName::Lesion, 0.16, &faint),
                instance(ClassName::Lesion, beyond_score, &beyond),
                instance(ClassName::Lesion, 0.3, &alone),
                instance(ClassName::Lung, 0.29, &alone),
            ];
            join_lesions(lesions, 0.3).expect("masks of one size")
        };
        // Through the faint part to the next, but not to one below half the limit.
        for (beyond_score, pixels) in [(0.2, 12), (0.15, 8)] {
            let found = found(beyond_score);
            assert_eq!(found.len(), 1);
            assert_eq!((found[0].score, found[0].mask.area()), (0.31, pixels));
        }
    }
}
