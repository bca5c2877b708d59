//! The command line: arguments, files in and out, and what is printed. The work itself is the engine's.

mod args;
mod collect;
mod devices;
mod evaluate;
mod exit;
mod in_flight;
mod interrupt;
mod models;
mod outputs;
mod pack;
mod part;
mod progress;
mod quantize;
mod runner;
mod segment;
mod study;
mod summary;
mod table;
mod tell;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use exit::Exit;

/// Parses the arguments, runs the command, and turns its end into an exit code.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Segment(options) => segment::run(&options),
        Command::Study(options) => study::run(&options),
        Command::Evaluate(options) => evaluate::run(&options),
        Command::Devices(options) => devices::run(&options),
        Command::Models(options) => models::list::run(&options),
        Command::Pack(options) => pack::run(&options),
        Command::Quantize(options) => quantize::run(&options),
        Command::Completions { shell } => print_completions(shell),
    };
    let exit = outcome.unwrap_or_else(|error| {
        if exit::is_broken_pipe(&error) {
            return Exit::SomeFailed;
        }
        tell::say(format_args!("error: {}", tell::told(&error)));
        exit::of_error(&error)
    });
    exit.into()
}

fn print_completions(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lunglens", &mut script);
    tell::stdout().write_all(&script)?;
    Ok(Exit::Success)
}
