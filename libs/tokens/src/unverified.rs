//! Reading a token without checking it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::de::DeserializeOwned;

/// What a token says, **without** checking its signature: for logs, and for tokens that are checked
/// elsewhere. It must never decide anything. `None` for what is not a token or says something else.
pub fn unverified<T: DeserializeOwned>(token: &str) -> Option<T> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_payload_of_any_token_is_read_and_other_strings_give_nothing() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"sub":"7"}"#);
        assert_eq!(unverified(&format!("e30.{payload}.signature")), Some(json!({ "sub": "7" })));
        for other in ["", "e30", "e30.!.x", "e30.e30x.x", &payload] {
            assert_eq!(unverified::<Value>(other), None, "{other}");
        }
    }
}
