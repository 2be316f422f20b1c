//! `commons user invite`.

use std::sync::Arc;

use clap::Args;
use fence::{Error, Invite, InviteMode, local_accounts};
use serde_json::json;
use url::Url;

use super::credentials::user_name;
use crate::{
    commands::target::{Pools, Target, TargetArgs},
    failure::{Failure, warn},
    output::tell,
};

/// Options of `commons user invite`.
#[derive(Debug, Clone, Args)]
pub struct InviteArgs {
    /// User name.
    #[arg(value_parser = user_name)]
    pub name: String,
    /// The user's e-mail address. Nothing is sent there.
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// How long the link is good: `7d`, `12h`, `30m`, or seconds; at most 30 days.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = seconds)]
    pub expires: i64,
    /// Let a user who has a password set another one. The old one, the second factor and all sessions end
    /// now.
    #[arg(long)]
    pub reset: bool,
    /// End the user's API keys as well: somebody else may have got at the account.
    #[arg(long, requires = "reset")]
    pub end_api_keys: bool,
    /// fence's public address, as `BASE_URL` in its configuration says it. A state folder knows it.
    #[arg(long, value_name = "URL", env = "FENCE_BASE_URL")]
    pub base_url: Option<Url>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The databases; fence's is enough.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// A time in seconds, or with its unit.
fn seconds(text: &str) -> Result<i64, String> {
    let told = || format!("{text:?} is no time: write it like 7d, 12h, 30m, or in seconds");
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 'd')) => (&text[..at], 86_400),
        Some((at, 'h')) => (&text[..at], 3_600),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 's')) => (&text[..at], 1),
        Some(_) | None => (text, 1),
    };
    let number: i64 = number.parse().map_err(|_| told())?;
    let seconds = number.checked_mul(unit).filter(|seconds| *seconds > 0);
    seconds.ok_or_else(told)
}

/// fence's public address.
///
/// # Errors
/// When nobody knows it.
fn base_url(args: &InviteArgs, target: &Target) -> anyhow::Result<String> {
    let given = args.base_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
    let known = match target {
        Target::Bench(bench) => Some(bench.run.issuer()),
        Target::Urls { .. } => None,
    };
    given.or(known).ok_or_else(|| {
        let told = "the link needs fence's public address: name it by --base-url URL (or FENCE_BASE_URL), as \
                    BASE_URL in its configuration says it";
        Failure::Prerequisite(told.to_owned()).into()
    })
}

pub(super) async fn run(args: InviteArgs) -> anyhow::Result<()> {
    let target = args.target.open().await?;
    let base_url = base_url(&args, &target)?;
    let is_off = matches!(&target, Target::Bench(bench) if !bench.run.local_accounts);
    let mode = match (args.reset, args.end_api_keys) {
        (false, _) => InviteMode::First,
        (true, false) => InviteMode::Reset,
        (true, true) => InviteMode::ResetWithKeys,
    };
    let invite = Invite { username: &args.name, email: args.email.as_deref(), life: args.expires, mode };
    let invited = target
        .with(async |pools: Arc<Pools>| Ok(local_accounts::invite(&pools.fence()?, &invite).await))
        .await?;
    let invitation = invited.map_err(|error| match error {
        Error::Conflict(told) if mode == InviteMode::First => {
            Failure::Prerequisite(format!("{told} (--reset)")).into()
        }
        Error::NotFound(told) | Error::BadRequest(told) => Failure::Prerequisite(told).into(),
        error => anyhow::Error::from(error),
    })?;
    let address = invitation.address(&base_url);
    if args.json {
        tell(json!({ "user": invitation.username, "url": address, "expires": invitation.expires }))?;
    } else {
        tell(address)?;
    }
    if is_off {
        warn(
            "this commons has no local accounts; after a start with `commons up --local-accounts` the link \
             works",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_written_with_their_unit() {
        let all = ["7d", "12h", "30m", "90s", "90"].map(|text| seconds(text).unwrap());
        assert_eq!(all, [604_800, 43_200, 1_800, 90, 90]);
        for bad in ["", "d", "0", "-1d", "1w", "1.5h", "9223372036854775807d", "\u{e9}"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
