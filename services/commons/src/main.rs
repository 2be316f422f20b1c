//! The program `commons`.

use std::process::ExitCode;

/// Gives back memory that is not used any more: after work of all kinds the process keeps two thirds of what
/// it keeps with the system's allocator, which holds on to its peak.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commons::run(std::env::args_os().collect())
}
