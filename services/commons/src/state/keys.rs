//! The keys that sign tokens.

use std::fs;

use tokens::SigningKeys;

use super::folder::State;

impl State {
    /// The token signing keys, the first pair generated on first use.
    ///
    /// # Errors
    /// When they cannot be read or written.
    pub(crate) fn signing_keys(&self) -> anyhow::Result<SigningKeys> {
        let folder = self.path("keys");
        if !folder.is_dir() {
            // It is made beside its place, so that a crash does not leave half a pair.
            let making = self.path("keys.new");
            SigningKeys::generate(&making, &today())?;
            fs::rename(&making, &folder)?;
        }
        Ok(SigningKeys::load(&folder)?)
    }
}

fn today() -> String {
    chrono::Utc::now().format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use crate::state::folder::fresh;

    #[test]
    fn signing_keys_are_generated_once() {
        let (_folder, state) = fresh();
        let kid = state.signing_keys().unwrap().signing().kid.clone();
        assert_eq!(state.signing_keys().unwrap().signing().kid, kid);
        assert!(kid.starts_with("fence_key_20"));
    }
}
