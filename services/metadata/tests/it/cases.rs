//! A request to each endpoint, with its status for nobody, for a user without rights and for the
//! administrator. The tests of a whole commons send the same requests.

use serde_json::json;
use testing::endpoints::Case;

/// There are a document `name` and a record `record`. An upload needs no more than a valid token here,
/// because fence and indexd are doubles.
pub(crate) fn cases(name: &str, record: &str) -> Vec<Case> {
    let (document, all) = ("/metadata/{guid:.*}", "/metadata/{guid:.*}/aliases");
    let one = "/metadata/{guid:.*}/aliases/{alias:.*}";
    let (index, object) = ("/metadata_index/{path:.+}", "/objects/{guid:.+}");
    let file = json!({"file_name": "f", "authz": {"version": "0", "resource_paths": []}});
    let (known, new) = (format!("/metadata/{name}"), format!("/metadata/{name}-new"));
    let (listed, indexed) = (format!("{name}-listed"), format!("/metadata_index/{name}.b"));
    let (aliases, alias) = (format!("{known}/aliases"), format!("{known}/aliases/{name}-2"));
    let named = |numbers: &[u8]| {
        let names: Vec<String> = numbers.iter().map(|number| format!("{name}-{number}")).collect();
        json!({ "aliases": names })
    };
    let objects = format!("/objects/{record}");
    vec![
        Case::new("GET", "/metadata", "/metadata", [200; 3]),
        Case::new("POST", "/metadata", "/metadata", [403, 403, 201]).with(json!([{ "guid": listed }])),
        Case::new("GET", document, &known, [200; 3]),
        Case::new("POST", document, &new, [403, 403, 201]).with(json!({})),
        Case::new("POST", document, &known, [403, 403, 409]).with(json!({})).noted("there"),
        Case::new("PUT", document, &new, [403, 403, 200]).with(json!({})),
        Case::new("DELETE", document, &new, [403, 403, 200]),
        Case::new("GET", all, &aliases, [200; 3]),
        Case::new("PUT", all, &aliases, [403, 403, 201]).with(named(&[2, 3])),
        Case::new("DELETE", one, &alias, [403, 403, 204]),
        Case::new("DELETE", all, &aliases, [403, 403, 204]),
        Case::new("POST", all, &aliases, [403, 403, 201]).with(named(&[1])),
        Case::new("GET", "/metadata_index", "/metadata_index/", [403, 403, 200]),
        Case::new("POST", index, &indexed, [403, 403, 201]),
        Case::new("DELETE", index, &indexed, [403, 403, 204]),
        // Nothing was ever brought into the aggregate.
        Case::new("GET", "/aggregate/commons", "/aggregate/commons", [404; 3]),
        Case::new("GET", "/aggregate/info/{name:.*}", "/aggregate/info/schema", [404; 3]),
        Case::new("GET", "/aggregate/metadata", "/aggregate/metadata", [404; 3]),
        Case::new("GET", "/aggregate/tags", "/aggregate/tags", [404; 3]),
        Case::new("GET", "/aggregate/metadata/guid/{guid:.*}", "/aggregate/metadata/guid/x", [404; 3]),
        Case::new("GET", "/aggregate/metadata/{name:.+}/info", "/aggregate/metadata/x/info", [404; 3]),
        Case::new("GET", "/aggregate/metadata/{name:.+}", "/aggregate/metadata/x", [404; 3]),
        Case::new("POST", "/v1/search", "/v1/search", [200; 3]).with(json!({"words": "x"})),
        Case::new("GET", "/objects", "/objects/", [404; 3]),
        Case::new("POST", "/objects", "/objects", [401, 201, 201]).with(file.clone()),
        Case::new("POST", object, "/objects/upload", [401, 201, 201]).with(file).noted("a new record"),
        Case::new("POST", object, &objects, [401, 201, 201]).with(json!({"file_name": "g"})),
        Case::new("GET", object, &format!("/objects/{name}"), [200; 3]),
        Case::new("GET", "/objects/{guid:.+}/latest", &format!("/objects/{name}/latest"), [200; 3]),
        Case::new("GET", "/objects/{guid:.+}/download", &format!("{objects}/download"), [403, 200, 200]),
        Case::new("DELETE", object, &format!("/objects/{name}-none"), [404; 3]),
        Case::new("GET", "/_status", "/_status/", [200; 3]),
        Case::new("GET", "/_version", "/_version", [200; 3]),
        Case::new("GET", "/version", "/version", [200; 3]),
    ]
}
