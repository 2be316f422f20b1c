//! From selected GraphQL fields to [`crate::ir`]. Pure; decides nothing about access.

mod args;
mod dates;
mod fields;
mod filters;
mod level;
mod lists;
mod logs;
mod lowering;
mod node_types;
mod roots;

pub(crate) use lowering::Lowering;
