//! `cargo bench --bench kernels [cpu|gpu]`: GFLOP/s of the convolution for the network's shapes.

use lunglens::engine::{DeviceChoice, open_device};
use lunglens::kernels::bench;

fn main() {
    let choice = match std::env::args().nth(1).as_deref() {
        Some("cpu") => DeviceChoice::Cpu,
        Some("gpu") => DeviceChoice::Gpu,
        _ => DeviceChoice::Auto,
    };
    let measured = pollster::block_on(async {
        let (device, info) = open_device(choice).await.map_err(|error| error.to_string())?;
        println!("{} ({})", info.name, info.backend);
        let mut print = |row: lunglens::kernels::BenchRow| {
            println!("{:45} {:10.2} ms {:8.2} GFLOP/s", row.name, row.milliseconds, row.gflops);
        };
        bench(&device, &mut print).await.map_err(|error| error.to_string())
    });
    if let Err(error) = measured {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}
