//! Every word of the page, in one table a language. Another language is another file here and another [`Language`].
//!
//! What the library says of files is said as a cause ([`causes`]); its own words are in English.

mod arabic;
pub mod causes;
mod chinese;
mod english;
mod french;
mod language;
mod portuguese;
mod russian;
mod spanish;

pub use language::{Language, language, speak, text};

use self::causes::CauseWords;
use crate::viewer::words::ViewerWords;

/// Numbers with their units, on one line; from right to left, the number still stands before the unit.
#[allow(missing_docs, reason = "each name says which unit it is")]
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Units {
    pub mm: &'static str,
    pub mm2: &'static str,
    pub ml: &'static str,
    pub pixels: &'static str,
    pub megabytes: &'static str,
    pub seconds: &'static str,
}

/// The words of one language.
#[allow(missing_docs, reason = "each name says which words it holds")]
#[derive(Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Strings {
    /// Between the whole and the parts of a number.
    pub decimal: char,
    /// A percentage, on one line; from right to left, the sign still stands right of the number.
    pub percent: &'static str,
    /// Between what is said of one thing, as in "6 slices, 5 mm apart".
    pub comma: &'static str,
    /// Between things of a list.
    pub list_comma: &'static str,
    /// Between a name and what is said of it.
    pub colon: &'static str,
    /// The least count that takes the singular; the largest is 1.
    pub one_from: usize,
    /// Whether in "1 of 3 slices" the first number chooses between singular and plural.
    pub part_counts: bool,
    pub units: Units,
    /// Why files are not read and the like; none where the library's own words say it.
    pub causes: Option<&'static CauseWords>,

    pub tagline: &'static str,
    pub notice_label: &'static str,
    pub notice_research: &'static str,
    pub notice_local: &'static str,
    pub offline: &'static str,
    pub language: &'static str,
    /// Which texts are not in this language; empty where all are.
    pub in_english: &'static str,

    pub drop_title: &'static str,
    pub drop_hint: &'static str,
    pub drop_now: &'static str,
    pub choose_file: &'static str,
    pub choose_other: &'static str,
    pub samples: &'static str,
    pub sample_titles: [&'static str; 2],
    pub sample_missing: &'static str,
    pub sample_licences: &'static str,

    pub expect: &'static str,
    pub expect_items: [(&'static str, &'static str); 3],

    pub options: &'static str,
    pub model: &'static str,
    pub device: &'static str,
    pub device_auto: &'static str,
    pub device_gpu: &'static str,
    pub device_cpu: &'static str,
    pub clahe: &'static str,
    pub clahe_hint: &'static str,
    pub clahe_auto: &'static str,
    pub clahe_on: &'static str,
    pub clahe_off: &'static str,
    pub threshold: &'static str,
    pub threshold_hint: &'static str,
    pub run_again: &'static str,
    pub changed: &'static str,

    pub starting: &'static str,
    pub fetching: &'static str,
    pub preparing: &'static str,
    pub ready: &'static str,
    pub not_ready: &'static str,
    pub retry: &'static str,

    pub waiting: &'static str,
    pub reading: &'static str,
    pub cancel: &'static str,
    pub cancelled: &'static str,
    pub cancelled_hint: &'static str,
    pub failed_title: &'static str,
    pub stages: [&'static str; 7],
    pub stages_label: &'static str,
    pub stage_done: &'static str,
    pub stage_now: &'static str,

    pub viewer: &'static str,
    pub overlay: &'static str,
    pub opacity: &'static str,
    pub save_report: &'static str,
    pub save_overlay: &'static str,
    pub print: &'static str,
    pub printed: &'static str,
    pub printed_early: &'static str,
    pub result: &'static str,
    pub involvement: &'static str,
    pub whole: &'static str,
    pub left: &'static str,
    pub right: &'static str,
    pub no_lung_side: &'static str,
    pub side_assumed: &'static str,
    pub coloured: &'static str,
    pub several_slices: &'static str,
    pub several_slices_hint: &'static str,
    pub slices_advice: &'static str,
    pub picture_advice: &'static str,
    pub instances: &'static str,
    pub no_instances: &'static str,
    pub lesion: &'static str,
    pub lung: &'static str,
    pub mild: &'static str,
    pub alarming: &'static str,
    pub no_lesion: &'static str,
    pub no_lung: &'static str,
    pub mild_hint: &'static str,
    pub alarming_hint: &'static str,
    pub no_lesion_hint: &'static str,
    pub no_lung_hint: &'static str,
    pub file: &'static str,
    pub time: &'static str,
    pub size: &'static str,
    pub licence: &'static str,
    pub cpu: &'static str,

    pub no_model: &'static str,
    pub bad_report: &'static str,
    pub crashed: &'static str,
    pub crashed_once: &'static str,
    pub crashed_twice: &'static str,
    pub cpu_no_gpu: &'static str,
    pub cpu_memory: &'static str,
    pub cpu_failed: &'static str,
    pub reader_crashed: &'static str,
    pub result_stays: &'static str,
    pub worker_lost: &'static str,
    pub fetch_stalled: &'static str,
    pub other_model: &'static str,
    pub empty_file: &'static str,
    pub not_shown: &'static str,
    pub no_files: &'static str,
    pub unreadable: &'static str,

    pub choose_folder: &'static str,
    pub too_many: &'static str,
    /// What files are called: a name that keeps its order where the words run the other way.
    pub one_name: &'static str,
    pub and_more: &'static str,
    pub replace_title: &'static str,
    pub replace_work: &'static str,
    pub replace_unsaved: &'static str,
    pub replace: &'static str,
    pub keep_study: &'static str,
    pub leave_title: &'static str,
    pub leave_unsaved: &'static str,
    pub leave_again: &'static str,
    pub leave: &'static str,
    pub scanning: &'static str,
    pub one_file_read: &'static str,
    pub files_read: &'static str,
    pub study_open: &'static str,
    pub found: &'static str,
    pub one_slice: &'static str,
    pub some_slices: &'static str,
    pub of_size: &'static str,
    pub apart: &'static str,
    pub pictures: &'static str,
    pub series: &'static str,
    pub series_number: &'static str,
    pub series_unnamed: &'static str,
    pub series_part: &'static str,
    pub part_acquisition: &'static str,
    pub part_kernel: &'static str,
    pub part_type: &'static str,
    pub not_proposed: &'static str,
    pub proposed: &'static str,
    pub other_series: &'static str,
    pub choose_series: &'static str,
    pub choose_hint: &'static str,
    pub set_aside: &'static str,
    pub continued: &'static str,
    pub listed_elsewhere: &'static str,
    pub one_file: &'static str,
    pub some_files: &'static str,
    pub budget: &'static str,
    pub budget_hint: &'static str,
    pub every_hint: &'static str,
    pub timing: &'static str,
    pub timing_later: &'static str,
    pub all_slices: &'static str,
    pub every_slice: &'static str,
    pub start: &'static str,
    pub start_again: &'static str,
    pub start_slice: &'static str,
    pub measuring: &'static str,
    pub pausing: &'static str,
    pub paused: &'static str,
    pub pause: &'static str,
    pub go_on: &'static str,
    pub one_slice_measured: &'static str,
    pub slices_measured: &'static str,
    pub left_time: &'static str,
    pub few_seconds: &'static str,
    pub about_seconds: &'static str,
    pub about_minutes: &'static str,
    pub about_hours: &'static str,
    pub unfinished: &'static str,
    pub downloads: &'static str,
    pub writing: &'static str,
    pub deidentify: &'static str,
    pub downloads_hint: &'static str,
    pub downloads_plain: &'static str,
    pub study_mild_hint: &'static str,
    pub study_alarming_hint: &'static str,
    pub of_slices: &'static str,
    pub severity_score: &'static str,
    pub mosmed: &'static str,
    /// Before the number of its grades, which Russia writes in its own letters.
    pub mosmed_ct: &'static str,
    pub lesion_volume: &'static str,
    pub lung_volume: &'static str,
    pub composition: &'static str,
    pub not_validated: &'static str,
    pub lesions: &'static str,
    pub no_lesions: &'static str,
    pub lesions_hint: &'static str,
    pub voxel: &'static str,
    pub slices_read: &'static str,
    pub not_told: &'static str,
    pub upper: &'static str,
    pub middle: &'static str,
    pub lower: &'static str,
    pub zones: &'static str,
    pub left_short: &'static str,
    pub right_short: &'static str,
    pub slice: &'static str,
    pub slices: &'static str,
    pub formats: [(&'static str, &'static str); 7],

    pub of_viewer: ViewerWords,
}

impl Strings {
    /// A number with so many decimals.
    pub fn decimal(&self, value: f64, digits: usize) -> String {
        self.marked(format!("{value:.digits$}"))
    }

    /// A number that has a point, with the language's decimal mark instead.
    pub fn marked(&self, number: String) -> String {
        match self.decimal {
            '.' => number,
            mark => number.replace('.', mark.encode_utf8(&mut [0; 4])),
        }
    }

    /// Which of two texts a count takes.
    pub fn number<'a>(&self, count: usize, one: &'a str, several: &'a str) -> &'a str {
        if (self.one_from..=1).contains(&count) { one } else { several }
    }

    /// Which of two texts `part` of `all` take, as "1 of 3 slices".
    pub fn number_of_part<'a>(&self, part: usize, all: usize, one: &'a str, several: &'a str) -> &'a str {
        self.number(if self.part_counts { part } else { all }, one, several)
    }
}

#[cfg(test)]
mod tests;
