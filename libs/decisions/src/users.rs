//! Users and what they hold. A copy with one user changed shares all others with the first.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hash},
    sync::Arc,
};

/// A moment at which something ends, in microseconds since 1970; [`Until::EVER`] never comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Until(pub i64);

impl Until {
    /// It does not end.
    pub const EVER: Self = Self(i64::MAX);

    /// Whether it still counts at `now`, which is before it.
    pub fn counts_at(self, now: i64) -> bool {
        now < self.0
    }
}

/// Things that are held, by key: those without an end, and those with one. Both are in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    pub(crate) lasting: Box<[i32]>,
    pub(crate) passing: Box<[(i32, Until)]>,
}

impl Held {
    /// Of two that are the same, the one that ends later counts.
    pub fn new(held: impl IntoIterator<Item = (i32, Until)>) -> Self {
        let (mut lasting, mut passing) = (Vec::new(), Vec::new());
        for (key, until) in held {
            if until == Until::EVER { lasting.push(key) } else { passing.push((key, until)) }
        }
        lasting.sort_unstable();
        lasting.dedup();
        passing.sort_unstable_by_key(|(key, until)| (*key, std::cmp::Reverse(*until)));
        passing.dedup_by_key(|(key, _)| *key);
        Self { lasting: lasting.into(), passing: passing.into() }
    }
}

/// A row of the table of users, with its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its key.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// Its name in lower case, as the database makes it.
    pub lower: String,
    /// The policies granted to it directly.
    pub policies: Held,
    /// Its memberships in groups.
    pub groups: Held,
}

/// All users. Names that differ in case only are one user, as far as decisions go.
#[derive(Debug, Clone)]
pub struct Users {
    by_id: Shards<i32, Arc<User>>,
    by_name: Shards<String, Arc<[Arc<User>]>>,
    /// The names that are not ASCII, to their lower case: nobody but the database can say how it makes it.
    spelled: Shards<String, Arc<str>>,
}

impl Users {
    /// Holds all `users`.
    pub fn new(users: impl IntoIterator<Item = User>) -> Self {
        let mut by_id = HashMap::new();
        let mut by_name: HashMap<String, Vec<Arc<User>>> = HashMap::new();
        let mut spelled = HashMap::new();
        for user in users.into_iter().map(Arc::new) {
            if !user.name.is_ascii() {
                spelled.insert(user.name.clone(), user.lower.as_str().into());
            }
            by_name.entry(user.lower.clone()).or_default().push(user.clone());
            by_id.insert(user.id, user);
        }
        let by_name = by_name.into_iter().map(|(name, users)| (name, users.into()));
        Self { by_id: Shards::new(by_id), by_name: Shards::new(by_name), spelled: Shards::new(spelled) }
    }

    /// Returns these users with the row `id` as it is now; none when it is gone.
    #[must_use]
    pub fn with(mut self, id: i32, user: Option<User>) -> Self {
        if let Some(old) = self.by_id.get(&id).cloned() {
            self.rename(&old.lower, |users| users.retain(|user| user.id != id));
            if !old.name.is_ascii() {
                self.spelled.remove(&old.name);
            }
        }
        match user.map(Arc::new) {
            None => self.by_id.remove(&id),
            Some(user) => {
                if !user.name.is_ascii() {
                    self.spelled.insert(user.name.clone(), user.lower.as_str().into());
                }
                self.rename(&user.lower, |users| users.push(user.clone()));
                self.by_id.insert(id, user);
            }
        }
        self
    }

    fn rename(&mut self, lower: &str, change: impl FnOnce(&mut Vec<Arc<User>>)) {
        let mut users = self.by_name.get(lower).map_or_else(Vec::new, |users| users.to_vec());
        change(&mut users);
        if users.is_empty() {
            self.by_name.remove(lower);
        } else {
            self.by_name.insert(lower.to_owned(), users.into());
        }
    }

    /// Returns how many users there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the rows whose name in lower case is `lower`.
    pub(crate) fn named(&self, lower: &str) -> Option<&Arc<[Arc<User>]>> {
        self.by_name.get(lower)
    }

    pub(crate) fn lower_of(&self, name: &str) -> Option<&Arc<str>> {
        self.spelled.get(name)
    }
}

/// A map in parts, of which a copy has all but those that were changed in common with the first.
#[derive(Debug, Clone)]
struct Shards<K, V> {
    hasher: RandomState,
    shards: Arc<[Arc<HashMap<K, V>>]>,
}

/// A part of a hundred thousand users has about a hundred, and a change copies one part and a list of this
/// length.
const SHARDS: usize = 1024;

impl<K: Hash + Eq + Clone, V: Clone> Shards<K, V> {
    fn new(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let hasher = RandomState::new();
        let mut shards = vec![HashMap::new(); SHARDS];
        for (key, value) in entries {
            shards[place(&hasher, &key)].insert(key, value);
        }
        Self { hasher, shards: shards.into_iter().map(Arc::new).collect() }
    }

    fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.shards[place(&self.hasher, key)].get(key)
    }

    fn insert(&mut self, key: K, value: V) {
        let place = place(&self.hasher, &key);
        Arc::make_mut(&mut Arc::make_mut(&mut self.shards)[place]).insert(key, value);
    }

    fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
    {
        let place = place(&self.hasher, key);
        if self.shards[place].contains_key(key) {
            Arc::make_mut(&mut Arc::make_mut(&mut self.shards)[place]).remove(key);
        }
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }
}

fn place<Q: Hash + ?Sized>(hasher: &RandomState, key: &Q) -> usize {
    hasher.hash_one(key) as usize % SHARDS
}
