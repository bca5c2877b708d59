//! How results and errors are told.

use std::fmt::Display;
use std::io::{self, StdoutLock, Write};

/// Prints a line on standard error. Where that is closed or full, nobody can be told, and the work goes on.
pub fn say(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(&line.to_string()));
}

/// A text as a part of a line on a terminal. What would steer the terminal, as names and texts of files may do, is spelled out:
/// `\n`, `\u{1b}`.
pub fn printable(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => plain.extend(character.escape_default()),
            false => plain.push(character),
        }
    }
    plain
}

/// Standard output. Its errors say that it is what could not be written, and keep their kind.
pub fn stdout() -> impl Write {
    Stdout(io::stdout().lock())
}

struct Stdout(StdoutLock<'static>);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(of_stdout)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(of_stdout)
    }
}

fn of_stdout(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("standard output could not be written ({error})"))
}

/// The error and what caused it, from the outside in. Causes that the message before already says are left out: many errors have
/// their source in their own text.
pub fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    let mut before = text.clone();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !before.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        before = cause;
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};
    use lunglens::manifest::ModelManifest;

    use super::*;

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        assert_eq!(printable("a\u{1b}[2J\r\nb\u{9b}1m"), "a\\u{1b}[2J\\r\\nb\\u{9b}1m");
        assert_eq!(printable("Müller 2, «10 %» 中"), "Müller 2, «10 %» 中");
    }

    #[test]
    fn a_cause_is_told_once() {
        let error = ModelManifest::from_json("{").unwrap_err();
        let alone = error.to_string();
        let error = Err::<(), _>(error).context("manifest.json").unwrap_err();
        assert_eq!(told(&error), format!("manifest.json: {alone}"));
        // Plain formatting says it twice; else this test could not fail.
        assert_ne!(format!("{error:#}"), told(&error));
    }

    #[test]
    fn causes_that_say_more_stay() {
        let error = anyhow!("disk full").context("writing a.json").context("the study has no result");
        assert_eq!(told(&error), "the study has no result: writing a.json: disk full");
        // The middle one is in the first, the last in neither.
        let error = anyhow!("gone").context("b.json").context("reading b.json");
        assert_eq!(told(&error), "reading b.json: gone");
        assert_eq!(told(&anyhow!("alone")), "alone");
    }
}
