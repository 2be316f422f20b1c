//! Where people are sent to after a status. Pure.

use crate::{config::Redirect, model::StoredRequest};

/// The address with the fields of the request that have a value.
pub(crate) fn address(redirect: &Redirect, request: &StoredRequest) -> String {
    let mut url = redirect.redirect_url.clone();
    {
        let mut arguments = url.query_pairs_mut();
        for name in &redirect.params {
            if let Some(value) = request.field(name) {
                arguments.append_pair(name, &value);
            }
        }
    }
    url.into()
}
