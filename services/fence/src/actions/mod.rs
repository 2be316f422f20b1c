//! What fence does: each action demands the proof that the caller may, or asks for it, and keeps the order of
//! the steps. Transactions begin and end here.

mod administration;
mod api_keys;
mod authorization;
mod deletion;
mod downloads;
mod legacy_access;
mod login;
mod multipart;
mod oauth_tokens;
mod registration;
mod revocation;
mod status;
mod uploads;
mod users;

pub use api_keys::ApiKeyFile;
pub(crate) use authorization::told_scopes;
pub(crate) use legacy_access::{Access, MOST_NAMES};
pub use login::Entered;
pub(crate) use oauth_tokens::Redemption;
pub(crate) use registration::{RegistrationForm, registration};
pub(crate) use revocation::Revoked;
pub(crate) use uploads::UploadRequest;
pub(crate) use users::UserPage;
