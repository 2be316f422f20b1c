//! What of an index a caller may see, and the queries that follow from it.

use search::Query;

use super::accessible::Accessible;
use crate::{
    config::{Config, Rights, Tier},
    filter::true_value,
    schema::{IndexModel, Shape},
};

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accessibility {
    All,
    Accessible,
    Unaccessible,
}

impl Accessibility {
    /// The word of a request; anything else is all.
    pub(crate) fn of(word: Option<&str>) -> Self {
        match word {
            Some("accessible") => Self::Accessible,
            Some("unaccessible") => Self::Unaccessible,
            _ => Self::All,
        }
    }
}

/// What a caller may see of an index: the proof without which nothing in it can be searched. Its fields are
/// private, and so are those of [`Scope`], which searches are made of.
#[derive(Clone, Copy)]
pub(crate) struct Readable<'i> {
    index: &'i IndexModel,
    config: &'i Config,
    accessible: &'i Accessible,
}

/// Documents that may be searched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scope {
    index: String,
    query: Query,
}

impl Scope {
    /// The name of the index.
    pub(crate) fn index(&self) -> &str {
        &self.index
    }

    /// Which documents.
    pub(crate) fn query(&self) -> &Query {
        &self.query
    }

    /// Those of them that fulfil more.
    pub(crate) fn and(&self, query: Query) -> Self {
        Self { index: self.index.clone(), query: Query::and([self.query.clone(), query]) }
    }
}

/// What rows may be shown.
pub(crate) struct Rows {
    /// The documents.
    pub(crate) shown: Scope,
    /// If there is any document here, the request asks for too much.
    pub(crate) forbidden: Option<Scope>,
}

/// What may be counted.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    /// The documents.
    pub(crate) counted: Scope,
    /// Those of them that the caller may not read: of fewer than so many nothing may be told.
    pub(crate) hidden: Option<(Scope, u64)>,
}

/// The exclusion of sensitive documents names a field that the index has not, so nothing can be excluded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The index has no field \"{0}\", by which sensitive records are told")]
pub(crate) struct NoSensitiveField(pub(crate) String);

impl<'i> Readable<'i> {
    /// What the caller of these rights may see of `index`.
    pub(crate) fn new(index: &'i IndexModel, config: &'i Config, accessible: &'i Accessible) -> Self {
        Self { index, config, accessible }
    }

    fn scope(&self, queries: impl IntoIterator<Item = Query>) -> Scope {
        Scope { index: self.index.name.clone(), query: Query::and(queries) }
    }

    /// Documents of a resource that the caller may read.
    fn allowed(&self) -> Query {
        let (path, field) = self.config.auth_path();
        within(path, Query::OneOf { field: field.to_owned(), values: self.accessible.0.clone() })
    }

    /// Documents of a resource that the caller may not read, and those of none. Where a document is of
    /// several resources as nested objects, one that may not be read is enough.
    fn refused(&self) -> Query {
        let (path, field) = self.config.auth_path();
        let other = Query::OneOf { field: field.to_owned(), values: self.accessible.0.clone() }.negated();
        match path {
            None => other,
            Some(_) => Query::Or(vec![within(path, other), within(path, Query::All).negated()]),
        }
    }

    /// The rows of a filter.
    pub(crate) fn rows(&self, filter: Query, accessibility: Accessibility) -> Rows {
        let unchecked = self.index.tier == Tier::Private && self.config.rights == Rights::Mock;
        match (self.index.tier, accessibility) {
            (Tier::Libre, _) => Rows { shown: self.scope([filter]), forbidden: None },
            (Tier::Private, _) if unchecked => Rows { shown: self.scope([filter]), forbidden: None },
            (tier, accessibility) => self.permitted(filter, tier, accessibility),
        }
    }

    /// The documents of a filter that are downloaded: also where the graph shows everything, only those that
    /// the caller may read.
    pub(crate) fn download(&self, filter: Query, accessibility: Accessibility) -> Rows {
        match self.index.tier {
            Tier::Libre => Rows { shown: self.scope([filter]), forbidden: None },
            // "unaccessible" is as "all" here.
            Tier::Regular if accessibility != Accessibility::Accessible => {
                self.permitted(filter, Tier::Regular, Accessibility::All)
            }
            tier => self.permitted(filter, tier, accessibility),
        }
    }

    fn permitted(&self, filter: Query, tier: Tier, accessibility: Accessibility) -> Rows {
        if tier == Tier::Private || accessibility == Accessibility::Accessible {
            return Rows { shown: self.scope([filter, self.allowed()]), forbidden: None };
        }
        let forbidden = Some(self.scope([filter.clone(), self.refused()]));
        let shown = match accessibility {
            Accessibility::Unaccessible => self.scope([Query::None]),
            _ => self.scope([filter, self.refused().negated()]),
        };
        Rows { shown, forbidden }
    }

    /// What may be counted of a filter.
    ///
    /// # Errors
    /// [`NoSensitiveField`].
    pub(crate) fn counts(
        &self,
        filter: Query,
        accessibility: Accessibility,
    ) -> Result<Counts, NoSensitiveField> {
        let open = |counted| Ok(Counts { counted, hidden: None });
        match (self.index.tier, accessibility) {
            (Tier::Libre, _) => open(self.scope([filter])),
            (Tier::Private, _) if self.config.rights == Rights::Mock => open(self.scope([filter])),
            (Tier::Private, _) | (Tier::Regular, Accessibility::Accessible) => {
                open(self.scope([filter, self.allowed()]))
            }
            (Tier::Regular, Accessibility::All) => {
                let harmless = self.harmless()?.map(|harmless| Query::Or(vec![self.allowed(), harmless]));
                let counted = self.scope([filter].into_iter().chain(harmless));
                Ok(self.hiding(counted))
            }
            (Tier::Regular, Accessibility::Unaccessible) => {
                let harmless = self.harmless()?;
                let counted = self.scope([filter, self.refused()].into_iter().chain(harmless));
                Ok(self.hiding(counted))
            }
        }
    }

    fn hiding(&self, counted: Scope) -> Counts {
        let hidden = Some((counted.and(self.refused()), self.config.limit));
        Counts { counted, hidden }
    }

    /// Documents that are not sensitive, if there is a field that tells.
    fn harmless(&self) -> Result<Option<Query>, NoSensitiveField> {
        let Some(field) = &self.config.sensitive_field else { return Ok(None) };
        match self.index.find(field).map(|field| &field.shape) {
            Some(Shape::Leaf(leaf)) => Ok(Some(Query::equals(field.as_str(), true_value(*leaf)).negated())),
            _ => Err(NoSensitiveField(field.clone())),
        }
    }
}

fn within(path: Option<&str>, query: Query) -> Query {
    match path {
        None => query,
        Some(path) => Query::Nested { path: path.to_owned(), query: Box::new(query) },
    }
}
