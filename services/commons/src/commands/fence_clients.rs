//! What `fence-create` does with clients and tokens, in its words. Scripts read the last line of what it
//! prints.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use fence::{
    clients::{Credentials, ListedClient},
    credentials::{self, TokenKind, TokenOrder},
};

use super::{
    client::{self, CreateArgs, ModifyArgs},
    issuer::IssuerArgs,
    target::{Pools, TargetArgs},
};
use crate::output::tell;

/// Commands about clients and tokens.
#[derive(Debug, Subcommand)]
pub enum FenceClientCommand {
    /// As `commons client create`
    ClientCreate(FenceClientCreate),
    /// As `commons client modify`
    ClientModify(FenceClientModify),
    /// As `commons client list`
    ClientList(TargetArgs),
    /// As `commons client delete`
    ClientDelete {
        /// Its name.
        #[arg(long)]
        client: String,
        /// The databases.
        #[command(flatten)]
        target: TargetArgs,
    },
    /// As `commons client expire`
    ClientDeleteExpired {
        /// Taken for the sake of old command lines; nothing is posted.
        #[arg(long, value_name = "URL")]
        slack_webhook: Option<String>,
        /// How many days before the end of a client it is told of.
        #[arg(long, value_name = "DAYS", default_value_t = 7.0)]
        warning_days: f64,
        /// The databases.
        #[command(flatten)]
        target: TargetArgs,
    },
    /// As `commons client rotate`
    ClientRotate {
        /// Its name.
        #[arg(long)]
        client: String,
        /// Days until the new credentials expire.
        #[arg(long, value_name = "DAYS")]
        expires_in: Option<f64>,
        /// The databases.
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Print an access token or a refresh token of a user
    TokenCreate(FenceTokenCreate),
}

/// Options of `fence-create client-create`.
#[derive(Debug, Clone, Args)]
pub struct FenceClientCreate {
    /// Its name.
    #[arg(long)]
    pub client: String,
    /// Where users return to.
    #[arg(long, num_args = 1..)]
    pub urls: Vec<String>,
    /// Whose it is.
    #[arg(long)]
    pub username: Option<String>,
    /// Taken for the sake of old command lines.
    #[arg(long)]
    pub external: bool,
    /// Do not ask users.
    #[arg(long)]
    pub auto_approve: bool,
    /// What it may do.
    #[arg(long, num_args = 1..)]
    pub grant_types: Vec<String>,
    /// It has no secret.
    #[arg(long)]
    pub public: bool,
    /// Its policies.
    #[arg(long, num_args = 0..)]
    pub policies: Vec<String>,
    /// What it may ask users for. Default: all that clients may.
    #[arg(long, num_args = 1..)]
    pub allowed_scopes: Vec<String>,
    /// Days until it expires.
    #[arg(long, value_name = "DAYS")]
    pub expires_in: Option<f64>,
    /// fence-config.yaml.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: Option<PathBuf>,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `fence-create client-modify`.
#[derive(Debug, Clone, Args)]
pub struct FenceClientModify {
    /// Its name.
    #[arg(long)]
    pub client: String,
    /// Where users return to.
    #[arg(long, num_args = 1..)]
    pub urls: Vec<String>,
    /// Another name.
    #[arg(long)]
    pub name: Option<String>,
    /// Another description.
    #[arg(long)]
    pub description: Option<String>,
    /// What it may ask users for.
    #[arg(long, num_args = 1..)]
    pub allowed_scopes: Vec<String>,
    /// Addresses and scopes come beside those that it has.
    #[arg(long)]
    pub append: bool,
    /// Do not ask users.
    #[arg(long, conflicts_with = "unset_auto_approve")]
    pub set_auto_approve: bool,
    /// Ask users.
    #[arg(long)]
    pub unset_auto_approve: bool,
    /// Take away all addresses.
    #[arg(long, conflicts_with = "urls")]
    pub delete_urls: bool,
    /// Its policies, instead of those that it has.
    #[arg(long, num_args = 0..)]
    pub policies: Vec<String>,
    /// Days from now until it expires.
    #[arg(long, value_name = "DAYS")]
    pub expires_in: Option<f64>,
    /// fence-config.yaml.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: Option<PathBuf>,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `fence-create token-create`.
#[derive(Debug, Clone, Args)]
pub struct FenceTokenCreate {
    /// The key that signs. Default: the newest.
    #[arg(long)]
    pub kid: Option<String>,
    /// The keys folder. Default: that of the state folder.
    #[arg(long, value_name = "DIR")]
    pub keys_dir: Option<PathBuf>,
    /// `access` or `refresh`.
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    pub kind: TokenKind,
    /// Whose.
    #[arg(long)]
    pub username: String,
    /// Scopes, separated by commas or spaces.
    #[arg(long)]
    pub scopes: String,
    /// Life in seconds. Default: that of such a token.
    #[arg(long = "exp", value_name = "SECONDS", allow_negative_numbers = true)]
    pub life: Option<i64>,
    /// The client that the token is for; a refresh token needs one.
    #[arg(long = "client_id", visible_alias = "client-id")]
    pub client_id: Option<String>,
    /// fence-config.yaml, whose `BASE_URL` issues the token. Default: the address of the commons of the state
    /// folder.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: Option<PathBuf>,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

fn kind(text: &str) -> Result<TokenKind, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "access" | "access_token" => Ok(TokenKind::Access),
        "refresh" | "refresh_token" => Ok(TokenKind::Refresh),
        _ => Err("expected access or refresh".to_owned()),
    }
}

pub(super) async fn run(command: FenceClientCommand) -> anyhow::Result<()> {
    match command {
        FenceClientCommand::ClientCreate(args) => show(&client::create(as_create(args)?).await?),
        FenceClientCommand::ClientModify(args) => client::modify(as_modify(args)?).await,
        FenceClientCommand::ClientList(target) => list(&client::all(target).await?),
        FenceClientCommand::ClientDelete { client, target } => client::delete(client, None, target).await,
        FenceClientCommand::ClientDeleteExpired { warning_days, target, .. } => {
            client::expire(warning_days, false, target).await
        }
        FenceClientCommand::ClientRotate { client, expires_in, target } => {
            show(&client::rotate(client, expires_in, target).await?)
        }
        FenceClientCommand::TokenCreate(args) => token(args).await,
    }
}

/// The original takes its database from fence-config.yaml; so do we, where none is named.
fn target(given: TargetArgs, config: Option<&PathBuf>) -> anyhow::Result<TargetArgs> {
    let Some(file) = config.filter(|_| !given.by_url()) else { return Ok(given) };
    let told = || format!("{} cannot be used", file.display());
    let text = std::fs::read_to_string(file).with_context(told)?;
    let document: serde_json::Value = serde_yaml_ng::from_str(&text).with_context(told)?;
    let expanded = fence::Config::expanded(&document).with_context(told)?;
    let mut given = given;
    given.databases.fence_database = expanded["DB"].as_str().map(str::to_owned);
    Ok(given)
}

fn as_create(args: FenceClientCreate) -> anyhow::Result<CreateArgs> {
    let target = target(args.target, args.fence_config.as_ref())?;
    let scopes = match (args.allowed_scopes.is_empty(), &args.fence_config) {
        (true, None) => fence::clients::SCOPES.map(str::to_owned).to_vec(),
        _ => args.allowed_scopes,
    };
    Ok(CreateArgs {
        name: args.client,
        description: None,
        urls: args.urls,
        owner: args.username,
        grants: args.grant_types,
        scopes,
        policies: args.policies,
        auto_approve: args.auto_approve,
        public: args.public,
        expires_in: args.expires_in,
        fence_config: args.fence_config,
        json: false,
        target,
    })
}

fn as_modify(args: FenceClientModify) -> anyhow::Result<ModifyArgs> {
    let target = target(args.target, args.fence_config.as_ref())?;
    Ok(ModifyArgs {
        name: args.client,
        rename: args.name,
        description: args.description,
        urls: args.urls,
        delete_urls: args.delete_urls,
        scopes: args.allowed_scopes,
        append: args.append,
        policies: args.policies,
        auto_approve: args.set_auto_approve,
        no_auto_approve: args.unset_auto_approve,
        expires_in: args.expires_in,
        fence_config: args.fence_config,
        target,
    })
}

/// The last line is a pair as Python writes it: scripts take it apart.
fn show(made: &Credentials) -> anyhow::Result<()> {
    tell("\nSave these credentials! Fence will not save the unhashed client secret.")?;
    tell("client id, client secret:")?;
    tell(pair(made))?;
    Ok(())
}

fn pair(made: &Credentials) -> String {
    let secret =
        made.client_secret.as_ref().map_or_else(|| "None".to_owned(), |secret| format!("'{secret}'"));
    format!("('{}', {secret})", made.client_id)
}

fn list(clients: &[ListedClient]) -> anyhow::Result<()> {
    for client in clients {
        tell(serde_json::to_string(client)?)?;
    }
    Ok(())
}

async fn token(args: FenceTokenCreate) -> anyhow::Result<()> {
    let args = FenceTokenCreate { target: target(args.target, args.fence_config.as_ref())?, ..args };
    let issuer = IssuerArgs { fence_config: args.fence_config.clone(), keys: args.keys_dir.clone() };
    let issuer = issuer.read(&args.target)?;
    let target = args.target.open().await?;
    let scopes = args.scopes.split([',', ' ']).filter(|scope| !scope.is_empty());
    let order = TokenOrder {
        kind: args.kind,
        username: args.username,
        scopes: scopes.map(str::to_owned).collect(),
        life: args.life,
        client_id: args.client_id,
        kid: args.kid,
        base_url: issuer.config.base_url,
    };
    let token = target
        .with(
            async |pools: Arc<Pools>| Ok(credentials::ordered(&pools.fence()?, &issuer.keys, &order).await?),
        )
        .await?;
    tell(token)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(subcommand)]
        command: FenceClientCommand,
    }

    fn parse(line: &str) -> FenceClientCommand {
        Cli::try_parse_from(line.split_whitespace()).unwrap().command
    }

    #[test]
    fn the_command_lines_of_run_books_are_understood() {
        let line = "fence-create client-create --client wts --urls https://a/cb https://b/cb --username ada \
                    --auto-approve --external --grant-types authorization_code refresh_token --policies p q \
                    --allowed-scopes openid user --expires-in 30";
        let FenceClientCommand::ClientCreate(args) = parse(line) else { panic!("not client-create") };
        let args = as_create(args).unwrap();
        assert_eq!((args.name.as_str(), args.owner.as_deref()), ("wts", Some("ada")));
        assert_eq!(args.urls, ["https://a/cb", "https://b/cb"]);
        assert_eq!(args.grants, ["authorization_code", "refresh_token"]);
        assert_eq!((args.policies.len(), args.scopes.len()), (2, 2));
        assert!(args.auto_approve && !args.public && args.expires_in == Some(30.0));
        let line =
            "fence-create client-modify --client wts --urls https://c/cb --append --unset-auto-approve";
        let FenceClientCommand::ClientModify(args) = parse(line) else { panic!("not client-modify") };
        let args = as_modify(args).unwrap();
        assert!(args.append && args.no_auto_approve && !args.auto_approve && args.urls.len() == 1);
        let line = "fence-create token-create --type refresh_token --username ada --scopes openid,user \
                    --exp 60 --client_id c --kid fence_key_x";
        let FenceClientCommand::TokenCreate(args) = parse(line) else { panic!("not token-create") };
        assert_eq!(
            (args.kind, args.life, args.client_id.as_deref()),
            (TokenKind::Refresh, Some(60), Some("c"))
        );
        for line in [
            "fence-create client-list",
            "fence-create client-delete --client wts",
            "fence-create client-delete-expired --slack-webhook https://x --warning-days 3",
            "fence-create client-rotate --client wts --expires-in 1",
        ] {
            parse(line);
        }
    }

    #[test]
    fn the_last_line_is_a_pair_of_python() {
        let pair = |secret: Option<&str>| {
            pair(&Credentials { client_id: "a".into(), client_secret: secret.map(str::to_owned) })
        };
        assert_eq!(pair(Some("b")), "('a', 'b')");
        assert_eq!(pair(None), "('a', None)");
    }
}
