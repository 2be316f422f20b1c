//! `commons user token` and `commons user api-key`.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use fence::credentials;
use sqlx::PgPool;

use crate::{
    commands::{
        issuer::IssuerArgs,
        target::{Pools, TargetArgs},
    },
    failure::Failure,
    output::{remark, tell},
    up,
};

/// A user by name.
#[derive(Debug, Clone, Args)]
pub struct Who {
    /// User name.
    #[arg(value_parser = user_name)]
    pub name: String,
    /// Make the user if there is none.
    #[arg(long)]
    pub create: bool,
}

/// Options of `commons user token`.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// Whose token.
    #[command(flatten)]
    pub who: Who,
    /// Life in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, allow_negative_numbers = true)]
    pub expires_in: i64,
    /// Scopes, separated by commas or spaces.
    #[arg(long, default_value = "openid,user,data,credentials,admin,google_credentials")]
    pub scope: String,
    /// Who issues it.
    #[command(flatten)]
    pub issuer: IssuerArgs,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `commons user api-key`.
#[derive(Debug, Clone, Args)]
pub struct ApiKeyArgs {
    /// Whose key.
    #[command(flatten)]
    pub who: Who,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there already.
    #[arg(long)]
    pub force: bool,
    /// Life in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 2_592_000, allow_negative_numbers = true)]
    pub expires_in: i64,
    /// Who issues it.
    #[command(flatten)]
    pub issuer: IssuerArgs,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

impl Who {
    /// A name that was mistyped must not become a user.
    ///
    /// # Errors
    /// When there is no such user and none is to be made.
    async fn check(&self, fence: &PgPool) -> anyhow::Result<()> {
        if self.create || fence::users::exists(fence, &self.name).await? {
            return Ok(());
        }
        let told = format!(
            "there is no user {:?}; `commons user list` shows all, and --create makes this one",
            self.name
        );
        Err(Failure::Prerequisite(told).into())
    }
}

/// A name that can be one of a user.
pub(super) fn user_name(name: &str) -> Result<String, String> {
    if name.trim().is_empty() {
        return Err("a user has a name".to_owned());
    }
    if name != name.trim() || name.contains(char::is_control) {
        return Err("a name has no blanks at its ends and no control characters".to_owned());
    }
    Ok(name.to_owned())
}

pub(super) async fn api_key(args: ApiKeyArgs) -> anyhow::Result<()> {
    let out = std::path::absolute(&args.out)?;
    if !args.force && out.exists() {
        let told = format!("{} is there already; --force replaces it", out.display());
        return Err(Failure::Prerequisite(told).into());
    }
    let issuer = args.issuer.read(&args.target)?;
    let target = args.target.open().await?;
    let name = target
        .with(async |pools: Arc<Pools>| {
            let pool = pools.fence()?;
            args.who.check(&pool).await?;
            up::write_key_file(&*issuer.fence(pool)?, &args.who.name, Some(args.expires_in), &out).await?;
            Ok(args.who.name)
        })
        .await?;
    remark(format_args!("the API key of {name} is in {}", out.display()))?;
    Ok(())
}

pub(super) async fn token(args: TokenArgs) -> anyhow::Result<()> {
    let named = args.scope.split([',', ' ']).filter(|scope| !scope.is_empty());
    let scopes: Vec<String> = named.map(str::to_owned).collect();
    let issuer = args.issuer.read(&args.target)?;
    let target = args.target.open().await?;
    let token = target
        .with(async |pools: Arc<Pools>| {
            let pool = pools.fence()?;
            args.who.check(&pool).await?;
            let fence = issuer.fence(pool)?;
            Ok(credentials::access_token(&fence, &args.who.name, args.expires_in, Some(scopes)).await?)
        })
        .await?;
    tell(token)?;
    Ok(())
}
