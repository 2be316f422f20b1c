//! The index: both halves, and the questions that it answers.

use std::{borrow::Cow, sync::Arc};

use crate::{
    deactivated::Deactivated,
    decide::{Asked, Decision, Target, decide},
    groups::{Clients, Groups},
    reach::Reach,
    side::Side,
    structure::Structure,
    users::{Until, User, Users},
};

/// On whose behalf is asked: nobody, a user, an OAuth client, or a user through a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Who<'a> {
    /// The user's name; the user need not exist.
    pub user: Option<&'a str>,
    /// The client's identifier; the client need not exist.
    pub client: Option<&'a str>,
    /// The groups whose policies count for everybody, or for everybody who is logged in.
    pub public_groups: &'a [&'a str],
    /// Those of them whose policies count for everybody, and so for a user who was deactivated as well.
    pub groups_of_all: &'a [&'a str],
}

/// The index does not know: only the database can say how it makes such a name lower case, or what it says
/// to a character that it does not store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsure;

/// All that decides, as it was at one moment.
#[derive(Debug, Clone)]
pub struct Index {
    /// Resources, roles and policies.
    pub structure: Arc<Structure>,
    /// Users.
    pub users: Users,
    /// Groups.
    pub groups: Arc<Groups>,
    /// OAuth clients.
    pub clients: Arc<Clients>,
    /// Users who were deactivated.
    pub deactivated: Arc<Deactivated>,
    /// Whether the database makes A to Z lower case as everybody does; in a Turkish locale it does not.
    pub plain_case: bool,
}

/// Whom a name stands for.
#[derive(Debug, Clone)]
pub enum Person {
    /// There is no name.
    Nobody,
    /// A user without rows. All of them are alike.
    Stranger,
    /// A user who was deactivated, whatever rows there are. All of them are alike.
    Deactivated,
    /// The rows of the users with one name.
    Known(Arc<[Arc<User>]>),
}

impl Index {
    /// Returns whether `who` may do all of `asked` at `now`, in microseconds since 1970. `only` names the
    /// policies that count, if not all do; for a client's own side it limits questions by tag alone.
    ///
    /// # Errors
    /// [`Unsure`]
    pub fn decide(
        &self,
        who: Who<'_>,
        asked: &[Asked<'_>],
        only: Option<&[String]>,
        now: i64,
    ) -> Result<Decision, Unsure> {
        if !asked.iter().all(can_be_stored) {
            return Err(Unsure);
        }
        let only = only.map(|names| self.only(names)).transpose()?;
        let only = only.as_deref();
        let mut decision = Decision::Permitted(Until::EVER);
        if who.user.is_some() || who.client.is_none() {
            let person = self.person(who.user)?;
            let side = self.user_side(&person, who, now);
            for asked in asked {
                decision = decision.and(decide(&self.structure, &side, asked, only));
                if decision == Decision::Denied {
                    break;
                }
            }
        }
        if let Some(client) = who.client {
            let side = self.client_side(client, now)?;
            for asked in asked {
                let only = only.filter(|_| matches!(asked.target, Target::Tag(_)));
                decision = decision.and(decide(&self.structure, &side, asked, only));
                if decision == Decision::Denied {
                    break;
                }
            }
        }
        Ok(decision)
    }

    /// Returns everything that the policies of `who` reach at `now`: those of the user and those of the
    /// client together. `only` names the policies that count, if not all do.
    ///
    /// # Errors
    /// [`Unsure`]
    pub fn reach(&self, who: Who<'_>, only: Option<&[String]>, now: i64) -> Result<Reach, Unsure> {
        let only = only.map(|names| self.only(names)).transpose()?;
        let person = self.person(who.user)?;
        let mut sides = vec![self.user_side(&person, who, now)];
        if let Some(client) = who.client {
            sides.push(self.client_side(client, now)?);
        }
        let counts = |policy: i32| only.as_ref().is_none_or(|only| only.binary_search(&policy).is_ok());
        let policies = sides.iter().flat_map(Side::policies).filter(|(policy, _)| counts(*policy));
        Ok(Reach::of(&self.structure, policies))
    }

    /// Returns whom `name` stands for. Two answers that are the same person have the same rights, as long as
    /// the rest of the index is the same.
    ///
    /// # Errors
    /// [`Unsure`]
    pub fn person(&self, name: Option<&str>) -> Result<Person, Unsure> {
        let Some(name) = name else { return Ok(Person::Nobody) };
        let lower = self.lower(name)?;
        if self.deactivated.holds(&lower) {
            return Ok(Person::Deactivated);
        }
        Ok(self.users.named(&lower).map_or(Person::Stranger, |rows| Person::Known(rows.clone())))
    }

    /// Returns whether a token of the user who is called `name` has ended before its time, which was issued
    /// at `issued`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Unsure`]
    pub fn has_ended(&self, name: &str, issued: i64) -> Result<bool, Unsure> {
        if self.deactivated.is_empty() {
            return Ok(false);
        }
        Ok(self.deactivated.ends(&self.lower(name)?, issued))
    }

    /// Returns `name` in lower case, as the database makes it.
    fn lower<'a>(&'a self, name: &'a str) -> Result<Cow<'a, str>, Unsure> {
        if !name.is_ascii() {
            return self.users.lower_of(name).map(|lower| Cow::Borrowed(&**lower)).ok_or(Unsure);
        }
        if name.contains('\0') {
            return Err(Unsure);
        }
        if !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Ok(Cow::Borrowed(name));
        }
        if self.plain_case { Ok(Cow::Owned(name.to_ascii_lowercase())) } else { Err(Unsure) }
    }

    fn user_side<'a>(&'a self, person: &'a Person, who: Who<'_>, now: i64) -> Side<'a> {
        let mut side = Side::at(now);
        let (rows, public): (&[Arc<User>], _) = match person {
            Person::Known(rows) => (rows, who.public_groups),
            Person::Nobody | Person::Stranger => (&[], who.public_groups),
            Person::Deactivated => (&[], who.groups_of_all),
        };
        for user in rows {
            side.add(Some(&user.policies), Until::EVER);
            for group in &user.groups.lasting {
                side.add(self.groups.policies_of(*group), Until::EVER);
            }
            for (group, until) in &user.groups.passing {
                side.add(self.groups.policies_of(*group), *until);
            }
        }
        for group in public {
            side.add(self.groups.named(group), Until::EVER);
        }
        side
    }

    fn client_side(&self, client: &str, now: i64) -> Result<Side<'_>, Unsure> {
        if client.contains('\0') {
            return Err(Unsure);
        }
        let mut side = Side::at(now);
        side.add(self.clients.policies_of(client), Until::EVER);
        Ok(side)
    }

    /// Returns the keys of the policies that have these names, in order.
    fn only(&self, names: &[String]) -> Result<Vec<i32>, Unsure> {
        if names.iter().any(|name| name.contains('\0')) {
            return Err(Unsure);
        }
        let mut keys: Vec<i32> = names.iter().filter_map(|name| self.structure.named(name)).collect();
        keys.sort_unstable();
        Ok(keys)
    }
}

/// The database refuses a NUL character, which is for it to say.
fn can_be_stored(asked: &Asked<'_>) -> bool {
    let (Target::Path(target) | Target::Tag(target)) = asked.target;
    [target, asked.service, asked.method].iter().all(|text| !text.contains('\0'))
}
