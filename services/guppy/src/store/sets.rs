//! The tables `search_set` and `search_set_part`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{access::User, members::Members};

/// Members of a part. A part is read and written as a whole.
pub(crate) const PART: usize = 10_000;

/// A set without its members.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct StoredSet {
    pub(crate) id: Uuid,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) shared: bool,
    pub(crate) doc_type: Option<String>,
    pub(crate) field: Option<String>,
    pub(crate) members: i64,
    pub(crate) bytes: i64,
    pub(crate) created_time: DateTime<Utc>,
    pub(crate) updated_time: DateTime<Utc>,
}

impl StoredSet {
    /// Whether it is the user's own.
    pub(crate) fn is_of(&self, user: &User) -> bool {
        self.owner == user.name()
    }

    /// Whether the user may read it.
    pub(crate) fn is_for(&self, user: &User) -> bool {
        self.shared || self.is_of(user)
    }
}

/// What a new set is called, and what its members identify.
#[derive(Debug, Clone)]
pub(crate) struct NewSet<'n> {
    pub(crate) owner: &'n User,
    pub(crate) name: &'n str,
    pub(crate) shared: bool,
    pub(crate) doc_type: Option<&'n str>,
    pub(crate) field: Option<&'n str>,
}

/// How many sets somebody has, and how many bytes are in them.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct Used {
    pub(crate) sets: i64,
    pub(crate) bytes: i64,
}

/// The columns of a set, with the rest of the statement.
macro_rules! set {
    ($before:literal, $rest:literal) => {
        concat!(
            $before,
            "s.id, s.owner, s.name, s.shared, s.doc_type, s.field, s.members, s.bytes, s.created_time,
             s.updated_time ",
            $rest
        )
    };
}

/// Waits until nobody else makes sets of this user; held until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection, owner: &User) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('sets of ' || $1, 0))")
        .bind(owner.name())
        .execute(connection)
        .await
        .map(drop)
}

/// What a user has.
pub(crate) async fn used(connection: &mut PgConnection, owner: &User) -> Result<Used, sqlx::Error> {
    sqlx::query_as(
        "select count(*) as sets, coalesce(sum(bytes), 0)::bigint as bytes from search_set where owner = $1",
    )
    .bind(owner.name())
    .fetch_one(connection)
    .await
}

/// The sets of a user, the youngest first.
pub(crate) async fn all(connection: &mut PgConnection, owner: &User) -> Result<Vec<StoredSet>, sqlx::Error> {
    sqlx::query_as(set!("select ", "from search_set s where s.owner = $1 order by s.created_time desc, s.id"))
        .bind(owner.name())
        .fetch_all(connection)
        .await
}

/// The sets of these ids, whoever has them.
pub(crate) async fn find(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<StoredSet>, sqlx::Error> {
    sqlx::query_as(set!("select ", "from search_set s where s.id = any($1)"))
        .bind(ids)
        .fetch_all(connection)
        .await
}

/// Makes a set.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    new: &NewSet<'_>,
    members: &Members,
) -> Result<StoredSet, sqlx::Error> {
    let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let set: StoredSet = sqlx::query_as(set!(
        "insert into search_set as s (id, owner, name, shared, doc_type, field, members, bytes, created_time,
             updated_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, now(), now())
         returning ",
        ""
    ))
    .bind(Uuid::new_v4())
    .bind(new.owner.name())
    .bind(new.name)
    .bind(new.shared)
    .bind(new.doc_type)
    .bind(new.field)
    .bind(length(members.as_slice().len()))
    .bind(length(members.bytes()))
    .fetch_one(&mut *connection)
    .await?;
    // A hundred statements for a million members: as one parameter they would be in memory once more.
    for (part, members) in (0_i32..).zip(members.as_slice().chunks(PART)) {
        sqlx::query("insert into search_set_part (set_id, part, members) values ($1, $2, $3)")
            .bind(set.id)
            .bind(part)
            .bind(members)
            .execute(&mut *connection)
            .await?;
    }
    Ok(set)
}

/// Gives a set of this user another name, or other readers.
pub(crate) async fn change(
    connection: &mut PgConnection,
    (owner, id): (&User, Uuid),
    name: Option<&str>,
    shared: Option<bool>,
) -> Result<Option<StoredSet>, sqlx::Error> {
    sqlx::query_as(set!(
        "update search_set s
         set name = coalesce($3, s.name), shared = coalesce($4, s.shared), updated_time = now()
         where s.owner = $1 and s.id = $2
         returning ",
        ""
    ))
    .bind(owner.name())
    .bind(id)
    .bind(name)
    .bind(shared)
    .fetch_optional(connection)
    .await
}

/// Deletes a set of this user, and returns whether there was one.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    owner: &User,
    id: Uuid,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from search_set where owner = $1 and id = $2")
        .bind(owner.name())
        .bind(id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// All members, in their order.
pub(crate) async fn members(connection: &mut PgConnection, id: Uuid) -> Result<Vec<String>, sqlx::Error> {
    let parts: Vec<Vec<String>> =
        sqlx::query_scalar("select members from search_set_part where set_id = $1 order by part")
            .bind(id)
            .fetch_all(connection)
            .await?;
    Ok(parts.into_iter().flatten().collect())
}

/// Up to `size` members after the first `skip` of them, where `size` is no more than a part has.
pub(crate) async fn page(
    connection: &mut PgConnection,
    id: Uuid,
    skip: usize,
    size: usize,
) -> Result<Vec<String>, sqlx::Error> {
    let first = i32::try_from(skip / PART).unwrap_or(i32::MAX);
    let parts: Vec<Vec<String>> = sqlx::query_scalar(
        "select members from search_set_part
         where set_id = $1 and part between $2 and $3 order by part",
    )
    .bind(id)
    .bind(first)
    .bind(first.saturating_add(1))
    .fetch_all(connection)
    .await?;
    Ok(parts.into_iter().flatten().skip(skip % PART).take(size).collect())
}
