//! GA4GH Data Repository Service: documents made of records and bundles. Nothing here does I/O.

mod bulk;
mod object;
mod service_info;
mod strict;

use serde::Serialize;

pub(crate) use bulk::Bulk;
pub(crate) use object::{bundle_checksums, checksums, fact, members, text_list};
pub(crate) use service_info::service_info;

use self::{object::DrsObject, strict::StrictObject};
use crate::{
    buckets::Regions,
    config::{Config, DrsForm},
    document::Entry,
    query::Depth,
};

/// The DRS object of an entry, in the form that the configuration asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum DrsDocument {
    Gen3(Box<DrsObject>),
    Strict(Box<StrictObject>),
}

impl DrsDocument {
    /// `None` for a record whose bytes have not arrived, which the strict form does not show.
    pub(crate) fn of(config: &Config, regions: &Regions, entry: &Entry, depth: Depth) -> Option<Self> {
        Some(match (config.drs_form, entry) {
            (DrsForm::Gen3, Entry::Record(record)) => {
                Self::Gen3(Box::new(object::record_object(config, regions, record)))
            }
            (DrsForm::Gen3, Entry::Bundle(bundle)) => {
                Self::Gen3(Box::new(object::bundle_object(config, bundle, depth)))
            }
            (DrsForm::Strict, Entry::Record(record)) => {
                Self::Strict(Box::new(strict::record_object(config, regions, record)?))
            }
            (DrsForm::Strict, Entry::Bundle(bundle)) => {
                Self::Strict(Box::new(strict::bundle_object(config, bundle, depth)))
            }
        })
    }
}
