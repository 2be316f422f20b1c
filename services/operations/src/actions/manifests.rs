//! Manifests: what is handed in becomes a run. Who may touch what is decided when that happens: a run keeps
//! no token, and what it may touch stands in it.

use serde_json::Value;
use workqueue::Run;

use crate::{
    access::{MayIngest, MayStart},
    manifest::{Form, INGEST, Manifest, Manifests, Order},
    problem::Problem,
    service::Operations,
};

/// The member of a job's input that has the address of the manifest.
const URL: &str = "URL";

impl Operations {
    fn known_manifests(&self) -> Result<&dyn Manifests, Problem> {
        self.manifests.as_deref().ok_or_else(|| Problem::UnknownKind(INGEST.to_owned()))
    }

    /// Takes a manifest in: all of its rows are looked at, and the caller's rights to what they name.
    ///
    /// # Errors
    /// 400 with the rows that are wrong, 403 with the resources that may not be touched.
    pub(crate) async fn ingest(
        &self,
        start: MayStart,
        manifest: &Manifest,
        dry_run: bool,
        action: Option<String>,
    ) -> Result<Run, Problem> {
        let manifests = self.known_manifests()?;
        let wanted = manifests.examine(manifest).await?;
        let permit = self.may_ingest(start, wanted).await?;
        let kept = manifests.keep(manifest).await?;
        self.queue_ingest(&permit, kept, dry_run, action).await
    }

    async fn queue_ingest(
        &self,
        permit: &MayIngest,
        manifest: Value,
        dry_run: bool,
        action: Option<String>,
    ) -> Result<Run, Problem> {
        let wanted = permit.wanted();
        let order = Order {
            manifest,
            rows: wanted.rows,
            guards: wanted.guards.clone(),
            unguarded: wanted.unguarded.is_some(),
            dry_run,
            action,
        };
        let user = permit.start().caller().name();
        Ok(self.queue.submit(permit.start().kind(), order.params(), Some(user)).await?)
    }

    /// Takes in the manifest whose signed URL a job has.
    ///
    /// # Errors
    /// As [`Self::ingest`], and 400 for another URL.
    pub(crate) async fn ingest_of_job(
        &self,
        start: MayStart,
        action: String,
        input: Option<Value>,
    ) -> Result<Run, Problem> {
        let invalid = |told: &str| Problem::Invalid(format!("input: {told}"));
        let input = input.unwrap_or_default();
        let input = input.as_object().ok_or_else(|| invalid("it is a JSON object with URL"))?;
        if let Some(other) = input.keys().find(|name| ![URL, "dry_run"].contains(&name.as_str())) {
            return Err(invalid(&format!("{other:?} is none; there are URL and dry_run")));
        }
        let dry_run = match input.get("dry_run") {
            None => false,
            Some(value) => value.as_bool().ok_or_else(|| invalid("dry_run: it is true or false"))?,
        };
        let url = input.get(URL).and_then(Value::as_str);
        let url = url.ok_or_else(|| invalid("URL: it is the signed URL of an uploaded manifest"))?;
        let bytes = self.known_manifests()?.fetch(url, self.config.list_limit).await?;
        self.ingest(start, &Manifest { bytes, form: form_of(url) }, dry_run, Some(action)).await
    }
}

/// By the end of the file's name; the original's manifests have columns between tabs.
fn form_of(url: &str) -> Form {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let end = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    Form::of(&end).unwrap_or(Form::Tsv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_that_of_the_name() {
        for (url, form) in [
            ("https://s/b/m.csv?X-Amz-Date=a.json", Form::Csv),
            ("https://s/b/M.NDJSON", Form::Ndjson),
            ("https://s/b/m.txt", Form::Tsv),
            ("https://s.json/b/m", Form::Tsv),
            ("", Form::Tsv),
        ] {
            assert_eq!(form_of(url), form, "{url}");
        }
    }
}
