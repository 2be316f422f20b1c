//! The proof that a request comes from a registered OAuth client.

use crate::{
    clock::now,
    error::Error,
    provider::{
        client::Client,
        credentials::{Credentials, Login},
        refusal::Refusal,
    },
    service::Fence,
    store::clients,
};

/// How a client may say who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Methods {
    /// By a header, by parameters, or, for public clients, by the identifier alone.
    All,
    /// By a header.
    Basic,
}

/// Proof that the caller is a registered client: it has the client's secret, or the client is a public one.
///
/// ```no_run
/// # use fence::{Error, Fence, identity::oauth_client::MayUseClient};
/// async fn renew(fence: &Fence, proof: &MayUseClient, token: &str) -> Result<(), Error> {
///     fence.refresh(proof, token, None).await.map(drop)
/// }
/// ```
///
/// A user is not a client:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, identity::permits::MayManageKeys};
/// async fn renew(fence: &Fence, proof: &MayManageKeys, token: &str) -> Result<(), Error> {
///     fence.refresh(proof, token, None).await.map(drop)
/// }
/// ```
#[derive(Debug)]
pub struct MayUseClient {
    client: Client,
}

impl MayUseClient {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

/// Asks who the client is.
///
/// # Errors
/// `invalid_client`, with 401 unless the parameters name a client that does not exist.
pub(crate) async fn may_use_client(
    fence: &Fence,
    credentials: &Credentials,
    methods: Methods,
) -> Result<MayUseClient, Error> {
    if methods == Methods::All
        && let Some(id) = &credentials.public
    {
        let client = known(fence, id).await?.ok_or_else(unknown)?;
        if !client.is_confidential {
            return current(client);
        }
    }
    if let Some(login) = &credentials.basic {
        let client = known(fence, &login.id).await?.ok_or_else(|| unknown().unauthenticated())?;
        if fits(fence, &client, login).await? {
            return current(client);
        }
    }
    if methods == Methods::All
        && let Some(login) = &credentials.post
    {
        let client = known(fence, &login.id).await?.ok_or_else(unknown)?;
        if fits(fence, &client, login).await? {
            return current(client);
        }
    }
    let tried = match methods {
        Methods::All => "['none', 'client_secret_basic', 'client_secret_post']",
        Methods::Basic => "['client_secret_basic']",
    };
    let told = format!("The client cannot authenticate with methods: {tried}");
    Err(Refusal::invalid_client(told).unauthenticated().into())
}

fn unknown() -> Refusal {
    Refusal::invalid_client("The client does not exist on this server.")
}

fn current(client: Client) -> Result<MayUseClient, Error> {
    if client.has_expired(now()) {
        return Err(Refusal::invalid_client("The client has expired.").unauthenticated().into());
    }
    Ok(MayUseClient { client })
}

async fn known(fence: &Fence, id: &str) -> Result<Option<Client>, Error> {
    let mut connection = fence.pool.acquire().await?;
    Ok(clients::by_id(&mut connection, id).await?.map(Client::from))
}

/// Whether the login is that of the client. One that is public has no secret to know.
async fn fits(fence: &Fence, client: &Client, login: &Login) -> Result<bool, Error> {
    match &client.secret {
        Some(hash) if client.is_confidential => fence.secrets.fits(&login.secret, hash).await,
        _ => Ok(false),
    }
}
