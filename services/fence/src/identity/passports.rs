//! Users for whom passports vouch that come with a request.

use std::collections::BTreeMap;

use authz::username;
use policystore::Earlier;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use url::Url;

use crate::{
    clock::now,
    error::Error,
    passports::{MOST_VISAS, Visa, left_out, visas_of},
    service::Fence,
    store::{
        users::{self, User},
        visas,
    },
};

/// The most passports of one request, and the most people that they may be about.
const MOST_PASSPORTS: usize = 10;
const MOST_PEOPLE: usize = 20;
/// How long rights of a passport last, in seconds.
const LONGEST: i64 = 3_600;

/// A user for whom a passport vouches. Only [`vouched_for`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VouchedUser {
    id: i32,
    username: String,
}

impl VouchedUser {
    pub(crate) fn id(&self) -> i32 {
        self.id
    }

    pub(crate) fn username(&self) -> &str {
        &self.username
    }
}

/// The active users for whom these passports vouch, with the rights of their visas. What does not count is
/// left out.
///
/// # Errors
/// 400 for too many passports, and when the database or arborist fails.
pub(crate) async fn vouched_for(fence: &Fence, passports: &[String]) -> Result<Vec<VouchedUser>, Error> {
    if passports.len() > MOST_PASSPORTS {
        return Err(Error::BadRequest(format!("at most {MOST_PASSPORTS} passports at once")));
    }
    let mut by_hash: BTreeMap<String, &str> = BTreeMap::new();
    for passport in passports {
        by_hash.insert(hash(passport), passport);
    }
    let hashes: Vec<String> = by_hash.keys().cloned().collect();
    let known = visas::remembered(&mut *fence.pool.acquire().await?, &hashes, now()).await?;
    let mut names: Vec<String> = Vec::new();
    for (hash, passport) in by_hash {
        match known.get(&hash) {
            Some(users) => names.extend(users.iter().cloned()),
            None => names.extend(introduce(fence, &hash, passport).await?),
        }
    }
    names.sort_unstable();
    names.dedup();
    names.truncate(MOST_PEOPLE);
    let found = visas::active_users(&mut *fence.pool.acquire().await?, &names).await?;
    Ok(found.into_iter().map(|(id, username)| VouchedUser { id, username }).collect())
}

/// By which a passport is remembered. It is not the original's, which remembers ids where we remember names.
fn hash(passport: &str) -> String {
    hex::encode(Sha256::new().chain_update(b"names ").chain_update(passport.as_bytes()).finalize())
}

/// The names of the users for whom a passport vouches that is not known yet. They get what its visas give.
async fn introduce(fence: &Fence, hash: &str, passport: &str) -> Result<Vec<String>, Error> {
    let texts = match fence.visas.read(passport, &fence.keys).await {
        Ok(signed) => match visas_of(&signed, MOST_VISAS, now()) {
            Ok(texts) => texts.into_iter().map(str::to_owned).collect::<Vec<_>>(),
            Err(refused) => {
                left_out("passport", &refused);
                return Ok(Vec::new());
            }
        },
        Err(refused) => {
            left_out("passport", &refused);
            return Ok(Vec::new());
        }
    };
    let mut people: BTreeMap<(String, String), Vec<Visa>> = BTreeMap::new();
    for visa in fence.believed_visas(&texts, &[]).await {
        people.entry((visa.issuer.clone(), visa.subject.clone())).or_default().push(visa);
    }
    // Visas and rights end together, a little early: another fence may look for rights that have ended only
    // every few minutes.
    let ends = people.values().flatten().map(|visa| visa.expires);
    let margin = fence.config.visas.expired_authz_removal_job_freq_in_seconds;
    let end = ends.min().unwrap_or_default().min(now() + LONGEST).saturating_sub(margin);
    if end <= now() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for ((issuer, subject), found) in people.into_iter().take(MOST_PEOPLE) {
        let Some(user) = known_or_new(fence, &issuer, &subject).await? else { continue };
        let policies = fence.study_policies(&found, end).await?;
        fence.give_study_rights(&user.username, policies, Earlier::Kept).await?;
        names.push(user.username);
    }
    let remembered: Vec<&str> = names.iter().map(String::as_str).collect();
    visas::remember(&mut *fence.pool.acquire().await?, hash, &remembered, end).await?;
    Ok(names)
}

/// The active user whom `issuer` knows as `subject`. Somebody new is called by both.
async fn known_or_new(fence: &Fence, issuer: &str, subject: &str) -> Result<Option<User>, Error> {
    let mut transaction = fence.pool.begin().await?;
    let user = match visas::linked(&mut transaction, issuer, subject).await? {
        Some(id) => users::by_id(&mut transaction, id).await?,
        None => new(fence, &mut transaction, issuer, subject).await?,
    };
    transaction.commit().await?;
    Ok(user.filter(|user| user.active))
}

async fn new(
    fence: &Fence,
    connection: &mut PgConnection,
    issuer: &str,
    subject: &str,
) -> Result<Option<User>, Error> {
    let host = Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let name = format!("{subject}{host}");
    let is_denied = fence.checked.deny_username.as_ref().is_some_and(|pattern| pattern.is_match(&name));
    if !fence.config.allow_new_user_on_login || is_denied || username::check(&name).is_err() {
        return Ok(None);
    }
    // Whoever has this name already is somebody else.
    if users::by_name(connection, &name).await?.is_some() {
        tracing::warn!("a passport vouches for somebody whose name another user has");
        return Ok(None);
    }
    users::create(connection, &name).await?;
    let Some(user) = users::by_name(connection, &name).await? else { return Ok(None) };
    visas::link(connection, issuer, subject, user.id).await?;
    tracing::info!(user.id = user.id, "a passport has made a user");
    Ok(Some(user))
}
