//! Version and commit of the program.

/// Version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Commit that the program was built from, if the build was told.
pub const COMMIT: &str = match option_env!("COMMONS_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};
