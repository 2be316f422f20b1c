//! The indices of the explorer, which `commons up` keeps as the graph is.

mod asking;
mod figures;
mod source;
mod task;

pub(crate) use asking::{Ask, ask};
pub(crate) use figures::Figures;
pub(crate) use source::{FOLDER, Source};
pub(crate) use task::{Asking, Explorer, Parts};
