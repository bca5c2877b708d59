//! The command line program: `lunglens segment`, `study`, `evaluate`, `devices`, `models`, `pack`, `quantize` and `completions`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
