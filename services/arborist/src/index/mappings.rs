//! Mappings that are kept: the answers that were made last, each as long as what it was made of is the same.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use actix_web::web::Bytes;
use decisions::{Clients, Groups, Index, Person, Structure, Until, User};

/// Most bytes that are kept.
const LIMIT: usize = 64 * 1024 * 1024;

/// Whose mapping it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// That of everybody.
    Anonymous,
    /// That of users who are not in the tables, who are all alike.
    Stranger,
    /// That of users who were deactivated, who are all alike.
    Deactivated,
    /// A user, by its name in lower case.
    User(String),
    /// A client, by its identifier.
    Client(String),
}

/// What a mapping was made of. Weak pointers keep the place, not what stood there, so that nothing else can
/// come to stand in it and be taken for the same.
struct Basis {
    structure: Weak<Structure>,
    groups: Weak<Groups>,
    clients: Weak<Clients>,
    rows: Option<Weak<[Arc<User>]>>,
}

impl Basis {
    fn new(index: &Index, person: &Person) -> Self {
        Self {
            structure: Arc::downgrade(&index.structure),
            groups: Arc::downgrade(&index.groups),
            clients: Arc::downgrade(&index.clients),
            rows: rows_of(person).map(Arc::downgrade),
        }
    }

    fn is_that_of(&self, index: &Index, person: &Person) -> bool {
        let same_rows = match (&self.rows, rows_of(person)) {
            (None, None) => true,
            (Some(weak), Some(rows)) => std::ptr::addr_eq(weak.as_ptr(), Arc::as_ptr(rows)),
            _ => false,
        };
        same_rows
            && std::ptr::eq(self.structure.as_ptr(), Arc::as_ptr(&index.structure))
            && std::ptr::eq(self.groups.as_ptr(), Arc::as_ptr(&index.groups))
            && std::ptr::eq(self.clients.as_ptr(), Arc::as_ptr(&index.clients))
    }
}

fn rows_of(person: &Person) -> Option<&Arc<[Arc<User>]>> {
    match person {
        Person::Known(rows) => Some(rows),
        Person::Nobody | Person::Stranger | Person::Deactivated => None,
    }
}

struct Kept {
    basis: Basis,
    until: Until,
    body: Bytes,
}

/// The mappings that were asked for last. When the newer half is full, the older one is dropped.
#[derive(Default)]
pub(crate) struct Mappings(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    newer: HashMap<Key, Kept>,
    older: HashMap<Key, Kept>,
    newer_bytes: usize,
}

impl Mappings {
    /// Returns the mapping that was made of the same `index` and `person`, if it still holds at `now`.
    pub(crate) fn find(&self, key: &Key, index: &Index, person: &Person, now: i64) -> Option<Bytes> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |kept: &Kept| kept.until.counts_at(now) && kept.basis.is_that_of(index, person);
        if let Some(kept) = halves.newer.get(key) {
            return holds(kept).then(|| kept.body.clone());
        }
        let kept = halves.older.remove(key).filter(holds)?;
        let body = kept.body.clone();
        halves.put(key.clone(), kept);
        Some(body)
    }

    /// Keeps a mapping.
    pub(crate) fn keep(&self, key: Key, index: &Index, person: &Person, until: Until, body: Bytes) {
        let kept = Kept { basis: Basis::new(index, person), until, body };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key, kept);
    }
}

impl Halves {
    fn put(&mut self, key: Key, kept: Kept) {
        let size = size_of(&key, &kept);
        if size > LIMIT / 2 {
            return;
        }
        if self.newer_bytes + size > LIMIT / 2 {
            self.older = std::mem::take(&mut self.newer);
            self.newer_bytes = 0;
        }
        self.newer_bytes += size;
        let replaced = self.newer.remove(&key);
        self.newer_bytes -= replaced.map_or(0, |replaced| size_of(&key, &replaced));
        self.newer.insert(key, kept);
    }
}

/// Roughly what an entry takes.
fn size_of(key: &Key, kept: &Kept) -> usize {
    let name = match key {
        Key::Anonymous | Key::Stranger | Key::Deactivated => 0,
        Key::User(name) | Key::Client(name) => name.len(),
    };
    kept.body.len() + name + 256
}
