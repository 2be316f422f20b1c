//! `GET /v1/indices`: what there is to ask for.

use authz::Subject;
use serde_json::{Value, json};

use super::{figures::Questions, problem::Problem, secrecy::guarded};
use crate::{
    access::{Accessibility, Readable},
    config::Tier,
    schema::{Fields, IndexModel, Leaf, Shape, Values},
    service::Guppy,
};

impl Guppy {
    /// All indices with their fields.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub(crate) async fn indices(&self, subject: &Subject) -> Result<Value, Problem> {
        let served = self.served();
        let mut indices = Vec::new();
        for index in &served.catalog.indices {
            let mut fields = Vec::new();
            add(&index.fields, &mut fields);
            let as_of = self.as_of(&index.name).await;
            indices.push(json!({
                "type": index.doc_type,
                "index": index.name,
                "exists": index.exists,
                "tier": match index.tier {
                    Tier::Private => "private",
                    Tier::Regular => "regular",
                    Tier::Libre => "libre",
                },
                // Groups of fewer documents that the caller may not read are not told of.
                "limit": (index.tier == Tier::Regular).then_some(self.config.limit),
                "documents": self.documents(subject, index).await?,
                "as_of": as_of,
                "fields": if index.exists { fields } else { Vec::new() },
            }));
        }
        Ok(json!({ "indices": indices }))
    }

    /// How many documents there are for the caller; -1 if that would tell of a small group.
    async fn documents(&self, subject: &Subject, index: &IndexModel) -> Result<i64, Problem> {
        if !index.exists {
            return Ok(0);
        }
        let accessible = self.rights(subject, index).await;
        let readable = Readable::new(index, &self.config, &accessible);
        let counts = readable.counts(search::Query::All, Accessibility::All)?;
        let mut questions = Questions::default();
        let open = questions.over(&counts.counted);
        let hidden = counts.hidden.as_ref().map(|(scope, limit)| (questions.over(scope), *limit));
        let figures = questions.answer(&*self.engine).await?;
        let hidden = hidden.map(|(over, limit)| (figures.total(over), limit));
        Ok(guarded(figures.total(open), hidden))
    }
}

fn add(fields: &Fields, told: &mut Vec<Value>) {
    for field in fields.values() {
        match &field.shape {
            Shape::Nested(inner) => {
                told.push(json!({ "field": field.path, "kind": "objects", "list": true }));
                add(inner, told);
            }
            Shape::Leaf(leaf) => {
                let kind = match leaf {
                    Leaf::Keyword => "text",
                    Leaf::Boolean => "boolean",
                    Leaf::Integer | Leaf::Long => "integer",
                    Leaf::Float => "number",
                    Leaf::Shown(kind) => kind,
                };
                let is_counted = !matches!(leaf, Leaf::Shown(_));
                told.push(json!({
                    "field": field.path, "kind": kind, "list": field.values == Values::Many,
                    "facet": is_counted,
                }));
            }
        }
    }
}
