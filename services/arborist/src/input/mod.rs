//! Reading request bodies the way the original's JSON reader does. Pure: what is wrong becomes a 400.

mod client;
mod fields;
mod group;
mod policy;
mod question;
mod resource;
mod role;
mod user;

pub(crate) use fields::MAX_NAME;
pub(crate) use question::{AskedUser, AuthRequest, MappingOf, read_user_only};
pub(crate) use user::ReadGrants;
