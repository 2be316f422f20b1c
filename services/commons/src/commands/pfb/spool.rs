//! Documents by project and node type, in files: a PFB may have them in any order, and sheepdog wants parents
//! first.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, BufWriter, Seek as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use indexmap::IndexMap;
use serde_json::Value;
use tempfile::TempDir;

/// Bytes that wait for their file.
const WAITING: usize = 128 << 10;
/// Most projects and node types together.
const MOST: usize = 20_000;

/// Documents, one a line, in a file for each project and node type.
pub(super) struct Spool {
    folder: TempDir,
    parts: IndexMap<(String, String), Part>,
}

struct Part {
    path: PathBuf,
    waiting: Vec<u8>,
    documents: u64,
}

/// A list of documents, ready to be sent.
pub(super) struct Body {
    pub(super) file: File,
    pub(super) documents: u64,
}

impl Spool {
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = TempDir::new().context("a temporary folder cannot be made")?;
        Ok(Self { folder, parts: IndexMap::new() })
    }

    pub(super) fn push(&mut self, project: String, node: String, document: &Value) -> anyhow::Result<()> {
        let number = self.parts.len();
        anyhow::ensure!(number < MOST, "the file has more than {MOST} node types and projects");
        let path = self.folder.path().join(number.to_string());
        let part = self.parts.entry((project, node));
        let part = part.or_insert_with(|| Part { path, waiting: Vec::new(), documents: 0 });
        serde_json::to_writer(&mut part.waiting, document)?;
        part.waiting.push(b'\n');
        part.documents += 1;
        if part.waiting.len() >= WAITING { part.flush() } else { Ok(()) }
    }

    /// The projects of the documents, in the order in which they came.
    pub(super) fn projects(&self) -> Vec<String> {
        let mut projects: Vec<String> = Vec::new();
        for (project, _) in self.parts.keys() {
            if !projects.contains(project) {
                projects.push(project.clone());
            }
        }
        projects
    }

    /// The number of documents of each type of a project.
    pub(super) fn counts(&self, project: &str) -> IndexMap<String, u64> {
        let own = self.parts.iter().filter(|((of, _), _)| of == project);
        own.map(|((_, node), part)| (node.clone(), part.documents)).collect()
    }

    /// The documents of a project as JSON lists of at most `most`; types in this order.
    pub(super) fn bodies(
        &mut self,
        project: &str,
        order: &[&str],
        most: Option<u64>,
    ) -> anyhow::Result<Vec<Body>> {
        let most = most.unwrap_or(u64::MAX);
        let mut bodies = Vec::new();
        let mut open: Option<(BufWriter<File>, u64)> = None;
        for node in order {
            let Some(part) = self.parts.get_mut(&(project.to_owned(), (*node).to_owned())) else { continue };
            part.flush()?;
            let mut lines = BufReader::with_capacity(1 << 20, File::open(&part.path)?);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line)? > 0 {
                let (output, documents) = match &mut open {
                    Some(open) => open,
                    none => none.insert((BufWriter::with_capacity(1 << 20, tempfile::tempfile()?), 0)),
                };
                output.write_all(if *documents == 0 { b"[" } else { b"," })?;
                output.write_all(line.trim_ascii_end())?;
                *documents += 1;
                line.clear();
                if *documents >= most
                    && let Some(full) = open.take()
                {
                    bodies.push(finished(full)?);
                }
            }
        }
        if let Some(last) = open {
            bodies.push(finished(last)?);
        }
        Ok(bodies)
    }
}

fn finished((mut output, documents): (BufWriter<File>, u64)) -> anyhow::Result<Body> {
    output.write_all(b"]")?;
    let mut file = output.into_inner().map_err(|error| error.into_error())?;
    file.rewind()?;
    Ok(Body { file, documents })
}

impl Part {
    fn flush(&mut self) -> anyhow::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(&self.waiting))
            .context("a temporary file cannot be written")?;
        self.waiting.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn documents_come_in_the_order_of_types_and_in_lists_of_a_length() {
        let mut spool = Spool::new().unwrap();
        for (node, number) in [("b", 1), ("a", 2), ("b", 3), ("a", 4), ("a", 5)] {
            spool.push("P-Q".to_owned(), node.to_owned(), &json!({ "n": number })).unwrap();
        }
        spool.push("P-R".to_owned(), "a".to_owned(), &json!({ "n": 6 })).unwrap();
        assert_eq!(spool.projects(), ["P-Q", "P-R"]);
        assert_eq!(spool.counts("P-Q"), IndexMap::from([("b".to_owned(), 2), ("a".to_owned(), 3)]));
        let mut texts = |most| {
            let bodies = spool.bodies("P-Q", &["a", "b"], most).unwrap();
            let text = |mut body: Body| {
                let mut text = String::new();
                body.file.read_to_string(&mut text).unwrap();
                serde_json::from_str::<Value>(&text).unwrap()
            };
            bodies.into_iter().map(text).collect::<Vec<_>>()
        };
        let n = |numbers: &[u64]| numbers.iter().map(|n| json!({ "n": n })).collect::<Value>();
        assert_eq!(texts(None), [n(&[2, 4, 5, 1, 3])]);
        assert_eq!(texts(Some(2)), [n(&[2, 4]), n(&[5, 1]), n(&[3])]);
    }
}
