//! Pages that were made elsewhere, in a folder.

use std::{borrow::Cow, fs, path::PathBuf};

use crate::assets;

/// Pages in a folder, or those of the program.
pub(crate) struct Pages(Option<PathBuf>);

impl Pages {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// The document of every page. A folder without one changes nothing.
    pub(crate) fn index(&self) -> Cow<'static, str> {
        let own = || self.0.as_ref().and_then(|folder| fs::read_to_string(folder.join("index.html")).ok());
        own().map_or(Cow::Borrowed(assets::index()), Cow::Owned)
    }

    /// Type and content of a file of the folder to which pages refer.
    pub(crate) fn asset(&self, name: &str) -> Option<(&'static str, Vec<u8>)> {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if name.starts_with('.') || !name.chars().all(is_letter) {
            return None;
        }
        let bytes = fs::read(self.0.as_ref()?.join("assets").join(name)).ok()?;
        Some((assets::content_type(name), bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_folder_are_found_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("assets")).unwrap();
        fs::write(folder.path().join("assets/a-1.js"), "1").unwrap();
        fs::write(folder.path().join("secret.js"), "2").unwrap();
        let pages = Pages::new(Some(folder.path().to_owned()));
        assert_eq!(pages.index(), assets::index(), "there is none yet");
        fs::write(folder.path().join("index.html"), "<p>").unwrap();
        assert_eq!(pages.index(), "<p>");
        assert_eq!(pages.asset("a-1.js"), Some(("text/javascript; charset=utf-8", b"1".to_vec())));
        for name in ["../secret.js", "..", "b.js", ".a-1.js"] {
            assert_eq!(pages.asset(name), None, "{name}");
        }
        assert_eq!(Pages::new(None).asset("a-1.js"), None);
    }
}
