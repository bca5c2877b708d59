//! How fast the convolution runs on a device: used by the page's bench and by `benches/kernels.rs`.

use burn::tensor::{Device, ExecutionError, Tensor, TensorData};
use web_time::Instant;

use super::{ConvGeometry, ConvWeight, conv2d};

/// One measured shape.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchRow {
    /// The shape in words.
    pub name: String,
    /// Median wall time of one convolution, in ms.
    pub milliseconds: f64,
    /// Billions of floating point operations a second (a multiply and an add are two).
    pub gflops: f64,
}

/// A shape to measure.
struct Shape {
    rows: usize,
    inputs: usize,
    outputs: usize,
    geometry: ConvGeometry,
}

/// Shapes of ResNet-50, the pyramid and the heads at 256 and 512 pixels.
const SHAPES: [Shape; 7] = [
    Shape { rows: 64, inputs: 256, outputs: 256, geometry: ConvGeometry::SAME_3X3 },
    Shape { rows: 128, inputs: 256, outputs: 256, geometry: ConvGeometry::SAME_3X3 },
    Shape { rows: 14, inputs: 256, outputs: 256, geometry: ConvGeometry::SAME_3X3 },
    Shape { rows: 80, inputs: 64, outputs: 64, geometry: ConvGeometry::SAME_3X3 },
    Shape { rows: 64, inputs: 256, outputs: 64, geometry: ConvGeometry::POINTWISE },
    Shape { rows: 20, inputs: 1024, outputs: 256, geometry: ConvGeometry::POINTWISE },
    Shape {
        rows: 224,
        inputs: 4,
        outputs: 64,
        geometry: ConvGeometry { kernel_size: 7, stride: 2, padding: 3, relu: true },
    },
];

/// Runs of each shape after the first, which compiles the kernel.
const RUNS: usize = 3;

/// Measures every shape in turn and hands each row to `each` as it comes.
///
/// # Errors
/// Where the device fails.
pub async fn bench(device: &Device, each: &mut dyn FnMut(BenchRow)) -> Result<(), ExecutionError> {
    for shape in &SHAPES {
        each(measure(shape, device).await?);
    }
    Ok(())
}

async fn measure(shape: &Shape, device: &Device) -> Result<BenchRow, ExecutionError> {
    let Shape { rows, inputs, outputs, geometry } = *shape;
    let k = geometry.kernel_size;
    let input = filled([1, rows, rows, inputs], device);
    let weight = ConvWeight::Dense(filled([k, k, inputs, outputs], device));
    let bias = Tensor::<1>::from_data(TensorData::new(vec![0.5f32; outputs], [outputs]), device);
    let mut times = Vec::with_capacity(RUNS);
    for run in 0..=RUNS {
        let began = Instant::now();
        let output = conv2d(input.clone(), &weight, bias.clone(), None, geometry);
        // One pixel read back waits for the whole convolution.
        output.narrow(1, 0, 1).narrow(2, 0, 1).into_data_async().await?;
        if run > 0 {
            times.push(began.elapsed().as_secs_f64());
        }
    }
    times.sort_by(f64::total_cmp);
    let seconds = times[RUNS / 2];
    let [output_rows, output_columns] = geometry.output_size(rows, rows);
    // In f64: the product does not fit a browser's 32-bit usize.
    let factors = [output_rows, output_columns, outputs, k, k, inputs];
    let operations = 2.0 * factors.iter().map(|&f| f as f64).product::<f64>();
    Ok(BenchRow {
        name: format!("{k}x{k} stride {} {inputs} to {outputs} at {rows}x{rows}", geometry.stride),
        milliseconds: seconds * 1e3,
        gflops: operations / seconds / 1e9,
    })
}

/// Small values without a pattern that a kernel could profit from.
fn filled(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|i| ((i * 2_654_435_761) % 1000) as f32 / 1000.0 - 0.5).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}
