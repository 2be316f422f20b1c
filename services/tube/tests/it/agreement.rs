//! Names in other configurations, and mappings that are suggested.

use serde_json::json;
use tube::{Etl, Form, Severity, agreement, suggest};

use crate::{graph::dictionary, loading::mapping};

fn etl() -> Etl {
    Etl::read(&mapping(), &dictionary(), Form::Right).unwrap()
}

fn told(problems: &[tube::Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn names_of_guppy_that_no_mapping_has_are_told_with_what_was_meant() {
    let etl = etl();
    let good = serde_json::from_str(&etl.guppy_config()).unwrap();
    assert_eq!(told(&agreement::guppy(&good, &etl)), Vec::<String>::new());
    let bad = json!({
        "indices": [{"index": "dev_caes", "type": "case"}, {"index": "dev_file", "type": "files"}],
        "config_index": "dev_file_array-config",
        "auth_filter_field": "auth_resource_pth",
    });
    let told = told(&agreement::guppy(&bad, &etl));
    assert_eq!(
        &told[..3],
        [
            "indices[0].index: no mapping has the name `dev_caes`; did you mean `dev_case`?",
            "indices[1].type: the type of dev_file is `files`, and its doc_type in the mapping `file`; \
             write `file`",
            "warning: indices: the index dev_case of the mapping is not among them; add it, or nobody can \
             ask for it",
        ]
    );
    assert!(told[3].contains("config_index: `dev_file_array-config` does not say"), "{told:?}");
    assert!(told[5].ends_with("did you mean `auth_resource_path`?"), "{told:?}");
}

#[test]
fn names_of_the_portal_are_looked_up_in_the_index_of_their_tab() {
    let gitops = json!({ "explorerConfig": [
        { "filters": { "tabs": [{ "fields": ["submitter_id", "sampels"] }] },
          "charts": { "samples": {} },
          "table": { "fields": ["project_id"] },
          "guppyConfig": { "dataType": "case", "manifestMapping": {
              "resourceIndexType": "file", "resourceIdField": "object_id",
              "referenceIdFieldInDataIndex": "_case_id", "referenceIdFieldInResourceIndex": "_case_id" } } },
        { "guppyConfig": { "dataType": "subject" } },
    ] });
    let problems = agreement::portal(&gitops, &etl());
    assert!(problems.iter().all(|problem| problem.severity == Severity::Error));
    let told = told(&problems);
    assert_eq!(
        told[0],
        "explorerConfig[0].filters.tabs[0].fields[1]: dev_case has no field `sampels`; did you mean \
         `samples`?"
    );
    assert!(
        told[1].starts_with(
            "explorerConfig[0].guppyConfig.manifestMapping.resourceIdField: dev_file has no field"
        ),
        "{told:?}"
    );
    assert!(
        told[2].starts_with("explorerConfig[1].guppyConfig.dataType: no mapping has the doc_type `subject`"),
        "{told:?}"
    );
    assert_eq!(told.len(), 3);
}

#[tokio::test]
async fn what_is_suggested_for_a_dictionary_has_no_problems() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dictionary");
    let ours = dictionary::Dictionary::from_files(dictionary::read_files(folder).await.unwrap()).unwrap();
    for dictionary in [dictionary(), ours] {
        let suggested = suggest(&dictionary, "commons").unwrap();
        let etl = Etl::read(&suggested.mapping, &dictionary, Form::Right)
            .unwrap_or_else(|problems| panic!("{:?}\n{}", told(&problems), suggested.mapping));
        assert_eq!(told(&etl.warnings), Vec::<String>::new(), "{}", suggested.mapping);
        let guppy = serde_json::from_str(&suggested.guppy).unwrap();
        assert_eq!(told(&agreement::guppy(&guppy, &etl)), Vec::<String>::new());
        assert_eq!(etl.outlines().count(), 2, "{}", suggested.mapping);
    }
}
