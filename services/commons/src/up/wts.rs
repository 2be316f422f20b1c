//! The workspace token service of a commons on one machine: a client of the commons' own fence, whose
//! identifier and secret are made at the first start and kept in the state folder.

use std::sync::Arc;

use anyhow::Context as _;
use authz::Authz;
use fence::clients::{self, Change, Credentials, ListedClient, NewClient};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use tokens::Verifier;
use wts::Wts;

use super::{administrator::POLICY, ground::Ground};
use crate::{
    state::{State, WTS_CLIENT, read_json, write_json},
    version::{COMMIT, VERSION},
};

/// The name of the client.
const NAME: &str = "wts";
const SCOPES: [&str; 3] = ["openid", "user", "data"];
/// Paths of which it gathers answers, unless its configuration names others.
const GATHERED: [&str; 2] = ["/authz/mapping", "/user/user"];

/// What fence knows it by.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct WtsClient {
    client_id: String,
    client_secret: String,
}

/// Makes sure that fence knows the client, and that it leads back to `ground`'s address. None is made if the
/// configuration names one.
///
/// # Errors
/// When a database fails or the file cannot be written.
pub(crate) async fn ensure_client(
    state: &State,
    fence: &PgPool,
    arborist: &PgPool,
    ground: &Ground,
) -> anyhow::Result<Option<WtsClient>> {
    if ground.wts_config.as_ref().is_some_and(|document| document["oidc_client_id"].is_string()) {
        return Ok(None);
    }
    let path = state.path(WTS_CLIENT);
    let all = clients::list(fence).await.context("fence's clients cannot be read")?;
    let known: Vec<ListedClient> = all.into_iter().filter(|client| client.name == NAME).collect();
    let address = format!("{}/wts/oauth2/authorize", ground.public_address());
    let is_kept = |kept: &WtsClient| known.iter().any(|client| client.client_id == kept.client_id);
    let kept = read_json::<WtsClient>(&path)?.filter(is_kept);
    let client = match kept {
        Some(kept) => kept,
        None => {
            let made = register(fence, arborist, known.is_empty(), &address).await;
            let client = made.context("the client of the workspace token service cannot be registered")?;
            write_json(&path, &client)?;
            client
        }
    };
    if known.iter().any(|client| client.redirect_uris != [address.as_str()]) {
        let change = Change { redirect_uris: Some(vec![address]), ..Change::default() };
        clients::change(fence, NAME, &change, &SCOPES.map(str::to_owned)).await?;
    }
    Ok(Some(client))
}

/// A new client, or other credentials for one whose own are not known here.
async fn register(
    fence: &PgPool,
    arborist: &PgPool,
    is_new: bool,
    address: &str,
) -> anyhow::Result<WtsClient> {
    let scopes = SCOPES.map(str::to_owned);
    let made = if is_new {
        let new = NewClient {
            name: NAME.to_owned(),
            description: Some("workspace token service".to_owned()),
            redirect_uris: vec![address.to_owned()],
            scopes: scopes.to_vec(),
            auto_approve: true,
            ..NewClient::default()
        };
        clients::create(fence, &new, &scopes).await?
    } else {
        clients::rotate(fence, NAME, None).await?
    };
    let Credentials { client_id, client_secret } = made;
    let client_secret = client_secret.context("the client wts is public, and has no secret")?;
    // With its tokens users have what both they and the client may do. This client acts for nobody else.
    arborist::clients::set_policies(arborist, &client_id, &[POLICY.to_owned()]).await?;
    Ok(WtsClient { client_id, client_secret })
}

/// The configuration: what the operator's file says, with the addresses and secrets of this commons.
///
/// # Errors
/// For a file that cannot be used.
fn config(ground: &Ground, client: Option<&WtsClient>) -> anyhow::Result<wts::Config> {
    let mut document = match &ground.wts_config {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(keys)) => keys.clone(),
        Some(_) => anyhow::bail!("--wts-config is not a mapping"),
    };
    let own = [
        ("fence_base_url", ground.issuer()),
        ("wts_base_url", format!("{}/wts/", ground.public_address())),
        ("internal_commons_url", ground.local_url.clone()),
    ];
    document.extend(own.map(|(key, value)| (key.to_owned(), Value::String(value))));
    let secrets = &ground.secrets;
    let variable = |name: &str| match name {
        "OIDC_CLIENT_ID" => client.map(|client| client.client_id.clone()),
        "OIDC_CLIENT_SECRET" => client.map(|client| client.client_secret.clone()),
        "ENCRYPTION_KEY" => Some(secrets.wts_encryption_key.clone()),
        "SECRET_KEY" => Some(secrets.wts_secret_key.clone()),
        "AGGREGATE_ENDPOINT_ALLOWLIST" => Some(json!(GATHERED).to_string()),
        _ => None,
    };
    let mut config = wts::Config::read(&Value::Object(document), variable)?;
    VERSION.clone_into(&mut config.version);
    COMMIT.clone_into(&mut config.commit);
    Ok(config)
}

/// The service.
///
/// # Errors
/// For a configuration that it refuses.
pub(super) fn service(
    ground: &Ground,
    client: Option<&WtsClient>,
    pool: PgPool,
    authz: Arc<dyn Authz>,
    verifier: Arc<Verifier>,
    http: reqwest::Client,
) -> anyhow::Result<Arc<Wts>> {
    let config = config(ground, client).context("the configuration of wts cannot be used")?;
    Ok(Wts::build(config, pool, authz, verifier, http))
}
