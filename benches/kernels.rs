//! `cargo bench --bench kernels -- [cpu|gpu [all]]`: GFLOP/s of the convolution for a few of the network's shapes, or for
//! all shapes of both backbones at 320 and 512, as a Markdown table. Weights are floats on a GPU, and of 8 bit on the CPU.

use lunglens::engine::{DeviceChoice, open_device};
use lunglens::kernels::{BenchRow, BenchWeights, ConvShape, bench, bench_conv};
use lunglens::manifest::{Backbone, MaskRcnnConfig};
use lunglens::model::conv_shapes;

use burn::tensor::Device;

/// The networks whose shapes are measured.
const NETWORKS: [(&str, Backbone, usize); 4] = [
    ("R50 320", Backbone::Resnet50, 320),
    ("R50 512", Backbone::Resnet50, 512),
    ("R101 320", Backbone::Resnet101, 320),
    ("R101 512", Backbone::Resnet101, 512),
];

fn main() {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let choice = match arguments.first().map(String::as_str) {
        Some("cpu") => DeviceChoice::Cpu,
        Some("gpu") => DeviceChoice::Gpu,
        _ => DeviceChoice::Auto,
    };
    let every = arguments.iter().any(|argument| argument == "all");
    let measured = pollster::block_on(async {
        let (device, info) = open_device(choice).await.map_err(|error| error.to_string())?;
        println!("{} ({})\n", info.name, info.backend);
        let weights = BenchWeights::for_device(info.kind);
        let done =
            if every { all(&device, weights).await } else { bench(&device, weights, &mut print).await };
        done.map_err(|error| error.to_string())
    });
    if let Err(error) = measured {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

fn print(row: BenchRow) {
    println!("{:45} {:10.2} ms {:8.2} GFLOP/s", row.name, row.milliseconds, row.gflops);
}

/// Measures each shape once and tells how much of each network's time it takes, with 300 boxes and 100 masks.
async fn all(device: &Device, weights: BenchWeights) -> Result<(), burn::tensor::ExecutionError> {
    let networks = NETWORKS.map(|(_, backbone, input_size)| {
        conv_shapes(&MaskRcnnConfig {
            input_size,
            semantic_channels: Some(64),
            ..MaskRcnnConfig::new(backbone)
        })
    });
    let mut rows: Vec<(ConvShape, BenchRow)> = Vec::new();
    for (shape, _) in networks.iter().flatten() {
        if !rows.iter().any(|(known, _)| known == shape) {
            rows.push((*shape, bench_conv(shape, device, weights).await?));
        }
    }
    let best = rows.iter().map(|(_, row)| row.gflops).fold(0.0, f64::max);
    let times = |network: usize, shape: &ConvShape| {
        networks[network].iter().find(|(known, _)| known == shape).map_or(0, |(_, times)| *times)
    };
    let names = NETWORKS.map(|(name, ..)| name).join(" | ");
    println!(
        "| convolution | ms | GFLOP/s | share of the best | {names} |\n|---|---|---|---|---|---|---|---|"
    );
    for (shape, row) in &rows {
        let uses = [0, 1, 2, 3].map(|network| format!("{}x", times(network, shape)));
        let share = 100.0 * row.gflops / best;
        println!(
            "| {} | {:.2} | {:.1} | {share:.0} % | {} |",
            row.name,
            row.milliseconds,
            row.gflops,
            uses.join(" | ")
        );
    }
    let totals = [0, 1, 2, 3].map(|network| {
        let total: f64 =
            rows.iter().map(|(shape, row)| row.milliseconds * times(network, shape) as f64).sum();
        format!("{total:.0} ms")
    });
    println!("| all, 300 boxes and 100 masks | | | | {} |", totals.join(" | "));
    Ok(())
}
