//! Groups and OAuth clients, of which there are few: they are replaced as a whole.

use std::{collections::HashMap, sync::Arc};

use crate::users::Held;

/// A row of the table of groups, with its policies.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its key.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// Its policies.
    pub policies: Vec<i32>,
}

/// All groups.
#[derive(Debug, Default)]
pub struct Groups {
    by_id: HashMap<i32, Arc<Held>>,
    by_name: HashMap<String, Arc<Held>>,
}

impl Groups {
    /// Holds all `groups`.
    pub fn new(groups: impl IntoIterator<Item = Group>) -> Self {
        let mut all = Self::default();
        for group in groups {
            let held = Arc::new(lasting(group.policies));
            all.by_id.insert(group.id, held.clone());
            all.by_name.insert(group.name, held);
        }
        all
    }

    pub(crate) fn policies_of(&self, id: i32) -> Option<&Held> {
        self.by_id.get(&id).map(|held| &**held)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Held> {
        self.by_name.get(name).map(|held| &**held)
    }
}

/// All OAuth clients, by their identifiers.
#[derive(Debug, Default)]
pub struct Clients(HashMap<String, Held>);

impl Clients {
    /// Holds all `clients`: identifiers and policies.
    pub fn new(clients: impl IntoIterator<Item = (String, Vec<i32>)>) -> Self {
        Self(clients.into_iter().map(|(id, policies)| (id, lasting(policies))).collect())
    }

    pub(crate) fn policies_of(&self, id: &str) -> Option<&Held> {
        self.0.get(id)
    }
}

fn lasting(policies: Vec<i32>) -> Held {
    Held::new(policies.into_iter().map(|policy| (policy, crate::users::Until::EVER)))
}
