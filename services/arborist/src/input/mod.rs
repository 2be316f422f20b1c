//! Reading request bodies the way the original's JSON reader does. Pure: what is wrong becomes a 400.

mod asked;
mod client;
mod fields;
mod group;
mod plain;
mod policy;
mod question;
mod resource;
mod role;
mod standing;
mod syntax;
mod user;

pub(crate) use asked::{AskedUser, AuthRequest};
pub(crate) use fields::MAX_NAME;
pub(crate) use question::{MappingOf, read_user_only};
pub(crate) use standing::{NewStanding, Users};
pub(crate) use user::ReadGrants;
