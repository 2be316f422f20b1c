//! Tables `commons_local_account`, `commons_local_invitation` and `commons_local_device`.

use sqlx::{FromRow, PgConnection};

/// So many browsers of a user are known at a time.
const MOST_DEVICES: i64 = 20;
/// Seconds for which a browser is known that is not used.
pub(crate) const DEVICE_LIFE: i64 = 180 * 86_400;

/// A user, and the account if there is one.
#[derive(Clone, FromRow)]
pub(crate) struct Account {
    pub(crate) user_id: i32,
    pub(crate) username: String,
    pub(crate) email: Option<String>,
    /// The hash of the password; none for a user without a local account.
    pub(crate) password: Option<String>,
    /// When the password was set, in microseconds since the epoch.
    pub(crate) changed_at: Option<i64>,
    pub(crate) second_factor: Option<Vec<u8>>,
    /// The last step whose one-time code was used.
    pub(crate) used_step: Option<i64>,
    /// How many recovery codes are left.
    pub(crate) recovery_codes: i32,
}

/// The statement that reads users with their accounts, with the rest of it from `where` on.
macro_rules! select_account {
    ($rest:literal) => {
        concat!(
            r#"select u.id as user_id, u.username, u.email, a.password,
                      (extract(epoch from a.changed_at) * 1000000)::bigint as changed_at,
                      a.second_factor, a.used_step, coalesce(cardinality(a.recovery_codes), 0) as recovery_codes
               from "User" u left join commons_local_account a on a.user_id = u.id "#,
            $rest
        )
    };
}

/// The user of this name, in any case, as [`super::users::by_name`] finds them.
pub(crate) async fn by_name(
    connection: &mut PgConnection,
    username: &str,
) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as(select_account!(
        "where lower(u.username) = lower($1) order by u.username <> $1, u.id limit 1"
    ))
    .bind(username)
    .fetch_optional(connection)
    .await
}

/// The user of this id.
pub(crate) async fn by_id(connection: &mut PgConnection, id: i32) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as(select_account!("where u.id = $1 and u.username is not null"))
        .bind(id)
        .fetch_optional(connection)
        .await
}

/// Keeps the hash of a user's new password.
pub(crate) async fn set_password(
    connection: &mut PgConnection,
    user: i32,
    hash: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into commons_local_account (user_id, password) values ($1, $2)
         on conflict (user_id) do update set password = excluded.password, changed_at = clock_timestamp()",
    )
    .bind(user)
    .bind(hash)
    .execute(connection)
    .await
    .map(drop)
}

/// Keeps another hash of the same password, unless the password has changed meanwhile.
pub(crate) async fn renew_hash(
    connection: &mut PgConnection,
    user: i32,
    old: &str,
    new: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("update commons_local_account set password = $3 where user_id = $1 and password = $2")
        .bind(user)
        .bind(old)
        .bind(new)
        .execute(connection)
        .await
        .map(drop)
}

/// Takes the account away: password, second factor and known browsers. The user stays.
pub(crate) async fn remove(connection: &mut PgConnection, user: i32) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with devices as (delete from commons_local_device where user_id = $1)
         delete from commons_local_account where user_id = $1",
    )
    .bind(user)
    .execute(connection)
    .await
    .map(drop)
}

/// Ends all sessions of a user that began before now.
pub(crate) async fn end_sessions(
    connection: &mut PgConnection,
    user: i32,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        r#"update "User" set
                  additional_info = case jsonb_typeof(additional_info) when 'object' then additional_info
                                         else '{}' end || jsonb_build_object('sessions_valid_from', $2)
           where id = $1"#,
    )
    .bind(user)
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}

/// From now on one-time codes of `secret` are asked for, from after `step`, or one of the recovery codes.
pub(crate) async fn set_second_factor(
    connection: &mut PgConnection,
    user: i32,
    secret: &[u8],
    step: i64,
    recovery_codes: &[Vec<u8>],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update commons_local_account set second_factor = $2, used_step = $3, recovery_codes = $4
         where user_id = $1",
    )
    .bind(user)
    .bind(secret)
    .bind(step)
    .bind(recovery_codes)
    .execute(connection)
    .await
    .map(drop)
}

/// From now on the password is enough.
pub(crate) async fn remove_second_factor(
    connection: &mut PgConnection,
    user: i32,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update commons_local_account set second_factor = null, used_step = 0, recovery_codes = '{}'
         where user_id = $1",
    )
    .bind(user)
    .execute(connection)
    .await
    .map(drop)
}

/// Uses the code of a step up, and says whether it was still there: of many who bring it one has it.
pub(crate) async fn use_step(
    connection: &mut PgConnection,
    user: i32,
    step: i64,
) -> Result<bool, sqlx::Error> {
    let used = sqlx::query(
        "update commons_local_account set used_step = $2
         where user_id = $1 and used_step < $2 and second_factor is not null",
    );
    Ok(used.bind(user).bind(step).execute(connection).await?.rows_affected() > 0)
}

/// Uses a recovery code up, and says whether it was there.
pub(crate) async fn use_recovery_code(
    connection: &mut PgConnection,
    user: i32,
    digest: &[u8],
) -> Result<bool, sqlx::Error> {
    let used = sqlx::query(
        "update commons_local_account set recovery_codes = array_remove(recovery_codes, $2)
         where user_id = $1 and $2 = any(recovery_codes) and second_factor is not null",
    );
    Ok(used.bind(user).bind(digest).execute(connection).await?.rows_affected() > 0)
}

/// Keeps an invitation in place of an earlier one, until `life` seconds from now; forgets those that have
/// expired.
pub(crate) async fn invite(
    connection: &mut PgConnection,
    user: i32,
    digest: &[u8],
    life: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from commons_local_invitation where expires_at <= clock_timestamp()")
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "insert into commons_local_invitation (user_id, digest, expires_at)
         values ($1, $2, clock_timestamp() + $3 * interval '1 second')
         on conflict (user_id) do update set digest = excluded.digest, expires_at = excluded.expires_at",
    )
    .bind(user)
    .bind(digest)
    .bind(life)
    .execute(connection)
    .await
    .map(drop)
}

/// Who is invited by the code of this digest: active users, while it has not expired.
pub(crate) async fn invited(
    connection: &mut PgConnection,
    digest: &[u8],
) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as(select_account!(
        "join commons_local_invitation i on i.user_id = u.id
         where i.digest = $1 and i.expires_at > clock_timestamp() and u.active and u.username is not null"
    ))
    .bind(digest)
    .fetch_optional(connection)
    .await
}

/// Uses an invitation up, and says whether it was still there.
pub(crate) async fn use_invitation(
    connection: &mut PgConnection,
    user: i32,
    digest: &[u8],
) -> Result<bool, sqlx::Error> {
    let used = sqlx::query(
        "delete from commons_local_invitation
         where user_id = $1 and digest = $2 and expires_at > clock_timestamp()",
    );
    Ok(used.bind(user).bind(digest).execute(connection).await?.rows_affected() > 0)
}

/// Whether the user has logged in before in the browser of this digest.
pub(crate) async fn is_known_device(
    connection: &mut PgConnection,
    username: &str,
    digest: &[u8],
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        r#"select exists (
             select from commons_local_device d join "User" u on u.id = d.user_id
             where d.digest = $2 and lower(u.username) = lower($1)
               and d.used_at > clock_timestamp() - $3 * interval '1 second')"#,
    )
    .bind(username)
    .bind(digest)
    .bind(DEVICE_LIFE)
    .fetch_one(connection)
    .await
}

/// From now on the browser of the digest `new` is known for this user, and the one of `old` is not.
pub(crate) async fn know_device(
    connection: &mut PgConnection,
    user: i32,
    old: Option<&[u8]>,
    new: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from commons_local_device
         where digest = $2 or (user_id = $1 and (
             used_at <= clock_timestamp() - $3 * interval '1 second' or digest in (
                 select digest from commons_local_device where user_id = $1
                 order by used_at desc offset $4)))",
    )
    .bind(user)
    .bind(old)
    .bind(DEVICE_LIFE)
    .bind(MOST_DEVICES - 1)
    .execute(&mut *connection)
    .await?;
    sqlx::query("insert into commons_local_device (digest, user_id) values ($1, $2) on conflict do nothing")
        .bind(new)
        .bind(user)
        .execute(connection)
        .await
        .map(drop)
}

// Written by hand so that hashes and secrets can never reach a log.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
