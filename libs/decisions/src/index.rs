//! The index: both halves, and the questions that it answers.

use std::{borrow::Cow, sync::Arc};

use crate::{
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
    /// Whether the database makes A to Z lower case as everybody does; in a Turkish locale it does not.
    pub plain_case: bool,
}

/// The rows of users with one name.
pub type Rows = Option<Arc<[Arc<User>]>>;

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
            let users = self.rows(who.user)?;
            let side = self.user_side(users.as_deref(), who.public_groups, now);
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
        let users = self.rows(who.user)?;
        let mut sides = vec![self.user_side(users.as_deref(), who.public_groups, now)];
        if let Some(client) = who.client {
            sides.push(self.client_side(client, now)?);
        }
        let counts = |policy: i32| only.as_ref().is_none_or(|only| only.binary_search(&policy).is_ok());
        let policies = sides.iter().flat_map(Side::policies).filter(|(policy, _)| counts(*policy));
        Ok(Reach::of(&self.structure, policies))
    }

    /// Returns the rows of the user who is called `name`, which are none for a stranger and for nobody. Two
    /// answers with the same rows are the same answer, as long as the rest of the index is the same.
    ///
    /// # Errors
    /// [`Unsure`]
    pub fn rows(&self, name: Option<&str>) -> Result<Rows, Unsure> {
        let Some(name) = name else { return Ok(None) };
        Ok(self.users.named(&self.lower(name)?).cloned())
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

    fn user_side<'a>(&'a self, users: Option<&'a [Arc<User>]>, public: &[&str], now: i64) -> Side<'a> {
        let mut side = Side::at(now);
        for user in users.unwrap_or_default() {
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
