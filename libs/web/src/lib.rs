//! What every service needs of a web server: starting and stopping, telemetry, request ids, health.
//!
//! A service is a struct built once; it implements [`Service`] and is mounted either alone on its own port
//! ([`Server`]) or beside the others behind the gateway. Nothing here is global but the log subscriber.

mod current;
mod finish;
mod path;
mod programs_only;
mod request_id;
mod server;
mod service;
mod telemetry;

pub use current::{Current, Replaceable};
pub use path::{collapse_slashes, set_path, set_path_and_query, trim_trailing_slash};
pub use request_id::{RequestId, request_id};
pub use server::{BindError, Server, bind};
pub use service::{Service, mount};
pub use telemetry::{LogFormat, init_telemetry};
