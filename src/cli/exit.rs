//! Exit codes, and the mark that an error carries when nothing could run at all.

use std::fmt;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Success,
    /// At least one file could not be read or segmented, or the command failed.
    SomeFailed,
    /// No model or no device, so nothing could run.
    NothingRan,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Exit {
    /// The process exit code. 2 is for wrong usage and is given by the argument parser.
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::SomeFailed => 1,
            Exit::NothingRan => 3,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// Context for errors of the model and the device: they end the program with [`Exit::NothingRan`].
#[derive(Debug)]
pub struct CannotRun(pub String);

impl fmt::Display for CannotRun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for CannotRun {}

/// The exit code that an error asks for.
pub fn of_error(error: &anyhow::Error) -> Exit {
    if error.downcast_ref::<CannotRun>().is_some() { Exit::NothingRan } else { Exit::SomeFailed }
}

/// Whether the reader of our standard output has gone, as in `lunglens models | head -1`.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_model_error_ends_with_three_and_any_other_with_one() {
        let missing: anyhow::Result<()> =
            Err(std::io::Error::other("gone")).context(CannotRun("no model".into()));
        assert_eq!(of_error(&missing.unwrap_err()).code(), 3);
        assert_eq!(of_error(&anyhow::anyhow!("disk full")).code(), 1);
    }

    #[test]
    fn a_closed_pipe_is_told_from_other_errors() {
        let closed = anyhow::Error::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert!(is_broken_pipe(&closed));
        assert!(!is_broken_pipe(&anyhow::anyhow!("disk full")));
    }
}
