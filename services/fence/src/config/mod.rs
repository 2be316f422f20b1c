//! fence's configuration: what fence is told, what follows from it, and what it does not start with.

mod checked;
mod document;
mod error;
mod login_options;
mod provider;
mod settings;
mod switch;
mod unheeded;

pub(crate) use checked::{Checked, site};
pub use error::ConfigError;
pub use login_options::{EnabledProviders, LoginOption, Upstreams};
pub use provider::{ClientArguments, ClientSecret, Endpoints, Provider};
pub use settings::{AuditLogs, Config, LoginCode};
pub(crate) use settings::{CONSENT, DEVELOPMENT_IDP, DEVELOPMENT_LOGIN, REGISTRATION};
pub use switch::Switch;
