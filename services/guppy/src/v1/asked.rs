//! What every request says: which documents.

use std::sync::Arc;

use authz::Subject;
use search::Query;
use serde::Deserialize;
use serde_json::Value;

use super::problem::Problem;
use crate::{
    access::{Accessibility, Accessible, Readable, Rows, Scope},
    config::{Rights, Tier},
    filter::Reader,
    schema::{IndexModel, Leaf, Shape},
    service::{Guppy, Served},
};

/// The documents that a request is about.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// A document type of the configuration.
    #[serde(rename = "type")]
    pub(super) doc_type: String,
    /// As in the graph, and `in_index`, `in_set` and `text`.
    #[serde(default)]
    pub(super) filter: Value,
    /// `all` if it is not said.
    #[serde(default)]
    pub(super) accessibility: Word,
}

/// The word for what is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Word {
    #[default]
    All,
    Accessible,
    Unaccessible,
}

impl From<Word> for Accessibility {
    fn from(word: Word) -> Self {
        match word {
            Word::All => Self::All,
            Word::Accessible => Self::Accessible,
            Word::Unaccessible => Self::Unaccessible,
        }
    }
}

/// A field with a value, and the nested objects that it is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeafField<'i> {
    pub(super) path: &'i str,
    pub(super) leaf: Leaf,
    pub(super) nested: Option<&'i str>,
}

/// The field of a request at `place`, which has to have a value that can be counted.
///
/// # Errors
/// When there is none.
pub(super) fn leaf<'i>(index: &'i IndexModel, place: &str, name: &str) -> Result<LeafField<'i>, Problem> {
    let unknown = || Problem::invalid(format!("{place}: {} has no field {name:?}", index.doc_type));
    let field = index.find(name).ok_or_else(unknown)?;
    match field.shape {
        Shape::Leaf(Leaf::Shown(kind)) => {
            Err(Problem::invalid(format!("{place}: {name:?} is of the kind {kind}, which cannot be counted")))
        }
        Shape::Leaf(leaf) => {
            let path = field.path.as_str();
            Ok(LeafField { path, leaf, nested: path.rsplit_once('.').map(|(nested, _)| nested) })
        }
        Shape::Nested(_) => {
            Err(Problem::invalid(format!("{place}: {name:?} has objects; name a field of them")))
        }
    }
}

/// The index of a type.
///
/// # Errors
/// When there is none.
pub(super) fn index<'s>(served: &'s Served, doc_type: &str) -> Result<&'s IndexModel, Problem> {
    let found = served.catalog.indices.iter().find(|index| index.doc_type == doc_type);
    found.ok_or_else(|| Problem::UnknownType(doc_type.to_owned()))
}

impl Guppy {
    /// What the caller may read, if it matters for this index.
    pub(super) async fn rights(&self, subject: &Subject, index: &IndexModel) -> Arc<Accessible> {
        let matters = match index.tier {
            Tier::Libre => false,
            Tier::Private => self.config.rights != Rights::Mock,
            Tier::Regular => true,
        };
        if matters { self.known.of(&*self.authz, subject).await } else { Arc::default() }
    }

    pub(super) fn reader<'i>(&'i self, index: &'i IndexModel) -> Reader<'i> {
        Reader::new(index, &self.config.missing, &self.config.analyzed)
    }

    /// The documents of a request whose rows may be shown.
    ///
    /// # Errors
    /// [`Problem::OutOfScope`] when it asks for more than the caller may read.
    pub(super) async fn shown(
        &self,
        index: &IndexModel,
        accessible: &Accessible,
        query: Query,
        accessibility: Word,
    ) -> Result<Scope, Problem> {
        let rows = Readable::new(index, &self.config, accessible).rows(query, accessibility.into());
        self.permitted(index, rows).await
    }

    /// The same of a download.
    ///
    /// # Errors
    /// As [`Guppy::shown`].
    pub(super) async fn downloaded(
        &self,
        index: &IndexModel,
        accessible: &Accessible,
        query: Query,
        accessibility: Word,
    ) -> Result<Scope, Problem> {
        let rows = Readable::new(index, &self.config, accessible).download(query, accessibility.into());
        self.permitted(index, rows).await
    }

    async fn permitted(&self, index: &IndexModel, rows: Rows) -> Result<Scope, Problem> {
        if let Some(forbidden) = rows.forbidden.filter(|_| index.exists) {
            let count = search::Search::counting(forbidden.query().clone(), Default::default());
            if self.engine.search(forbidden.index(), &count).await?.total > 0 {
                return Err(Problem::OutOfScope);
            }
        }
        Ok(rows.shown)
    }
}
