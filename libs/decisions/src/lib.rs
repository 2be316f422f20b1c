//! Who may do what, decided in memory.
//!
//! An [`Index`] holds all that arborist's tables say, in a form in which a decision takes a few
//! microseconds: resources are numbered so that "below" is a comparison of numbers, each resource knows the
//! policies that name it, and each holder has a sorted list of policies. It has two halves that are replaced
//! apart from each other: the [`Structure`] (resources, roles, policies), which is built as a whole, and the
//! holders, of whom one can be exchanged ([`Users::with`]). Both are values that nobody changes: who decides
//! by one has it as it was.
//!
//! Nothing here does I/O or looks at a clock. Paths are what the tables hold: labels joined by dots. Where
//! the index cannot know the answer, it says so ([`Unsure`]) and leaves the question to the tables.

mod deactivated;
mod decide;
mod groups;
mod index;
mod permissions;
mod reach;
mod side;
mod structure;
mod tree;
mod users;

pub use deactivated::{Deactivated, Ended};
pub use decide::{Asked, Decision, Target};
pub use groups::{Clients, Group, Groups};
pub use index::{Index, Person, Unsure, Who};
pub use permissions::PermissionSet;
pub use reach::{Reach, Run};
pub use structure::{Parts, Resource, Structure};
pub use users::{Held, Until, User, Users};
