//! The one line that sums a slice up.

use std::time::Duration;

use lunglens::report::{DeviceInfo, DeviceKind, Input, Report};
use lunglens::severity::{Assessment, Finding, Involvement};
use lunglens::words::{counted, graded_percent};

/// For example `case.png: Mild, lung involvement 7.3 % (left 9.1 %, right 5.2 %), 3 lesions, GPU: llvmpipe, 2.1 s`.
pub fn line(
    name: &str,
    assessment: &Assessment,
    lesions: usize,
    device: &DeviceInfo,
    time: Duration,
) -> String {
    format!(
        "{name}: {}, {}, {:.1} s",
        finding(assessment, lesions),
        describe_device(device),
        time.as_secs_f32()
    )
}

/// For example `GPU: llvmpipe`; a device without a name of its own gives its kind alone.
pub(super) fn describe_device(device: &DeviceInfo) -> String {
    let kind = match device.kind {
        DeviceKind::Gpu => "GPU",
        DeviceKind::Cpu => "CPU",
    };
    if device.name == kind { kind.to_owned() } else { format!("{kind}: {}", device.name) }
}

fn finding(assessment: &Assessment, lesions: usize) -> String {
    // What mixes several slices has no grade.
    let grade = match assessment.several_slices {
        true => "Several slices".to_owned(),
        false => assessment.finding.to_string(),
    };
    if assessment.finding == Finding::NoLungFound {
        return grade;
    }
    let count = counted(lesions, "lesion");
    let limit = assessment.alarming_from_percent;
    let percent = |lungs: &Involvement| graded_percent(lungs.exact_percent(), &[limit]);
    let sides: Vec<String> = [("left", &assessment.left), ("right", &assessment.right)]
        .into_iter()
        .filter_map(|(side, lung)| lung.as_ref().map(|lung| format!("{side} {}", percent(lung))))
        .collect();
    let sides = if sides.is_empty() { String::new() } else { format!(" ({})", sides.join(", ")) };
    format!("{grade}, lung involvement {}{sides}, {count}", percent(&assessment.lungs))
}

/// What a reader of the line must know of how the slice was read.
pub fn cautions(report: &Report) -> Vec<String> {
    let coloured = report.input.picture.is_some_and(|picture| picture.coloured);
    let assessment = &report.assessment;
    let no_lung = assessment.finding == Finding::NoLungFound;
    let one_lung =
        !no_lung && !assessment.several_slices && (assessment.left.is_none() || assessment.right.is_none());
    let picture = report.input.picture.is_some();
    let several = || {
        let parts = parts_of(report).join(" or ");
        let parts = if parts.is_empty() { "--part".to_owned() } else { parts };
        format!(
            "the picture seems to show several slices, and the figures mix them; read one alone ({parts})"
        )
    };
    let mut all = Vec::new();
    if coloured {
        all.push(
            "the picture has colours and was read as grey; marks drawn on it can be taken for lesions"
                .to_owned(),
        );
    }
    if assessment.several_slices {
        all.push(several());
    } else if picture && no_lung {
        all.push("if there is a slice in the picture, read it alone (--part), upright (--turn)".to_owned());
    }
    if coloured && one_lung {
        all.push(
            "only one lung was found; if the picture shows both, read the slice alone (--part)".to_owned(),
        );
    }
    all
}

/// The options that read the slices of a picture alone.
fn parts_of(report: &Report) -> Vec<String> {
    let Input { rows, columns, picture: Some(picture), .. } = report.input else { return Vec::new() };
    let option = |place: &[f32; 4]| {
        let [x0, y0, x1, y1] = picture.part_of_slice(place.map(f64::from), rows, columns).area?;
        let turn = match picture.turned_degrees {
            0 => String::new(),
            degrees => format!(" --turn {degrees}"),
        };
        Some(format!("--part {x0},{y0},{x1},{y1}{turn}"))
    };
    report.slices.iter().filter_map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn involvement(percent: f32) -> Involvement {
        let lesion_pixels = (percent * 1000.0).round() as usize;
        Involvement { lung_pixels: 100_000, lesion_pixels, percent, lung_mm2: None, lesion_mm2: None }
    }

    fn assessment(finding: Finding, sides: Option<(f32, f32)>) -> Assessment {
        Assessment {
            finding,
            lungs: involvement(7.34),
            left: sides.map(|(left, _)| involvement(left)),
            right: sides.map(|(_, right)| involvement(right)),
            lesion_pixels_outside_lungs: 0,
            alarming_from_percent: 25.0,
            side_assumed: true,
            several_slices: false,
        }
    }

    fn device() -> DeviceInfo {
        DeviceInfo { kind: DeviceKind::Gpu, name: "llvmpipe".into(), backend: "vulkan".into() }
    }

    #[test]
    fn a_finding_with_both_sides() {
        let assessment = assessment(Finding::Mild, Some((9.1, 5.2)));
        let text = line("case.png", &assessment, 3, &device(), Duration::from_millis(2060));
        assert_eq!(
            text,
            "case.png: Mild, lung involvement 7.3 % (left 9.1 %, right 5.2 %), 3 lesions, GPU: llvmpipe, 2.1 s"
        );
    }

    #[test]
    fn one_lesion_and_unknown_sides() {
        let text = finding(&assessment(Finding::Alarming, None), 1);
        assert_eq!(text, "Alarming, lung involvement 7.3 %, 1 lesion");
    }

    #[test]
    fn traces_are_no_zero_and_no_figure_contradicts_the_finding() {
        let mut assessment = assessment(Finding::Mild, Some((0.001, 30.0)));
        assessment.lungs = involvement(24.96);
        assert_eq!(
            finding(&assessment, 2),
            "Mild, lung involvement 24.9 % (left < 0.1 %, right 30.0 %), 2 lesions"
        );
        // Less than the report's three decimals.
        assessment.lungs = Involvement { lung_pixels: 10_000_000, lesion_pixels: 1, ..involvement(0.0) };
        assert_eq!(
            finding(&assessment, 1),
            "Mild, lung involvement < 0.1 % (left < 0.1 %, right 30.0 %), 1 lesion"
        );
    }

    #[test]
    fn no_lung_gives_no_numbers() {
        assert_eq!(finding(&assessment(Finding::NoLungFound, None), 0), "No lung found");
        let several = assessment(Finding::NoLungFound, None).of_several_slices();
        assert_eq!(finding(&several, 0), "Several slices");
    }
}
