//! What fence does: each action demands the proof that the caller may, or asks for it, and keeps the order of
//! the steps. Transactions begin and end here.

mod api_keys;
mod deletion;
mod downloads;
mod login;
mod multipart;
mod revocation;
mod status;
mod uploads;
mod users;

pub use api_keys::ApiKeyFile;
pub(crate) use uploads::UploadRequest;
pub(crate) use users::UserPage;
