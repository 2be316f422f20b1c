//! The program.

use std::process::ExitCode;

use clap::Parser as _;
use commons::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commons::run(Cli::parse())
}
