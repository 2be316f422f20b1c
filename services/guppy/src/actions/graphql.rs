//! From the text of a query to its answer.

use ::graphql::{Dialect, Limits, Problem, Refusal, Selected, Step, Sub};
use authz::Subject;
use serde_json::{Map, Value};

use crate::{
    access::Accessible,
    answer,
    config::{Rights, Tier},
    depth::is_deeper_than,
    error::Error,
    lower::{Answers, Lowering, each_numbers},
    schema::{Catalog, Meaning},
    service::{Guppy, Served},
};

/// Deeper selections of data are a validation error, as in the original.
const DEPTH: usize = 10;
/// Selections within selections, and lists within lists in what is written: filters are deeper than
/// selections.
const LIMITS: Limits = Limits { depth: 250, fields: 20_000, errors: 100, arguments: 64 << 20 };

/// A query with what belongs to it.
pub(crate) struct Question {
    pub(crate) query: String,
    pub(crate) operation: Option<String>,
    pub(crate) variables: Map<String, Value>,
}

impl Guppy {
    /// Answers a query: `{"data": ...}`, with `errors` where something failed.
    pub(crate) async fn query(&self, subject: &Subject, question: &Question) -> Result<Vec<u8>, Error> {
        let served = self.served();
        let selected = select(&served, question)?;
        let accessible = if self.needs_rights(&served.catalog, &selected) {
            self.known.of(&*self.authz, subject).await
        } else {
            Default::default()
        };
        self.answer(&served, &question.query, &selected, &accessible).await
    }

    async fn answer(
        &self,
        served: &Served,
        source: &str,
        selected: &[Selected<'_, Meaning>],
        accessible: &Accessible,
    ) -> Result<Vec<u8>, Error> {
        let mut lowering = Lowering::new(&self.config, &served.catalog, &served.schema, accessible);
        let mut places = lowering.places(selected);
        let (mut searches, mut answers) = (lowering.searches, Answers::default());
        // The bins of a histogram depend on its values, so some need a second round.
        for _ in 0..2 {
            let next = searches.next();
            if next.is_empty() {
                break;
            }
            answers.extend(self.engine.search_all(&next).await);
            each_numbers(&mut places, &mut |numbers| numbers.go_on(&mut searches, &answers));
        }
        if let Some(error) = answers.errors().next() {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "a part of an answer is missing");
        }
        Ok(answer::write(source, &places, &answers, &self.config))
    }

    /// Whether it has to be known what the caller may read.
    fn needs_rights(&self, catalog: &Catalog, selected: &[Selected<'_, Meaning>]) -> bool {
        let is_guarded = |place: usize| {
            let is_mock = self.config.rights == Rights::Mock;
            catalog.indices.get(place).is_none_or(|index| match index.tier {
                Tier::Libre => false,
                Tier::Private => !is_mock,
                Tier::Regular => true,
            })
        };
        selected.iter().any(|selection| match (selection.field.meaning, &selection.sub) {
            (Some(Meaning::Rows(place) | Meaning::AggregationsOf(place)), _) => is_guarded(place),
            (Some(Meaning::Aggregations), Sub::Object(selected)) => self.needs_rights(catalog, selected),
            _ => false,
        })
    }
}

/// What a query selects.
fn select<'s>(served: &'s Served, question: &Question) -> Result<Vec<Selected<'s, Meaning>>, Error> {
    let source = &question.query;
    let refused =
        |problems: &[Problem], code| Error::Query { errors: answer::refusal(source, problems, code) };
    let document = ::graphql::parse_in(Dialect::Js16, source, LIMITS.depth)
        .map_err(|problem| refused(&[problem], "GRAPHQL_PARSE_FAILED"))?;
    if is_deeper_than(&document, DEPTH) {
        let name = question.operation.as_deref().unwrap_or_default();
        let message = format!("'{name}' exceeds maximum operation depth of {DEPTH}");
        return Err(refused(&[Problem { message, at: Some(0) }], "GRAPHQL_VALIDATION_FAILED"));
    }
    let name = question.operation.as_deref();
    let selected = ::graphql::resolve(&served.schema, &document, name, &question.variables, &LIMITS);
    selected.map_err(|Refusal { step, problems }| match step {
        Step::Parsing => refused(&problems, "GRAPHQL_PARSE_FAILED"),
        Step::Validation => refused(&problems, "GRAPHQL_VALIDATION_FAILED"),
        Step::Choice => refused(&problems, "OPERATION_RESOLUTION_FAILURE"),
        Step::Variables => refused(&problems, "BAD_USER_INPUT"),
        Step::Kind => {
            Error::Operation { errors: answer::refusal(source, &problems, "INTERNAL_SERVER_ERROR") }
        }
    })
}
