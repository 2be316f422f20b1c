//! The answer's JSON, written once, in the order of the selection. Pure.

mod json;
mod logs;
mod nodes;
mod render;

pub(crate) use json::{Commas, report, write_string};
pub(crate) use logs::{show_log, write_selected};
pub(crate) use nodes::{write_child, write_part};
pub(crate) use render::render;
