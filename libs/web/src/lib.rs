//! What every service needs of a web server: routes, bodies, parameters, failures, starting and stopping,
//! request ids, the log.
//!
//! A service is a struct built once; it implements [`Service`] and is mounted either alone on its own port
//! ([`Server`]) or beside the others behind the gateway. Nothing here is global but the log subscriber.

mod body;
mod causes;
mod check;
mod client_address;
mod current;
mod failure;
mod finish;
mod log_writer;
mod loopback;
mod masks;
mod native;
mod panics;
mod params;
mod path;
mod programs_only;
mod request_id;
mod routes;
mod sealed;
mod server;
mod service;
mod telemetry;

pub use body::{BodyError, DRAIN_TIMES, read_body};
pub use check::Check;
pub use client_address::client_address;
pub use current::{Current, Replaceable};
pub use failure::Failure;
pub use log_writer::{LogFormat, LogGuard};
pub use loopback::is_loopback;
pub use native::{Otherwise, configure};
pub use params::Params;
pub use path::{collapse_slashes, set_path, set_path_and_query, trim_trailing_slash};
pub use request_id::{Reason, RequestId};
pub use routes::{Endpoint, Methods, Routes, endpoints, register};
pub use sealed::{SECRET_HEADER, Sealed};
pub use server::{
    Audience, BindError, Limits, Pace, Probing, Server, Serving, Starting, Tls, TlsError, Waits, bind,
    is_probe, raise_descriptor_limit, stopping,
};
pub use service::{Service, mount};
pub use telemetry::init_telemetry;
