//! Numbers as people read them. A number and its unit stay on one line, so the space between them does not break.

use lunglens::intake::PartKind;
use lunglens::study::Composition;
use lunglens::words;

use crate::protocol::{DeviceSummary, FoundSeries};
use crate::strings::text;

/// The longest ending of a file's name: `dicom`.
const LONGEST_ENDING: usize = 5;

/// A number with so many decimals, as the page's language writes it.
pub fn decimal(value: f64, digits: usize) -> String {
    text().decimal(value, digits)
}

/// A number in a unit of [`Units`](crate::strings::Units).
pub fn in_unit(unit: &str, number: &str) -> String {
    unit.replace("{number}", number)
}

/// A length with so many decimals.
pub fn mm(mm: f64, digits: usize) -> String {
    in_unit(text().units.mm, &decimal(mm, digits))
}

/// One text for one of a kind, another for several, with `{count}` filled in.
pub fn counted(count: usize, one: &str, several: &str) -> String {
    text().number(count, one, several).replace("{count}", &count.to_string())
}

/// Bytes in megabytes, such as `22.4 MB`.
pub fn megabytes(bytes: u64) -> String {
    in_unit(text().units.megabytes, &decimal(bytes as f64 / 1e6, 1))
}

/// What tells titles apart: each without the words that all of them begin with. One alone stays whole.
pub fn told_apart<'a>(titles: &[&'a str]) -> Vec<&'a str> {
    let mut left = titles.to_vec();
    while let [first, _, ..] = left.as_slice()
        && let Some((word, _)) = first.split_once(' ')
    {
        let rest =
            |title: &&'a str| title.split_once(' ').filter(|(own, _)| *own == word).map(|(_, rest)| rest);
        match left.iter().map(rest).collect() {
            Some(shorter) => left = shorter,
            None => break,
        }
    }
    left
}

/// What a series is called.
pub fn title(series: &FoundSeries) -> String {
    let t = text();
    let name = match (series.label.as_str(), series.number) {
        ("", Some(number)) => t.series_number.replace("{number}", &number.to_string()),
        ("", None) => t.series_unnamed.into(),
        (label, _) => label.to_owned(),
    };
    let Some(part) = &series.part else { return name };
    let words = match part.kind {
        PartKind::Acquisition => t.part_acquisition,
        PartKind::Kernel => t.part_kernel,
        PartKind::ImageType => t.part_type,
    };
    t.series_part.replace("{part}", words).replace("{value}", &part.value).replace("{name}", &name)
}

/// A slice of several by its index, such as `Slice 16 of 30`.
pub fn one_of(index: usize, slices: usize) -> String {
    let words = &text().of_viewer;
    format!("{} {} {} {slices}", words.slice, index + 1, words.of)
}

/// What a series is, such as `DICOM CT, 120 slices of 512 x 512, 1.5 mm apart`.
pub fn details(series: &FoundSeries) -> String {
    let t = text();
    let slices = counted(series.slices, t.one_slice, t.some_slices);
    let mut said = format!("{}{}{slices}", series.form.as_deref().unwrap_or(t.pictures), t.comma);
    if let Some([rows, columns]) = series.size {
        let size = t.of_size.replace("{columns}", &columns.to_string()).replace("{rows}", &rows.to_string());
        said.push_str(&format!(" {size}"));
    }
    if let Some(mm) = series.slice_spacing_mm.filter(|_| series.slices > 1) {
        let mut mm = decimal(mm, 2);
        // 5, 2.5 or 1.25.
        while mm.ends_with('0') && mm.contains(t.decimal) {
            mm.pop();
        }
        said.push_str(t.comma);
        said.push_str(&t.apart.replace("{mm}", &in_unit(t.units.mm, mm.trim_end_matches(t.decimal))));
    }
    said
}

/// A percentage with one decimal, as `12.3 %`, or `< 0.1 %` for traces.
pub fn percent(value: f64) -> String {
    share(&in_language(&words::tenths(value)))
}

/// A percentage beside grades that follow from it: what is below one of their limits is not rounded up to it.
pub fn graded_percent(value: f64, limits: &[f64]) -> String {
    share(&in_language(&words::graded_tenths(value, limits)))
}

/// What lesions consist of: four shares, together all of them.
pub fn composition(shares: &Composition) -> String {
    [
        ("{aerated}", shares.aerated_percent),
        ("{glass}", shares.ground_glass_percent),
        ("{dense}", shares.consolidation_percent),
        ("{denser}", shares.denser_percent),
    ]
    .into_iter()
    .fold(text().composition.to_owned(), |said, (place, share)| said.replace(place, &percent(share)))
}

/// A number as [`words`] has it, on one line and with the mark of the page's language.
fn in_language(number: &str) -> String {
    text().marked(number.replace(' ', "\u{a0}"))
}

/// A number that is a percentage, as the page's language writes it.
pub fn share(number: &str) -> String {
    text().percent.replace("{number}", number)
}

/// An area in mm2 where known, else in pixels.
pub fn area(pixels: u64, mm2: Option<f32>) -> String {
    match mm2 {
        Some(mm2) => in_unit(text().units.mm2, &grouped(mm2.round() as u64)),
        None => self::pixels(pixels),
    }
}

/// A number of pixels or voxels.
pub fn pixels(count: u64) -> String {
    in_unit(text().units.pixels, &grouped(count))
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
    in_unit(text().units.seconds, &decimal(millis / 1e3, if millis < 995.0 { 2 } else { 1 }))
}

/// A time to come from milliseconds, no more exact than it can be told: `about 40 s`, `about 12 min`, `about 2 h`.
pub fn about(millis: f64) -> String {
    let t = text();
    let seconds = millis / 1e3;
    let (words, n) = match seconds {
        s if s < 5.0 => (t.few_seconds, 0.0),
        s if s < 55.0 => (t.about_seconds, (s / 5.0).round() * 5.0),
        s if s < 90.0 * 60.0 => (t.about_minutes, (s / 60.0).round().max(1.0)),
        s => (t.about_hours, (s / 3600.0).round().max(2.0)),
    };
    words.replace("{n}", &format!("{n:.0}"))
}

/// A volume, with a decimal below 100 ml.
pub fn ml(ml: f64) -> String {
    let number = match ml {
        ml if ml < 100.0 => in_language(&words::tenths(ml)),
        ml => grouped(ml.round() as u64),
    };
    in_unit(text().units.ml, &number)
}

/// `WebGPU: name`, or `CPU`.
pub fn device(device: &DeviceSummary) -> String {
    match (device.gpu, device.name.is_empty()) {
        (true, false) => format!("WebGPU: {}", device.name),
        (true, true) => "WebGPU".into(),
        (false, _) => text().cpu.into(),
    }
}

/// `name` without its ending, for the names of saved files. What follows the last point of a UID or of a date is none.
pub fn stem(name: &str) -> &str {
    let is_ending = |ending: &str| {
        ending.len() <= LONGEST_ENDING
            && ending.chars().all(|c| c.is_ascii_alphanumeric())
            && ending.chars().any(|c| c.is_ascii_alphabetic())
    };
    match name.rsplit_once('.') {
        Some((rest, ending)) if !rest.is_empty() && ending.eq_ignore_ascii_case("gz") => stem(rest),
        Some((rest, ending)) if !rest.is_empty() && is_ending(ending) => rest,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use lunglens::intake::SeriesPart;

    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(megabytes(22_431_000), "22.4\u{a0}MB");
        assert_eq!(percent(0.01), "<\u{a0}0.1\u{a0}%");
        assert_eq!(percent(0.0), "0.0\u{a0}%");
        assert_eq!(percent(24.96), "25.0\u{a0}%");
        let graded = [24.94, 24.96, 24.999, 25.0, 25.04].map(|value| graded_percent(value, &[25.0]));
        assert_eq!(graded, [24.9, 24.9, 24.9, 25.0, 25.0].map(percent));
        assert_eq!(graded_percent(0.01, &[25.0]), percent(0.01));
        assert_eq!(area(1234, None), "1\u{202f}234\u{a0}px");
        assert_eq!(area(1234, Some(999.6)), "1\u{202f}000\u{a0}mm\u{b2}");
        assert_eq!(grouped(12), "12");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(seconds(80.0), "0.08\u{a0}s");
        assert_eq!(seconds(3444.0), "3.4\u{a0}s");
    }

    #[test]
    fn what_lesions_consist_of_is_told_whole() {
        let shares = Composition {
            aerated_percent: 68.7,
            ground_glass_percent: 25.66,
            consolidation_percent: 5.63,
            denser_percent: 0.01,
        };
        let expected = "The lesions by HU: 68.7 % as aerated lung, 25.7 % ground glass, 5.6 % consolidation, < 0.1 % denser.";
        assert_eq!(composition(&shares).replace('\u{a0}', " "), expected);
    }

    #[test]
    fn times_and_volumes_are_no_more_exact_than_they_are_known() {
        assert_eq!(about(1200.0), "a few seconds");
        assert_eq!(about(38_000.0), "about 40\u{a0}s");
        assert_eq!(about(59_000.0), "about 1\u{a0}min");
        assert_eq!(about(720_000.0), "about 12\u{a0}min");
        assert_eq!(about(9_000_000.0), "about 3\u{a0}h");
        assert_eq!(ml(0.01), "<\u{a0}0.1\u{a0}ml");
        assert_eq!(ml(0.0), "0.0\u{a0}ml");
        assert_eq!(ml(12.34), "12.3\u{a0}ml");
        assert_eq!(ml(4250.4), "4\u{202f}250\u{a0}ml");
    }

    #[test]
    fn series_are_described_by_what_is_known() {
        let series = FoundSeries {
            form: Some("DICOM CT".into()),
            slices: 6,
            size: Some([512, 256]),
            slice_spacing_mm: Some(2.5),
            number: Some(3),
            ..FoundSeries::default()
        };
        assert_eq!(title(&series), "Series 3");
        let part = |kind, value: &str| Some(SeriesPart { kind, value: value.into() });
        let second = FoundSeries { part: part(PartKind::Acquisition, "2"), ..series.clone() };
        assert_eq!(title(&second), "Series 3 (acquisition 2)");
        let sharp = FoundSeries { label: "Chest".into(), part: part(PartKind::Kernel, "B70f"), ..second };
        assert_eq!(title(&sharp), "Chest (kernel B70f)");
        assert_eq!(details(&series), "DICOM CT, 6 slices of 256 \u{d7} 512, 2.5\u{a0}mm apart");
        assert_eq!(
            details(&FoundSeries { slice_spacing_mm: Some(10.0), ..series.clone() }),
            "DICOM CT, 6 slices of 256 \u{d7} 512, 10\u{a0}mm apart"
        );
        let picture = FoundSeries { label: "a.png".into(), slices: 1, ..FoundSeries::default() };
        assert_eq!((title(&picture), details(&picture)), ("a.png".into(), "Pictures, 1 slice".into()));
        assert_eq!(title(&FoundSeries::default()), "Series without a name");
        assert_eq!(one_of(15, 30), "Slice 16 of 30");
    }

    #[test]
    fn titles_lose_the_words_that_all_begin_with() {
        let (a, b) = ("Mask R-CNN ResNet50-FPN", "Mask R-CNN ResNet101-FPN");
        assert_eq!(told_apart(&[a, b]), ["ResNet50-FPN", "ResNet101-FPN"]);
        assert_eq!(told_apart(&[a]), [a]);
        assert_eq!(told_apart(&[a, "Mask R-CNN"]), ["R-CNN ResNet50-FPN", "R-CNN"], "none is left empty");
        assert_eq!(told_apart(&["One", "Two words"]), ["One", "Two words"]);
        assert!(told_apart(&[]).is_empty());
    }

    #[test]
    fn devices_and_names() {
        assert_eq!(device(&DeviceSummary { gpu: true, name: "SwiftShader".into() }), "WebGPU: SwiftShader");
        assert_eq!(device(&DeviceSummary { gpu: false, name: "wasm".into() }), "CPU");
        assert_eq!(stem("slice.1.dcm"), "slice.1");
        assert_eq!(stem(".hidden"), ".hidden");
        assert_eq!(stem("chest.nii.gz"), "chest");
        assert_eq!(stem("IM0001"), "IM0001");
        assert_eq!(stem("1.2.840.10008"), "1.2.840.10008");
        assert_eq!(stem("Chest 12.05.2024"), "Chest 12.05.2024");
        assert_eq!(stem("No. 12, J. Smith"), "No. 12, J. Smith");
    }
}
