//! Dictionary, templates, entities, manifests.

use std::io::Read as _;

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::reading::Reading;

#[actix_web::test]
async fn the_dictionary_is_listed_and_shown_without_a_login() {
    let reading = Reading::new().await;
    let list = reading.get_as(None, "/_dictionary").await.json();
    let links: Vec<&str> =
        list["links"].as_array().unwrap().iter().map(|link| link.as_str().unwrap()).collect();
    assert_eq!(links[0], "/v0/submission/_dictionary/root");
    assert_eq!(links.last(), Some(&"/v0/submission/_dictionary/_all"));
    let all = reading.get_as(None, "/_dictionary/_all").await.json();
    for link in &links[..links.len() - 1] {
        let entry = link.rsplit('/').next().unwrap();
        assert_eq!(reading.get_as(None, &format!("/_dictionary/{entry}")).await.json(), all[entry]);
    }
    for entry in ["_definitions", "_terms", "_settings", "metaschema"] {
        let alone = reading.get_as(None, &format!("/_dictionary/{entry}")).await;
        let expected = if all.get(entry).is_some() { 200 } else { 404 };
        assert_eq!(alone.status, expected, "{entry}");
    }
    assert_eq!(all["case"]["properties"]["age"]["type"], "integer");
    let missing = reading.get_as(None, "/_dictionary/nope").await;
    assert_eq!(missing.refusal(), (404, "Entry nope not in dictionary".to_owned()));
}

#[actix_web::test]
async fn the_dictionary_below_a_project_wants_a_login_and_the_project() {
    let reading = Reading::new().await;
    assert_eq!(reading.get_as(None, "/P/Q/_dictionary").await.status, 401);
    let list = reading.get_as(Some("stranger"), "/P/Q/_dictionary").await.json();
    assert_eq!(list["links"][0], "/v0/submission/P/Q/_dictionary/root");
    let missing = reading.get("/P/nope/_dictionary").await;
    assert_eq!(missing.refusal(), (404, "Project nope not found".to_owned()));
    let missing = reading.get("/nope/Q/_dictionary/case").await;
    assert_eq!(missing.refusal(), (404, "program nope not found".to_owned()));
    assert_eq!(reading.get("/P/Q/_dictionary/case").await.json()["id"], "case");
}

#[actix_web::test]
async fn a_template_is_a_file_in_the_wanted_format() {
    let reading = Reading::new().await;
    let header = [
        "*type",
        "project_id",
        "*submitter_id",
        "*studies.submitter_id",
        "age",
        "consented",
        "sex",
        "tags",
        "weight",
    ];
    for (query, delimiter, ending) in
        [("", "\t", "tsv"), ("?format=tsv", "\t", "tsv"), ("?format=csv", ",", "csv")]
    {
        let answer = reading.get_as(None, &format!("/template/case{query}")).await;
        assert_eq!(answer.content_type, "application/octet-stream");
        let name = format!("attachment; filename=submission_case_template.{ending}");
        assert_eq!(answer.disposition, Some(name));
        let expected =
            format!("{}\r\ncase{}\r\n", header.join(delimiter), delimiter.repeat(header.len() - 1));
        assert_eq!(answer.text(), expected);
    }
    let expected = json!({
        "*type": "case", "project_id": null, "*submitter_id": null, "*studies": {"submitter_id": null},
        "age": null, "consented": null, "sex": null, "tags": null, "weight": null,
    });
    assert_eq!(reading.get_as(None, "/template/case?format=json").await.json(), expected);
}

#[actix_web::test]
async fn what_has_no_template_is_refused() {
    let reading = Reading::new().await;
    let missing = reading.get_as(None, "/template/nope").await;
    assert_eq!(missing.refusal(), (404, "Entity type nope is not in dictionary".to_owned()));
    let wrong = reading.get_as(None, "/template/case?format=xml").await;
    let message = "Format xml is not supported; supported formats are: csv,tsv,json.";
    assert_eq!(wrong.refusal(), (400, message.to_owned()));
    let missing = reading.get_as(None, "/P/nope/template/case").await;
    assert_eq!(missing.refusal(), (404, "Project nope not found".to_owned()));
    assert_eq!(reading.get_as(None, "/P/Q/template/case").await.status, 200);
}

#[actix_web::test]
async fn all_templates_come_in_an_archive_or_in_one_list() {
    let reading = Reading::new().await;
    let answer = reading.get_as(None, "/template?format=csv").await;
    assert_eq!(answer.disposition.as_deref(), Some("attachment; filename=submission_templates.tar.gz"));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(answer.bytes.as_slice()));
    let mut names = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let alone =
            reading.get_as(None, &format!("/template/{}?format=csv", name.trim_end_matches(".csv"))).await;
        assert_eq!(alone.text(), text);
        names.push(name);
    }
    let expected = [
        "study.csv",
        "case.csv",
        "demographic.csv",
        "diagnosis.csv",
        "sample.csv",
        "aliquot.csv",
        "reading.csv",
    ];
    assert_eq!(names, expected);
    let some = reading
        .get_as(None, "/P/Q/template?format=json&categories=clinical,biospecimen&exclude=sample,diagnosis");
    let some = some.await.json();
    let types: Vec<&Value> = some.as_array().unwrap().iter().map(|template| &template["*type"]).collect();
    assert_eq!(types, ["demographic", "aliquot"]);
}

#[actix_web::test]
async fn an_entity_shows_all_properties_and_its_links() {
    let reading = Reading::new().await;
    let (id, study) = (reading.id("case", "c2").await, reading.id("study", "st").await);
    let mut answer = reading.get(&format!("/P/Q/entities/{id}")).await.json();
    let properties = answer["entities"][0]["properties"].as_object_mut().unwrap();
    for stamp in ["created_datetime", "updated_datetime"] {
        assert!(properties.remove(stamp).unwrap().is_string());
    }
    let expected = json!({"entities": [{"program": "P", "project": "Q", "properties": {
        "id": id, "type": "case", "submitter_id": "c2", "project_id": "P-Q", "state": "validated",
        "age": null,
        "weight": null, "consented": null, "tags": null, "sex": null,
        "studies": [{"id": study, "submitter_id": "st"}],
    }}]});
    assert_eq!(answer, expected);
}

#[actix_web::test]
async fn entities_are_shown_once_and_all_of_them_must_be_there() {
    let reading = Reading::new().await;
    let (case, sample) = (reading.id("case", "c1").await, reading.id("sample", "s1").await);
    let answer = reading.get(&format!("/P/Q/entities/{case},{sample},{case}")).await.json();
    let entities = answer["entities"].as_array().unwrap().iter();
    let types: Vec<&Value> = entities.map(|entity| &entity["properties"]["type"]).collect();
    assert_eq!(types, ["sample", "case"]);
    let missing = reading.get(&format!("/P/Q/entities/{case},x,")).await;
    assert_eq!(missing.refusal(), (400, "Not found: x, ".to_owned()));
    let missing = reading.get(&format!("/nope/Q/entities/{case}")).await;
    assert_eq!(missing.refusal(), (404, "program nope not found".to_owned()));
}

#[actix_web::test]
async fn the_right_to_read_one_project_shows_nothing_of_another() {
    let reading = Reading::new().await;
    let answer = reading.get("/P/R/export?node_label=study&format=json").await.json();
    let foreign = answer["data"][0]["id"].as_str().unwrap();
    let project = answer["data"][0]["projects"][0]["node_id"].as_str().unwrap();
    for id in [foreign, project] {
        let path = format!("/P/Q/entities/{id}");
        assert_eq!(reading.get_as(Some("reader"), &path).await.status, 403);
        assert_eq!(reading.get_as(Some("admin"), &path).await.status, 200);
    }
    let own = reading.id("case", "c1").await;
    assert_eq!(reading.get_as(Some("reader"), &format!("/P/Q/entities/{own}")).await.status, 200);
    assert_eq!(reading.get_as(Some("reader"), &format!("/P/R/entities/{own}")).await.status, 403);
}

#[actix_web::test]
async fn a_manifest_lists_data_files() {
    let reading = Reading::new().await;
    let (file, aliquot) = (reading.id("reading", "r1").await, reading.id("aliquot", "a1").await);
    for name in ["manifest", "upload_manifest"] {
        let answer = reading.get(&format!("/P/Q/{name}?ids={file}")).await;
        assert_eq!(answer.disposition.as_deref(), Some("attachment; filename=submission_manifest.yaml"));
        let manifest = yaml::parse(answer.text()).unwrap();
        let entry = &manifest["files"][0];
        assert_eq!(entry["aliquots"], json!([{"node_id": aliquot, "submitter_id": "a1"}]));
        assert_eq!((&entry["local_file_path"], &entry["file_size"]), (&json!("r.bam"), &json!(5)));
        assert_eq!((&entry["id"], &entry["md5sum"]), (&json!(file), &json!("0".repeat(32))));
        let valid = reading.send(
            Method::POST,
            "/validation/upload_manifest",
            None,
            "text/x-yaml",
            answer.text().to_owned(),
        );
        assert_eq!(valid.await.json(), json!({"valid": true}));
    }
}

#[actix_web::test]
async fn what_makes_no_manifest_is_refused() {
    let reading = Reading::new().await;
    let case = reading.id("case", "c1").await;
    let refusal = async |path: String| reading.get(&path).await.refusal();
    let message = "No ids specified. Use query parameter 'ids', e.g. 'ids=id1,id2'.";
    assert_eq!(refusal("/P/Q/manifest".to_owned()).await, (400, message.to_owned()));
    let message = format!("case {case} is not a data file.");
    assert_eq!(refusal(format!("/P/Q/manifest?ids={case}")).await, (400, message));
    assert_eq!(refusal("/P/Q/manifest?ids=x,y".to_owned()).await, (404, "Unable to find x, y".to_owned()));
    assert_eq!(reading.get_as(Some("stranger"), "/P/Q/manifest?ids=x").await.status, 403);
}

#[actix_web::test]
async fn a_manifest_is_checked_as_json_or_yaml() {
    let reading = Reading::new().await;
    let check = async |content_type: &str, body: &str| {
        reading.send(Method::POST, "/validation/upload_manifest", None, content_type, body.to_owned()).await
    };
    assert_eq!(check("application/json", "{}").await.json(), json!({"valid": true}));
    let errors = json!([
        "'abc' is not of type 'integer'",
        "{'id': 'x', 'file_size': 'abc'} is not valid under any of the given schemas",
    ]);
    let answer = check("text/x-yaml", "files:\n- id: x\n  file_size: abc\n").await;
    assert_eq!((answer.status, answer.json()), (200, json!({"valid": false, "errors": errors})));
    assert!(check("application/json", "{").await.refusal().1.starts_with("Unable to parse json: "));
    assert!(check("text/x-yaml", "a: [").await.refusal().1.starts_with("Unable to parse yaml: "));
}

#[actix_web::test]
async fn another_dictionary_is_compared_with_that_of_the_commons_in_both_directions() {
    let reading = Reading::new().await;
    let mut other = reading.get_as(None, "/_dictionary/_all").await.json();
    let post = async |query: &str, body: &Value| {
        let path = format!("/_dictionary/v1/compare{query}");
        reading.send(Method::POST, &path, Some("stranger"), "application/json", body.to_string()).await
    };
    let same = post("", &other).await.json();
    assert_eq!((&same["breaking"], &same["changes"]), (&json!(0), &json!([])));
    other["case"]["properties"].as_object_mut().unwrap().remove("age").unwrap();
    let changes = post("", &other).await.json();
    assert_eq!(changes["breaking"], 1);
    let change = &changes["changes"][0];
    assert_eq!((&change["node"], &change["property"]), (&json!("case"), &json!("age")));
    assert_eq!(change["kind"], "property_removed");
    let back = post("?direction=from", &other).await.json();
    assert_eq!((&back["breaking"], &back["changes"][0]["kind"]), (&json!(0), &json!("property_added")));
    assert_eq!((&back["from"], &back["to"]), (&changes["to"], &changes["from"]));
    assert_eq!(post("?direction=up", &other).await.status, 400);
    assert_eq!(post("", &json!([1])).await.status, 400);
    other["case"]["links"] = json!("none");
    let (status, told) = post("", &other).await.refusal();
    assert!(status == 400 && told.contains("the dictionary cannot be used"), "{told}");
}
