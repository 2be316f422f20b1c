//! What is signed and asked here, judged by stores.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod azure;
mod conformance;
mod google;
mod s3;
mod servers;

use std::sync::Once;

fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
    reqwest::Client::new()
}
