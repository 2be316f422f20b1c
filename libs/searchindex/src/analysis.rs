//! How text is cut into words: the standard analyzer, and those that the settings of an index define.

use std::{collections::BTreeMap, ops::Range};

use serde_json::{Map, Value};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_segmentation::UnicodeSegmentation;

/// A longer word of the standard analyzer is cut.
const LONGEST_WORD: usize = 255;

/// How text is cut, and what becomes of the pieces.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Analyzer {
    cut: Cut,
    lower_case: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Cut {
    /// By Unicode word boundaries.
    Standard,
    /// Not at all.
    Keyword,
    /// Between white space.
    Whitespace,
    /// Between letters and everything else.
    Letters,
    /// Every run of `least` to `most` characters, of those that are kept.
    Grams { least: usize, most: usize, kept: Vec<Class>, only_at_start: bool },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Class {
    Letter,
    Digit,
    Whitespace,
    Punctuation,
    Symbol,
}

/// The analyzers of an index, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Analyzers(BTreeMap<String, Analyzer>);

impl Analyzers {
    /// Those that settings in the form of Elasticsearch define, beside those that are always there.
    ///
    /// # Errors
    /// The settings want what there is not.
    pub(crate) fn read(settings: &Map<String, Value>) -> Result<Self, String> {
        let index = settings.get("index").and_then(Value::as_object);
        let analysis = settings.get("analysis").or_else(|| index.and_then(|index| index.get("analysis")));
        let part = |name: &str| analysis.and_then(|all| all.get(name)).and_then(Value::as_object);
        let mut found = BTreeMap::new();
        for (name, definition) in part("analyzer").into_iter().flatten() {
            let analyzer = Self::defined(definition, part("tokenizer"), part("filter"))
                .map_err(|fault| format!("analyzer [{name}]: {fault}"))?;
            found.insert(name.clone(), analyzer);
        }
        Ok(Self(found))
    }

    fn defined(
        definition: &Value,
        tokenizers: Option<&Map<String, Value>>,
        filters: Option<&Map<String, Value>>,
    ) -> Result<Analyzer, String> {
        let kind = definition.get("type").and_then(Value::as_str).unwrap_or("custom");
        if kind != "custom" {
            return built_in(kind).ok_or_else(|| format!("there is no type [{kind}]"));
        }
        let name = definition.get("tokenizer").and_then(Value::as_str).ok_or("it has no tokenizer")?;
        let cut = Cut::read(name, tokenizers.and_then(|all| all.get(name)))?;
        let mut analyzer = Analyzer { lower_case: false, cut };
        if definition.get("char_filter").is_some_and(|filter| !filter.as_array().is_some_and(Vec::is_empty)) {
            return Err("character filters are not supported".to_owned());
        }
        for filter in texts(definition.get("filter")) {
            let defined = filters.and_then(|all| all.get(filter));
            match defined.and_then(|filter| filter.get("type")).and_then(Value::as_str).unwrap_or(filter) {
                "lowercase" => analyzer.lower_case = true,
                other => return Err(format!("there is no token filter [{other}]")),
            }
        }
        Ok(analyzer)
    }

    /// An analyzer by its name; without one the standard analyzer.
    pub(crate) fn get(&self, name: Option<&str>) -> Option<Analyzer> {
        let name = name.unwrap_or("standard");
        self.0.get(name).cloned().or_else(|| built_in(name))
    }
}

fn built_in(name: &str) -> Option<Analyzer> {
    let (cut, lower_case) = match name {
        "standard" | "default" => (Cut::Standard, true),
        "simple" => (Cut::Letters, true),
        "whitespace" => (Cut::Whitespace, false),
        "keyword" => (Cut::Keyword, false),
        _ => return None,
    };
    Some(Analyzer { cut, lower_case })
}

/// A text, or a list of them.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

impl Cut {
    fn read(name: &str, definition: Option<&Value>) -> Result<Self, String> {
        let option = |key: &str| definition.and_then(|all| all.get(key));
        let kind = option("type").and_then(Value::as_str).unwrap_or(name);
        let size = |key: &str, usual: usize| match option(key) {
            None => Ok(usual),
            Some(Value::String(text)) => text.parse().map_err(|_| format!("[{key}] is not a size")),
            Some(value) => value
                .as_u64()
                .and_then(|size| usize::try_from(size).ok())
                .ok_or_else(|| format!("[{key}] is not a size")),
        };
        Ok(match kind {
            "standard" => Self::Standard,
            "keyword" => Self::Keyword,
            "whitespace" => Self::Whitespace,
            "letter" | "lowercase" => Self::Letters,
            "ngram" | "nGram" | "edge_ngram" | "edgeNGram" => {
                let (least, most) = (size("min_gram", 1)?, size("max_gram", 2)?);
                if least == 0 || least > most || most > LONGEST_WORD {
                    return Err(format!("tokenizer [{name}] has no sizes between 1 and {LONGEST_WORD}"));
                }
                let kept = texts(option("token_chars"));
                let kept = kept.into_iter().map(Class::read).collect::<Result<_, _>>()?;
                Self::Grams { least, most, kept, only_at_start: kind.starts_with("edge") }
            }
            other => return Err(format!("there is no tokenizer [{other}]")),
        })
    }

    /// Calls for each piece, in order.
    fn pieces(&self, text: &str, mut found: impl FnMut(Range<usize>)) {
        match self {
            Self::Keyword => found(0..text.len()),
            Self::Whitespace => runs(text, |c| !c.is_whitespace(), found),
            Self::Letters => runs(text, char::is_alphabetic, found),
            // Most values of documents are one word, and boundaries take their time.
            Self::Standard
                if text.len() <= LONGEST_WORD && text.bytes().all(|b| b.is_ascii_alphanumeric()) =>
            {
                if !text.is_empty() {
                    found(0..text.len());
                }
            }
            Self::Standard => {
                for (at, word) in text.split_word_bound_indices() {
                    if word.chars().any(char::is_alphanumeric) {
                        short(at, word, &mut found);
                    }
                }
            }
            Self::Grams { least, most, kept, only_at_start } => {
                let is = |c: char| kept.is_empty() || kept.iter().any(|class| class.has(c));
                runs(text, is, |run| {
                    let ends: Vec<_> = text[run.clone()]
                        .char_indices()
                        .map(|(at, c)| run.start + at + c.len_utf8())
                        .collect();
                    let starts = std::iter::once(run.start).chain(ends.iter().copied());
                    let starts = starts.take(if *only_at_start { 1 } else { ends.len() });
                    for (number, start) in starts.enumerate() {
                        for end in ends.iter().skip(number + least - 1).take(most - least + 1) {
                            found(start..*end);
                        }
                    }
                });
            }
        }
    }
}

/// A word in pieces that are not too long.
fn short(at: usize, word: &str, found: &mut impl FnMut(Range<usize>)) {
    if word.len() <= LONGEST_WORD {
        return found(at..at + word.len());
    }
    let mut start = 0;
    for (count, (place, _)) in word.char_indices().enumerate() {
        if count > 0 && count % LONGEST_WORD == 0 {
            found(at + start..at + place);
            start = place;
        }
    }
    found(at + start..at + word.len());
}

/// Calls for each run of characters that are meant.
fn runs(text: &str, meant: impl Fn(char) -> bool, mut found: impl FnMut(Range<usize>)) {
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (start, meant(c)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                found(from..at);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        found(from..text.len());
    }
}

impl Class {
    fn read(name: &str) -> Result<Self, String> {
        Ok(match name {
            "letter" => Self::Letter,
            "digit" => Self::Digit,
            "whitespace" => Self::Whitespace,
            "punctuation" => Self::Punctuation,
            "symbol" => Self::Symbol,
            other => return Err(format!("there is no class of characters [{other}]")),
        })
    }

    fn has(self, c: char) -> bool {
        match self {
            Self::Letter => c.is_alphabetic(),
            Self::Digit => c.is_numeric(),
            Self::Whitespace => c.is_whitespace(),
            Self::Punctuation => c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c),
            Self::Symbol => "$+<=>^`|~".contains(c),
        }
    }
}

impl Analyzer {
    /// The words of a text, and where they stand.
    pub(crate) fn words(&self, text: &str) -> Vec<(Range<usize>, String)> {
        let mut words = Vec::new();
        self.cut.pieces(text, |place| words.push((place.clone(), self.word(&text[place]))));
        words
    }

    fn word(&self, piece: &str) -> String {
        let mut word = String::with_capacity(piece.len());
        self.write(piece, &mut word);
        word
    }

    fn write(&self, piece: &str, word: &mut String) {
        if self.lower_case {
            // As Java does: letter by letter, each of which stays one.
            word.extend(piece.chars().map(|c| c.to_lowercase().next().unwrap_or(c)));
        } else {
            word.push_str(piece);
        }
    }
}

impl Tokenizer for Analyzer {
    type TokenStream<'a> = Words<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Words<'a> {
        let mut pieces = Vec::new();
        self.cut.pieces(text, |piece| pieces.push(piece));
        Words { analyzer: self, text, pieces: pieces.into_iter(), token: Token::default() }
    }
}

/// The words of a text, one after the other.
pub(crate) struct Words<'a> {
    analyzer: &'a Analyzer,
    text: &'a str,
    pieces: std::vec::IntoIter<Range<usize>>,
    token: Token,
}

impl TokenStream for Words<'_> {
    fn advance(&mut self) -> bool {
        let Some(piece) = self.pieces.next() else { return false };
        self.token.text.clear();
        self.analyzer.write(&self.text[piece.clone()], &mut self.token.text);
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = piece.start;
        self.token.offset_to = piece.end;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn words(analyzer: &Analyzer, text: &str) -> Vec<String> {
        analyzer.words(text).into_iter().map(|(_, word)| word).collect()
    }

    #[test]
    fn the_standard_analyzer_cuts_at_word_boundaries() {
        let analyzer = built_in("standard").unwrap();
        assert_eq!(words(&analyzer, "Male"), ["male"]);
        assert_eq!(
            words(&analyzer, "Stage IIb, left-sided (T2.5)"),
            ["stage", "iib", "left", "sided", "t2.5"]
        );
        assert_eq!(words(&analyzer, "ÉCOLE can't a_b 東京 !?"), ["école", "can't", "a_b", "東", "京"]);
        assert_eq!(words(&analyzer, &"x".repeat(300)).iter().map(String::len).collect::<Vec<_>>(), [255, 45]);
        assert!(words(&analyzer, "").is_empty());
    }

    #[test]
    fn settings_define_grams() {
        let settings = json!({"analysis": {
            "tokenizer": {"grams": {
                "type": "ngram", "min_gram": 2, "max_gram": 3, "token_chars": ["letter", "digit"],
            }},
            "analyzer": {
                "parts": {"type": "custom", "tokenizer": "grams", "filter": ["lowercase"]},
                "whole": {"tokenizer": "keyword", "filter": "lowercase"},
            },
        }});
        let analyzers = Analyzers::read(settings.as_object().unwrap()).unwrap();
        let parts = analyzers.get(Some("parts")).unwrap();
        assert_eq!(words(&parts, "Äbc x 12"), ["äb", "äbc", "bc", "12"]);
        assert_eq!(words(&analyzers.get(Some("whole")).unwrap(), "A b"), ["a b"]);
        assert_eq!(analyzers.get(Some("other")), None);
        let bad = json!({"analysis": {"analyzer": {"a": {"tokenizer": "standard", "filter": ["stemmer"]}}}});
        assert!(Analyzers::read(bad.as_object().unwrap()).unwrap_err().contains("stemmer"));
    }
}
