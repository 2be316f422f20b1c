//! The names in the database that follow from a dictionary: an interface for everybody who reads the tables.

use dictionary::Dictionary;
use psqlgraph::ddl::Schema;

/// What kind of thing each name is of, as the script says it, in its order.
pub(crate) fn names(dictionary: &Dictionary) -> Vec<(&'static str, String)> {
    let script = Schema::of(dictionary).script();
    let mut names = Vec::new();
    for line in script.lines() {
        let mut parts = line.split('"');
        while let (Some(before), Some(name)) = (parts.next(), parts.next()) {
            let before = before.trim_end().trim_end_matches(" if not exists");
            let kinds =
                [("create table", "table"), ("constraint", "constraint"), ("unique index", "unique index")];
            let kind =
                kinds.into_iter().chain([("index", "index")]).find(|(words, _)| before.ends_with(words));
            names.extend(kind.map(|(_, kind)| (kind, name.to_owned())));
        }
    }
    names
}

#[tokio::test]
async fn tables_and_indexes_of_our_dictionary_have_these_names() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dictionary/gdcdictionary/schemas");
    let dictionary = Dictionary::load(folder).await.unwrap();
    let lines = names(&dictionary).into_iter().map(|(kind, name)| format!("{kind} {name}\n"));
    let found: String = lines.collect();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/our_dictionary.names");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(golden).unwrap(), "UPDATE_GOLDEN=1 writes the file anew");
}
