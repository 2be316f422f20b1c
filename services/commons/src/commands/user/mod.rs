//! `commons user`.

pub(crate) mod credentials;
mod dbgap;
mod invite;
pub(crate) mod people;
pub(crate) mod source;
pub(crate) mod sync;
pub(crate) mod visas;

use clap::Subcommand;

/// Commands about users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// What other issuers say of whose data users may read
    #[command(subcommand)]
    Visas(visas::VisasCommand),
    /// Load a user.yaml
    Sync(sync::SyncArgs),
    /// Check a user.yaml, and change nothing
    Validate(sync::ValidateArgs),
    /// Print an access token
    Token(credentials::TokenArgs),
    /// Write a new API key file, as the login page would give it
    ApiKey(credentials::ApiKeyArgs),
    /// Print a link by which a user sets a password; the user is made if there is none
    Invite(invite::InviteArgs),
    /// List the users
    List(people::ListArgs),
    /// Show what is known of a user, and what the user holds
    Show(people::OneArgs),
    /// Shut a user out: no login, no keys, no sessions, no rights
    Disable(people::OneArgs),
    /// Let a user in again who was shut out
    Enable(people::OneArgs),
}

pub(crate) async fn run(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Visas(command) => visas::run(command).await,
        UserCommand::Sync(args) => sync::run(args).await,
        UserCommand::Validate(args) => sync::validate(args).await,
        UserCommand::Token(args) => credentials::token(args).await,
        UserCommand::ApiKey(args) => credentials::api_key(args).await,
        UserCommand::Invite(args) => invite::run(args).await,
        UserCommand::List(args) => people::list(args).await,
        UserCommand::Show(args) => people::show(args).await,
        UserCommand::Disable(args) => people::disable(args).await,
        UserCommand::Enable(args) => people::enable(args).await,
    }
}
