//! From values of gen3-helm to values of this program's chart. No I/O.

mod converted;
mod given;
mod globals;
mod left_out;
mod services;
mod work;

use given::Given;
use serde_json::Value;

pub(crate) use converted::Converted;

/// Makes our values of those of gen3-helm. Nothing is lost without a word: what has no place is in
/// `left_out`.
pub(super) fn convert(values: &Value) -> Converted {
    let given = Given::new(values);
    let mut converted = Converted::default();
    globals::convert(&given, &mut converted);
    services::convert(&given, &mut converted);
    work::convert(&given, &mut converted);
    left_out::convert(&given, &mut converted);
    converted
}

#[cfg(test)]
mod tests;
