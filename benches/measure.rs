//! `cargo bench --no-default-features --bench measure`: wall time of what is done on the CPU with the masks of 100 drawn
//! detections on a slice of 512x512, in parts. Needs no model and no device.

use std::hint::black_box;
use std::time::Instant;

use lunglens::masks::{Mask, Rle, fill_holes, paste_mask};
use lunglens::report::{ClassName, Instance, join_lesions};
use lunglens::severity::{SeverityConfig, assess};

const SIDE: usize = 512;
const MASK: usize = 28;
const DETECTIONS: usize = 100;
const RUNS: usize = 30;

fn main() {
    let found: Vec<(ClassName, [f32; 4], Vec<f32>)> = (0..DETECTIONS).map(detection).collect();
    let paste = || -> Vec<Instance> {
        found
            .iter()
            .map(|(class, bbox, values)| {
                let mask = paste_mask(values, MASK, *bbox, SIDE, SIDE, 0.5).expect("the values are finite");
                Instance { class: *class, score: 0.9, bbox: *bbox, mask }
            })
            .collect()
    };
    let instances = paste();
    let masks = |class: ClassName| -> Vec<&Mask> {
        instances.iter().filter(|i| i.class == class).map(|i| &i.mask).collect()
    };
    let (lesions, lungs) = (masks(ClassName::Lesion), masks(ClassName::Lung));
    let pixels: usize = instances.iter().map(|i| i.mask.area()).sum();
    println!("{} lesions and {} lungs, {pixels} pixels in all; median ms:", lesions.len(), lungs.len());
    time("pasting", paste);
    time("filling holes", || lungs.iter().map(|mask| fill_holes(mask).area()).sum::<usize>());
    time("assessing", || {
        assess(&lesions, &lungs, SIDE, SIDE, None, None, &SeverityConfig::default()).expect("the masks fit")
    });
    time("run lengths", || instances.iter().map(|i| Rle::encode(&i.mask)).collect::<Vec<_>>());
    time("areas", || instances.iter().map(|i| i.mask.area()).sum::<usize>());
    time("copying and joining lesions", || join_lesions(instances.clone(), 0.3).expect("the masks fit"));
}

/// A disc with a soft rim and a hole in a box: three of four are lesions, one is a lung.
fn detection(number: usize) -> (ClassName, [f32; 4], Vec<f32>) {
    let scatter = |salt: usize, below: usize| ((number * 4 + salt) * 2_654_435_761 / 1024 % below) as f32;
    let (class, [height, width]) = if number.is_multiple_of(4) {
        (ClassName::Lung, [250.0 + scatter(0, 100), 130.0 + scatter(1, 60)])
    } else {
        (ClassName::Lesion, [20.0 + scatter(0, 120), 20.0 + scatter(1, 100)])
    };
    let (top, left) = (scatter(2, SIDE - 150) - 20.0, scatter(3, SIDE - 100) - 20.0);
    let values = (0..MASK * MASK)
        .map(|at| {
            let centred = |v: usize| (v as f32 + 0.5) / MASK as f32 * 2.0 - 1.0;
            let radius = centred(at % MASK).hypot(centred(at / MASK));
            1.0 / (1.0 + ((radius - 0.9).max(0.1 - radius) * 12.0).exp())
        })
        .collect();
    (class, [left, top, left + width, top + height], values)
}

fn time<T>(what: &str, mut work: impl FnMut() -> T) {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let began = Instant::now();
            black_box(work());
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:30} {:8.2}", times[RUNS / 2]);
}
