//! What every page begins with, so that it need not ask.

use serde_json::{Value, json};

use crate::{config::Settings, service::Config};

/// Version, branding and switches. It is everybody's, as the files are of which it is made.
pub(crate) fn boot(config: &Config, settings: &Settings) -> Value {
    json!({
        "version": config.version,
        "commit": config.commit,
        "title": settings.title(),
        "logo": settings.logo.as_ref().map(|name| format!("/src/img/{name}")),
        "components": settings.part("components"),
        "featureFlags": settings.part("featureFlags"),
        "privacyPolicy": settings.part("privacyPolicy"),
    })
}
