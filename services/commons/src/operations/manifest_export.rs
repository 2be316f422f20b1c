//! The operation `manifest-export`.

use std::{
    io::{BufWriter, Seek as _},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use indexclient::IndexClient;
use serde_json::{Map, Value, json};
use workqueue::{Failed, Form, Kind, Parameter, Policy, Readers, Work};

use super::{
    exports::{AccessFormat, Exports},
    params::{only, text},
};
use crate::{
    commands::index::manifest::{Format, Writer},
    failure::message,
};

pub(super) const NAME: &str = "manifest-export";
/// Records of a page.
const PAGE: usize = 1_000;
/// The longest name of a resource.
const LONGEST: usize = 1_024;

/// Writes the records of the file index, which everybody may list, as a manifest.
pub(crate) struct ManifestExport {
    pub(crate) index: Arc<dyn IndexClient>,
    pub(crate) exports: Arc<Exports>,
}

impl ManifestExport {
    async fn export(&self, work: &Work) -> anyhow::Result<Value> {
        let guard = work.text("authz").map(|guard| ("authz".to_owned(), guard.to_owned()));
        let query = Vec::from_iter(guard);
        let mut writer = Writer::new(BufWriter::new(tempfile::tempfile()?), Format::Tsv)?;
        let (mut after, mut count) = (None::<String>, 0);
        loop {
            let page = self.index.list(&query, after.as_deref(), PAGE).await?;
            for record in &page {
                let record = serde_json::to_value(record)?;
                writer.write(record.as_object().context("a record is an object")?)?;
            }
            count += page.len();
            work.progress(u64::try_from(count)?, None, "writing records");
            let last = page.last().map(|record| record.did.clone());
            if page.len() < PAGE || last == after {
                break;
            }
            after = last;
        }
        let mut file = writer.into_inner()?.into_inner().map_err(|error| error.into_error())?;
        file.rewind()?;
        let key = format!("{}/manifest_{}.tsv", work.id(), chrono::Utc::now().format("%Y-%m-%dT%H-%M-%S"));
        let mut result = self.exports.write(&key, file).await?;
        result["records"] = json!(count);
        Ok(result)
    }
}

#[async_trait]
impl Kind for ManifestExport {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Write the records of the file index as a manifest, for who asked for it"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::optional("authz", Form::Text, "Only records that this resource guards")] }
    }

    fn policy(&self) -> Policy {
        let (attempts, pause) = (2, Duration::from_secs(10));
        Policy { attempts, pause, at_once: Some(1), readers: Readers::AskerToo }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["action", "access_format", "authz"])?;
        text(params, "authz", LONGEST)?;
        match AccessFormat::of(params)? {
            AccessFormat::Url => Ok(()),
            AccessFormat::Guid => Err("access_format: a manifest is had by presigned_url only".to_owned()),
        }
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        self.export(work).await.map_err(|error| Failed::Passing(message(&error)))
    }
}
