//! How fast the convolution runs on a device: used by the page's bench and by `benches/kernels.rs`.

use std::fmt;
use std::sync::Arc;

use burn::tensor::{Device, ExecutionError};
use web_time::Instant;

use crate::report::DeviceKind;

use super::{ConvGeometry, ConvWeight, Precision, PreparedWeight, conv2d, download, max_pool2d, upload};

/// One measured shape.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchRow {
    /// The shape in words.
    pub name: String,
    /// Median wall time of one convolution, in ms; of a short one as the mean of several in a row.
    pub milliseconds: f64,
    /// Billions of floating point operations a second (a multiply and an add are two).
    pub gflops: f64,
}

/// A convolution to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvShape {
    /// Pictures or boxes at once.
    pub images: usize,
    /// Rows and columns of the input.
    pub size: [usize; 2],
    /// Channels of the input, a multiple of 4.
    pub inputs: usize,
    /// Channels of the output, a multiple of 8.
    pub outputs: usize,
    /// How it slides.
    pub geometry: ConvGeometry,
}

impl ConvShape {
    const fn square(side: usize, inputs: usize, outputs: usize, geometry: ConvGeometry) -> Self {
        Self { images: 1, size: [side, side], inputs, outputs, geometry }
    }

    /// Its floating point operations; a multiply and an add are two.
    pub fn operations(&self) -> f64 {
        let [rows, columns] = self.geometry.output_size(self.size[0], self.size[1]);
        let k = self.geometry.kernel_size;
        // In f64: the product does not fit a browser's 32-bit usize.
        let factors = [self.images, rows, columns, self.outputs, k, k, self.inputs];
        2.0 * factors.iter().map(|&f| f as f64).product::<f64>()
    }
}

impl fmt::Display for ConvShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self { images, size: [rows, columns], inputs, outputs, .. }, k) =
            (self, self.geometry.kernel_size);
        write!(f, "{k}x{k} stride {} {inputs} to {outputs} at {rows}x{columns}", self.geometry.stride)?;
        if *images > 1 { write!(f, ", {images} images") } else { Ok(()) }
    }
}

/// Shapes of ResNet-50, the pyramid and the heads at 256 and 512 pixels.
const SHAPES: [ConvShape; 7] = [
    ConvShape::square(64, 256, 256, ConvGeometry::SAME_3X3),
    ConvShape::square(128, 256, 256, ConvGeometry::SAME_3X3),
    ConvShape::square(14, 256, 256, ConvGeometry::SAME_3X3),
    ConvShape::square(80, 64, 64, ConvGeometry::SAME_3X3),
    ConvShape::square(64, 256, 64, ConvGeometry::POINTWISE),
    ConvShape::square(20, 1024, 256, ConvGeometry::POINTWISE),
    ConvShape::square(224, 4, 64, ConvGeometry { kernel_size: 7, stride: 2, padding: 3, relu: true }),
];

/// Runs of each shape after the first, which compiles the kernel.
const RUNS: usize = 3;
/// Below this a convolution is repeated.
const SHORT_SECONDS: f64 = 0.01;
/// How often.
const MORE: usize = 20;

/// How the weights of a measured convolution lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BenchWeights {
    /// Floats on the device; on the CPU they are laid out anew at each convolution.
    Dense,
    /// 8 bit, laid out for the CPU beforehand, as it has the models that ship.
    Prepared,
}

impl BenchWeights {
    /// Those that a device is measured with.
    pub fn for_device(kind: DeviceKind) -> Self {
        match kind {
            DeviceKind::Cpu => Self::Prepared,
            DeviceKind::Gpu => Self::Dense,
        }
    }
}

/// Measures a few typical shapes in turn and hands each row to `each` as it comes.
///
/// # Errors
/// Where the device fails.
pub async fn bench(
    device: &Device,
    weights: BenchWeights,
    each: &mut dyn FnMut(BenchRow),
) -> Result<(), ExecutionError> {
    for shape in &SHAPES {
        each(bench_conv(shape, device, weights).await?);
    }
    Ok(())
}

/// Measures one shape.
///
/// # Errors
/// Where the device fails.
pub async fn bench_conv(
    shape: &ConvShape,
    device: &Device,
    weights: BenchWeights,
) -> Result<BenchRow, ExecutionError> {
    let ConvShape { images, size: [rows, columns], inputs, outputs, geometry } = *shape;
    let k = geometry.kernel_size;
    let input = upload(values(images * rows * columns * inputs), [images, rows, columns, inputs], device);
    let weight_shape = [k, k, inputs, outputs];
    let weight = values(weight_shape.iter().product());
    let weight = match weights {
        BenchWeights::Dense => ConvWeight::Dense(upload(weight, weight_shape, device)),
        BenchWeights::Prepared => {
            let steps: Vec<i8> = weight.iter().map(|value| (value * 254.0) as i8).collect();
            let scales = vec![1.0 / 254.0; outputs];
            ConvWeight::Prepared(Arc::new(PreparedWeight::quantized(&steps, scales, weight_shape, geometry)))
        }
    };
    let bias = upload(vec![0.5; outputs], [outputs], device);
    let corner = ConvGeometry { stride: rows.max(columns), ..ConvGeometry::POINTWISE };
    // Seconds of so many convolutions, the last of them read back.
    let time = async |count: usize| -> Result<f64, ExecutionError> {
        let convolve = || conv2d(input.clone(), &weight, bias.clone(), None, geometry, Precision::F32);
        let began = Instant::now();
        let mut output = convolve();
        for _ in 1..count {
            output = convolve();
        }
        // One pixel read back waits for all.
        std::hint::black_box(download(vec![max_pool2d(output, corner)]).await?);
        Ok(began.elapsed().as_secs_f64())
    };
    // The first compiles the kernels.
    time(1).await?;
    let is_short = time(1).await? < SHORT_SECONDS;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let once = time(1).await?;
        // What launching and reading take shows beside a short run, and cancels out in the difference.
        times.push(if is_short { (time(1 + MORE).await? - once).max(0.0) / MORE as f64 } else { once });
    }
    times.sort_by(f64::total_cmp);
    let seconds = times[RUNS / 2];
    Ok(BenchRow {
        name: shape.to_string(),
        milliseconds: seconds * 1e3,
        gflops: shape.operations() / seconds / 1e9,
    })
}

/// Small values without a pattern that a kernel could profit from.
fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 2_654_435_761) % 1000) as f32 / 1000.0 - 0.5).collect()
}
