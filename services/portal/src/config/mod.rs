//! What the operator configures: a folder with `gitops.json` as every Gen3 commons has it, read while the
//! portal runs.

mod folder;
mod settings;
mod theme;

pub(crate) use folder::Folder;
pub(crate) use settings::Settings;
