//! The program `commons`.

use std::process::ExitCode;

use clap::Parser as _;
use commons::cli::Cli;

fn main() -> ExitCode {
    commons::run(Cli::parse())
}
