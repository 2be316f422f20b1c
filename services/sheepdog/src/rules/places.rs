//! Who may say that a file's bytes are at a place.
//!
//! A submission makes index records with the rights of this service, so the rule that indexd asks of users is
//! asked here of the submitter: [`indexclient::ownership`].

use std::collections::HashMap;

use dictionary::Dictionary;
use indexclient::{
    Holders, Record,
    ownership::{Naming, Owner, Place},
};

use super::files::{FileContext, files, guid};
use crate::model::{entity::Entity, problem::ErrorType};

/// Who has the bytes at the locations that entities name.
#[derive(Debug, Default)]
pub(crate) struct Places {
    by_url: HashMap<String, Holders>,
}

impl Places {
    /// Of `urls`, in their order.
    pub(crate) fn new(urls: Vec<String>, holders: Vec<Holders>) -> Self {
        Self { by_url: urls.into_iter().zip(holders).collect() }
    }

    /// What stands in the way of the record `did` at `url`, which is new to it.
    fn naming(&self, did: &str, url: &str) -> Naming<'_> {
        self.by_url.get(url).map_or(Naming::Administrator, |holders| Naming::of(did, holders))
    }
}

/// The locations that the valid file entities name.
pub(crate) fn named(entities: &[Entity], dictionary: &Dictionary) -> Vec<String> {
    let urls = files(entities, dictionary).flat_map(|(_, entity, _)| entity.urls.iter().flatten());
    let mut urls: Vec<String> = urls.cloned().collect();
    urls.sort_unstable();
    urls.dedup();
    urls
}

/// The positions of the entities that name a place of which the submitter does not dispose by what the
/// project gives, each with the first such location. Only administrators may name it.
pub(crate) fn of_others(
    entities: &[Entity],
    places: &Places,
    records: &HashMap<String, Record>,
    context: &FileContext<'_>,
    dictionary: &Dictionary,
) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (position, entity, node_type) in files(entities, dictionary) {
        let did = guid(entity, node_type).unwrap_or_default();
        let kept: Vec<Place> = records
            .get(&did)
            .into_iter()
            .flat_map(|record| &record.urls)
            .filter_map(|url| Place::of(url))
            .collect();
        let is_new = |url: &&String| Place::of(url).is_some_and(|place| !kept.contains(&place));
        let is_foreign = |url: &&String| match places.naming(&did, url) {
            Naming::Free => false,
            Naming::Rights(owners) => !owners.iter().all(|owner| disposes(context, owner)),
            Naming::Administrator => true,
        };
        let urls = entity.urls.iter().flatten();
        if let Some(url) = urls.filter(is_new).find(is_foreign) {
            found.push((position, url.clone()));
        }
    }
    found
}

/// Refuses the entities that [`of_others`] has found.
pub(crate) fn refuse(entities: &mut [Entity], found: Vec<(usize, String)>) {
    for (position, url) in found {
        let Some(entity) = entities.get_mut(position) else { continue };
        let message = format!(
            "The location {url} belongs to files of others, or to no file that is indexed: only an \
             administrator can make it that of this file."
        );
        entity.refuse(ErrorType::InvalidPermissions, message, &["urls"]);
    }
}

/// Whether the bytes of this owner are those of the project, or of the submitter.
fn disposes(context: &FileContext<'_>, owner: &Owner<'_>) -> bool {
    match owner {
        Owner::Guards(guards) => guards.iter().all(|guard| *guard == context.resource()),
        Owner::Uploader(uploader) => context.username == Some(*uploader),
        Owner::AccessList | Owner::Nobody => false,
    }
}
