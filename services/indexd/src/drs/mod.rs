//! GA4GH Data Repository Service: documents made of records and bundles. Nothing here does I/O.

mod object;
mod service_info;

pub(crate) use object::{
    Bulk, DrsObject, bundle_checksums, bundle_object, checksums, members, record_object, text_list,
};
pub(crate) use service_info::service_info;
