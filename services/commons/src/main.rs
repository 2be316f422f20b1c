//! The program `commons`.

use std::process::ExitCode;

fn main() -> ExitCode {
    commons::run(std::env::args_os().collect())
}
