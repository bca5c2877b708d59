//! The progress bar: one step a stage of each file, on a terminal only.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lunglens::engine::Stage;

use super::tell::printable;

/// A progress bar over files and their stages.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for `files` files, hidden where standard error is no terminal or where `quiet` asks for it.
    pub fn new(files: usize, quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some((files * Stage::ALL.len()) as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} %  {eta:>4}  {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Shows that `stage` of file number `file` (from 0) called `name` has begun. Of several at work the furthest counts.
    pub fn stage(&self, file: usize, name: &str, stage: Stage) {
        self.reach(file * Stage::ALL.len() + stage.index());
        self.bar.set_message(format!("{}: {}", printable(name), describe(stage)));
    }

    /// Shows that files up to number `file` are done.
    pub fn done(&self, file: usize) {
        self.reach((file + 1) * Stage::ALL.len());
    }

    fn reach(&self, step: usize) {
        self.bar.set_position(self.bar.position().max(step as u64));
    }

    /// Runs `print` while the bar is off the screen.
    pub fn around<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn describe(stage: Stage) -> &'static str {
    match stage {
        Stage::Preprocess => "preparing the slice",
        Stage::Lungs => "finding the lungs",
        Stage::Backbone => "looking at the slice",
        Stage::Proposals => "proposing regions",
        Stage::Boxes => "finding lesions and lungs",
        Stage::Masks => "outlining",
        Stage::Measure => "measuring",
    }
}
