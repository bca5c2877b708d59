//! Instances out of labels.

use crate::masks::{Labels, Mask, connected_components};

/// Lesion components with fewer pixels are no instances: specks of the labelling. Pixel metrics count them.
pub const LEAST_LESION_PIXELS: usize = 4;
/// A lung component below this share of the largest one's area is a bit of its nearest neighbour.
pub const LEAST_LUNG_SHARE: f64 = 0.1;

/// The lesions of a label mask: its 8-connected components of at least [`LEAST_LESION_PIXELS`] pixels.
pub fn lesion_instances(label: &Mask) -> Vec<Mask> {
    let labels = connected_components(label);
    let areas = labels.areas();
    (1u32..)
        .zip(areas)
        .filter(|&(_, area)| area >= LEAST_LESION_PIXELS)
        .map(|(id, _)| labels.component(id))
        .collect()
}

/// The lungs of a label mask: its 8-connected components; those below [`LEAST_LUNG_SHARE`] of the largest join the
/// one that has the pixel nearest to their centroid.
pub fn lung_instances(label: &Mask) -> Vec<Mask> {
    let labels = connected_components(label);
    let areas = labels.areas();
    let least = LEAST_LUNG_SHARE * areas.iter().copied().max().unwrap_or(0) as f64;
    let is_large: Vec<bool> = areas.iter().map(|&area| area as f64 >= least).collect();
    let mut owner: Vec<usize> = (0..areas.len()).collect();
    for bit in (0..areas.len()).filter(|&i| !is_large[i]) {
        owner[bit] = nearest(&labels, &is_large, centroid(&labels, bit));
    }
    let mut instances = Vec::new();
    for id in (0..areas.len()).filter(|&i| is_large[i]) {
        let belongs = |&label: &u32| u8::from(label != 0 && owner[label as usize - 1] == id);
        let pixels = labels.labels.iter().map(belongs).collect();
        instances.push(Mask { rows: label.rows, columns: label.columns, pixels });
    }
    instances
}

fn centroid(labels: &Labels, component: usize) -> [f64; 2] {
    let (mut rows, mut columns, mut count) = (0.0, 0.0, 0.0);
    for (index, _) in labels.labels.iter().enumerate().filter(|&(_, &l)| l as usize == component + 1) {
        rows += (index / labels.columns) as f64;
        columns += (index % labels.columns) as f64;
        count += 1.0;
    }
    [rows / count, columns / count]
}

/// The large component with the pixel nearest to a point; of equally near ones the first.
fn nearest(labels: &Labels, is_large: &[bool], [row, column]: [f64; 2]) -> usize {
    let mut best = (f64::INFINITY, 0);
    for (index, &label) in labels.labels.iter().enumerate() {
        if label == 0 || !is_large[label as usize - 1] {
            continue;
        }
        let down = (index / labels.columns) as f64 - row;
        let across = (index % labels.columns) as f64 - column;
        let distance = down * down + across * across;
        if distance < best.0 {
            best = (distance, label as usize - 1);
        }
    }
    best.1
}
