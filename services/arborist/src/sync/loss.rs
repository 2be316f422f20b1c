//! How much a sync takes away. A file that was cut short, or is another commons' file, takes away nearly
//! everything; whoever means it says so.

use std::collections::HashSet;

use crate::store::links::{HolderKind, LabelledLink};

/// What was there under the label of a sync, and how much of it the sync takes away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loss {
    /// Grants and memberships that were there.
    pub grants: usize,
    /// Those of them that are there no more.
    pub grants_lost: usize,
    /// Users who held something.
    pub users: usize,
    /// Those of them who hold nothing any more.
    pub users_lost: usize,
}

impl Loss {
    /// Compares what was there with what is there afterwards.
    pub(super) fn between(before: &[LabelledLink], after: &[LabelledLink]) -> Self {
        let left: HashSet<&LabelledLink> = after.iter().collect();
        let (had, have) = (users(before), users(after));
        Self {
            grants: before.len(),
            grants_lost: before.iter().filter(|link| !left.contains(link)).count(),
            users: had.len(),
            users_lost: had.difference(&have).count(),
        }
    }

    /// The users who held something and hold nothing any more, in order.
    pub(super) fn losers(before: &[LabelledLink], after: &[LabelledLink]) -> Vec<String> {
        let mut losers: Vec<String> =
            users(before).difference(&users(after)).map(|name| (*name).to_owned()).collect();
        losers.sort_unstable();
        losers
    }

    /// Whether more than half of the grants or of the users go.
    pub fn is_heavy(&self) -> bool {
        self.grants_lost * 2 > self.grants || self.users_lost * 2 > self.users
    }
}

fn users(links: &[LabelledLink]) -> HashSet<&str> {
    links.iter().filter(|link| link.kind == HolderKind::User).map(|link| link.holder.as_str()).collect()
}

impl std::fmt::Display for Loss {
    /// Writes "3 of 4 grants, and all rights of 2 of 3 users".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { grants, grants_lost, users, users_lost } = self;
        write!(f, "{grants_lost} of {grants} grants, and all rights of {users_lost} of {users} users")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(kind: HolderKind, holder: &str, held: &str) -> LabelledLink {
        LabelledLink { kind, holder: holder.to_owned(), held: held.to_owned() }
    }

    fn user(holder: &str, held: &str) -> LabelledLink {
        link(HolderKind::User, holder, held)
    }

    #[test]
    fn more_than_half_of_the_grants_is_heavy_and_half_is_not() {
        let four: Vec<_> = ["a", "b", "c", "d"].map(|held| user("ada", held)).into();
        assert!(!Loss::between(&four, &four[..2]).is_heavy());
        assert!(Loss::between(&four, &four[..1]).is_heavy());
        assert!(!Loss::between(&[], &four).is_heavy());
    }

    #[test]
    fn users_who_lose_everything_count_however_little_they_had() {
        let mut before: Vec<_> = (0..20).map(|held| user("root", &held.to_string())).collect();
        let after = before.clone();
        before.extend([user("ada", "read"), user("bob", "read")]);
        let loss = Loss::between(&before, &after);
        assert_eq!((loss.users, loss.users_lost, loss.is_heavy()), (3, 2, true));
        assert_eq!(loss.to_string(), "2 of 22 grants, and all rights of 2 of 3 users");
        assert_eq!(Loss::losers(&before, &after), ["ada", "bob"]);
    }

    #[test]
    fn other_grants_in_their_place_do_not_make_up_for_those_that_go() {
        let before = [user("ada", "a"), link(HolderKind::Group, "team", "a")];
        assert!(Loss::between(&before, &[user("eve", "a"), link(HolderKind::Group, "gang", "a")]).is_heavy());
    }
}
