//! The command line program: `lunglens segment`, `study`, `evaluate`, `devices`, `models`, `pack` and `completions`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
