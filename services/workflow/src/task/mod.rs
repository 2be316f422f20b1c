//! Tasks as the standard describes them. Pure.

mod check;
mod document;
mod images;
mod listing;
mod places;
mod source;
mod view;

pub use check::{Checked, Input, LARGEST_BODY, MOST_FILES, Output, check};
pub use document::{
    Executor, ExecutorLog, FileKind, OutputLog, Resources, Task, TaskInput, TaskLog, TaskOutput,
};
pub use images::Images;
pub use listing::{Filter, Page, PageError};
pub use source::{Destination, Source, SourceError, Sources};
pub use view::{View, shown};
