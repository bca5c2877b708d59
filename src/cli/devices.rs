//! `lunglens devices`.

use std::io::Write;

use anyhow::Context;
use lunglens::engine::list_devices;
use lunglens::report::DeviceKind;

use super::args::DevicesArgs;
use super::exit::{CannotRun, Exit};
use super::table::format_table;
use super::tell::stdout;

/// Prints the devices that can run the network, the one that `--device auto` takes first.
pub fn run(options: &DevicesArgs) -> anyhow::Result<Exit> {
    let devices = pollster::block_on(list_devices());
    let mut stdout = stdout();
    if options.json {
        let text = serde_json::to_string_pretty(&devices).context("writing the devices as JSON")?;
        writeln!(stdout, "{text}")?;
    } else {
        let rows: Vec<[String; 3]> = devices
            .iter()
            .map(|device| {
                let kind = match device.kind {
                    DeviceKind::Gpu => "gpu",
                    DeviceKind::Cpu => "cpu",
                };
                [kind.to_owned(), device.name.clone(), device.backend.clone()]
            })
            .collect();
        write!(stdout, "{}", format_table(["KIND", "NAME", "BACKEND"], &rows))?;
    }
    if devices.is_empty() {
        return Err(CannotRun("no device can run the network".to_owned()).into());
    }
    Ok(Exit::Success)
}
