//! Causes in the languages of the page. In English they are told in the library's own words.

mod arabic;
mod chinese;
mod french;
mod portuguese;
mod russian;
mod spanish;

pub use arabic::ARABIC;
pub use chinese::CHINESE;
pub use french::FRENCH;
pub use portuguese::PORTUGUESE;
pub use russian::RUSSIAN;
pub use spanish::SPANISH;

use lunglens::study::{Lacking, NotMeasured};

use super::Strings;
use crate::format;
use crate::protocol::{Cause, CauseKind};

/// The causes in one language.
#[allow(missing_docs, reason = "each name says which words it holds")]
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct CauseWords {
    /// Between reasons of a list, which hold commas.
    pub semicolon: &'static str,

    // What files or a series are, as the end of a sentence.
    pub unknown_format: &'static str,
    pub unread_picture: &'static str,
    pub deep_archive: &'static str,
    pub directory: &'static str,
    pub no_image: &'static str,
    pub other_modality: &'static str,
    pub localiser: &'static str,
    pub projection: &'static str,
    pub not_axial: &'static str,
    pub reformat: &'static str,
    pub other_coding: &'static str,
    pub no_series: &'static str,
    pub other_part: &'static str,
    pub unmeasurable: &'static str,
    pub part_of_scan: &'static str,
    pub smaller: &'static str,
    pub other_study: &'static str,
    pub not_chosen: &'static str,
    pub single_picture: &'static str,
    pub copy: &'static str,

    // What slices share, as the end of a sentence.
    pub size: &'static str,
    pub pixel_spacing: &'static str,
    pub orientation: &'static str,
    pub study: &'static str,
    pub patient: &'static str,
    pub coordinates: &'static str,

    // What is wrong, as sentences.
    pub unfit: &'static str,
    pub of_file: &'static str,
    pub damaged: &'static str,
    pub cut_short: &'static str,
    pub not_read: &'static str,
    pub coding: &'static str,
    pub too_large: &'static str,
    pub coloured: &'static str,
    pub bad_part: &'static str,
    pub archive: &'static str,
    pub gone: &'static str,
    pub unreadable: &'static str,
    pub nothing: &'static str,
    pub several_stacks: &'static str,
    pub missing: &'static str,
    pub lacks: &'static str,
    pub too_few: &'static str,
    pub mixed: &'static str,
    pub bad_geometry: &'static str,
    pub turned: &'static str,
    pub duplicate: &'static str,
    pub gap: &'static str,
    pub uneven: &'static str,
    pub several_slices: &'static str,
    pub labels: &'static str,
    pub unknown_scale: &'static str,
    pub lost: &'static str,
    pub failed: &'static str,
    pub not_written: &'static str,
    pub not_fetched: &'static str,
    pub wrong_model: &'static str,
    pub model_failed: &'static str,
    pub memory: &'static str,

    // What a study does not have, and why.
    pub no_volumes: &'static str,
    pub no_densities: &'static str,
    pub no_zones: &'static str,
}

impl Cause {
    /// It in a language: a sentence, or of what files or a series are, the end of one.
    pub fn said(&self, t: &Strings) -> String {
        t.causes.map_or_else(|| self.words.clone(), |words| words.say(t, self))
    }

    /// The library's words, where they say more than the language does.
    pub fn detail(&self, t: &Strings) -> Option<&str> {
        (t.causes.is_some() && self.is_general()).then_some(&self.words)
    }
}

/// What a study does not have and why, in a language.
pub fn not_measured(t: &Strings, one: &NotMeasured) -> String {
    let Some(words) = t.causes else { return format!("Not measured: {}. {}", one.what, one.why) };
    let coloured = *one == NotMeasured::new(one.what, true) && *one != NotMeasured::new(one.what, false);
    match one.what {
        Lacking::Volumes => words.no_volumes.into(),
        Lacking::Densities if coloured => format!("{} {}", words.no_densities, t.coloured),
        Lacking::Densities => words.no_densities.into(),
        Lacking::Zones => format!("{} {}", words.no_zones, t.side_assumed),
    }
}

/// A text with its places, such as `{name}`, filled in; what is filled in may itself look like a place.
fn fill(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, (place, behind))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        filled.push_str(before);
        filled.push_str(&value(place));
        rest = behind;
    }
    filled + rest
}

impl CauseWords {
    /// A cause in this language, whose other words are `t`.
    fn say(&self, t: &Strings, cause: &Cause) -> String {
        if cause.kind == CauseKind::Nothing && cause.within.is_empty() {
            return t.no_files.into();
        }
        let number = |at: usize| cause.numbers.get(at).copied().unwrap_or_default();
        fill(self.text(cause.kind), |place| match place {
            "name" => cause.name.clone(),
            "count" => number(0).to_string(),
            "of" => number(1).to_string(),
            "from" => format::in_unit(t.units.mm, &t.decimal(number(0), 1)),
            "to" => format::in_unit(t.units.mm, &t.decimal(number(1), 1)),
            "why" if cause.kind == CauseKind::Nothing => self.list(t, &cause.within),
            "why" => cause.within.first().map(|why| self.say(t, why)).unwrap_or_default(),
            _ => String::new(),
        })
    }

    /// What files are, and how many.
    fn list(&self, t: &Strings, all: &[Cause]) -> String {
        let one = |cause: &Cause| {
            let count = cause.numbers.first().map_or(0, |&count| count as usize);
            let files = t.number(count, t.one_file, t.some_files).replace("{count}", &count.to_string());
            format!("{} ({files})", self.say(t, cause).trim_end_matches(['.', '。']))
        };
        all.iter().map(one).collect::<Vec<_>>().join(self.semicolon)
    }

    fn text(&self, kind: CauseKind) -> &'static str {
        use CauseKind as K;
        match kind {
            K::UnknownFormat => self.unknown_format,
            K::UnreadPicture => self.unread_picture,
            K::DeepArchive => self.deep_archive,
            K::Directory => self.directory,
            K::NoImage => self.no_image,
            K::OtherModality => self.other_modality,
            K::Localiser => self.localiser,
            K::Projection => self.projection,
            K::NotAxial => self.not_axial,
            K::Reformat => self.reformat,
            K::OtherCoding => self.other_coding,
            K::NoSeries => self.no_series,
            K::OtherPart => self.other_part,
            K::Unmeasurable => self.unmeasurable,
            K::PartOfScan => self.part_of_scan,
            K::Smaller => self.smaller,
            K::OtherStudy => self.other_study,
            K::NotChosen => self.not_chosen,
            K::SinglePicture => self.single_picture,
            K::Copy => self.copy,
            K::Size => self.size,
            K::PixelSpacing => self.pixel_spacing,
            K::Orientation => self.orientation,
            K::Study => self.study,
            K::Patient => self.patient,
            K::Coordinates => self.coordinates,
            K::Unfit => self.unfit,
            K::OfFile => self.of_file,
            K::Damaged => self.damaged,
            K::CutShort => self.cut_short,
            K::NotRead => self.not_read,
            K::Coding => self.coding,
            K::TooLarge => self.too_large,
            K::Coloured => self.coloured,
            K::BadPart => self.bad_part,
            K::Archive => self.archive,
            K::Gone => self.gone,
            K::Unreadable => self.unreadable,
            K::Nothing => self.nothing,
            K::SeveralStacks => self.several_stacks,
            K::Missing => self.missing,
            K::Lacks => self.lacks,
            K::TooFew => self.too_few,
            K::Mixed => self.mixed,
            K::BadGeometry => self.bad_geometry,
            K::Turned => self.turned,
            K::Duplicate => self.duplicate,
            K::Gap => self.gap,
            K::Uneven => self.uneven,
            K::SeveralSlices => self.several_slices,
            K::Labels => self.labels,
            K::UnknownScale => self.unknown_scale,
            K::Lost => self.lost,
            K::Failed => self.failed,
            K::NotWritten => self.not_written,
            K::NotFetched => self.not_fetched,
            K::WrongModel => self.wrong_model,
            K::ModelFailed => self.model_failed,
            K::Memory => self.memory,
        }
    }
}

#[cfg(test)]
mod tests;
