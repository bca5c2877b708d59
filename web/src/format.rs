//! Numbers as people read them.

use crate::protocol::DeviceSummary;
use crate::strings::text;

/// Bytes in megabytes, such as `22.4 MB`.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// A percentage, with one decimal below 10 and with none that would mislead: `0.4 %`, `12.3 %`; `< 0.1 %` for traces.
pub fn percent(value: f32) -> String {
    if value > 0.0 && value < 0.05 { "< 0.1 %".into() } else { format!("{value:.1} %") }
}

/// An area in mm2 where known, else in pixels.
pub fn area(pixels: u64, mm2: Option<f32>) -> String {
    match mm2 {
        Some(mm2) => format!("{} mm\u{b2}", grouped(mm2.round() as u64)),
        None => format!("{} px", grouped(pixels)),
    }
}

/// Digits in groups of three, parted by a narrow space.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// Seconds from milliseconds, such as `3.4 s` or `0.08 s`.
pub fn seconds(millis: f64) -> String {
    if millis < 995.0 { format!("{:.2} s", millis / 1e3) } else { format!("{:.1} s", millis / 1e3) }
}

/// A time to come from milliseconds, no more exact than it can be told: `about 40 s`, `about 12 min`, `about 2 h`.
pub fn about(millis: f64) -> String {
    let seconds = millis / 1e3;
    match seconds {
        s if s < 5.0 => "a few seconds".into(),
        s if s < 55.0 => format!("about {:.0} s", (s / 5.0).round() * 5.0),
        s if s < 90.0 * 60.0 => format!("about {:.0} min", (s / 60.0).round().max(1.0)),
        s => format!("about {:.0} h", (s / 3600.0).round().max(2.0)),
    }
}

/// A volume, with a decimal below 100 ml.
pub fn ml(ml: f64) -> String {
    match ml {
        ml if ml > 0.0 && ml < 0.05 => "< 0.1 ml".into(),
        ml if ml < 100.0 => format!("{ml:.1} ml"),
        ml => format!("{} ml", grouped(ml.round() as u64)),
    }
}

/// `WebGPU: name`, or `CPU`.
pub fn device(device: &DeviceSummary) -> String {
    match (device.gpu, device.name.is_empty()) {
        (true, false) => format!("WebGPU: {}", device.name),
        (true, true) => "WebGPU".into(),
        (false, _) => text().cpu.into(),
    }
}

/// `name` without its last extension, for the names of saved files.
pub fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(megabytes(22_431_000), "22.4 MB");
        assert_eq!(percent(0.01), "< 0.1 %");
        assert_eq!(percent(0.0), "0.0 %");
        assert_eq!(percent(24.96), "25.0 %");
        assert_eq!(area(1234, None), "1\u{202f}234 px");
        assert_eq!(area(1234, Some(999.6)), "1\u{202f}000 mm\u{b2}");
        assert_eq!(grouped(12), "12");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(seconds(80.0), "0.08 s");
        assert_eq!(seconds(3444.0), "3.4 s");
    }

    #[test]
    fn times_and_volumes_are_no_more_exact_than_they_are_known() {
        assert_eq!(about(1200.0), "a few seconds");
        assert_eq!(about(38_000.0), "about 40 s");
        assert_eq!(about(59_000.0), "about 1 min");
        assert_eq!(about(720_000.0), "about 12 min");
        assert_eq!(about(9_000_000.0), "about 3 h");
        assert_eq!(ml(0.01), "< 0.1 ml");
        assert_eq!(ml(0.0), "0.0 ml");
        assert_eq!(ml(12.34), "12.3 ml");
        assert_eq!(ml(4250.4), "4\u{202f}250 ml");
    }

    #[test]
    fn devices_and_names() {
        assert_eq!(device(&DeviceSummary { gpu: true, name: "SwiftShader".into() }), "WebGPU: SwiftShader");
        assert_eq!(device(&DeviceSummary { gpu: false, name: "wasm".into() }), "CPU");
        assert_eq!(stem("slice.1.dcm"), "slice.1");
        assert_eq!(stem(".hidden"), ".hidden");
    }
}
