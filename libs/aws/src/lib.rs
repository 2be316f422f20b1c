//! How services become clients of Amazon Web Services and of what speaks the same protocols.
//!
//! [`shared_config`] gives what every client of the SDK is made of: credentials, region, timeouts, and the
//! one HTTP client of the process. [`Sessions`] gives credentials that outlive what is signed with them.
//! [`Queue`] receives messages of Amazon SQS.
//!
//! ```no_run
//! # async fn example() {
//! let settings = aws::Settings { region: Some("eu-central-1".into()), ..aws::Settings::default() };
//! let config = aws::shared_config(&settings).await;
//! // let store = aws_sdk_s3::Client::new(&config);
//! # drop(config);
//! # }
//! ```

mod calls;
mod config;
mod queue;
mod sessions;

pub use aws_config::SdkConfig;
pub use aws_credential_types::{Credentials, provider::error::CredentialsError};
pub use aws_smithy_types::error::display::DisplayErrorContext;
pub use calls::QueueError;
pub use config::{Keys, Role, Settings, Source, shared_config};
pub use queue::{Queue, Received};
pub use sessions::Sessions;
