//! The first user: rights from user.yaml, and the administrator's API key file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use arborist::sync;
use authz::Standing;
use fence::{Fence, credentials};
use serde::Deserialize;
use sqlx::PgPool;
use useryaml::UserYaml;

use super::administrator::{ADMINISTRATOR, with_administrator};
use crate::{
    problems,
    state::{self, State},
};

/// A key with less life than this is replaced at the start.
const KEY_RENEWAL_SECONDS: i64 = 86_400;

/// The API key file of the user `admin`.
pub(crate) fn administrator_key_file(state: &State) -> PathBuf {
    state.path("credentials.json")
}

/// Reads and checks a user.yaml, and adds the administrator; the administrator alone without a file.
///
/// # Errors
/// Every problem of the file, one a line.
pub(crate) fn read_user_yaml(file: Option<&Path>) -> anyhow::Result<UserYaml> {
    let Some(file) = file else { return Ok(with_administrator(UserYaml::default())) };
    let given = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let given = problems::parse(&given).with_context(|| format!("{} cannot be used", file.display()))?;
    Ok(with_administrator(given))
}

async fn write_users(fence: &PgPool, users: &UserYaml) -> anyhow::Result<()> {
    fence::sync::run(fence, users).await.context("users cannot be written to fence's database")?;
    Ok(())
}

/// Makes sure of the built-in administrator in a commons that was started without a user.yaml: what an
/// earlier file or somebody else has granted stays.
///
/// # Errors
/// When a database fails.
pub(crate) async fn ensure_administrator(
    fence: &PgPool,
    arborist: &PgPool,
    built_in: &UserYaml,
) -> anyhow::Result<()> {
    if !fence::users::exists(fence, ADMINISTRATOR).await.context("fence's users cannot be read")? {
        write_users(fence, built_in).await?;
    }
    let options = sync::Options { additive: true, ..sync::Options::default() };
    let written = sync::run(arborist, built_in, &options).await;
    written.map(drop).context("rights cannot be written to arborist's database")
}

/// Tells arborist which users are not active by fence's table, which another program may have written.
///
/// # Errors
/// When a database fails.
pub(crate) async fn tell_deactivated(fence: &PgPool, arborist: &PgPool) -> anyhow::Result<()> {
    let names = fence::users::deactivated(fence).await.context("fence's users cannot be read")?;
    let told = arborist::operator::set_standing(arborist, names, Standing::Deactivated).await;
    told.map(drop).context("arborist's database does not take who is deactivated")
}

/// Makes the administrator's key file, unless there is one that is still good for `issuer`.
///
/// # Errors
/// When the key cannot be made or the file not be written.
pub(crate) async fn ensure_key_file(state: &State, issuer: &str, fence: &Fence) -> anyhow::Result<()> {
    let path = administrator_key_file(state);
    let known = fs::read_to_string(&path).ok().and_then(|text| key_claims(&text));
    if known.is_some_and(|claims| claims.iss == issuer && claims.exp > now() + KEY_RENEWAL_SECONDS) {
        return Ok(());
    }
    write_key_file(fence, ADMINISTRATOR, None, &path).await
}

/// Makes an API key for `user` and writes it in the form that Gen3 clients read.
///
/// # Errors
/// When the key cannot be made or the file not be written.
pub(crate) async fn write_key_file(
    fence: &Fence,
    user: &str,
    life: Option<i64>,
    path: &Path,
) -> anyhow::Result<()> {
    let key = credentials::create_api_key(fence, user, life).await?;
    state::write_private(path, &serde_json::to_string(&key)?)
}

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

#[derive(Deserialize)]
struct KeyClaims {
    iss: String,
    exp: i64,
}

/// What the key in our own file says; who may use it is decided by fence.
fn key_claims(file: &str) -> Option<KeyClaims> {
    let file: serde_json::Value = serde_json::from_str(file).ok()?;
    tokens::unverified(file.get("api_key")?.as_str()?)
}
