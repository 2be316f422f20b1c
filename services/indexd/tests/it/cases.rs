//! A request to each endpoint, with its status for nobody, for a stranger and for somebody who may. The tests
//! of a whole commons send the same requests.

use serde_json::{Value, json};
use testing::endpoints::Case;

/// Reads are open to everybody.
const OPEN: [u16; 3] = [200; 3];
/// Writes are for those whom arborist permits.
const GUARDED: [u16; 3] = [401, 401, 200];
const GUARDED_CREATION: [u16; 3] = [401, 401, 201];
/// Legacy aliases are for basic logins.
pub(crate) const LOGIN_ONLY: [u16; 3] = [403, 403, 200];

/// Whose revisions writes name, or who is read.
pub(crate) struct Objects {
    /// A record that others read and add to.
    pub(crate) read: String,
    /// A record that is changed, with its revision.
    pub(crate) updated: (String, String),
    /// A record that is deleted, with its revision.
    pub(crate) deleted: (String, String),
    /// A blank record that is filled, with its revision.
    pub(crate) blank: (String, String),
    /// GUIDs of which there are no records yet.
    pub(crate) new: [String; 2],
    /// A bundle that is read and deleted.
    pub(crate) bundle: String,
    /// A bundle that is made.
    pub(crate) another_bundle: String,
    /// A legacy alias that is read, written and deleted.
    pub(crate) alias: String,
}

/// What the legacy alias says.
pub(crate) fn alias() -> Value {
    json!({"release": "public", "size": 5, "hashes": {"crc": "deadbeef"}})
}

/// Everything. The records are in the resource `/a`.
pub(crate) fn cases(objects: &Objects) -> Vec<Case> {
    [reads(objects), writes(objects), revisions(objects)].concat()
}

fn of_record(method: &'static str, path: &'static str, guid: &str, statuses: [u16; 3]) -> Case {
    Case::new(method, path, &path.replace("{guid:.+}", guid), statuses)
}

fn reads(objects: &Objects) -> Vec<Case> {
    let Objects { read: guid, bundle, alias, .. } = objects;
    let get = |path, url: &str| Case::new("GET", path, url, OPEN);
    let fixed =
        ["/_status", "/_version", "/_stats", "/_dist", "/guid/mint", "/guid/prefix", "/index", "/urls"];
    let mut cases: Vec<Case> = fixed.into_iter().map(|path| get(path, path)).collect();
    let lists = ["/bundle", "/alias", "/ga4gh/drs/v1/objects", "/ga4gh/dos/v1/dataobjects", "/_query/urls/q"];
    cases.extend(lists.into_iter().map(|path| get(path, path)));
    cases.extend([
        get("/ga4gh/drs/v1/service-info", "/ga4gh/drs/v1/service-info"),
        get("/_query/urls/metadata/q", "/_query/urls/metadata/q?key=a&value=b"),
        get("/index/{guid:.+}", &format!("/index/{guid}")),
        get("/index/{guid:.+}/aliases", &format!("/index/{guid}/aliases")),
        get("/index/{guid:.+}/versions", &format!("/index/{guid}/versions")),
        get("/index/{guid:.+}/latest", &format!("/index/{guid}/latest")),
        get("/{guid:.+}", &format!("/{guid}")),
        get("/bundle/{guid:.+}", &format!("/bundle/{bundle}")),
        get("/alias/{name:.+}", &format!("/alias/{alias}")),
        get("/ga4gh/dos/v1/dataobjects/{guid:.+}", &format!("/ga4gh/dos/v1/dataobjects/{guid}")),
    ]);
    let object = "/ga4gh/drs/v1/objects/{guid:.+}";
    cases.extend(
        ["GET", "POST", "OPTIONS"]
            .map(|method| Case::new(method, object, &format!("/ga4gh/drs/v1/objects/{guid}"), OPEN)),
    );
    let (objects, ids) = ("/ga4gh/drs/v1/objects", json!({"bulk_object_ids": [guid]}));
    cases.extend(
        ["POST", "OPTIONS"].map(|method| Case::new(method, objects, objects, OPEN).with(ids.clone())),
    );
    cases.push(Case::new("POST", "/bulk/documents", "/bulk/documents", OPEN).with(json!([guid])));
    cases.push(Case::new("POST", "/bulk/locations", "/bulk/locations", OPEN).with(json!(["s3://b/1"])));
    cases
}

/// The writes that need no revision, to one record among others.
fn writes(objects: &Objects) -> Vec<Case> {
    let guid = &objects.read;
    let new = |did: &str| {
        json!({"did": did, "form": "object", "size": 1, "urls": [], "authz": ["/a"],
            "hashes": {"md5": "00000000000000000000000000000001"}})
    };
    let [first, second] = &objects.new;
    let case = |method, path, statuses| of_record(method, path, guid, statuses);
    let names = |name: &str| json!({"aliases": [{"value": format!("{name}-of-{guid}")}]});
    let one_alias = "/index/{guid:.+?}/aliases/{name:.+}";
    let of_first = format!("/index/{guid}/aliases/one-of-{guid}");
    let bundle = format!("/bundle/{}", objects.bundle);
    let legacy = format!("/alias/{}", objects.alias);
    vec![
        case("POST", "/index", GUARDED).with(new(first)),
        case("POST", "/index/{guid:.+}", GUARDED).with(new(second)),
        case("PUT", "/index/{guid:.+}/versions", GUARDED).with(json!({"acl": ["x"]})),
        Case::new("POST", "/bulk/records", "/bulk/records", GUARDED).with(json!({"op": "create", "record": {
            "form": "object", "size": 1, "urls": [], "authz": ["/a"],
            "hashes": {"md5": "00000000000000000000000000000001"}}})),
        case("POST", "/index/blank", GUARDED_CREATION).with(json!({"authz": ["/a"]})),
        case("POST", "/index/blank/{guid:.+}", GUARDED_CREATION).with(json!({})),
        case("POST", "/index/{guid:.+}/aliases", GUARDED).with(names("one")),
        Case::new("DELETE", one_alias, &of_first, GUARDED),
        case("PUT", "/index/{guid:.+}/aliases", GUARDED).with(names("two")),
        case("DELETE", "/index/{guid:.+}/aliases", GUARDED),
        case("POST", "/bundle", GUARDED)
            .with(json!({"bundles": [guid], "bundle_id": objects.another_bundle})),
        Case::new("DELETE", "/bundle/{guid:.+}", &bundle, GUARDED),
        Case::new("PUT", "/alias/{name:.+}", &legacy, LOGIN_ONLY).with(alias()),
        Case::new("DELETE", "/alias/{name:.+}", &legacy, LOGIN_ONLY),
    ]
}

/// The writes to what one has read before.
fn revisions(objects: &Objects) -> Vec<Case> {
    let with_rev = |method, path: &'static str, (guid, rev): &(String, String)| {
        let case = of_record(method, path, guid, GUARDED);
        Case { url: format!("{}?rev={rev}", case.url), ..case }
    };
    vec![
        with_rev("PUT", "/index/{guid:.+}", &objects.updated).with(json!({"file_name": "x"})),
        with_rev("DELETE", "/index/{guid:.+}", &objects.deleted),
        with_rev("PUT", "/index/blank/{guid:.+}", &objects.blank).with(json!({"size": 3, "authz": ["/a"]})),
    ]
}
