//! Who owns a record and the bytes that it names. One rule, which indexd, fence and sheepdog ask alike.
//!
//! - A **record** belongs to whoever has the right on its resource paths; without any, to its uploader;
//!   without one, to the projects of its access list. What is left over is nobody's. ([`Owner`])
//! - **Bytes** belong to every record that names their place, and to the record whose upload brought them,
//!   which their key names. ([`Place`], [`guid_of_key`], [`Holders`](crate::Holders))
//! - So **naming a place** needs the right to all other records that have it; a place in one of our own
//!   buckets that no record has is for administrators to give away. ([`Naming`])
//!
//! Nothing here asks anybody: each service asks arborist with its own permissions, for the owners that it is
//! told here. [Why](../../../docs/decisions/ownership.md).

mod naming;
mod owner;
mod place;

pub use naming::Naming;
pub use owner::Owner;
pub use place::{Place, guid_of_key};
