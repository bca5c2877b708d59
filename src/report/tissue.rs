//! Lungs that cannot be lungs, by their Hounsfield units.

use super::instance::{ClassName, Instance};
use crate::imaging::{CtSlice, ValueScale};

/// Fat, in HU. Diseased lung may come so dense on average, but is spread over far more.
const FAT_HU: std::ops::Range<f32> = -150.0..-30.0;
/// A region is fat from this share of its pixels on.
const FAT_SHARE: f32 = 0.6;
/// Air and foam lie below, in HU; so does most of a lung with emphysema, but not its vessels.
const VESSEL_HU: f32 = -800.0;
/// A region without vessels has fewer pixels above than this share.
const VESSEL_SHARE: f32 = 0.05;

/// Leaves out lungs that are fat, or air without a vessel, and lesions that lie mostly in them: in slices beyond the chest a network
/// that has only seen chests takes the fat around the bowel, and the air and the pad around a head, for lungs. Slices of grey values stay
/// as they are. The limits are from series that go beyond the chest (`docs/comparison.md`).
pub fn keep_lung_tissue(instances: Vec<Instance>, slice: &CtSlice) -> Vec<Instance> {
    if slice.scale != ValueScale::Hounsfield {
        return instances;
    }
    let is_false = |one: &Instance| one.class == ClassName::Lung && !is_lung_tissue(pixels(one, slice));
    let (wrong, mut kept): (Vec<Instance>, Vec<Instance>) = instances.into_iter().partition(is_false);
    if !wrong.is_empty() {
        kept.retain(|one| one.class == ClassName::Lung || !lies_in(one, &wrong));
    }
    kept
}

/// The values of an instance's pixels.
fn pixels(one: &Instance, slice: &CtSlice) -> impl Iterator<Item = f32> {
    one.mask.pixels.iter().zip(&slice.values).filter(|&(&inside, _)| inside != 0).map(|(_, &hu)| hu)
}

fn is_lung_tissue(values: impl Iterator<Item = f32>) -> bool {
    let (mut all, mut fat, mut vessels) = (0usize, 0usize, 0usize);
    for hu in values {
        all += 1;
        fat += usize::from(FAT_HU.contains(&hu));
        vessels += usize::from(hu >= VESSEL_HU);
    }
    (fat as f32) < FAT_SHARE * all as f32 && vessels as f32 >= VESSEL_SHARE * all as f32
}

/// Whether more than half of a lesion lies in one of `lungs`.
fn lies_in(lesion: &Instance, lungs: &[Instance]) -> bool {
    let inside = |&at: &usize| lungs.iter().any(|lung| lung.mask.pixels[at] != 0);
    let of_lesion: Vec<usize> =
        (0..lesion.mask.pixels.len()).filter(|&at| lesion.mask.pixels[at] != 0).collect();
    2 * of_lesion.iter().copied().filter(inside).count() > of_lesion.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::FileFormat;
    use crate::masks::Mask;

    const SIDE: usize = 20;

    /// A slice whose upper half has the given values in turn, its lower half those of soft tissue.
    fn slice(upper: &[f32], scale: ValueScale) -> CtSlice {
        let value = |at: usize| if at < SIDE * SIDE / 2 { upper[at % upper.len()] } else { 40.0 };
        CtSlice {
            rows: SIDE,
            columns: SIDE,
            values: (0..SIDE * SIDE).map(value).collect(),
            scale,
            pixel_spacing: None,
            patient_right_is_image_left: None,
            format: FileFormat::Dicom,
            picture: None,
        }
    }

    /// An instance of some rows.
    fn instance(class: ClassName, rows: std::ops::Range<usize>) -> Instance {
        let bytes: Vec<u8> = (0..SIDE * SIDE).map(|at| rows.contains(&(at / SIDE)).into()).collect();
        let bbox = [0.0, rows.start as f32, SIDE as f32, rows.end as f32];
        Instance { class, score: 0.9, bbox, mask: Mask::from_bytes(SIDE, SIDE, &bytes).unwrap() }
    }

    fn left(upper: &[f32], scale: ValueScale) -> Vec<ClassName> {
        let found = vec![
            instance(ClassName::Lesion, 1..4),
            instance(ClassName::Lesion, 8..13),
            instance(ClassName::Lung, 0..10),
        ];
        keep_lung_tissue(found, &slice(upper, scale)).iter().map(|one| one.class).collect()
    }

    #[test]
    fn lungs_of_all_densities_stay() {
        let all = [ClassName::Lesion, ClassName::Lesion, ClassName::Lung];
        let healthy = [-880.0, -860.0, -840.0, -820.0, -870.0, -850.0, -600.0, -200.0];
        // NLST 101287: a median of -943, and 7 % above -700.
        let mut emphysema = [-945.0; 15];
        emphysema[7] = -300.0;
        let ground_glass = [-700.0, -600.0, -500.0, -400.0];
        // As dense as fat on average.
        let severe = [-700.0, -500.0, -300.0, -100.0, -60.0, 0.0, 30.0, 40.0, 50.0, 60.0];
        let consolidated = [20.0, 40.0];
        for hu in [&healthy[..], &emphysema, &ground_glass, &severe, &consolidated] {
            assert_eq!(left(hu, ValueScale::Hounsfield), all, "{hu:?}");
        }
    }

    #[test]
    fn fat_and_air_are_no_lungs_and_hold_no_lesions() {
        // Bowel fat, air in the bowel, and a foam pad, as measured on such slices.
        for hu in
            [&[-110.0, -95.0, -90.0, -40.0, -10.0][..], &[-1000.0, -990.0], &[-961.0, -940.0, -923.0, -879.0]]
        {
            assert_eq!(left(hu, ValueScale::Hounsfield), [ClassName::Lesion], "{hu:?}");
        }
    }

    #[test]
    fn grey_values_say_nothing_of_density() {
        assert_eq!(left(&[-1000.0], ValueScale::Grey { max: 255.0 }).len(), 3);
        assert!(keep_lung_tissue(Vec::new(), &slice(&[0.0], ValueScale::Hounsfield)).is_empty());
    }
}
