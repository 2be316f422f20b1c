//! The operator's folder. It is looked at again with each page, so that a change is seen at once.

use std::{
    error::Error,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use serde_json::Value;

use super::settings::Settings;

const GITOPS: &str = "gitops.json";
/// The colours of the Gen3 front-end framework.
const COLOURS: &str = "themeColors.json";
/// Where the original has the operator's style sheet.
const STYLES: &str = "css/themeoverrides.css";
/// Names that a logo may have, the first that is there.
const LOGOS: [&str; 3] = ["logo.svg", "logo.png", "logo.jpg"];
/// Bytes that are read of one file.
const LIMIT: u64 = 4 * 1024 * 1024;

/// When each file was written, as far as it is there.
type Stamp = [Option<(SystemTime, u64)>; 3];

/// A folder, or none.
pub(crate) struct Folder {
    path: Option<PathBuf>,
    known: Mutex<(Stamp, Arc<Settings>)>,
}

impl Folder {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path, known: Mutex::new(([None; 3], Arc::default())) }
    }

    /// What the files say now. A file that cannot be read is told to the log once, and what was said before
    /// holds on.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        let Some(folder) = &self.path else { return Arc::default() };
        let stamp = [GITOPS, COLOURS, STYLES].map(|name| written(&folder.join(name)));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != stamp {
            let settings = read(folder, &known.1);
            for warning in &settings.warnings {
                let folder = folder.display();
                tracing::warn!(portal.folder = %folder, %warning, "the portal's configuration is odd");
            }
            *known = (stamp, Arc::new(settings));
        }
        known.1.clone()
    }

    /// A file of the folder at `name`, which has been checked to be a plain one; `None` if it is not there.
    pub(crate) fn file(&self, folder: &str, name: &str) -> Option<Vec<u8>> {
        bytes(&self.path.as_ref()?.join(folder).join(name)).ok()
    }

    /// The text of `gitops.json` as it is.
    pub(crate) fn gitops(&self) -> Option<Vec<u8>> {
        bytes(&self.path.as_ref()?.join(GITOPS)).ok()
    }
}

fn written(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn read(folder: &Path, before: &Settings) -> Settings {
    let mut warnings = Vec::new();
    let mut json = |name: &str, before: &Value| match document(&folder.join(name)) {
        Ok(found) => found.unwrap_or(Value::Null),
        Err(error) => {
            warnings.push(format!("{name} cannot be used: {error}"));
            before.clone()
        }
    };
    let gitops = json(GITOPS, &before.gitops);
    let colours = json(COLOURS, &before.colours);
    let logo = LOGOS.iter().find(|name| folder.join("img").join(name).is_file());
    let mut settings = Settings::new(gitops, colours);
    settings.logo = logo.map(|name| (*name).to_owned());
    settings.has_own_styles = folder.join(STYLES).is_file();
    settings.warnings.splice(0..0, warnings);
    settings
}

/// The JSON in a file; `None` without the file.
fn document(path: &Path) -> Result<Option<Value>, Box<dyn Error>> {
    match bytes(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 4 MiB"));
    }
    Ok(bytes)
}
