//! What the fields of the schema mean.

/// What a field of the schema means. The name of a column or facet says which field of the index it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Rows of the index at this place in the configuration.
    Rows(usize),
    /// All that is counted.
    Aggregations,
    /// What is counted in an index.
    AggregationsOf(usize),
    /// All field names.
    Mappings,
    /// The field names of an index.
    MappingOf(usize),
    /// A field of a row, or of an object in it.
    Column,
    /// In which fields words were found.
    Matched,
    /// Such a field.
    MatchedField,
    /// What was found in it.
    MatchedHighlights,
    /// How many documents.
    Total,
    /// A field that is counted, or objects in which fields are.
    Facet,
    /// How many values a field has.
    FieldTotal,
    /// How many different values a field has.
    Cardinality,
    /// Counts by value of a text.
    TextHistogram,
    /// Counts by bins of a number.
    NumberHistogram,
    /// A part of a bucket.
    Part(Part),
}

/// A part of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Key,
    Count,
    Min,
    Max,
    Avg,
    Sum,
    MissingFields,
    TermsFields,
    Field,
    Terms,
}
