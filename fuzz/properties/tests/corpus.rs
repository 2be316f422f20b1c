//! The corpus of the fuzz targets, and mutations of it that are the same in every run.

use std::{fs, path::Path};

/// Mutations of each file of the corpus.
const MUTATIONS: usize = 200;
const MOST_BYTES: usize = 4 << 10;

/// A small generator of numbers that look random (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap_or_default()
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(folder("corpus").join(target))
        .expect("the target has a corpus")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a file can be read")).collect()
}

/// The words of a libFuzzer dictionary: a quoted word a line, with the escapes `\\`, `\"` and `\xAB`.
fn words(target: &str) -> Vec<Vec<u8>> {
    let text =
        fs::read_to_string(folder("dictionaries").join(format!("{target}.dict"))).expect("a dictionary");
    let quoted = text.lines().filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    quoted.map(unescaped).collect()
}

fn unescaped(word: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), word.bytes());
    while let Some(byte) = rest.next() {
        let after = if byte == b'\\' { rest.next() } else { None };
        match after {
            None => bytes.push(byte),
            Some(b'x') => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&digits, 16).expect("two hexadecimal digits"));
            }
            Some(byte) => bytes.push(byte),
        }
    }
    bytes
}

fn mutated(all: &[Vec<u8>], words: &[Vec<u8>], mut input: Vec<u8>, numbers: &mut Numbers) -> Vec<u8> {
    for _ in 0..1 + numbers.below(6) {
        let (from, to) = (numbers.below(input.len() + 1), numbers.below(input.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match numbers.below(6) {
            0 => drop(input.splice(from..from, words[numbers.below(words.len())].iter().copied())),
            1 => drop(input.splice(from..to, words[numbers.below(words.len())].iter().copied())),
            2 => drop(input.drain(from..to)),
            3 => input.extend_from_within(from..to),
            4 => input.extend(&all[numbers.below(all.len())]),
            _ if from < input.len() => input[from] = u8::try_from(numbers.below(256)).unwrap_or_default(),
            _ => {}
        }
        input.truncate(MOST_BYTES);
    }
    input
}

fn holds(target: &str, property: fn(&[u8])) {
    let (all, words) = (corpus(target), words(target));
    assert!(!all.is_empty() && !words.is_empty());
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for input in &all {
        property(input);
        for _ in 0..MUTATIONS {
            property(&mutated(&all, &words, input.clone(), &mut numbers));
        }
    }
}

#[test]
fn any_body_of_a_query_is_answered_or_refused() {
    holds("graphql", properties::graphql);
}

#[test]
fn any_table_is_read_alike_in_pieces_of_any_size() {
    holds("tsv", properties::tsv);
}

#[test]
fn any_json_is_read_alike_in_pieces_of_any_size() {
    holds("json", properties::json);
}

#[test]
fn any_dictionary_and_any_user_yaml_is_loaded_or_refused_with_reasons() {
    holds("configuration", properties::configuration);
}
