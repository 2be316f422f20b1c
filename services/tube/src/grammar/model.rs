//! What an etlMapping.yaml says.

use serde_json::Value;
use yaml::Position;

/// A name, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) at: Position,
}

/// A mapping: one index.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) name: Word,
    pub(crate) doc_type: Word,
    pub(crate) body: Body,
}

/// How its documents are made.
#[derive(Debug)]
pub(crate) enum Body {
    /// A document for each node of a type.
    Aggregator(Box<Aggregator>),
    /// A document for each node of a category.
    Collector(Collector),
}

#[derive(Debug)]
pub(crate) struct Aggregator {
    pub(crate) root: Word,
    pub(crate) props: Vec<Prop>,
    pub(crate) parents: Vec<ParentPath>,
    pub(crate) flatten: Vec<FlattenBlock>,
    pub(crate) aggregated: Vec<AggregatedProp>,
    pub(crate) nested: Vec<NestedBlock>,
    pub(crate) joining: Vec<JoinBlock>,
    pub(crate) filter: Option<Filter>,
    /// Whether flattened children may make several documents of a root.
    pub(crate) several_allowed: bool,
}

#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) category: Word,
    pub(crate) props: Vec<Prop>,
    pub(crate) injected: Vec<Injection>,
}

/// Properties of the ancestors of a type.
#[derive(Debug)]
pub(crate) struct Injection {
    pub(crate) node: Word,
    pub(crate) props: Vec<Prop>,
}

#[derive(Debug, Clone)]
pub(crate) struct Prop {
    pub(crate) name: Word,
    pub(crate) src: Option<Word>,
    pub(crate) function: Option<Function>,
    /// Values and what stands for them.
    pub(crate) values: Vec<(Value, Value)>,
}

impl Prop {
    /// The property that is read.
    pub(crate) fn source(&self) -> &Word {
        self.src.as_ref().unwrap_or(&self.name)
    }
}

/// How values of several nodes become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    Sum,
    Set,
    List,
    Min,
    Max,
    First,
}

impl Function {
    pub(crate) const ALL: [(&str, Self); 7] = [
        ("count", Self::Count),
        ("sum", Self::Sum),
        ("set", Self::Set),
        ("list", Self::List),
        ("min", Self::Min),
        ("max", Self::Max),
        ("first", Self::First),
    ];

    /// Whether it gives a list.
    pub(crate) fn gives_list(self) -> bool {
        matches!(self, Self::Set | Self::List)
    }
}

/// How many parents there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// One: its values as they are.
    One,
    /// Any number: sets of their values.
    Many,
}

#[derive(Debug)]
pub(crate) struct ParentPath {
    pub(crate) at: Position,
    pub(crate) steps: Vec<ParentStep>,
    pub(crate) relation: Relation,
}

/// `link[name:source,...]`
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ParentStep {
    pub(crate) link: String,
    /// Names and the properties they are read from.
    pub(crate) props: Vec<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct FlattenBlock {
    pub(crate) path: Word,
    pub(crate) props: Vec<Prop>,
    pub(crate) sorted_by: Option<SortBy>,
}

#[derive(Debug)]
pub(crate) struct SortBy {
    pub(crate) property: Word,
    pub(crate) descending: bool,
}

#[derive(Debug)]
pub(crate) struct AggregatedProp {
    pub(crate) name: Word,
    pub(crate) path: Word,
    pub(crate) function: Function,
    pub(crate) src: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct NestedBlock {
    pub(crate) name: Word,
    pub(crate) path: Word,
    pub(crate) props: Vec<Prop>,
    pub(crate) nested: Vec<NestedBlock>,
    pub(crate) filter: Option<Filter>,
}

#[derive(Debug)]
pub(crate) struct JoinBlock {
    pub(crate) index: Word,
    pub(crate) join_on: Vec<Word>,
    pub(crate) props: Vec<Prop>,
}

#[derive(Debug, Clone)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Is { prop: Word, comparison: Comparison, value: Value },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    NotLike,
    In,
    NotIn,
    Contains,
}

impl Comparison {
    pub(crate) const ALL: [(&str, Self); 13] = [
        ("=", Self::Equal),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<>", Self::NotEqual),
        ("<", Self::Less),
        ("<=", Self::LessOrEqual),
        (">", Self::Greater),
        (">=", Self::GreaterOrEqual),
        ("like", Self::Like),
        ("not like", Self::NotLike),
        ("in", Self::In),
        ("not in", Self::NotIn),
        ("contains", Self::Contains),
    ];
}
