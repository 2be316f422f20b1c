//! `/v1/sets`: identifiers that a user keeps, to use them in filters.

use authz::Subject;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use web::Failure;

use super::{body::read, problem::Problem};
use crate::{
    access::User,
    members::Members,
    service::Guppy,
    sets::Sets,
    store::sets::{self as store, NewSet, PART, StoredSet},
};

/// Sets that a user may have.
const MOST_SETS: i64 = 100;
/// Bytes of the members of all sets of a user.
const MOST_BYTES: i64 = 512 << 20;
/// Characters of a name.
const LONGEST_NAME: usize = 200;
/// Members of a page that names no size.
const PAGE: usize = 1_000;

/// What the members of a set identify.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    #[serde(rename = "type")]
    pub(super) doc_type: String,
    pub(super) field: String,
}

/// What of a set may be changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetChange {
    name: Option<String>,
    shared: Option<bool>,
}

/// Which members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MembersPage {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

impl Guppy {
    /// Where sets are, and the user who asks.
    ///
    /// # Errors
    /// [`Problem::NoSets`], [`Problem::NotLoggedIn`].
    pub(super) async fn sets_for(&self, subject: &Subject) -> Result<(&Sets, User), Problem> {
        let user = User::of(&*self.authz, subject).await;
        let user = user.map_err(|error| Failure::internal("asking who the caller is", error))?;
        let user = user.ok_or(Problem::NotLoggedIn)?;
        Ok((self.sets.as_ref().ok_or(Problem::NoSets)?, user))
    }

    /// The caller's sets, the youngest first.
    ///
    /// # Errors
    /// When nobody is logged in.
    pub(crate) async fn own_sets(&self, subject: &Subject) -> Result<Value, Problem> {
        let (sets, user) = self.sets_for(subject).await?;
        let found = store::all(&mut *sets.pool.acquire().await?, &user).await?;
        Ok(json!({ "sets": found.iter().map(|set| told(set, &user)).collect::<Vec<_>>() }))
    }

    /// What a set is, of the caller or of who shares it.
    ///
    /// # Errors
    /// [`Problem::NoSet`].
    pub(crate) async fn set(&self, subject: &Subject, id: &str) -> Result<Value, Problem> {
        let (sets, user) = self.sets_for(subject).await?;
        Ok(told(&found(sets, &user, id).await?, &user))
    }

    /// Some of its members, in their order.
    ///
    /// # Errors
    /// [`Problem::NoSet`].
    pub(crate) async fn set_members(
        &self,
        subject: &Subject,
        id: &str,
        page: &MembersPage,
    ) -> Result<Value, Problem> {
        let (sets, user) = self.sets_for(subject).await?;
        let limit = page.limit.unwrap_or(PAGE);
        if !(1..=PART).contains(&limit) {
            return Err(Problem::invalid(format!("limit: from 1 to {PART}")));
        }
        let set = found(sets, &user, id).await?;
        let members = store::page(&mut *sets.pool.acquire().await?, set.id, page.offset, limit).await?;
        let end = page.offset.saturating_add(members.len());
        let next = Some(end).filter(|end| i64::try_from(*end).is_ok_and(|end| end < set.members));
        let next = next.filter(|_| !members.is_empty());
        Ok(json!({ "id": set.id, "total": set.members, "members": members, "next": next }))
    }

    /// Gives a set another name, or shares it with every user who has its id.
    ///
    /// # Errors
    /// [`Problem::NoSet`], [`Problem::NotYours`].
    pub(crate) async fn change_set(
        &self,
        subject: &Subject,
        id: &str,
        body: &[u8],
    ) -> Result<Value, Problem> {
        let (sets, user) = self.sets_for(subject).await?;
        let change: SetChange = read(body)?;
        let name = change.name.as_deref().map(named).transpose()?;
        if name.is_none() && change.shared.is_none() {
            return Err(Problem::invalid("the body: name, shared or both"));
        }
        let set = own(sets, &user, id).await?;
        let mut connection = sets.pool.acquire().await?;
        let changed = store::change(&mut connection, (&user, set.id), name, change.shared).await?;
        Ok(told(&changed.ok_or_else(|| Problem::NoSet(id.to_owned()))?, &user))
    }

    /// Deletes a set.
    ///
    /// # Errors
    /// [`Problem::NoSet`], [`Problem::NotYours`].
    pub(crate) async fn delete_set(&self, subject: &Subject, id: &str) -> Result<(), Problem> {
        let (sets, user) = self.sets_for(subject).await?;
        let set = own(sets, &user, id).await?;
        let was_there = store::delete(&mut *sets.pool.acquire().await?, &user, set.id).await?;
        if was_there { Ok(()) } else { Err(Problem::NoSet(id.to_owned())) }
    }

    /// Keeps members as a set of the user.
    ///
    /// # Errors
    /// [`Problem::TooManySets`].
    pub(super) async fn keep_set(
        &self,
        (sets, user): (&Sets, &User),
        (name, shared): (&str, bool),
        of: Option<&Of>,
        members: &Members,
    ) -> Result<Value, Problem> {
        let mut transaction = sets.pool.begin().await?;
        store::lock(&mut transaction, user).await?;
        let used = store::used(&mut transaction, user).await?;
        let bytes = i64::try_from(members.bytes()).unwrap_or(i64::MAX);
        if used.sets >= MOST_SETS || used.bytes.saturating_add(bytes) > MOST_BYTES {
            return Err(Problem::TooManySets(MOST_SETS, MOST_BYTES));
        }
        let (doc_type, field) = (of.map(|of| &*of.doc_type), of.map(|of| &*of.field));
        let new = NewSet { owner: user, name: named(name)?, shared, doc_type, field };
        let set = store::insert(&mut transaction, &new, members).await?;
        transaction.commit().await?;
        Ok(told(&set, user))
    }
}

/// The set of this id that the user may read.
pub(super) async fn found(sets: &Sets, user: &User, id: &str) -> Result<StoredSet, Problem> {
    let unknown = || Problem::NoSet(id.to_owned());
    let id = Uuid::parse_str(id).map_err(|_| unknown())?;
    let found = store::find(&mut *sets.pool.acquire().await?, &[id]).await?;
    found.into_iter().find(|set| set.is_for(user)).ok_or_else(unknown)
}

async fn own(sets: &Sets, user: &User, id: &str) -> Result<StoredSet, Problem> {
    let set = found(sets, user, id).await?;
    if set.is_of(user) { Ok(set) } else { Err(Problem::NotYours) }
}

/// A name that a set may have.
///
/// # Errors
/// When it is empty, too long, or has control characters.
pub(super) fn named(name: &str) -> Result<&str, Problem> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
        let told = format!("name: from 1 to {LONGEST_NAME} characters, none of them a control character");
        return Err(Problem::invalid(told));
    }
    Ok(name)
}

/// A set as it is told. Whose it is stays secret.
fn told(set: &StoredSet, user: &User) -> Value {
    json!({
        "id": set.id, "name": set.name, "own": set.is_of(user), "shared": set.shared, "type": set.doc_type,
        "field": set.field, "members": set.members, "bytes": set.bytes, "created": set.created_time,
        "updated": set.updated_time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_line_of_some_length() {
        assert_eq!(named(" Größe 1 ").unwrap(), "Größe 1");
        assert!(named(&"ß".repeat(LONGEST_NAME)).is_ok());
        for bad in ["", "  ", "a\nb", "\0", &"x".repeat(LONGEST_NAME + 1)] {
            assert!(named(bad).is_err(), "{bad:.9}");
        }
    }
}
