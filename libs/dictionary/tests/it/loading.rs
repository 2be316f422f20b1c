use dictionary::{Dictionary, LinkItem, LoadError, Multiplicity, ScalarType, Watched};
use serde_json::{Value, json};

use crate::mini::{changed, dictionary, files, only_problem, problems, without};

#[test]
fn built_in_types_come_first_then_the_files_in_their_order() {
    let ids: Vec<_> = dictionary().nodes.into_keys().collect();
    assert_eq!(ids, ["root", "data_release", "program", "project", "case", "scan"]);
}

#[test]
fn all_files_are_answered_by_their_stems() {
    let stems: Vec<_> = dictionary().files.into_keys().collect();
    let expected = [
        "metaschema",
        "root",
        "data_release",
        "_definitions",
        "_terms",
        "_settings",
        "program",
        "project",
        "case",
        "scan",
    ];
    assert_eq!(stems, expected);
}

#[test]
fn a_file_of_the_name_of_a_built_in_one_replaces_it() {
    let mut files = files();
    let mut root = dictionary().nodes["root"].schema.clone();
    root["title"] = json!("Our root");
    files.insert("root.yaml".to_owned(), root);
    let dictionary = Dictionary::from_files(files).expect("it loads");
    assert_eq!(dictionary.nodes["root"].title, "Our root");
    assert_eq!(dictionary.nodes.keys().next().map(String::as_str), Some("root"));
}

#[test]
fn links_and_nested_groups_are_typed() {
    let scan = &dictionary().nodes["scan"];
    let LinkItem::Group(group) = &scan.links[0] else { panic!("a group") };
    assert!(group.required && !group.exclusive);
    let LinkItem::Group(inner) = &group.members[1] else { panic!("a nested group") };
    assert!(inner.exclusive && !inner.required);
    let links: Vec<_> = scan.all_links().iter().map(|link| (link.name.as_str(), link.multiplicity)).collect();
    let expected = [
        ("cases", Multiplicity::OneToMany),
        ("core_metadata_collections", Multiplicity::ManyToMany),
        ("parents", Multiplicity::OneToOne),
    ];
    assert_eq!(links, expected);
}

#[test]
fn edge_labels_lose_their_blanks() {
    assert_eq!(dictionary().nodes["project"].all_links()[0].label, "memberof");
}

#[test]
fn targets_know_who_links_to_them() {
    let dictionary = dictionary();
    let of = |id: &str| -> Vec<(String, String)> {
        let backlinks = dictionary.nodes[id].backlinks.iter();
        backlinks.map(|(source, link)| (source.clone(), link.backref.clone())).collect()
    };
    assert_eq!(of("program"), [("project".to_owned(), "projects".to_owned())]);
    assert_eq!(of("case"), [("scan".to_owned(), "cases_scans".to_owned())]);
    assert_eq!(of("scan"), [("scan".to_owned(), "parents_scans".to_owned())]);
}

#[test]
fn the_first_type_of_a_property_decides() {
    let case = &dictionary().nodes["case"];
    let scalar = |name: &str| case.properties[name].scalar;
    assert_eq!(scalar("age"), ScalarType::Integer);
    assert_eq!(scalar("weight"), ScalarType::Number);
    assert_eq!(scalar("smoker"), ScalarType::Boolean);
    assert_eq!(scalar("sites"), ScalarType::Array);
    assert_eq!(scalar("sex"), ScalarType::String);
    assert_eq!(scalar("visited"), ScalarType::String);
    assert_eq!(case.properties["sites"].items, Some(ScalarType::String));
    let null_first = Dictionary::from_files(changed(
        "case.yaml",
        "/properties/weight",
        json!({"type": ["null", "number"]}),
    ))
    .expect("it loads");
    assert_eq!(null_first.nodes["case"].properties["weight"].scalar, ScalarType::String);
}

#[test]
fn settings_are_read_and_may_be_absent() {
    assert_eq!(dictionary().settings["_dict_version"], "1.0");
    let mut files = files();
    files.shift_remove("_settings.yaml");
    assert!(Dictionary::from_files(files.clone()).expect("it loads").settings.is_empty());
    files.insert("_settings.yaml".to_owned(), Value::Null);
    assert!(Dictionary::from_files(files).expect("it loads").settings.is_empty());
}

#[test]
fn the_digest_tells_dictionaries_apart() {
    let digest = dictionary().digest;
    assert_eq!(digest, dictionary().digest);
    assert_eq!(digest.len(), 64);
    let other = Dictionary::from_files(changed("case.yaml", "/title", json!("Other"))).expect("it loads");
    assert_ne!(digest, other.digest);
}

#[test]
fn optional_properties_accept_null_and_required_ones_do_not() {
    let schema = dictionary().nodes["case"].nullable_schema();
    let property = |name: &str| schema["properties"][name].clone();
    assert_eq!(property("age")["type"], json!(["integer", "null"]));
    assert_eq!(property("weight")["type"], json!(["number", "string", "null"]));
    assert_eq!(property("sex")["enum"], json!(["Female", "Male", null]));
    assert_eq!(property("visited")["oneOf"].as_array().map(Vec::len), Some(2));
    assert_eq!(property("submitter_id")["type"], json!("string"));
    assert_eq!(property("projects")["anyOf"].as_array().map(Vec::len), Some(2));
    let scan = dictionary().nodes["scan"].nullable_schema();
    assert_eq!(scan["properties"]["cases"]["anyOf"][2], json!({"type": "null"}));
}

/// Property before and after: the first rule that is not fulfilled yet.
#[test]
fn null_goes_where_it_is_not_accepted_yet() {
    let cases = [
        (json!({"type": "string"}), json!({"type": ["string", "null"]})),
        (json!({"type": ["string", "null"]}), json!({"type": ["string", "null"]})),
        (json!({"type": "string", "enum": ["a"]}), json!({"type": ["string", "null"], "enum": ["a"]})),
        (
            json!({"type": ["string", "null"], "enum": ["a"]}),
            json!({"type": ["string", "null"], "enum": ["a", null]}),
        ),
        (json!({"enum": ["a", null]}), json!({"enum": ["a", null]})),
        (
            json!({"anyOf": [{"type": "string"}], "oneOf": [{"type": "string"}]}),
            json!({"anyOf": [{"type": "string"}, {"type": "null"}], "oneOf": [{"type": "string"}]}),
        ),
        (json!({"oneOf": [{"type": "string"}]}), json!({"oneOf": [{"type": "string"}, {"type": "null"}]})),
        (json!({"term": {}}), json!({"term": {}})),
    ];
    for (before, after) in cases {
        let dictionary = Dictionary::from_files(changed("case.yaml", "/properties/sex", before.clone()));
        let schema = dictionary.expect("it loads").nodes["case"].nullable_schema();
        assert_eq!(schema["properties"]["sex"], after, "{before}");
    }
}

#[test]
fn a_type_without_a_category_loads() {
    let dictionary = Dictionary::from_files(without("case.yaml", "/category")).expect("it loads");
    assert_eq!(dictionary.nodes["case"].category.0, "");
}

#[test]
fn the_shown_schema_has_no_null_additions() {
    assert_eq!(dictionary().nodes["case"].schema["properties"]["age"]["type"], json!("integer"));
    assert_eq!(dictionary().files["case"]["properties"]["sex"]["enum"], json!(["Female", "Male"]));
}

#[test]
fn what_a_schema_lacks_is_named() {
    let cases = [
        ("/id", "case.yaml  id is missing"),
        ("/title", "case.yaml  title is missing"),
        ("/properties", "case.yaml /properties properties are missing"),
        ("/links/0/required", "case.yaml /links/0 required is missing"),
        ("/links/0/backref", "case.yaml /links/0 backref is missing"),
    ];
    for (pointer, expected) in cases {
        let mut broken = files();
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let object =
            broken["case.yaml"].pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        object.shift_remove(key);
        assert_eq!(only_problem(broken), expected);
    }
}

#[test]
fn what_a_schema_has_wrong_is_named() {
    let cases = [
        ("/links/0/target_type", json!("nope"), "/links the link projects has the unknown target_type nope"),
        (
            "/links/0/multiplicity",
            json!("many"),
            "/links/0/multiplicity the multiplicity \"many\" is unknown",
        ),
        ("/links/0/required", json!("yes"), "/links/0/required required is not true or false"),
        ("/links/0", json!("projects"), "/links/0 a link is not a mapping"),
        ("/links", json!({"a": 1}), "/links it is not a list"),
        ("/required", json!("type"), "/required it is not a list of names"),
        ("/uniqueKeys", json!(["id"]), "/uniqueKeys/0 it is not a list of names"),
        ("/properties/age", json!("integer"), "/properties/age the property age is not a mapping"),
    ];
    for (pointer, value, expected) in cases {
        let problem = problems(changed("case.yaml", pointer, value)).remove(0);
        assert_eq!(format!("{} {}", problem.path, problem.message), expected);
        assert_eq!(problem.file, "case.yaml");
    }
}

#[test]
fn an_id_that_makes_too_long_table_names_is_refused() {
    let at_limit = changed("scan.yaml", "/id", json!("a_".repeat(46)));
    let problem = &problems(at_limit)[0];
    assert!(problem.message.contains("unknown target_type scan"), "{problem}");
    let over = only_problem(changed("scan.yaml", "/id", json!("a_".repeat(47))));
    assert!(over.starts_with("scan.yaml /id the id a_a_"), "{over}");
}

#[test]
fn two_types_cannot_have_one_id() {
    let problem = only_problem(changed("scan.yaml", "/id", json!("case")));
    assert_eq!(problem, "scan.yaml /id the id case is also that of case.yaml");
}

#[test]
fn the_name_of_a_link_is_no_backref_of_its_type() {
    let taken = only_problem(changed("scan.yaml", "/links/0/subgroup/0/backref", json!("projects")));
    assert!(taken.contains("is already the name of a link or backref of case (case.yaml)"), "{taken}");
}

#[test]
fn of_two_links_with_one_name_the_later_counts() {
    let twice = changed("scan.yaml", "/links/0/subgroup/1/subgroup/1/name", json!("cases"));
    let loaded = Dictionary::from_files(twice).expect("it loads");
    let link = loaded.nodes["scan"].link("cases").expect("a link");
    assert_eq!((link.target_type.as_str(), link.backref.as_str()), ("scan", "parents_scans"));
    assert_eq!(loaded.nodes["scan"].all_links().len(), 2);
    assert_eq!(loaded.warnings[0].message, "two links have the name cases; the later one counts");
}

#[test]
fn a_link_of_a_type_to_itself_may_have_its_own_name_as_backref() {
    let own = changed("scan.yaml", "/links/0/subgroup/1/subgroup/1/backref", json!("parents"));
    let loaded = Dictionary::from_files(own).expect("it loads");
    let scan = &loaded.nodes["scan"];
    assert!(scan.is_link("parents") && scan.backlinks.iter().any(|(_, link)| link.backref == "parents"));
    assert_eq!(loaded.warnings.len(), 1);
    assert!(loaded.warnings[0].message.contains("its own name as backref"), "{:?}", loaded.warnings);
}

#[test]
fn two_types_cannot_have_tables_of_one_name() {
    let mut files = files();
    let mut twin = files["case.yaml"].clone();
    twin["id"] = json!("ca_se");
    twin["links"] = json!([]);
    files.insert("ca_se.yaml".to_owned(), twin);
    assert_eq!(only_problem(files), "ca_se.yaml /id ca_se and case would share a table");
}

#[test]
fn all_problems_are_reported_at_once() {
    let mut broken = without("case.yaml", "/title");
    broken["scan.yaml"]["title"] = Value::Null;
    let files: Vec<_> = problems(broken).into_iter().map(|problem| problem.file).collect();
    assert_eq!(files, ["case.yaml", "scan.yaml"]);
}

#[tokio::test]
async fn folder_repository_and_merged_file_give_the_same_dictionary() {
    let folder = tempfile::tempdir().expect("a folder");
    let schemas = folder.path().join("gdcdictionary/schemas");
    std::fs::create_dir_all(&schemas).expect("created");
    for (name, value) in files() {
        // JSON is YAML.
        std::fs::write(schemas.join(name), value.to_string()).expect("written");
    }
    std::fs::write(folder.path().join("mkdocs.yaml"), "a: b").expect("written");
    let mut sorted = files();
    sorted.sort_keys();
    let merged = folder.path().join("schema.json");
    std::fs::write(&merged, serde_json::to_string(&sorted).expect("JSON")).expect("written");

    let load = async |path: &std::path::Path| {
        Dictionary::load(path.to_str().expect("text")).await.expect("it loads").digest
    };
    let digest = load(&merged).await;
    assert_eq!(load(&schemas).await, digest);
    assert_eq!(load(folder.path()).await, digest);
}

#[tokio::test]
async fn what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = |path: &std::path::Path| path.to_str().expect("text").to_owned();
    let load = async |source: &str| Dictionary::load(source).await.expect_err("not loaded").to_string();

    assert!(load(&text(&folder.path().join("missing"))).await.contains("No such file"));
    assert!(load(&text(folder.path())).await.contains("no *.yaml file"));
    std::fs::write(folder.path().join("x.json"), "[1]").expect("written");
    assert!(load(&text(&folder.path().join("x.json"))).await.contains("not a JSON object"));
    std::fs::write(folder.path().join("case.yaml"), "id: case\n  bad: [").expect("written");
    match Dictionary::load(&text(folder.path())).await {
        Err(LoadError::Invalid(problems)) => {
            assert_eq!(problems[0].file, "case.yaml");
            assert!(problems[0].message.starts_with("line 2"), "{}", problems[0]);
        }
        other => panic!("{other:?}"),
    }
}

/// Answers one request with `answer` and gives the address.
fn serve(answer: String) -> String {
    use std::io::{Read as _, Write as _};
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a request");
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(answer.as_bytes());
    });
    format!("http://{address}/schema.json")
}

#[tokio::test]
async fn an_address_gives_the_merged_file() {
    let body = serde_json::to_string(&files()).expect("JSON");
    let url = serve(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    assert_eq!(Dictionary::load(&url).await.expect("it loads").digest, dictionary().digest);
}

#[tokio::test]
async fn an_address_that_answers_anything_else_is_refused() {
    let url = serve("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}".to_owned());
    let error = Dictionary::load(&url).await.expect_err("not loaded").to_string();
    assert!(error.ends_with("the server answered 404 Not Found"), "{error}");
    let nobody = Dictionary::load("http://127.0.0.1:1/schema.json").await.expect_err("not loaded");
    assert!(matches!(nobody, LoadError::Unreadable { .. }), "{nobody}");
}

#[tokio::test]
async fn a_watched_folder_is_read_again_when_it_has_changed_and_has_come_to_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, value) in files() {
        std::fs::write(folder.path().join(name), value.to_string()).expect("written");
    }
    let mut watched = Watched::new(folder.path().to_str().expect("text"));
    let mut looks = async || watched.look().await.map(|files| files.map(|files| files.len()));
    assert_eq!(looks().await.expect("read"), None, "it may still be written");
    assert_eq!(looks().await.expect("read"), Some(7));
    assert_eq!(looks().await.expect("read"), None);
    std::fs::write(folder.path().join("more.yaml"), "id: [").expect("written");
    assert_eq!(looks().await.expect("read"), None);
    assert!(matches!(looks().await, Err(LoadError::Invalid(_))));
    assert_eq!(looks().await.expect("told once"), None);
    std::fs::remove_file(folder.path().join("more.yaml")).expect("removed");
    assert_eq!(looks().await.expect("read"), None);
    assert_eq!(looks().await.expect("read"), Some(7));
}

#[tokio::test]
async fn a_watched_address_is_asked_with_the_tag_that_it_gave() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/schema.json", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let body = serde_json::to_string(&files()).expect("JSON");
        let whole = format!(
            "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let same = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_owned();
        let asked = |answer: String| {
            let (mut stream, _) = listener.accept().expect("a request");
            let mut head = [0; 4096];
            let read = stream.read(&mut head).expect("a head");
            stream.write_all(answer.as_bytes()).expect("written");
            String::from_utf8_lossy(&head[..read]).to_lowercase()
        };
        [asked(whole), asked(same)]
    });
    let mut watched = Watched::new(&address);
    assert_eq!(watched.look().await.expect("read").map(|files| files.len()), Some(7));
    assert_eq!(watched.look().await.expect("asked"), None);
    let [first, second] = server.join().expect("it ended");
    assert!(!first.contains("if-none-match") && second.contains("if-none-match: \"v1\""), "{second}");
}
