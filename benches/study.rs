//! `cargo bench --no-default-features --bench study`: processor time of what a study costs beside the network, with drawn masks of
//! 600 slices of 512x512: taking in each slice, then lungs, sides and lesions in three dimensions. Needs no model and no
//! device.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

use lunglens::imaging::{CtSlice, DicomHeader, FileFormat, Geometry, PixelSpacing, ValueScale};
use lunglens::masks::Mask;
use lunglens::report::{ClassName, Instance};
use lunglens::study::{SeriesPlan, SlicePlace, StudyBuilder, StudyError};

const SIDE: usize = 512;
const SLICES: usize = 600;
const LESIONS: usize = 40;
const RUNS: usize = 5;

fn main() {
    let plan = plan();
    let slice = slice();
    let found: Vec<Vec<Instance>> = (0..SLICES).map(instances).collect();
    let pixels = |class: ClassName| -> usize {
        found.iter().flatten().filter(|one| one.class == class).map(|one| one.mask.area()).sum()
    };
    println!(
        "{SLICES} slices of {SIDE}x{SIDE}, {} lung voxels, {} lesion voxels; median (least to most) of {RUNS}:",
        pixels(ClassName::Lung),
        pixels(ClassName::Lesion)
    );
    let (mut adding, mut finishing, mut lesions) = (Vec::new(), Vec::new(), 0);
    for _ in 0..RUNS {
        let mut builder = StudyBuilder::new(&plan, 1, 25.0).expect("the plan can be measured");
        let began = busy();
        for found in &found {
            builder.add(&slice, found, false).expect("the masks fit");
        }
        adding.push(busy() - began);
        let began = busy();
        let measured = builder.finish(|_| Ok::<_, StudyError>(slice.clone())).expect("all slices are there");
        finishing.push(busy() - began);
        lesions = black_box(measured).lesions.len();
    }
    tell("taking in a slice", "ms", adding.iter().map(|s| s * 1e3 / SLICES as f64).collect());
    tell("lungs, sides and lesions in 3-D", "s", finishing);
    println!("{lesions} lesions");
}

/// Seconds of processor time of this thread where the system tells it, else of the clock.
fn busy() -> f64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| Some(text.split(' ').next()?.parse::<u64>().ok()? as f64 / 1e9))
        .unwrap_or_else(|| BEGAN.get_or_init(Instant::now).elapsed().as_secs_f64())
}

fn tell(what: &str, unit: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let last = times.len() - 1;
    println!("{what:32} {:6.2} {unit} ({:.2} to {:.2})", times[last / 2], times[0], times[last]);
}

/// A disc of a slice.
struct Disc {
    row: f64,
    column: f64,
    half_height: f64,
    half_width: f64,
}

impl Disc {
    /// The cut through a body of ellipses, `height` (-1 to 1) of its half height from its middle; none beyond it.
    fn cut(&self, height: f64) -> Option<Self> {
        let scale = (1.0 - height * height).max(0.0).sqrt();
        let [half_height, half_width] = [self.half_height * scale, self.half_width * scale];
        (half_height >= 1.0 && half_width >= 1.0).then_some(Self { half_height, half_width, ..*self })
    }

    fn draw(&self, mask: &mut Mask) {
        let rows = (self.row - self.half_height).max(0.0) as usize..=(self.row + self.half_height) as usize;
        for row in rows.take_while(|&row| row < SIDE) {
            for column in 0..SIDE {
                let y = (row as f64 - self.row) / self.half_height;
                let x = (column as f64 - self.column) / self.half_width;
                if y * y + x * x <= 1.0 {
                    mask.pixels[row * SIDE + column] = 1;
                }
            }
        }
    }
}

/// All discs as one instance; none without discs.
fn instance(class: ClassName, discs: impl Iterator<Item = Disc>) -> Option<Instance> {
    let mut mask = Mask::empty(SIDE, SIDE);
    discs.for_each(|disc| disc.draw(&mut mask));
    (mask.area() > 0).then_some(Instance {
        class,
        score: 0.9,
        bbox: [0.0, 0.0, SIDE as f32, SIDE as f32],
        mask,
    })
}

/// Two lungs that touch in the middle third, lesions in them, gas in the bowel below, and the table on every slice.
fn instances(slice: usize) -> Vec<Instance> {
    let height = (slice as f64 - 300.0) / 290.0;
    let lung = |column: f64| Disc { row: 256.0, column, half_height: 150.0, half_width: 92.0 };
    let lungs = [166.0, 346.0].map(|column| instance(ClassName::Lung, lung(column).cut(height).into_iter()));
    let table = Disc { row: 480.0, column: 256.0, half_height: 3.0, half_width: 180.0 };
    let gas = (0..3).filter_map(|loop_of| {
        let place = Disc {
            row: 200.0,
            column: 180.0 + 70.0 * f64::from(loop_of),
            half_height: 20.0,
            half_width: 25.0,
        };
        place.cut((slice as f64 - 20.0) / 30.0)
    });
    let outside = instance(ClassName::Lung, gas.chain([table]));
    let lesions = (0..LESIONS).filter_map(|number| {
        let scatter = |salt: usize, below: usize| ((number * 4 + salt) * 2_654_435_761 / 1024 % below) as f64;
        let middle = 60.0 + scatter(0, 480);
        let (half, half_slices) = (6.0 + scatter(1, 24), 8.0 + scatter(2, 30));
        let column = if number % 2 == 0 { 166.0 } else { 346.0 } + scatter(3, 80) - 40.0;
        let place = Disc { row: 170.0 + scatter(1, 170), column, half_height: half, half_width: half };
        place.cut((slice as f64 - middle) / half_slices)
    });
    let lesions = instance(ClassName::Lesion, lesions);
    lungs.into_iter().chain([outside, lesions]).flatten().collect()
}

fn plan() -> SeriesPlan {
    let place = |index: usize| SlicePlace {
        file: index,
        frame: 0,
        height_mm: Some(index as f64),
        instance_number: Some(index as i64),
    };
    SeriesPlan {
        slices: (0..SLICES).map(place).collect(),
        rows: SIDE,
        columns: SIDE,
        geometry: Some(Geometry {
            slices: SLICES,
            rows: SIDE,
            columns: SIDE,
            pixel_spacing_mm: [0.7, 0.7],
            slice_spacing_mm: 1.0,
            origin_mm: [-180.0, -180.0, 0.0],
            row_direction: [1.0, 0.0, 0.0],
            column_direction: [0.0, 1.0, 0.0],
            slice_step_mm: [0.0, 0.0, 1.0],
        }),
        oriented: true,
        slice_thickness_mm: None,
        header: DicomHeader::default(),
    }
}

fn slice() -> CtSlice {
    CtSlice {
        rows: SIDE,
        columns: SIDE,
        values: (0..SIDE * SIDE).map(|at| (at % 1000) as f32 - 900.0).collect(),
        scale: ValueScale::Hounsfield,
        pixel_spacing: Some(PixelSpacing { row_mm: 0.7, column_mm: 0.7 }),
        patient_right_is_image_left: Some(true),
        format: FileFormat::Dicom,
        picture: None,
    }
}
