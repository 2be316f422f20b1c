//! A server with the few routes of a commons that a load needs. It stores what it gets and judges nothing;
//! whether a real commons takes the study is tested with one, in `integration-tests/`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, Once},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::header, web};
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use crate::study;

static PROVIDER: Once = Once::new();

#[derive(Default)]
pub(crate) struct State {
    dictionary: Value,
    program: bool,
    project: bool,
    /// By submitter_id.
    pub(crate) records: BTreeMap<String, Map<String, Value>>,
    /// By GUID.
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) writes: usize,
    pub(crate) largest_request: usize,
    /// A type whose records are refused.
    pub(crate) refuse: Option<&'static str>,
    /// Whether uploads lose a byte.
    pub(crate) corrupt: bool,
}

pub(crate) struct File {
    name: String,
    bytes: Option<Vec<u8>>,
}

impl File {
    pub(crate) fn md5(&self) -> String {
        hex::encode(Md5::digest(self.bytes.as_deref().unwrap_or_default()))
    }

    pub(crate) fn size(&self) -> Option<u64> {
        self.bytes.as_ref().map(|bytes| bytes.len() as u64)
    }

    fn record(&self, guid: &str) -> Value {
        let hashes = self.bytes.as_ref().map_or(json!({}), |_| json!({"md5": self.md5()}));
        let urls = self.bytes.as_ref().map_or(json!([]), |_| json!([format!("s3://bucket/{guid}")]));
        json!({"did": guid, "file_name": self.name, "size": self.size(), "hashes": hashes, "urls": urls})
    }
}

pub(crate) struct Commons {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
    handle: actix_web::dev::ServerHandle,
}

impl Drop for Commons {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl Commons {
    pub(crate) async fn start() -> Self {
        PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
        let dictionary = study::dictionary().await;
        let mut nodes: Map<String, Value> =
            dictionary.nodes.values().map(|node| (node.id.clone(), node.schema.clone())).collect();
        for file in ["_definitions", "_settings", "_terms", "metaschema"] {
            nodes.insert(file.to_owned(), dictionary.files[file].clone());
        }
        let state = Arc::new(Mutex::new(State { dictionary: Value::Object(nodes), ..State::default() }));
        let shared = web::Data::from(state.clone());
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(16 << 20))
                .default_service(web::to(answer))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { url, state, handle }
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, state: web::Data<Mutex<State>>) -> HttpResponse {
    let mut state = state.lock().unwrap();
    let signed = request.path().starts_with("/store/");
    let token = request.headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    match (signed, token.as_deref()) {
        (true, None) | (false, Some("Bearer token")) => {}
        (true, Some(_)) => return HttpResponse::BadRequest().body("a signed URL with a token"),
        (false, _) => {
            return HttpResponse::Unauthorized()
                .json(json!({"message": "Authentication Error: wrong token"}));
        }
    }
    let json_body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let is_query = request.path().ends_with("/graphql");
    state.writes += usize::from(request.method() != "GET" && !is_query);
    let path: Vec<&str> = request.path().trim_matches('/').split('/').collect();
    match (request.method().as_str(), path.as_slice()) {
        ("GET", ["api", "v0", "submission", "_dictionary", "_all"]) => {
            HttpResponse::Ok().json(&state.dictionary)
        }
        ("POST", ["api", "v0", "submission", "graphql"]) => {
            HttpResponse::Ok().json(json!({"data": counts(&state, json_body["query"].as_str().unwrap())}))
        }
        (method, ["api", "v0", "submission", rest @ ..]) => {
            submission(&mut state, method, rest, request.query_string(), json_body)
        }
        ("POST", ["user", "data", "upload"]) => {
            let guid = format!("guid-{}", state.files.len());
            let name = json_body["file_name"].as_str().unwrap().to_owned();
            state.files.insert(guid.clone(), File { name, bytes: None });
            let host = request.headers().get(header::HOST).unwrap().to_str().unwrap();
            let url = format!("http://{host}/store/{guid}?X-Amz-Signature=secret");
            HttpResponse::Created().json(json!({"guid": guid, "url": url}))
        }
        ("PUT", ["store", guid]) => {
            let lost = usize::from(state.corrupt);
            let bytes = body[lost..].to_vec();
            state.files.get_mut(*guid).unwrap().bytes = Some(bytes);
            HttpResponse::Ok().finish()
        }
        ("GET", ["index", "index"]) => {
            let wanted = request.query_string();
            let has = |file: &File| wanted.contains(&format!("hash=md5:{}&", file.md5()));
            let found = state.files.iter().filter(|(_, file)| has(file));
            let records: Vec<Value> = found.map(|(guid, file)| file.record(guid)).collect();
            HttpResponse::Ok().json(json!({"records": records}))
        }
        ("GET", ["index", "index", guid]) => HttpResponse::Ok().json(state.files[*guid].record(guid)),
        _ => HttpResponse::NotFound().finish(),
    }
}

/// Answers `{ _a_count(...) _b_count(...) }`.
fn counts(state: &State, query: &str) -> Map<String, Value> {
    let fields = query.split(&[' ', '('][..]).filter(|word| word.ends_with("_count"));
    let count = |field: &str| {
        let node = field.trim_start_matches('_').trim_end_matches("_count");
        state.records.values().filter(|record| record["type"] == *node).count()
    };
    fields.map(|field| (field.to_owned(), json!(count(field)))).collect()
}

fn submission(state: &mut State, method: &str, path: &[&str], query: &str, body: Value) -> HttpResponse {
    let links = |names: &[&str]| HttpResponse::Ok().json(json!({"links": names}));
    match (method, path) {
        ("GET", []) if state.program => links(&["/v0/submission/demo"]),
        ("GET", []) => links(&[]),
        ("POST", []) => {
            state.program = true;
            HttpResponse::Ok().json(json!({"name": body["name"]}))
        }
        ("GET", ["demo"]) if state.project => links(&["/v0/submission/demo/airways"]),
        ("GET", ["demo"]) => links(&[]),
        ("PUT", ["demo"]) => {
            state.project = true;
            HttpResponse::Ok().json(json!({"code": 200, "success": true}))
        }
        ("GET", ["demo", "airways", "export"]) => {
            let is_wanted = |record: &&Map<String, Value>| {
                query == format!("node_label={}&format=json", record["type"].as_str().unwrap())
            };
            let data: Vec<&Map<String, Value>> = state.records.values().filter(is_wanted).collect();
            HttpResponse::Ok().json(json!({"data": data}))
        }
        ("PUT", ["demo", "airways"]) => submitted(state, body),
        _ => HttpResponse::NotFound().json(json!({"message": "no such route"})),
    }
}

fn submitted(state: &mut State, body: Value) -> HttpResponse {
    let Value::Array(records) = body else { return HttpResponse::BadRequest().finish() };
    if let Some(refused) =
        state.refuse.filter(|refused| records.iter().any(|record| record["type"] == *refused))
    {
        let error = json!({"message": format!("no {refused} today"), "type": "ERROR", "keys": []});
        let entity = json!({"errors": [error], "unique_keys": [{"submitter_id": "a-record"}]});
        return HttpResponse::BadRequest().json(json!({"code": 400, "entities": [entity]}));
    }
    state.largest_request = state.largest_request.max(records.len());
    for record in records {
        let record = record.as_object().unwrap().clone();
        state.records.insert(record["submitter_id"].as_str().unwrap().to_owned(), record);
    }
    HttpResponse::Ok().json(json!({"code": 200, "success": true}))
}
