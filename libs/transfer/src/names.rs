//! Where a file is written. The names come from others, so that they are made harmless first.

use std::{collections::HashSet, path::PathBuf};

/// The folder, in the folder of the downloads, of files that are not complete yet.
pub(crate) const UNFINISHED: &str = ".commons-unfinished";
/// Longest name of a file or folder in bytes, as file systems have it.
const LONGEST: usize = 255;
/// Deepest folder.
const DEEPEST: usize = 32;

/// How downloaded files are named, as with gen3-client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFormat {
    /// The file name of the record, with its folders. Of files with the same name all but the first get the
    /// combined name.
    Original,
    /// The GUID.
    Guid,
    /// `NAME_GUID.EXTENSION`.
    Combined,
}

/// Gives each file a path of its own below the folder of the downloads.
pub(crate) struct Names {
    format: NameFormat,
    /// Files, and folders that files are in; in lower case, because there are file systems to which upper
    /// case is the same.
    files: HashSet<String>,
    folders: HashSet<String>,
}

impl Names {
    pub(crate) fn new(format: NameFormat) -> Self {
        Self { format, files: HashSet::new(), folders: HashSet::new() }
    }

    /// The path of the file that a record calls `name`.
    pub(crate) fn take(&mut self, name: Option<&str>, guid: &str) -> PathBuf {
        let name = name.map(parts).filter(|parts| !parts.is_empty());
        let wanted = match (self.format, name) {
            (NameFormat::Guid, _) | (_, None) => vec![vec![flat(guid)]],
            (format, Some(parts)) => {
                let combined = with_guid(&parts, guid);
                // Where another file has the name of a folder, the file is written beside it.
                let beside = vec![combined.last().cloned().unwrap_or_else(|| flat(guid))];
                let original = (format == NameFormat::Original).then_some(parts);
                original.into_iter().chain([combined, beside]).collect()
            }
        };
        let last = wanted.last().and_then(|parts| parts.last()).cloned().unwrap_or_else(|| flat(guid));
        // The same GUID comes once only, but two may be the same when they are made harmless.
        let numbered = (2_u64..).map(|number| vec![part(&format!("{number}_{last}"))]);
        let free = wanted.into_iter().chain(numbered).find(|parts| self.is_free(parts)).unwrap_or_default();
        self.note(&free);
        free.iter().collect()
    }

    fn is_free(&self, parts: &[String]) -> bool {
        let path = key(parts);
        !self.files.contains(&path)
            && !self.folders.contains(&path)
            && (1..parts.len()).all(|end| !self.files.contains(&key(&parts[..end])))
    }

    fn note(&mut self, parts: &[String]) {
        self.files.insert(key(parts));
        self.folders.extend((1..parts.len()).map(|end| key(&parts[..end])));
    }
}

fn key(parts: &[String]) -> String {
    parts.join("/").to_lowercase()
}

/// The parts of a path that is relative and leads downwards only.
fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        name.split(['/', '\\']).filter(|part| !matches!(part.trim(), "" | "." | "..")).map(part).collect();
    if parts.len() > DEEPEST {
        parts.drain(..parts.len() - DEEPEST);
    }
    parts
}

/// One name without what terminals, shells or file systems take for something else.
fn part(name: &str) -> String {
    let plain: String = name.chars().map(|c| if is_harmless(c) { c } else { '_' }).collect();
    let plain = plain.trim().to_owned();
    // Our own folder; and a leading hyphen would be an option of many a program.
    let plain = match plain.as_str() {
        text if text.eq_ignore_ascii_case(UNFINISHED) || text.starts_with('-') => format!("_{text}"),
        _ => plain,
    };
    shortened(plain)
}

fn is_harmless(c: char) -> bool {
    // Marks that turn the direction of writing can make `gpj.exe` look like `exe.jpg`.
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns && !matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// Short enough for a file system; the extension stays.
fn shortened(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let (stem, extension) = split_extension(&name);
    let extension = if extension.len() <= 32 { extension } else { "" };
    let mut end = (LONGEST - extension.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &stem[..end])
}

fn flat(guid: &str) -> String {
    let name = part(&guid.replace(['/', '\\'], "_"));
    if matches!(name.as_str(), "" | "." | "..") { "_".to_owned() } else { name }
}

fn with_guid(parts: &[String], guid: &str) -> Vec<String> {
    let mut parts = parts.to_vec();
    if let Some(last) = parts.last_mut() {
        let (stem, extension) = split_extension(last);
        let guid = flat(guid);
        let room = LONGEST.saturating_sub(guid.len() + extension.len() + 1);
        let mut end = room.min(stem.len());
        while !stem.is_char_boundary(end) {
            end -= 1;
        }
        *last = shortened(format!("{}_{guid}{extension}", &stem[..end]));
    }
    parts
}

/// `("reads.fastq", ".gz")`; a name that begins with its only dot has no extension.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    fn taken(format: NameFormat, all: &[(&str, &str)]) -> Vec<String> {
        let mut names = Names::new(format);
        all.iter().map(|(name, guid)| names.take(Some(name), guid).display().to_string()).collect()
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        let all = [
            ("../../etc/passwd", "1"),
            ("/etc/shadow", "2"),
            ("a/../../b", "3"),
            ("..", "4"),
            ("", "dg.1/5"),
            ("C:\\x\\y.txt", "6"),
            ("-rf", "7"),
            (".commons-unfinished/x", "8"),
            ("a\u{0}b\n", "9"),
        ];
        assert_eq!(
            taken(NameFormat::Original, &all),
            [
                "etc/passwd",
                "etc/shadow",
                "a/b",
                "4",
                "dg.1_5",
                "C_/x/y.txt",
                "_-rf",
                "_.commons-unfinished/x",
                "a_b_",
            ]
        );
    }

    #[test]
    fn of_equal_names_all_but_the_first_are_combined() {
        let all = [("a.tar.gz", "g1"), ("A.tar.gz", "g2"), ("d/x", "g3"), ("d", "g4"), ("a.tar.gz/y", "g5")];
        let named = taken(NameFormat::Original, &all);
        assert_eq!(named, ["a.tar.gz", "A.tar_g2.gz", "d/x", "d_g4", "y_g5"]);
    }

    #[test]
    fn formats_are_those_of_gen3_client() {
        assert_eq!(taken(NameFormat::Guid, &[("a.txt", "dg.1/x")]), ["dg.1_x"]);
        assert_eq!(
            taken(NameFormat::Combined, &[("d/a.txt", "dg.1/x"), ("b", "y")]),
            ["d/a_dg.1_x.txt", "b_y"]
        );
    }

    proptest! {
        #[test]
        fn whatever_the_names_are_paths_lead_downwards_and_differ(
            all in prop::collection::vec(
                ("[-./\\\\a-c\u{202e}\u{0}: ]{0,12}|.{0,300}", "[a-c./]{1,6}"),
                1..20,
            ),
        ) {
            for format in [NameFormat::Original, NameFormat::Guid, NameFormat::Combined] {
                let mut names = Names::new(format);
                let mut seen = HashSet::new();
                for (name, guid) in &all {
                    let path = names.take(Some(name), guid);
                    prop_assert!(path.components().next().is_some());
                    for component in path.components() {
                        let Component::Normal(part) = component else {
                            panic!("{path:?} has {component:?}");
                        };
                        prop_assert!(part.len() <= LONGEST);
                    }
                    prop_assert!(seen.insert(path.to_string_lossy().to_lowercase()), "{path:?} twice");
                }
            }
        }
    }
}
