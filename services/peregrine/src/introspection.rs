//! Answers about the schema, which are the same until the dictionary changes: made once.

use std::sync::{Mutex, OnceLock};

use actix_web::web::Bytes;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::{
    assemble::write_string,
    ir::{Root, RootValue},
};

/// At most this many answers are kept: programs send a handful of forms.
const MOST_ANSWERS: usize = 16;
/// The answers that are kept have at most this many bytes.
const MOST_BYTES: usize = 32 << 20;
/// A query that is longer than this is not looked up.
const LONGEST_QUERY: usize = 16 << 10;

/// What has been answered about the schema.
#[derive(Default)]
pub(crate) struct Introspections {
    /// The answer of `getschema`.
    pub(crate) schema: OnceLock<Bytes>,
    /// Answers by query and variables. The one that was used last is the last.
    answers: Mutex<IndexMap<Key, Bytes>>,
}

/// A query with its variables.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(String);

impl Key {
    /// `None` for a query that does not look like one about the schema.
    pub(crate) fn of(query: &str, variables: &Map<String, Value>) -> Option<Self> {
        let may_ask =
            query.len() <= LONGEST_QUERY && (query.contains("__schema") || query.contains("__type"));
        let variables = may_ask.then(|| Value::Object(variables.clone()).to_string())?;
        (variables.len() <= LONGEST_QUERY).then(|| Self(format!("{query}\0{variables}")))
    }
}

impl Introspections {
    /// The answer to a query that has been answered before.
    pub(crate) fn get(&self, key: &Key) -> Option<Bytes> {
        let mut answers = self.answers.lock().ok()?;
        let answer = answers.shift_remove(key)?;
        answers.insert(key.clone(), answer.clone());
        Some(answer)
    }

    /// Keeps an answer. Those that were not used for the longest time make room.
    pub(crate) fn keep(&self, key: Key, answer: Bytes) {
        // A poisoned lock only costs the saved work.
        let Ok(mut answers) = self.answers.lock() else { return };
        answers.insert(key, answer);
        let size = |answers: &IndexMap<Key, Bytes>| answers.values().map(Bytes::len).sum::<usize>();
        while answers.len() > MOST_ANSWERS || size(&answers) > MOST_BYTES {
            answers.shift_remove_index(0);
        }
    }
}

/// The whole answer to a query, if it is known without the database and has no errors.
pub(crate) fn known(roots: &[Root]) -> Option<Bytes> {
    let mut body = Vec::from(b"{\"data\":");
    for (position, root) in roots.iter().enumerate() {
        let RootValue::Known(json) = &root.value else { return None };
        body.push(if position == 0 { b'{' } else { b',' });
        write_string(&root.key, &mut body);
        body.push(b':');
        body.extend_from_slice(json.as_bytes());
    }
    body.extend_from_slice(if roots.is_empty() { b"{}}" } else { b"}}" });
    Some(body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        Key::of(&format!("{{__type(name: \"t{number}\") {{name}}}}"), &Map::new()).unwrap()
    }

    #[test]
    fn the_answers_used_last_are_kept() {
        let kept = Introspections::default();
        for number in 0..MOST_ANSWERS {
            kept.keep(key(number), Bytes::from_static(b"x"));
        }
        assert!(kept.get(&key(0)).is_some());
        kept.keep(key(MOST_ANSWERS), Bytes::from_static(b"x"));
        assert!(kept.get(&key(0)).is_some() && kept.get(&key(1)).is_none());
        kept.keep(key(99), Bytes::from(vec![0; MOST_BYTES + 1]));
        assert!(kept.get(&key(99)).is_none());
    }

    #[test]
    fn variables_are_part_of_the_question() {
        let with = |name: &str| {
            let variables = Map::from_iter([("n".to_owned(), Value::from(name))]);
            Key::of("query ($n: String!) {__type(name: $n) {name}}", &variables)
        };
        assert_ne!(with("case"), with("sample"));
        assert_eq!(Key::of("{case {id}}", &Map::new()), None);
    }
}
