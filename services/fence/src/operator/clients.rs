//! OAuth clients.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, PgPool};

use super::{
    client_rules::{
        bad, checked_addresses, checked_description, checked_name, checked_scopes, expiry, grants, time,
    },
    credentials::ensure_user,
};
use crate::{
    clock::now,
    error::Error,
    identity::secrets,
    provider::client::{Client, Grant, OPENID},
    store::clients::{self, ClientRow},
};

const ID_LENGTH: usize = 40;
const SECRET_LENGTH: usize = 55;
/// Scopes that clients may have where the configuration does not say others.
pub const SCOPES: [&str; 7] = [
    OPENID,
    "user",
    "data",
    "google_credentials",
    "google_service_account",
    "google_link",
    "ga4gh_passport_v1",
];

/// The identifiers of the clients of each name. A name has several after its secret was rotated.
///
/// # Errors
/// When the database fails.
pub async fn ids_by_name(pool: &PgPool) -> Result<IndexMap<String, Vec<String>>, Error> {
    let mut connection = pool.acquire().await?;
    Ok(clients::ids_by_name(&mut connection).await?.into_iter().collect())
}

/// A client that is to be made.
#[derive(Debug, Clone, Default)]
pub struct NewClient {
    /// The name, which no other client has.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whose it is.
    pub owner: Option<String>,
    /// Where users return to.
    pub redirect_uris: Vec<String>,
    /// Names of grants; code and refresh token if there are none.
    pub grants: Vec<String>,
    /// Scopes; `openid` is always among them.
    pub scopes: Vec<String>,
    /// Whether users are not asked.
    pub auto_approve: bool,
    /// Whether it has no secret.
    pub public: bool,
    /// Days until it expires.
    pub expires_in_days: Option<f64>,
}

/// What can be changed of a client. `None` leaves something as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other addresses.
    pub redirect_uris: Option<Vec<String>>,
    /// Other scopes.
    pub scopes: Option<Vec<String>>,
    /// Whether addresses and scopes come beside those that are there.
    pub append: bool,
    /// Whether users are asked.
    pub auto_approve: Option<bool>,
    /// Days until it expires.
    pub expires_in_days: Option<f64>,
}

/// What its owner must keep: nobody can read the secret again.
#[derive(Clone, Serialize)]
pub struct Credentials {
    /// The identifier.
    pub client_id: String,
    /// The secret; public clients have none.
    pub client_secret: Option<String>,
}

// Written by hand so that a secret can never reach a log.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// A client as a list of all of them shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedClient {
    /// The name.
    pub name: String,
    /// The identifier.
    pub client_id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where users return to.
    pub redirect_uris: Vec<String>,
    /// Names of its grants.
    pub grant_types: Vec<&'static str>,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// Whether users are not asked.
    pub auto_approve: bool,
    /// Whether it has a secret.
    pub is_confidential: bool,
    /// When it was made, in seconds since the epoch.
    pub issued_at: i64,
    /// When it expires, in seconds since the epoch; 0 is never.
    pub expires_at: i64,
    /// Whether it has.
    pub has_expired: bool,
}

impl From<ClientRow> for ListedClient {
    fn from(row: ClientRow) -> Self {
        let (description, issued_at) = (row.description.clone(), row.client_id_issued_at.into());
        let client = Client::from(row);
        Self {
            has_expired: client.has_expired(now()),
            name: client.name,
            client_id: client.id,
            description: description.filter(|text| !text.is_empty()),
            redirect_uris: client.redirect_uris,
            grant_types: client.grants.iter().map(|grant| grant.name()).collect(),
            scopes: client.scopes,
            auto_approve: client.is_auto_approved,
            is_confidential: client.is_confidential,
            issued_at,
            expires_at: client.expires_at,
        }
    }
}

/// All clients, by name.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool) -> Result<Vec<ListedClient>, Error> {
    let mut connection = pool.acquire().await?;
    Ok(clients::all(&mut connection).await?.into_iter().map(ListedClient::from).collect())
}

/// Makes a client. `allowed` are the scopes that clients may have.
///
/// # Errors
/// 400 for what a client cannot have, 409 for a name that is taken.
pub async fn create(pool: &PgPool, new: &NewClient, allowed: &[String]) -> Result<Credentials, Error> {
    let name = checked_name(&new.name)?;
    let grants = grants(&new.grants)?;
    if grants.contains(&Grant::Code) && new.redirect_uris.is_empty() {
        return Err(bad("a client with the grant authorization_code needs an address to return to"));
    }
    if new.public && grants.contains(&Grant::ClientCredentials) {
        return Err(bad("a client with the grant client_credentials needs a secret, so it cannot be public"));
    }
    let method = if new.public { "none" } else { "client_secret_basic" };
    let metadata = json!({
        "scope": checked_scopes(&new.scopes, allowed)?.join(" "),
        "redirect_uris": checked_addresses(&new.redirect_uris)?,
        "grant_types": grants.iter().map(|grant| grant.name()).collect::<Vec<_>>(),
        "response_types": [],
        "token_endpoint_auth_method": method,
    });
    let (credentials, hash) = fresh(!new.public)?;
    let row = ClientRow {
        client_id: credentials.client_id.clone(),
        client_secret: hash,
        client_metadata: Some(metadata.to_string()),
        name,
        description: Some(checked_description(new.description.as_deref())?),
        auto_approve: Some(new.auto_approve),
        is_confidential: Some(!new.public),
        client_id_issued_at: time(now())?,
        expires_at: expiry(new.expires_in_days)?,
    };
    let mut transaction = pool.begin().await?;
    clients::lock_names(&mut transaction).await?;
    if !clients::by_name(&mut transaction, &row.name).await?.is_empty() {
        return Err(Error::Conflict(format!("client {} already exists", row.name)));
    }
    let owner = match &new.owner {
        Some(owner) => Some(ensure_user(&mut transaction, owner).await?.id),
        None => None,
    };
    clients::add(&mut transaction, &row, owner).await?;
    transaction.commit().await?;
    Ok(credentials)
}

/// Changes all clients of a name, and returns their identifiers.
///
/// # Errors
/// 404 when there is none, 400 for what a client cannot have.
pub async fn change(
    pool: &PgPool,
    name: &str,
    change: &Change,
    allowed: &[String],
) -> Result<Vec<String>, Error> {
    let mut transaction = pool.begin().await?;
    clients::lock_names(&mut transaction).await?;
    let rows = named(&mut transaction, name).await?;
    if let Some(new) = change.name.as_ref().filter(|new| *new != name)
        && !clients::by_name(&mut transaction, new).await?.is_empty()
    {
        return Err(Error::Conflict(format!("client {new} already exists")));
    }
    let mut ids = Vec::new();
    for row in rows {
        let changed = changed(row, change, allowed)?;
        clients::change(&mut transaction, &changed).await?;
        ids.push(changed.client_id);
    }
    transaction.commit().await?;
    Ok(ids)
}

fn changed(row: ClientRow, change: &Change, allowed: &[String]) -> Result<ClientRow, Error> {
    let old = Client::from(row.clone());
    let mut metadata: Map<String, Value> =
        row.client_metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let beside = |old: &[String], new: &[String]| -> Vec<String> {
        let old: &[String] = if change.append { old } else { &[] };
        let mut all: Vec<String> = Vec::new();
        for item in old.iter().chain(new) {
            if !all.contains(item) {
                all.push(item.clone());
            }
        }
        all
    };
    if let Some(addresses) = &change.redirect_uris {
        let addresses = beside(&old.redirect_uris, addresses);
        if addresses.is_empty() && old.may(Grant::Code) {
            return Err(bad("a client with the grant authorization_code needs an address to return to"));
        }
        metadata.insert("redirect_uris".into(), json!(checked_addresses(&addresses)?));
    }
    if let Some(scopes) = &change.scopes {
        checked_scopes(scopes, allowed)?;
        let mut scopes = beside(&old.scopes, scopes);
        if !scopes.iter().any(|scope| scope == OPENID) {
            scopes.push(OPENID.to_owned());
        }
        metadata.insert("scope".into(), scopes.join(" ").into());
    }
    Ok(ClientRow {
        client_metadata: Some(Value::Object(metadata).to_string()),
        name: match &change.name {
            Some(name) => checked_name(name)?,
            None => row.name,
        },
        description: match &change.description {
            Some(description) => Some(checked_description(Some(description))?),
            None => row.description,
        },
        auto_approve: change.auto_approve.or(row.auto_approve),
        expires_at: match change.expires_in_days {
            Some(days) => expiry(Some(days))?,
            None => row.expires_at,
        },
        ..row
    })
}

/// Makes another identifier and secret for the clients of a name. The old ones go on working until they
/// expire or are deleted.
///
/// # Errors
/// 404 when there is none.
pub async fn rotate(pool: &PgPool, name: &str, expires_in_days: Option<f64>) -> Result<Credentials, Error> {
    let mut transaction = pool.begin().await?;
    clients::lock_names(&mut transaction).await?;
    let newest = named(&mut transaction, name).await?.pop();
    let newest = newest.ok_or_else(|| unknown(name))?;
    let owner = clients::owner(&mut transaction, &newest.client_id).await?;
    let (credentials, hash) = fresh(newest.is_confidential.unwrap_or(true))?;
    let row = ClientRow {
        client_id: credentials.client_id.clone(),
        client_secret: hash,
        client_id_issued_at: time(now())?,
        expires_at: expiry(expires_in_days)?,
        ..newest
    };
    clients::add(&mut transaction, &row, owner).await?;
    transaction.commit().await?;
    Ok(credentials)
}

/// Deletes all clients of a name, or the one of them that has this identifier, and returns their identifiers.
///
/// # Errors
/// 404 when there is none.
pub async fn delete(pool: &PgPool, name: &str, only: Option<&str>) -> Result<Vec<String>, Error> {
    let mut transaction = pool.begin().await?;
    let rows = named(&mut transaction, name).await?;
    let ids: Vec<String> =
        rows.into_iter().map(|row| row.client_id).filter(|id| only.is_none_or(|only| only == id)).collect();
    if ids.is_empty() {
        return Err(unknown(&format!("{name} with the identifier {}", only.unwrap_or_default())));
    }
    clients::remove(&mut transaction, &ids).await?;
    transaction.commit().await?;
    Ok(ids)
}

/// Deletes the clients that have expired, and returns them.
///
/// # Errors
/// When the database fails.
pub async fn delete_expired(pool: &PgPool) -> Result<Vec<ListedClient>, Error> {
    let mut transaction = pool.begin().await?;
    let all = clients::all(&mut transaction).await?.into_iter().map(ListedClient::from);
    let expired: Vec<ListedClient> = all.filter(|client| client.has_expired).collect();
    let ids: Vec<String> = expired.iter().map(|client| client.client_id.clone()).collect();
    clients::remove(&mut transaction, &ids).await?;
    transaction.commit().await?;
    Ok(expired)
}

async fn named(connection: &mut PgConnection, name: &str) -> Result<Vec<ClientRow>, Error> {
    let rows = clients::by_name(connection, name).await?;
    if rows.is_empty() { Err(unknown(name)) } else { Ok(rows) }
}

fn unknown(name: &str) -> Error {
    Error::NotFound(format!("client {name} does not exist"))
}

/// A new identifier and, for clients that keep one, a new secret with the hash that is stored of it.
fn fresh(with_secret: bool) -> Result<(Credentials, Option<String>), Error> {
    let client_secret = with_secret.then(|| secrets::random_text(SECRET_LENGTH));
    let hash = client_secret.as_deref().map(secrets::hash).transpose()?;
    Ok((Credentials { client_id: secrets::random_text(ID_LENGTH), client_secret }, hash))
}
