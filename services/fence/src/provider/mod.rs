//! fence as an OpenID provider, as far as it can be decided without asking anybody: clients, what they ask
//! for, and how they are refused.

pub(crate) mod authorization;
pub(crate) mod client;
pub(crate) mod credentials;
pub(crate) mod parameters;
pub(crate) mod pkce;
pub mod refusal;
