//! What an operator can set.

use std::path::PathBuf;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where homes and the virtual environment are.
    pub folder: PathBuf,
    /// What workspaces do not see, where that can be had: the state folder, in which `folder` is.
    pub hidden: PathBuf,
    /// A virtual environment that has JupyterLab; without one it is made at the first launch.
    pub environment: Option<PathBuf>,
}
