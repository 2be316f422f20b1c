//! What a start tells of the starts before it: options that it takes up from them, and what is out of sight
//! now because an option is another one.

use super::Options;
use crate::{
    dictionaries::BUILT_IN,
    settings::{Origins, Source},
    state::Run,
};

/// The options that the state folder has remembered, on one line.
pub(super) fn taken_up(origins: &Origins) -> Option<String> {
    let remembered = origins.options.iter().filter(|option| matches!(option.source, Source::Remembered(_)));
    let told: Vec<String> =
        remembered.map(|option| format!("--{} {}", option.name, option.shown())).collect();
    (!told.is_empty()).then(|| {
        format!(
            "As at the last start: {} (--forget starts without; `commons config` shows all)",
            told.join(" ")
        )
    })
}

/// What is out of sight by other options than those of `last`, and how it comes back, one sentence each.
pub(super) fn out_of_sight(last: &Run, options: &Options) -> Vec<String> {
    let mut told = Vec::new();
    let (before, now) = (last.dictionary.as_deref(), options.dictionary.as_deref());
    if before != now {
        let word = |source: Option<&str>| source.unwrap_or(BUILT_IN).to_owned();
        told.push(format!(
            "the dictionary is {} now and was {} at the last start; records of types that it does not have \
             are kept and not shown (back to it: commons up --dictionary {})",
            word(now),
            word(before),
            word(before)
        ));
    }
    match (last.private_databases, &options.database_url) {
        (true, Some(_)) => told.push(
            "another PostgreSQL is used than at the last start, which used the private one of the state \
             folder; what is in that one is kept and not shown (back to it: commons up --database-url \
             private)"
                .to_owned(),
        ),
        (false, None) => told.push(
            "the private PostgreSQL of the state folder is used, and the last start used a given one; what \
             is in that one is not shown (back to it: commons up --database-url URL)"
                .to_owned(),
        ),
        (true, None) | (false, Some(_)) => {}
    }
    told
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn run(dictionary: Option<&str>, private_databases: bool) -> Run {
        let run = serde_json::json!({
            "url": "http://localhost:1", "pid": 1, "services": {}, "object_store": "", "databases": {},
            "private_databases": private_databases, "dictionary": dictionary,
        });
        serde_json::from_value(run).unwrap()
    }

    #[test]
    fn what_a_start_hides_is_told_with_the_way_back() {
        let options = Options::on_free_ports(PathBuf::new());
        assert_eq!(out_of_sight(&run(None, true), &options), Vec::<String>::new());
        let told = out_of_sight(&run(Some("/d"), false), &options);
        assert!(told[0].contains("commons up --dictionary /d"), "{told:?}");
        assert!(told[1].contains("--database-url URL"), "{told:?}");
        let given = Options { database_url: Some("postgres://x/y".into()), ..options.clone() };
        assert!(out_of_sight(&run(None, true), &given)[0].contains("--database-url private"));
        assert_eq!(out_of_sight(&run(None, false), &given), Vec::<String>::new());
        let other = Options { dictionary: Some("/e".into()), ..options };
        assert!(out_of_sight(&run(None, true), &other)[0].contains("commons up --dictionary built-in"));
    }
}
