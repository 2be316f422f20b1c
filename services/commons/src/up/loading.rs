//! Loading a user.yaml into the databases of fence and arborist: both, or neither.

use anyhow::Context as _;
use arborist::sync::{self, HeavyLoss, Loss, SyncError};
use sqlx::PgPool;
use useryaml::UserYaml;

use super::administrator::ADMINISTRATOR;
use crate::failure::Failure;

/// At most this many users are named who would lose everything.
const NAMED: usize = 20;

/// How to load a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loading {
    /// What becomes of a file that takes away too much.
    pub(crate) heavy_loss: HeavyLoss,
    /// How many users may lose all of their rights.
    pub(crate) most_losers: Option<usize>,
    /// Find out what would change, and change nothing.
    pub(crate) dry_run: bool,
}

/// What loading changed, or would change.
#[derive(Debug)]
pub(crate) struct Changes {
    /// In fence's database.
    pub(crate) accounts: fence::sync::SyncReport,
    /// In arborist's database.
    pub(crate) rights: sync::SyncReport,
}

/// Brings the users, groups, clients and rights of `users` into the databases of fence and arborist. Each is
/// written in one transaction, and neither is committed before both are written.
///
/// # Errors
/// When a database fails, or when too many rights would go and `loading` refuses that; then nothing has
/// changed.
pub(crate) async fn load(
    fence: &PgPool,
    arborist: &PgPool,
    users: &UserYaml,
    loading: Loading,
) -> anyhow::Result<Changes> {
    let clients = fence::clients::ids_by_name(fence).await.context("fence's clients cannot be read")?;
    let options = sync::Options {
        clients,
        spared: vec![ADMINISTRATOR.to_owned()],
        heavy_loss: loading.heavy_loss,
        most_losers: loading.most_losers,
        dry_run: loading.dry_run,
        ..sync::Options::default()
    };
    let told = "users cannot be written to fence's database";
    let accounts = fence::sync::prepare(fence, users).await.context(told)?;
    let rights = match sync::prepare(arborist, users, &options).await {
        Err(SyncError::HeavyLoss(loss)) => return Err(Failure::NotInOrder(refusal(&loss)).into()),
        Err(SyncError::TooManyLosers { losers, most }) => {
            return Err(Failure::NotInOrder(refusal_of_losers(&losers, most)).into());
        }
        prepared => prepared.context("rights cannot be written to arborist's database")?,
    };
    if loading.dry_run {
        return Ok(Changes { accounts: accounts.report, rights: rights.undo().await? });
    }
    let accounts = accounts.commit().await.context(told)?;
    Ok(Changes { accounts, rights: rights.commit().await.context("the rights could not be committed")? })
}

fn refusal(loss: &Loss) -> String {
    format!(
        "nothing was changed: the user.yaml takes away {loss}. Is it the right file, and all of it? \
         `commons user sync FILE --dry-run` lists what would go; with --yes it is done"
    )
}

fn refusal_of_losers(losers: &[String], most: usize) -> String {
    let mut named: Vec<&str> = losers.iter().take(NAMED).map(String::as_str).collect();
    if losers.len() > NAMED {
        named.push("and others");
    }
    format!(
        "nothing was changed: {} users would lose all of their rights, and --max-removals allows {most}: {}. \
         With --yes it is done",
        losers.len(),
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::refusal_of_losers;

    #[test]
    fn users_who_would_lose_everything_are_named_up_to_a_number() {
        let losers: Vec<String> = (0..30).map(|number| format!("u{number}")).collect();
        let told = refusal_of_losers(&losers, 5);
        assert!(
            told.contains("30 users would lose all of their rights, and --max-removals allows 5: u0, u1")
        );
        assert!(told.contains("u19, and others") && !told.contains("u20"), "{told}");
    }
}
