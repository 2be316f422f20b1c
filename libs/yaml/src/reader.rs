//! From the parser's events to nodes.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use crate::{
    error::{Error, Position},
    model::{Content, Document, Entry, Kind, Mapping, Node, RepeatedKey, Scalar},
    scalar,
};

/// A long text counts as one value for each of this many bytes: an alias copies it, too.
const BYTES_PER_VALUE: usize = 256;
const MAX_DEPTH: usize = 100;

/// How many values may be read. Several documents can share one.
#[derive(Debug, Clone)]
pub struct Budget {
    most: usize,
    left: usize,
}

impl Budget {
    /// Room for at most this many values.
    pub fn new(most: usize) -> Self {
        Self { most, left: most }
    }

    fn spend(&mut self, values: usize, position: Position) -> Result<(), Error> {
        let Some(left) = self.left.checked_sub(values) else {
            return Err(Error::new(position, format!("more than {} values", self.most)));
        };
        self.left = left;
        Ok(())
    }
}

/// Reads one document. What it uses is taken off `budget`, if it can be read: every value, as often as
/// aliases and anchors copy it. What can be passed over is in the document's faults.
///
/// # Errors
/// Broken YAML, several documents, more values than `budget` has, or more than a hundred levels.
pub fn read(text: &str, budget: &mut Budget) -> Result<Document, Error> {
    let parser = Parser::new_from_str(text);
    let anchors = HashMap::new();
    let budget_left = budget.clone();
    let mut reader = Reader {
        parser,
        anchors,
        budget: budget_left,
        path: Vec::new(),
        faults: Vec::new(),
        repeated: Vec::new(),
    };
    let root = reader.document()?;
    *budget = reader.budget;
    Ok(Document { root, faults: reader.faults, repeated: reader.repeated })
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Anchored>,
    budget: Budget,
    /// The keys and list indexes around what is read.
    path: Vec<String>,
    faults: Vec<Error>,
    repeated: Vec<RepeatedKey>,
}

/// A value that aliases stand for.
struct Anchored {
    node: Node,
    size: Size,
}

/// What a copy of a node costs.
struct Size {
    values: usize,
    /// Levels of lists and mappings.
    levels: usize,
}

fn size(node: &Node) -> Size {
    let within = |total: Size, node: &Node| {
        let inner = size(node);
        Size { values: total.values + inner.values, levels: total.levels.max(1 + inner.levels) }
    };
    match &node.content {
        Content::Scalar(scalar) => Size { values: 1 + scalar.text.len() / BYTES_PER_VALUE, levels: 0 },
        Content::List(items) => items.iter().fold(Size { values: 1, levels: 1 }, within),
        Content::Mapping(mapping) => {
            let keys = mapping.iter().map(|entry| 1 + entry.key.text.len() / BYTES_PER_VALUE).sum::<usize>();
            let values = mapping.iter().map(|entry| &entry.value);
            values.fold(Size { values: 1 + keys, levels: 1 }, within)
        }
    }
}

fn place(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, Error> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                _ if root.is_some() => {
                    return Err(Error::new(place(&span.start), "a second document begins"));
                }
                event => root = Some(self.node(event, span, 0)?),
            }
        }
        Ok(root.unwrap_or_else(|| Node {
            position: Position { line: 1, column: 1 },
            content: Content::Scalar(Scalar { text: String::new(), kind: Kind::Null }),
        }))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Error> {
        match self.parser.next_event() {
            Some(event) => event.map_err(|error| Error::new(place(error.marker()), error.info())),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Error> {
        let position = place(&span.start);
        within_depth(depth, position)?;
        self.budget.spend(1, position)?;
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.budget.spend(text.len() / BYTES_PER_VALUE, position)?;
                let kind = scalar::kind(&text, style, tag.as_deref());
                let kind = kind.unwrap_or_else(|message| {
                    self.fault(position, message);
                    Kind::String
                });
                (Content::Scalar(Scalar { text: text.into_owned(), kind }), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(position, tag.as_deref(), "seq");
                (Content::List(self.list(depth)?), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(position, tag.as_deref(), "map");
                (Content::Mapping(self.mapping(depth)?), anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, position, depth),
            _ => return Err(Error::new(position, "a value is missing")),
        };
        let node = Node { position, content };
        if anchor > 0 {
            let size = size(&node);
            self.budget.spend(size.values, position)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), size });
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, position: Position, depth: usize) -> Result<Node, Error> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(Error::new(position, "an alias without its anchor"));
        };
        within_depth(depth + anchored.size.levels, position)?;
        self.budget.spend(anchored.size.values, position)?;
        Ok(anchored.node.clone())
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Error> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => {
                    let index = items.len().to_string();
                    items.push(self.below(index, event, span, depth)?);
                }
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Mapping, Error> {
        let mut merged = Mapping::default();
        let mut own = Mapping::default();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                merged.merge(own);
                return Ok(merged);
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let position = place(&span.start);
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value_position = place(&span.start);
            let name = match &key.content {
                Content::Scalar(key) => key.json_key(),
                _ => String::new(),
            };
            let value = self.below(name, event, span, depth)?;
            if is_merge {
                merge_into(&mut merged, value, value_position)?;
            } else {
                self.set(&mut own, key, position, value);
            }
        }
    }

    /// Reads a node that stands under a key or index.
    fn below(&mut self, key: String, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Error> {
        self.path.push(key);
        let node = self.node(event, span, depth + 1);
        self.path.pop();
        node
    }

    fn set(&mut self, mapping: &mut Mapping, key: Node, position: Position, value: Node) {
        let Content::Scalar(key) = key.content else {
            return self.fault(position, "a list or a mapping cannot be a key");
        };
        let text = key.json_key();
        if let Some(before) = mapping.set(Entry { key, position, value }) {
            let steps = self.path.iter().chain([&text]);
            let path = steps.map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect();
            self.repeated.push(RepeatedKey { key: text, path, position, before: before.position });
        }
    }

    /// A list or mapping may only have the tag `own`, which says what it is anyway.
    fn check_tag(&mut self, position: Position, tag: Option<&Tag>, own: &str) {
        let unsupported = |tag: &&Tag| !scalar::is_plain_mark(tag) && !scalar::is_core(tag, own);
        if let Some(tag) = tag.filter(unsupported) {
            self.fault(position, format!("the tag {tag} is not supported"));
        }
    }

    fn fault(&mut self, position: Position, message: impl Into<String>) {
        self.faults.push(Error::new(position, message));
    }
}

fn within_depth(depth: usize, position: Position) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::new(position, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    Ok(())
}

/// `<<`: the mapping, or each of a list of mappings (the first one wins), under the mapping's own keys.
fn merge_into(merged: &mut Mapping, value: Node, position: Position) -> Result<(), Error> {
    let sources = match value.content {
        Content::List(sources) => sources,
        content => vec![Node { content, ..value }],
    };
    for source in sources.into_iter().rev() {
        let Content::Mapping(source) = source.content else {
            return Err(Error::new(position, "only mappings can be merged with <<"));
        };
        merged.merge(source);
    }
    Ok(())
}
