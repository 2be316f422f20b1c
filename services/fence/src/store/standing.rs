//! Whether a token still counts: who its user is, and whether it was revoked.

use std::collections::HashMap;

use database::Lookup;
use sqlx::{FromRow as _, PgConnection, Row as _, postgres::PgRow};

use super::users::{User, columns_of_user};

/// A token whose standing is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Token {
    pub(crate) jti: String,
    /// Whom it was made for; none where it does not say.
    pub(crate) user: Option<i32>,
}

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) revoked: bool,
    /// The user as now; none where there is no such user (any more).
    pub(crate) user: Option<User>,
}

/// Reads standings. Every token has one.
#[derive(Debug)]
pub(crate) struct Standings;

/// Tokens of one statement.
const PLACES: usize = 16;

/// The statement has places for single values and no array, because PostgreSQL then keeps its plan; planning
/// takes longer than reading. Places that are not needed are null and are not looked at.
const STATEMENT: &str = concat!(
    "select w.jti, w.id as asked, exists (select from blacklisted_token b where b.jti = w.jti) as revoked, ",
    columns_of_user!(
        r#"from (values ($1::text, $2::int), ($3, $4), ($5, $6), ($7, $8), ($9, $10), ($11, $12), ($13, $14),
                        ($15, $16), ($17, $18), ($19, $20), ($21, $22), ($23, $24), ($25, $26), ($27, $28),
                        ($29, $30), ($31, $32)) as w (jti, id)
           left join "User" u on u.id = w.id and u.username is not null
           left join identity_provider p on p.id = u.idp_id
           where w.jti is not null"#
    )
);

impl Lookup for Standings {
    type Key = Token;
    type Found = Standing;

    async fn find(
        &self,
        connection: &mut PgConnection,
        tokens: &[Token],
    ) -> Result<HashMap<Token, Standing>, sqlx::Error> {
        let mut found = HashMap::with_capacity(tokens.len());
        for some in tokens.chunks(PLACES) {
            let mut statement = sqlx::query(STATEMENT);
            for place in 0..PLACES {
                let token = some.get(place);
                statement =
                    statement.bind(token.map(|token| &token.jti)).bind(token.and_then(|token| token.user));
            }
            for row in statement.fetch_all(&mut *connection).await? {
                let (token, standing) = read(&row)?;
                found.insert(token, standing);
            }
        }
        Ok(found)
    }
}

fn read(row: &PgRow) -> Result<(Token, Standing), sqlx::Error> {
    let token = Token { jti: row.try_get("jti")?, user: row.try_get("asked")? };
    let known: Option<i32> = row.try_get("id")?;
    let user = known.map(|_| User::from_row(row)).transpose()?;
    Ok((token, Standing { revoked: row.try_get("revoked")?, user }))
}
