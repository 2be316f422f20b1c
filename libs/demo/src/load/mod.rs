//! Brings the study into a running commons, as a submitter would: through the public API only.

mod api;
mod error;
mod files;
mod progress;
mod request;
mod submit;
mod target;
mod token;
mod work;

use std::sync::Arc;

use dictionary::Dictionary;
use indexmap::IndexMap;
use serde_json::Value;

use self::{api::Api, target::Target, work::Work};
pub use self::{
    error::DemoError,
    progress::{Progress, Silent},
    target::Summary,
    token::{ApiKey, TokenSource},
};
use crate::{Settings, Study};

/// Loads the demo study into the commons at `base_url`, for example `http://localhost:8080`. The study is
/// made for the dictionary of the commons. The token's owner must be allowed to create programs and projects,
/// to submit and to upload. If the study is there already, nothing is done; if it is there in part, it is
/// completed.
///
/// A process that loads over `https` has to install a TLS provider first.
///
/// # Errors
/// The commons cannot be reached, refuses something (its message is in the error), or does not index an
/// upload.
pub async fn load(
    base_url: &str,
    tokens: impl TokenSource,
    progress: &dyn Progress,
) -> Result<Summary, DemoError> {
    load_through(base_url, base_url, tokens, progress).await
}

/// Loads the demo study as [`load`] does, through another address of the commons than the one by which others
/// know it, `public_url`. That one may be out of reach from here, or have a certificate that nobody here
/// trusts.
///
/// # Errors
/// See [`load`].
pub async fn load_through(
    base_url: &str,
    public_url: &str,
    tokens: impl TokenSource,
    progress: &dyn Progress,
) -> Result<Summary, DemoError> {
    progress.message("logging in");
    let api = Api::connect(base_url, public_url, tokens).await?;
    let settings = Settings::built_in()?;
    let target = Target { program: settings.program.clone(), project: settings.project.clone() };
    let dictionary = Arc::new(dictionary_of(&api).await?);
    let is_new = !target.is_there(&api).await?;
    let last_type = Study::types(&dictionary).last().map(|node| node.id.clone());
    if !is_new && target.is_complete(&api, last_type.as_deref()).await? {
        return target.summary(&api, &dictionary).await;
    }
    progress.message("making the demo study");
    let source = dictionary.clone();
    let study = tokio::task::spawn_blocking(move || Study::generate(&source, &settings));
    let study = study.await.map_err(|error| DemoError::Interrupted(error.to_string()))??;
    // The study may have no records of the last type of the dictionary.
    let last = study.records.last().map(|record| record.node.as_str());
    if !is_new && last != last_type.as_deref() && target.is_complete(&api, last).await? {
        return target.summary(&api, &dictionary).await;
    }
    Work { api: &api, study: &study, target: &target, is_new, progress }.load().await
}

/// The dictionary that the commons publishes.
async fn dictionary_of(api: &Api) -> Result<Dictionary, DemoError> {
    let nodes: IndexMap<String, Value> =
        api.get("reading the dictionary", "/api/v0/submission/_dictionary/_all").await?;
    let files = nodes.into_iter().map(|(name, schema)| (format!("{name}.yaml"), schema)).collect();
    Ok(Dictionary::from_files(files)?)
}
