//! Bodies of requests.

use serde::de::DeserializeOwned;

use super::problem::Problem;

/// What a body says.
///
/// # Errors
/// With the place of what is wrong.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::invalid(format!("the body: {error}")))
}
