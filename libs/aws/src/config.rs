//! What clients of the SDK are made of.

use std::{sync::OnceLock, time::Duration};

use aws_config::{
    AppName, BehaviorVersion, Region, SdkConfig, sts::AssumeRoleProvider, timeout::TimeoutConfig,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Servers close a connection on which no request begins for a while, ours after 30 s.
const IDLE: Duration = Duration::from_secs(20);
/// Where roles are assumed, and queues are, if nothing says where.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";
/// Sessions of a role last from 15 minutes to 12 hours (AWS STS, `DurationSeconds`).
const SHORTEST_SESSION: Duration = Duration::from_secs(900);
const LONGEST_SESSION: Duration = Duration::from_secs(12 * 3600);
const SESSION_NAME: &str = "gen3-commons";

/// What a client is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Whose requests these are.
    pub source: Source,
    /// The region; that of the environment, of the profile or of the machine when it is not given.
    pub region: Option<String>,
    /// Address of a server that is not Amazon's.
    pub endpoint_url: Option<String>,
    /// A role to assume with the credentials of `source`.
    pub role: Option<Role>,
}

/// Where credentials come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Source {
    /// As every client of Amazon finds them: in the variables `AWS_…`, in the files `~/.aws/config` and
    /// `~/.aws/credentials`, by the token of a Kubernetes service account, from the container or the machine.
    #[default]
    Found,
    /// A profile of `~/.aws/config`, which may name keys, a role, a sign-on or a program.
    Profile(String),
    /// Fixed keys.
    Keys(Keys),
    /// Requests are not signed.
    Nobody,
}

/// An access key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Keys {
    /// Access key id.
    pub id: String,
    /// Secret access key.
    pub secret: String,
    /// Session token, of keys that are temporary.
    pub token: Option<String>,
}

// Written by hand so that a secret can never reach a log.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// A role that is assumed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Role {
    /// Its name, `arn:aws:iam::…:role/…`.
    pub arn: String,
    /// What the role's owner wants to hear from us.
    pub external_id: Option<String>,
    /// How long a session lasts: at least 15 minutes, at most 12 hours and what the role allows.
    pub session: Duration,
    /// Address of a token service that is not Amazon's.
    pub endpoint_url: Option<String>,
}

/// What clients of the SDK are made of.
pub async fn shared_config(settings: &Settings) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .timeout_config(timeouts)
        .app_name(AppName::new(SESSION_NAME).expect("the name is of letters and a dash"));
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    loader = match &settings.source {
        Source::Found => loader,
        Source::Profile(profile) => loader.profile_name(profile),
        Source::Keys(Keys { id, secret, token }) => {
            loader.credentials_provider(Credentials::new(id, secret, token.clone(), None, "settings"))
        }
        Source::Nobody => loader.no_credentials(),
    };
    let mut config = loader.load().await;
    if let Some(role) = &settings.role {
        let assumed = assumed(role, &config).await;
        config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(assumed)).build();
    }
    match &settings.endpoint_url {
        Some(url) => config.into_builder().endpoint_url(url).build(),
        None => config,
    }
}

async fn assumed(role: &Role, config: &SdkConfig) -> AssumeRoleProvider {
    let config = match &role.endpoint_url {
        Some(url) => config.clone().into_builder().endpoint_url(url).build(),
        None => config.clone(),
    };
    let region = config.region().cloned().unwrap_or_else(|| Region::from_static(DEFAULT_REGION));
    let mut builder = AssumeRoleProvider::builder(&role.arn)
        .configure(&config)
        .region(region)
        .session_name(SESSION_NAME)
        .session_length(role.session.clamp(SHORTEST_SESSION, LONGEST_SESSION));
    if let Some(id) = &role.external_id {
        builder = builder.external_id(id);
    }
    builder.build().await
}

/// The one client of the process: rustls with the same cryptography as everywhere else. It goes through no
/// proxy, as our other clients.
fn http_client() -> SharedHttpClient {
    static CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();
    let build = || {
        let tls = Provider::Rustls(CryptoMode::AwsLc);
        Builder::new().pool_idle_timeout(IDLE).tls_provider(tls).build_https()
    };
    CLIENT.get_or_init(build).clone()
}
