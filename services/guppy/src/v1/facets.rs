//! `POST /v1/facets`: figures of many fields in two rounds at most, without what tells of small groups.

use authz::Subject;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    asked::{Asked, index},
    body::read,
    facet::{Facet, FacetRequest, check, places},
    figures::Questions,
    problem::Problem,
    secrecy::guarded,
};
use crate::{access::Readable, service::Guppy};

/// Fields of a request.
const MOST_FIELDS: usize = 200;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct FacetsRequest {
    #[serde(flatten)]
    pub(super) asked: Asked,
    pub(super) fields: Vec<FacetRequest>,
    /// Whether a condition on a field holds for the counts of this field, too.
    #[serde(rename = "filterSelf", default)]
    pub(super) filter_self: bool,
}

impl Guppy {
    /// The figures.
    ///
    /// # Errors
    /// When something cannot be asked.
    pub(crate) async fn facets(&self, subject: &Subject, body: &[u8]) -> Result<Value, Problem> {
        self.facets_of(subject, &read(body)?).await
    }

    /// The figures of a request that has been read.
    ///
    /// # Errors
    /// As [`Guppy::facets`].
    pub(super) async fn facets_of(
        &self,
        subject: &Subject,
        request: &FacetsRequest,
    ) -> Result<Value, Problem> {
        let served = self.served();
        let index = index(&served, &request.asked.doc_type)?;
        if request.fields.len() > MOST_FIELDS {
            return Err(Problem::invalid(format!("fields: at most {MOST_FIELDS} in one request")));
        }
        let accessible = self.rights(subject, index).await;
        let known = self.known_filter(subject, &served, index, &request.asked.filter).await?;
        let readable = Readable::new(index, &self.config, &accessible);
        let reader = known.reader(self, index);
        let accessibility = request.asked.accessibility.into();
        let counts = readable.counts(reader.read(&known.filter)?, accessibility)?;
        let mut first = Questions::default();
        let total = places(&mut first, &counts);
        let mut facets = Vec::new();
        for (place, field) in request.fields.iter().enumerate() {
            let checked = check(index, place, field)?;
            let own;
            let counts = if request.filter_self || !known.may_name(checked.0.path) {
                &counts
            } else {
                own = readable
                    .counts(reader.read_without(&known.filter, Some(checked.0.path))?, accessibility)?;
                &own
            };
            facets.push((Facet::begin(field, place, checked, counts, &mut first), counts.clone()));
        }
        let as_of = self.as_of(&index.name).await;
        if !index.exists {
            let fields: Vec<Value> = facets.iter().map(|(facet, _)| facet.nothing()).collect();
            return Ok(json!({ "type": index.doc_type, "as_of": as_of, "total": 0, "fields": fields }));
        }
        let found = first.answer(&*self.engine).await?;
        let mut bins = Vec::new();
        let mut second = Questions::default();
        for (facet, counts) in &facets {
            bins.push(facet.ask_bins(&found, counts, &mut second)?);
        }
        let binned = second.answer(&*self.engine).await?;
        let whitelist = &self.config.whitelist;
        let fields: Vec<Value> = facets
            .iter()
            .zip(&bins)
            .map(|((facet, _), bins)| facet.answer(&found, &binned, bins.as_ref(), whitelist))
            .collect();
        let total = guarded(found.total(total.0), total.1.map(|(over, limit)| (found.total(over), limit)));
        Ok(json!({ "type": index.doc_type, "as_of": as_of, "total": total, "fields": fields }))
    }
}
