//! Marks the words that were looked for, in fragments as Elasticsearch's unified highlighter makes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use search::{Query, SearchError, Source, Words};
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    column::broken,
    filter::leaves_of,
    layout::{Layout, Reading},
    source::Wanted,
};

/// About how many UTF-16 units a fragment has.
const LENGTH: usize = 100;
/// How many fragments a field has at most.
const FRAGMENTS: usize = 5;

/// What is to be marked in the documents of one index.
pub(crate) struct Marker<'l> {
    layout: &'l Layout,
    /// Leaf → words.
    wanted: BTreeMap<usize, BTreeSet<String>>,
}

impl<'l> Marker<'l> {
    /// For the sub-fields of a name.
    pub(crate) fn new(layout: &'l Layout, query: &Query, subfield: &str) -> Self {
        let mut texts = Vec::new();
        looked_for(query, &mut texts);
        let mut wanted: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (text, words) in texts {
            for at in leaves_of(layout, words) {
                let leaf = &layout.leaves[at];
                if let (Reading::Text { asked, .. }, Some(name)) = (&leaf.reading, &leaf.subfield)
                    && name == subfield
                {
                    wanted.entry(at).or_default().extend(asked.words(text).into_iter().map(|(_, word)| word));
                }
            }
        }
        Self { layout, wanted }
    }

    /// Field → fragments, of a document.
    pub(crate) fn mark(&self, body: &[u8]) -> Result<BTreeMap<String, Vec<String>>, SearchError> {
        let mut found = BTreeMap::new();
        for (at, words) in &self.wanted {
            let leaf = &self.layout.leaves[*at];
            let Reading::Text { analyzer, .. } = &leaf.reading else { continue };
            let Some(outer) = leaf.of.map(|of| &self.layout.leaves[of].path) else { continue };
            let source = Wanted::new(&Source::Fields(vec![outer.clone()]));
            let mut texts = Vec::new();
            flatten(&Value::Object(source.read(body).map_err(broken)?), &mut texts);
            let mut fragments = Vec::new();
            for text in &texts {
                let places = analyzer.words(text).into_iter();
                let places: Vec<_> =
                    places.filter(|(_, word)| words.contains(word)).map(|(at, _)| at).collect();
                fragments_of(text, &places, &mut fragments);
            }
            fragments.truncate(FRAGMENTS);
            if !fragments.is_empty() {
                found.insert(outer.clone(), fragments);
            }
        }
        Ok(found)
    }
}

/// What is looked for, save where it must not be.
fn looked_for<'q>(query: &'q Query, texts: &mut Vec<(&'q str, &'q Words)>) {
    match query {
        Query::And(queries) | Query::Or(queries) => queries.iter().for_each(|query| looked_for(query, texts)),
        Query::Text { text, words } => texts.push((text, words)),
        _ => {}
    }
}

fn flatten(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(object) => object.values().for_each(|value| flatten(value, texts)),
        Value::Array(values) => values.iter().for_each(|value| flatten(value, texts)),
        Value::String(text) => texts.push(text.clone()),
        Value::Number(_) | Value::Bool(_) => texts.push(value.to_string()),
        Value::Null => {}
    }
}

/// The fragments of a text in which there are words.
fn fragments_of(text: &str, places: &[Range<usize>], fragments: &mut Vec<String>) {
    let sentences: Vec<_> =
        text.split_sentence_bound_indices().map(|(start, sentence)| start..start + sentence.len()).collect();
    let mut rest = places;
    while let Some(first) = rest.first() {
        let window = window(text, &sentences, first);
        let inside = rest.iter().take_while(|place| place.start < window.end).count().max(1);
        let (marked, later) = rest.split_at(inside);
        rest = later;
        let mut fragment = String::new();
        let mut at = window.start;
        for place in marked {
            // Words of n-grams overlap: what is marked already is not marked again.
            let start = place.start.max(at);
            if place.end <= start {
                continue;
            }
            fragment.push_str(&text[at..start]);
            if at == start && fragment.ends_with("</em>") {
                fragment.truncate(fragment.len() - "</em>".len());
            } else {
                fragment.push_str("<em>");
            }
            fragment.push_str(&text[start..place.end]);
            fragment.push_str("</em>");
            at = place.end;
        }
        fragment.push_str(text.get(at..window.end).unwrap_or_default());
        fragments.push(fragment.trim().to_owned());
    }
}

/// Sentences from that of a word on, as many as there is room for; of a long one what is around the word.
fn window(text: &str, sentences: &[Range<usize>], word: &Range<usize>) -> Range<usize> {
    let length = |range: Range<usize>| text[range].encode_utf16().count();
    let mut sentences = sentences.iter().skip_while(|sentence| sentence.end <= word.start);
    let mut window = sentences.next().cloned().unwrap_or(0..text.len());
    for sentence in sentences {
        if length(window.start..sentence.end) > LENGTH {
            break;
        }
        window.end = sentence.end;
    }
    if length(window.clone()) <= LENGTH {
        return window;
    }
    let bounds: Vec<_> = text[window.clone()]
        .split_word_bound_indices()
        .map(|(at, _)| window.start + at)
        .chain([window.end])
        .collect();
    let start = bounds.iter().rev().find(|at| **at <= word.start && length(**at..word.start) >= LENGTH);
    let start = start.copied().unwrap_or(window.start);
    let room = LENGTH.saturating_sub(length(start..word.start));
    let end = bounds.iter().find(|at| **at >= word.end && length(word.start..**at) >= room);
    start..end.copied().unwrap_or(window.end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::analysis::Analyzers;

    fn marked(text: &str, words: &[&str]) -> Vec<String> {
        let analyzer = Analyzers::default().get(None).unwrap();
        let places = analyzer.words(text).into_iter();
        let places: Vec<_> =
            places.filter(|(_, word)| words.contains(&word.as_str())).map(|(at, _)| at).collect();
        let mut fragments = Vec::new();
        fragments_of(text, &places, &mut fragments);
        fragments
    }

    #[test]
    fn short_values_are_one_fragment() {
        assert_eq!(marked("Lung, left lung", &["lung"]), ["<em>Lung</em>, left <em>lung</em>"]);
        assert!(marked("Lung", &["liver"]).is_empty());
        let mut texts = Vec::new();
        flatten(&json!({"a": ["x", {"b": 1}, null]}), &mut texts);
        assert_eq!(texts, ["x", "1"]);
    }

    #[test]
    fn long_values_are_cut_at_sentences_and_words() {
        let text = "First one here. The second has the word. Filler ".to_owned()
            + &"filler ".repeat(60)
            + "word end.";
        let fragments = marked(&text, &["word"]);
        assert_eq!(fragments.len(), 2, "{fragments:?}");
        assert_eq!(fragments[0], "The second has the <em>word</em>.");
        assert!(fragments[1].ends_with("filler <em>word</em>") && fragments[1].len() < 140, "{fragments:?}");
    }
}
