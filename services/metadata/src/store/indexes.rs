//! Indexes of paths, which administrators make and delete. As in the original the catalogue of the database
//! is what is known of them: their names begin with `path_idx_`.

use sha2::{Digest as _, Sha256};
use sql::Sql;
use sqlx::PgConnection;

use crate::access::MayAdminister;

/// Number of the advisory lock for changes, chosen once.
const LOCK: i64 = 0x006d_6473_6964_7873;

/// The name of the index of a path, which the original gives it too.
pub(crate) fn name(path: &[String]) -> String {
    let digest = hex::encode(Sha256::digest(path.join(",")));
    format!("path_idx_{}", &digest[..8])
}

/// Nobody else makes or deletes an index until the transaction ends, which has time to make one.
pub(crate) async fn lock(connection: &mut PgConnection, _: &MayAdminister) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1), set_config('statement_timeout', '600000', true)")
        .bind(LOCK)
        .execute(connection)
        .await
        .map(drop)
}

/// The paths that have an index, with dots between their keys, in the order in which they were made.
pub(crate) async fn list(
    connection: &mut PgConnection,
    _: &MayAdminister,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        r"select array_to_string(replace(expression[1], '''''', '''')::text[], '.')
          from (select i.indexrelid,
                       regexp_match(pg_get_expr(i.indexprs, i.indrelid), '#>> ''(.*)''::text\[\]')
                from pg_index i join pg_class c on c.oid = i.indexrelid
                where i.indrelid = 'metadata'::regclass and c.relname like 'path\_idx\_%')
               as p (id, expression)
          where expression is not null order by id",
    )
    .fetch_all(connection)
    .await
}

/// Whether there is an index of this name.
pub(crate) async fn exists(
    connection: &mut PgConnection,
    _: &MayAdminister,
    name: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from pg_index i join pg_class c on c.oid = i.indexrelid
                        where i.indrelid = 'metadata'::regclass and c.relname = $1)",
    )
    .bind(name)
    .fetch_one(connection)
    .await
}

/// Makes the index of a path.
pub(crate) async fn create(
    connection: &mut PgConnection,
    _: &MayAdminister,
    path: &[String],
) -> Result<(), sqlx::Error> {
    creation(path).run_script(connection).await
}

/// `create index "path_idx_..." on metadata using hash ((data #>> '{"a","b"}'::text[]))`
///
/// Such an index finds texts of any length. One that orders them would refuse long ones, and with them every
/// document that has one there.
fn creation(path: &[String]) -> Sql {
    let keys: Vec<String> = path.iter().map(|key| format!("\"{key}\"")).collect();
    let statement = Sql::raw("create index ").then_ident(&name(path));
    let statement = statement.text(" on metadata using hash ((data #>> ");
    statement.literal(&format!("{{{}}}", keys.join(","))).text("::text[]))")
}

/// Deletes the index of this name.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    _: &MayAdminister,
    name: &str,
) -> Result<(), sqlx::Error> {
    Sql::raw("drop index ").then_ident(name).run_script(connection).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_has_the_originals_name_and_its_path_is_a_literal() {
        let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        // The beginning of the SHA-256 of `a,b`.
        assert_eq!(name(&path(&["a", "b"])), "path_idx_1eb7c54d");
        assert_eq!(
            creation(&path(&["a'b", "c d"])).render().0,
            format!(
                "create index \"{}\" on metadata using hash ((data #>> '{{\"a''b\",\"c d\"}}'::text[]))",
                name(&path(&["a'b", "c d"]))
            )
        );
    }
}
