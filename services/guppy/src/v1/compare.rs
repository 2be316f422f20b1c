//! `POST /v1/compare`: the same figures of several cohorts, and how much they overlap.

use authz::Subject;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    asked::{Asked, Word},
    body::read,
    facet::FacetRequest,
    facets::FacetsRequest,
    problem::Problem,
    secrecy::HIDDEN,
};
use crate::service::Guppy;

/// Cohorts of a request.
const MOST: usize = 8;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CompareRequest {
    #[serde(rename = "type")]
    doc_type: String,
    cohorts: Vec<Cohort>,
    fields: Vec<FacetRequest>,
    #[serde(default)]
    accessibility: Word,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cohort {
    name: String,
    #[serde(default)]
    filter: Value,
}

impl Guppy {
    /// The figures of each cohort, and the number of documents that each two have in common.
    ///
    /// # Errors
    /// [`Problem::SmallGroup`] for a cohort of which nothing may be told.
    pub(crate) async fn compare(&self, subject: &Subject, body: &[u8]) -> Result<Value, Problem> {
        let request: CompareRequest = read(body)?;
        if !(2..=MOST).contains(&request.cohorts.len()) {
            return Err(Problem::invalid(format!("cohorts: from 2 to {MOST}")));
        }
        let mut cohorts = Vec::new();
        let mut as_of = Value::Null;
        for cohort in &request.cohorts {
            let mut figures =
                self.figures_of(subject, &request, cohort.filter.clone(), &request.fields).await?;
            if figures["total"] == HIDDEN {
                return Err(Problem::SmallGroup(cohort.name.clone()));
            }
            as_of = figures["as_of"].take();
            cohorts.push(json!({
                "name": cohort.name, "total": figures["total"].take(), "fields": figures["fields"].take(),
            }));
        }
        let mut overlaps = Vec::new();
        for (place, one) in request.cohorts.iter().enumerate() {
            for other in &request.cohorts[place + 1..] {
                let filter = json!({ "and": [one.filter, other.filter] });
                let common = self.figures_of(subject, &request, filter, &[]).await?;
                overlaps.push(json!({ "cohorts": [one.name, other.name], "total": common["total"] }));
            }
        }
        Ok(json!({ "type": request.doc_type, "as_of": as_of, "cohorts": cohorts, "overlaps": overlaps }))
    }

    async fn figures_of(
        &self,
        subject: &Subject,
        request: &CompareRequest,
        filter: Value,
        fields: &[FacetRequest],
    ) -> Result<Value, Problem> {
        let (doc_type, accessibility) = (request.doc_type.clone(), request.accessibility);
        let asked = Asked { doc_type, filter, accessibility };
        // A cohort is what its filter says, also in the counts of the fields of the filter.
        let facets = FacetsRequest { asked, fields: fields.to_vec(), filter_self: true };
        self.facets_of(subject, &facets).await
    }
}
