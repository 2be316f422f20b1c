//! Compared with Python itself, which these tests start: `python3` must be on the PATH.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use super::compile;

const ORACLE: &str = r#"
import json, re, sys, warnings
warnings.simplefilter("ignore")
def answer(pattern, texts):
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None
    return [compiled.search(text) is not None for text in texts]
print(json.dumps([answer(*case) for case in json.load(sys.stdin)]))
"#;

/// What Python says of each pattern and its texts; null where it refuses the pattern.
fn python(cases: &[(String, Vec<String>)]) -> Vec<Value> {
    let mut child = Command::new("python3")
        .args(["-c", ORACLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is needed to compare patterns with it: apt-get install python3");
    let input = json!(cases).to_string();
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    serde_json::from_slice(&output.stdout).expect("it answers in JSON")
}

fn ours(pattern: &str, texts: &[String]) -> Value {
    match compile(pattern) {
        Ok(regex) => texts.iter().map(|text| regex.is_match(text).expect("within the steps")).collect(),
        Err(_) => Value::Null,
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

const TEXTS: [&str; 30] = [
    "", "a", "aa", "ab", "abc", "b", "ac", "yes", "YES", "no", "2024", "12", "٣", "é", "café", "e\u{301}",
    "_", " ", "\n", "a\n", "a\n\n", "\na", "A+C", "A+C-G", "A+C-G+T", "{a}", "a{b", "a]b}", "AB12", "K",
];

#[test]
fn patterns_of_dictionaries_mean_what_they_mean_in_python() {
    let patterns = [
        r"^[ACGT]+([+-][ACGT]+){,2}$",
        r"^(?P<year>[0-9]{4})$",
        r"(?i)^(yes|no)$",
        r"^[a-z]+\Z",
        r"\A[a-z]+$",
        r"^{[a-z]+}$",
        r"^a{b$",
        r"^a]b}$",
        r"(?x) ^ a b $  # two letters",
        r"^(a)?(?(1)b|c)$",
        r"^(?P<x>a)?(?(x)b|c)$",
        r"^(a|b)\1$",
        r"^(?P<x>a|b)(?P=x)$",
        r"^\w+$",
        r"^\d+$",
        r"^\w[^:]*$",
        r"\bcaf",
        r"caf\b",
        r"\B",
        r"^[^\W\d]+$",
        r"^[\w-]+$",
        r"^[]a]+$",
        r"^[^]a]+$",
        r"^[a-z&&[b]]+$",
        r"^(?i:ab)c$",
        r"(?i)^(?-i:a)B$",
        r"(?m)^a$",
        r"(?s)^.$",
        r"^.$",
        r"$",
        r"^$",
        r"a$|b",
        r"^(a$|ab)",
        r"^a(?=b)",
        r"(?<!a)b",
        r"(?<=a)b",
        r"^a(?#the letter)*$",
        r"\x41\u0042\061\0",
        r"^a{,}$",
        r"^a{}$",
        r"^a{1,$",
        r"^(?a:\w)$",
        r"(?a)^\d+$",
    ];
    let cases: Vec<_> = patterns.iter().map(|pattern| ((*pattern).to_owned(), owned(&TEXTS))).collect();
    for ((pattern, texts), expected) in cases.iter().zip(python(&cases)) {
        assert!(!expected.is_null(), "Python refuses {pattern}");
        compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(ours(pattern, texts), expected, "{pattern}");
    }
}

#[test]
fn possessive_repeats_and_atomic_groups_are_those_of_python_3_11() {
    for (pattern, text, expected) in [
        ("^a++b$", "aab", true),
        ("^a++ab$", "aab", false),
        ("^(?>a*)b$", "aab", true),
        ("^(?>a*)ab$", "aab", false),
    ] {
        assert_eq!(ours(pattern, &owned(&[text])), json!([expected]), "{pattern}");
    }
}

#[test]
fn what_python_refuses_is_refused() {
    let patterns = [
        "(",
        ")",
        "a)",
        "[",
        "[a",
        "*",
        "a**",
        "a{2}{3}",
        "^*",
        r"\b+",
        "a{3,2}",
        r"\q",
        r"\x4",
        r"\1",
        r"(a\1)",
        "[b-a]",
        r"[\w-a]",
        "(?P<1>a)",
        "(?P<a>a)(?P<a>b)",
        "(?P=a)",
        "(?(1)a)",
        "(a)(?(1)a|b|c)",
        "(?z)a",
        "(?-i)a",
        "(?#a",
        r"\400",
        "\\",
    ];
    let cases: Vec<_> = patterns.iter().map(|pattern| ((*pattern).to_owned(), Vec::new())).collect();
    for ((pattern, _), expected) in cases.iter().zip(python(&cases)) {
        assert!(expected.is_null(), "Python accepts {pattern}");
        assert!(compile(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn a_pattern_that_backtracks_for_ever_gives_up() {
    let regex = compile(r"^(?=(a+)+$)\1c").expect("it compiles");
    assert!(!regex.is_match(&"a".repeat(5_000)).unwrap_or(false));
    assert!(compile(&"(".repeat(10_000)).is_err());
    assert!(compile(&format!("{}a{}", "(?:".repeat(5_000), ")".repeat(5_000))).is_err());
}

/// Patterns of all constructs, most of them valid.
fn pattern() -> impl Strategy<Value = String> {
    let literal = prop::sample::select(vec![
        "a", "b", "A", "1", "_", "-", "é", "٣", " ", "{", "}", "]", r"\.", r"\n", r"\x61", "#", "&", "~",
        "/", "{,", "{1",
    ]);
    let set = prop::sample::select(vec![
        ".",
        r"\w",
        r"\W",
        r"\d",
        r"\D",
        r"\s",
        r"\S",
        "[ab]",
        "[^ab]",
        "[a-z]",
        r"[\w-]",
        r"[^\W_]",
        "[]a]",
        "[[a]",
        "[a&&b]",
        "[a--]",
        r"[\]\-b]",
        r"[\x61-\x63]",
        "[~~a]",
        "[^^]",
    ]);
    let position = prop::sample::select(vec!["^", "$", r"\b", r"\B", r"\A", r"\Z"]);
    let atom = prop_oneof![4 => literal, 4 => set, 2 => position].prop_map(str::to_owned);
    atom.prop_recursive(4, 24, 4, |inner| {
        let quantifier = prop::sample::select(vec![
            "*", "+", "?", "{2}", "{,2}", "{1,2}", "{1,}", "*?", "+?", "??", "{,2}?", "+",
        ]);
        // Not `(?a:`, whose flag CPython forgets where it looks for the first character.
        let opening =
            prop::sample::select(vec!["(", "(?:", "(?=", "(?!", "(?i:", "(?s:", "(?m:", "(?x:", "(?P<n>"]);
        prop_oneof![
            (inner.clone(), quantifier).prop_map(|(item, quantifier)| format!("{item}{quantifier}")),
            (opening, inner.clone()).prop_map(|(opening, item)| format!("{opening}{item})")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|items| items.concat()),
            prop::collection::vec(inner.clone(), 2..3).prop_map(|items| items.join("|")),
            (inner.clone(), inner).prop_map(|(first, second)| format!("({first}){second}\\1")),
        ]
    })
}

#[test]
fn any_pattern_finds_the_texts_that_python_finds() {
    let mut runner = TestRunner::deterministic();
    let text = "[abA1_é٣ \n{}\\]&~#/-]{0,6}";
    let mut cases = Vec::new();
    for _ in 0..2_000 {
        let pattern = pattern().new_tree(&mut runner).expect("a pattern").current();
        let texts = prop::collection::vec(text, 12).new_tree(&mut runner).expect("texts").current();
        cases.push((pattern, texts));
    }
    let expected = python(&cases);
    let mut compared = 0;
    for ((pattern, texts), expected) in cases.iter().zip(expected) {
        let translated = compile(pattern);
        if let Err(error) = &translated
            && error.starts_with("it cannot be translated")
        {
            continue;
        }
        assert_eq!(ours(pattern, texts), expected, "{pattern:?} on {texts:?}");
        compared += usize::from(!expected.is_null());
    }
    assert!(compared > 1_000, "only {compared} patterns were compared");
}
