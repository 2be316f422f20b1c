//! The options of `commons client`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::target::TargetArgs;

/// Commands about OAuth clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Register a client, and print its identifier and secret, which cannot be read again
    Create(CreateArgs),
    /// Change what is registered of a client
    Modify(ModifyArgs),
    /// Make another identifier and secret for a client; the old ones go on working until they are deleted
    Rotate {
        /// Its name.
        name: String,
        /// Days until the new ones expire. Default: never.
        #[arg(long, value_name = "DAYS")]
        expires_in: Option<f64>,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// The databases.
        #[command(flatten)]
        target: TargetArgs,
    },
    /// List the clients
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// The databases.
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Delete a client with all of its identifiers, or one of them
    Delete {
        /// Its name.
        name: String,
        /// This identifier only, as after a rotation.
        #[arg(long, value_name = "CLIENT_ID")]
        id: Option<String>,
        /// The databases.
        #[command(flatten)]
        target: TargetArgs,
    },
    /// Delete the clients that have expired, and say which will soon
    Expire {
        /// How many days "soon" are.
        #[arg(long, value_name = "DAYS", default_value_t = 7.0)]
        warning_days: f64,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// The databases.
        #[command(flatten)]
        target: TargetArgs,
    },
}

/// Options of `commons client create`.
#[derive(Debug, Clone, Args)]
pub struct CreateArgs {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[arg(long)]
    pub description: Option<String>,
    /// Where users return to, to the letter.
    #[arg(long = "url", value_name = "URL")]
    pub urls: Vec<String>,
    /// The user whose client it is; made if there is none.
    #[arg(long, value_name = "USER")]
    pub owner: Option<String>,
    /// What it may do: `authorization_code`, `refresh_token`, `client_credentials`, `implicit`. Default: the
    /// first two.
    #[arg(long = "grant", value_name = "GRANT")]
    pub grants: Vec<String>,
    /// What it may ask users for. Default: `openid`, `user` and `data`.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// Policies that it has for itself, and that limit what it may do for a user.
    #[arg(long = "policy", value_name = "POLICY")]
    pub policies: Vec<String>,
    /// Do not ask users whether they let it act for them: for programs of the commons itself.
    #[arg(long)]
    pub auto_approve: bool,
    /// It cannot keep a secret, such as a page or an app; it should use PKCE.
    #[arg(long)]
    pub public: bool,
    /// Days until it expires. Default: never.
    #[arg(long, value_name = "DAYS")]
    pub expires_in: Option<f64>,
    /// fence-config.yaml, whose `CLIENT_ALLOWED_SCOPES` count.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `commons client modify`.
#[derive(Debug, Clone, Args)]
pub struct ModifyArgs {
    /// Its name.
    pub name: String,
    /// Another name.
    #[arg(long, value_name = "NAME")]
    pub rename: Option<String>,
    /// Another description.
    #[arg(long)]
    pub description: Option<String>,
    /// Where users return to, instead of the addresses that it has.
    #[arg(long = "url", value_name = "URL")]
    pub urls: Vec<String>,
    /// Take away all addresses.
    #[arg(long, conflicts_with = "urls")]
    pub delete_urls: bool,
    /// What it may ask users for, instead of what it may now.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// Addresses and scopes come beside those that it has.
    #[arg(long)]
    pub append: bool,
    /// Its policies, instead of those that it has.
    #[arg(long = "policy", value_name = "POLICY")]
    pub policies: Vec<String>,
    /// Do not ask users whether they let it act for them.
    #[arg(long, conflicts_with = "no_auto_approve")]
    pub auto_approve: bool,
    /// Ask users whether they let it act for them.
    #[arg(long)]
    pub no_auto_approve: bool,
    /// Days from now until it expires.
    #[arg(long, value_name = "DAYS")]
    pub expires_in: Option<f64>,
    /// fence-config.yaml, whose `CLIENT_ALLOWED_SCOPES` count.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: Option<PathBuf>,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}
