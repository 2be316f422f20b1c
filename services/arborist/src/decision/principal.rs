//! On whose behalf a decision is asked for.

use crate::model::{ANONYMOUS, LOGGED_IN};

/// Nobody, a user, an OAuth client, or a user through a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Principal {
    /// The user's name; the user need not exist.
    pub(crate) user: Option<String>,
    /// The client's identifier.
    pub(crate) client: Option<String>,
}

impl Principal {
    pub(crate) fn anonymous() -> Self {
        Self::default()
    }

    pub(crate) fn user(name: &str) -> Self {
        Self { user: Some(name.to_owned()), client: None }
    }

    pub(crate) fn client(id: &str) -> Self {
        Self { user: None, client: Some(id.to_owned()) }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        self.user.is_none() && self.client.is_none()
    }

    /// Returns the built-in groups whose policies count.
    pub(crate) fn public_groups(&self) -> &'static [&'static str] {
        match (&self.user, &self.client) {
            (Some(_), _) => &[ANONYMOUS, LOGGED_IN],
            (None, None) => &[ANONYMOUS],
            (None, Some(_)) => &[],
        }
    }

    /// Returns the built-in groups whose policies count where the resources of a user and a client are put
    /// together (arborist 2026-09).
    pub(crate) fn reaching_groups(&self) -> &'static [&'static str] {
        if self.client.is_some() { &[] } else { self.public_groups() }
    }

    /// Returns those of `groups` that everybody has, logged in or not.
    pub(crate) fn of_all(groups: &'static [&'static str]) -> &'static [&'static str] {
        if groups.contains(&ANONYMOUS) { &[ANONYMOUS] } else { &[] }
    }

    /// Returns whom a mapping is made for: of a user through a client the user counts (arborist 2026-09).
    pub(crate) fn for_mapping(mut self) -> Self {
        if self.user.is_some() {
            self.client = None;
        }
        self
    }

    /// Returns how many must permit: a user, a client, or both.
    pub(crate) fn sides(&self) -> usize {
        if self.user.is_some() && self.client.is_some() { 2 } else { 1 }
    }
}
