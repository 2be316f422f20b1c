//! fence's configuration: what fence is told, what follows from it, and what it does not start with.

mod checked;
mod clouds;
mod document;
mod error;
mod local_accounts;
mod login_options;
mod passports;
mod provider;
mod queues;
mod settings;
mod shibboleth;
mod stores;
mod switch;
mod synapse;
mod token_settings;
mod unheeded;
mod upload_indexing;

pub(crate) use checked::{Checked, site};
pub use clouds::{CirrusConfig, ConnectionString};
pub use error::ConfigError;
pub use local_accounts::LocalAccounts;
pub(crate) use local_accounts::{LOCAL_IDP, LOCAL_LOGIN, LONGEST_INVITATION};
pub use login_options::{EnabledProviders, LoginOption, Upstreams};
pub use passports::{ParseVisas, UserSync, VisaFields, VisaSettings};
pub use provider::{
    ClientArguments, ClientSecret, Endpoints, GroupsSync, IdpDiscovery, Provider, SecondFactorClaim,
};
pub use queues::QueueSettings;
pub use settings::{AuditLogs, Config, LoginCode};
pub(crate) use settings::{CONSENT, DEVELOPMENT_IDP, DEVELOPMENT_LOGIN, REGISTRATION};
pub use shibboleth::ShibbolethSettings;
pub use switch::Switch;
pub use synapse::SynapseSettings;
pub use token_settings::TokenSettings;
pub(crate) use upload_indexing::region_of_topic;
pub use upload_indexing::{EventSecret, MetadataSettings, PubsubSettings, UploadIndexingSettings};
