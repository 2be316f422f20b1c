//! What fence does: each action demands the proof that the caller may, or asks for it, and keeps the order of
//! the steps. Transactions begin and end here.

mod administration;
mod any_access;
mod api_keys;
mod authorization;
mod certificates;
mod content;
mod deletion;
mod downloads;
mod google_accounts;
mod legacy_access;
mod local_accounts;
mod login;
mod login_rights;
mod multipart;
mod oauth_tokens;
mod registration;
mod revocation;
mod status;
mod unfinished;
mod upload_events;
mod upload_queues;
mod uploads;
mod user_list;
mod users;
mod visas;
mod workspace_keys;

pub use api_keys::ApiKeyFile;
pub(crate) use authorization::told_scopes;
pub(crate) use google_accounts::Unlinked;
pub(crate) use legacy_access::{Access, MOST_NAMES};
pub(crate) use local_accounts::invite;
pub use local_accounts::{Invitation, Invite, InviteMode};
pub use login::Entered;
pub(crate) use oauth_tokens::{Redemption, TokenSet};
pub(crate) use registration::{RegistrationForm, registration};
pub(crate) use revocation::Revoked;
pub(crate) use uploads::UploadRequest;
pub(crate) use users::{PASSPORT, UserPage};
pub use visas::VisaUpdates;
