//! Where a user.yaml comes from: a file, a folder or git checkout that has one, a web address, an object of
//! an S3 store, or a git repository.

use std::{env, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, bail};
use futures_util::{StreamExt as _, TryStreamExt as _};
use storage::{Location, ObjectStore as _, StorageError};

use super::super::environment::{self, Signing};

/// Largest file that is fetched, in bytes; a larger one is refused anyway.
const MAX_BYTES: usize = 64 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(120);
/// The name of the file in a folder or a repository that does not name another one.
const FILE: &str = "user.yaml";

/// The text of the file at `source`.
///
/// # Errors
/// When it cannot be had.
pub(crate) async fn fetch(source: &str) -> anyhow::Result<String> {
    let told = || format!("cannot read {}", shown(source));
    let bytes = if source.starts_with("http://") || source.starts_with("https://") {
        over_http(source).await
    } else if source.starts_with("s3://") {
        from_s3(source).await
    } else if let Some(repository) = source.strip_prefix("git+") {
        from_git(repository)
    } else {
        from_disk(Path::new(source))
    };
    String::from_utf8(bytes.with_context(told)?).context("it is not UTF-8").with_context(told)
}

/// The source without what may be a password: the query and the login of an address.
fn shown(source: &str) -> String {
    let (bare, _) = source.split_once('?').unwrap_or((source, ""));
    match bare.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((login, host)) if !login.contains('/') => format!("{scheme}://{host}"),
            _ => bare.to_owned(),
        },
        None => bare.to_owned(),
    }
}

fn from_disk(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
    Ok(fs::read(file)?)
}

async fn over_http(address: &str) -> anyhow::Result<Vec<u8>> {
    let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
    let answer = client.get(address).send().await.map_err(reqwest::Error::without_url)?;
    if !answer.status().is_success() {
        bail!("it answers {}", answer.status());
    }
    let pieces = answer.bytes_stream().map_err(|error| anyhow::Error::from(error.without_url()));
    joined(pieces).await
}

/// With the credentials, region and endpoint that the AWS tools take from the environment.
async fn from_s3(address: &str) -> anyhow::Result<Vec<u8>> {
    let location = Location::from_s3_url(address).context("it names no bucket")??;
    let read = match environment::s3(location.bucket(), Signing::Found)?.read(&location, None).await {
        // Anybody may read some buckets.
        Err(StorageError::Credentials { .. }) => {
            environment::s3(location.bucket(), Signing::Nobody)?.read(&location, None).await
        }
        read => read,
    };
    joined(read?.map_err(anyhow::Error::from)).await
}

async fn joined<B: AsRef<[u8]>>(
    pieces: impl futures_util::Stream<Item = anyhow::Result<B>>,
) -> anyhow::Result<Vec<u8>> {
    let mut whole = Vec::new();
    let mut pieces = std::pin::pin!(pieces);
    while let Some(piece) = pieces.next().await {
        whole.extend_from_slice(piece?.as_ref());
        if whole.len() > MAX_BYTES {
            bail!("it is larger than {} MiB", MAX_BYTES / 1024 / 1024);
        }
    }
    Ok(whole)
}

/// A repository and what of it is wanted: `URL`, `URL#branch`, `URL#branch:path/user.yaml`.
#[derive(Debug, PartialEq, Eq)]
struct Repository<'a> {
    address: &'a str,
    branch: Option<&'a str>,
    path: &'a str,
}

impl<'a> Repository<'a> {
    fn read(text: &'a str) -> Self {
        let (address, rest) = text.split_once('#').unwrap_or((text, ""));
        let (branch, path) = rest.split_once(':').unwrap_or((rest, FILE));
        Self { address, branch: Some(branch).filter(|branch| !branch.is_empty()), path }
    }
}

/// By the program git, which has the caller's keys and helpers.
fn from_git(repository: &str) -> anyhow::Result<Vec<u8>> {
    let repository = Repository::read(repository);
    let folder = env::temp_dir().join(format!("commons-git-{:016x}", rand::random::<u64>()));
    let fetched = clone(&repository, &folder).and_then(|()| {
        let shown = Command::new("git")
            .arg("-C")
            .arg(&folder)
            .args(["show", &format!("HEAD:{}", repository.path)])
            .output()
            .context("git cannot be run")?;
        if !shown.status.success() {
            bail!("the repository has no file {}", repository.path);
        }
        Ok(shown.stdout)
    });
    // What cannot be removed is a bare copy in the temporary folder.
    let _ = fs::remove_dir_all(&folder);
    fetched
}

fn clone(repository: &Repository<'_>, folder: &Path) -> anyhow::Result<()> {
    let mut git = Command::new("git");
    git.args(["clone", "--quiet", "--bare", "--depth", "1"]);
    if let Some(branch) = repository.branch {
        git.args(["--branch", branch]);
    }
    // Nobody is there to be asked for a password.
    git.env("GIT_TERMINAL_PROMPT", "0").arg("--").arg(repository.address).arg(folder);
    let done = git.output().context("git cannot be run")?;
    if !done.status.success() {
        bail!("git says: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_named_with_its_branch_and_file() {
        let read = |text| Repository::read(text);
        let (address, path) = ("https://h/r.git", FILE);
        assert_eq!(read("https://h/r.git"), Repository { address, branch: None, path });
        assert_eq!(read("https://h/r.git#main"), Repository { address, branch: Some("main"), path });
        let path = "prod/user.yaml";
        assert_eq!(read("https://h/r.git#:prod/user.yaml"), Repository { address, branch: None, path });
    }

    #[test]
    fn passwords_of_a_source_are_not_shown() {
        assert_eq!(shown("https://u:p@h/user.yaml?X-Amz-Signature=1"), "https://h/user.yaml");
        assert_eq!(shown("users/user.yaml"), "users/user.yaml");
        assert_eq!(shown("https://h/a@b"), "https://h/a@b");
    }

    #[tokio::test]
    async fn a_file_a_folder_and_a_git_checkout_are_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "users: {ada: {}}\n").unwrap();
        let here = folder.path().to_str().unwrap();
        assert_eq!(fetch(here).await.unwrap(), "users: {ada: {}}\n");
        assert_eq!(fetch(&format!("{here}/user.yaml")).await.unwrap(), "users: {ada: {}}\n");
        let missing = fetch(&format!("{here}/other.yaml")).await.unwrap_err();
        assert!(missing.to_string().contains("cannot read"), "{missing:#}");
    }
}
