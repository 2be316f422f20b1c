//! fence's configuration: what fence is told, what follows from it, and what it does not start with.

mod checked;
mod document;
mod error;
mod settings;

pub(crate) use checked::{Checked, site};
pub use error::ConfigError;
pub use settings::{Config, LoginCode, LoginOption, Provider, Switch};
pub(crate) use settings::{DEVELOPMENT_IDP, DEVELOPMENT_LOGIN};
