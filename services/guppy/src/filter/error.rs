//! What can be wrong with a filter.

/// What is wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    #[error("Please check your syntax for input \"filter\" argument")]
    Syntax,
    #[error("Field {0} does not exist in ES index")]
    NoField(String),
    #[error("Invalid operation \"{0}\" in filter argument.")]
    Operation(String),
    #[error("Invalid numeric operation \"{operation}\" for field \"{field}\" in filter argument")]
    Numeric { operation: String, field: String },
    #[error("ES type {0} not supported.")]
    Kind(String),
    #[error("Invalid value {value} for field \"{field}\" in filter argument")]
    Value { field: String, value: String },
    #[error("Invalid search filter syntax: missing 'keyword' field")]
    NoKeyword,
    #[error("Invalid search filter syntax: unrecognized field '{0}'")]
    SearchKey(String),
    #[error("Invalid search filter syntax: 'fields' must be a text or a list of texts")]
    SearchFields,
    #[error("Keyword too short (length < 2")]
    ShortKeyword,
    #[error("\"text\" is a text with one to {0} words")]
    Words(usize),
    #[error("there is no set {0:?}")]
    NoSet(String),
    #[error("A search is not possible within nested objects")]
    NestedSearch,
    #[error("The filter is nested too deeply: more than {0} levels")]
    Deep(usize),
    #[error("The filter has more than {0} conditions")]
    Conditions(usize),
    #[error("The filter has more than {0} values")]
    Values(usize),
}
