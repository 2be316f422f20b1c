//! A few routes of a commons and of its object store, with faults on demand. Whether real ones work so is
//! tested with them, from outside.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, Once},
};

use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use transfer::{Commons, Credentials, Retries};

use crate::http::{Answer, Request, Server};

static PROVIDER: Once = Once::new();
/// What no URL for bytes may be asked with.
pub(crate) const TOKEN: &str = "the-access-token";

#[derive(Default)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: String,
    pub(crate) hashes: Value,
    pub(crate) size: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Faults {
    /// The next answers with bytes break after so many of them.
    pub(crate) breaks: VecDeque<usize>,
    /// The next requests for bytes, or with bytes, are refused so.
    pub(crate) refusals: VecDeque<u16>,
    /// How often a URL can be used; for ever without a number.
    pub(crate) uses_of_url: Option<usize>,
    pub(crate) ignores_ranges: bool,
    pub(crate) hides_length: bool,
    pub(crate) rate: Option<usize>,
    /// Answers to the API before it works.
    pub(crate) api_refusals: VecDeque<u16>,
    /// The next requests to make one object of parts are refused so.
    pub(crate) complete_refusals: VecDeque<u16>,
    /// So many answers that an object was made of parts break off.
    pub(crate) lost_completions: usize,
    /// Where requests for bytes are sent on to.
    pub(crate) elsewhere: Option<String>,
}

#[derive(Default)]
pub(crate) struct Upload {
    pub(crate) parts: BTreeMap<u32, Vec<u8>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) objects: BTreeMap<String, Object>,
    /// Answers of DRS, by id.
    pub(crate) drs: BTreeMap<String, Value>,
    /// Answers to further paths.
    pub(crate) further: BTreeMap<String, Value>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) faults: Faults,
    pub(crate) log: Vec<Request>,
    used: HashMap<String, usize>,
    made: usize,
    url: String,
}

pub(crate) struct Stand {
    pub(crate) server: Server,
    pub(crate) state: Arc<Mutex<State>>,
}

pub(crate) fn retries() -> Retries {
    Retries { times: 3, first: std::time::Duration::from_millis(1) }
}

pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64 ^ length as u64;
    let step = |_| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 24) as u8
    };
    (0..length).map(step).collect()
}

pub(crate) fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

impl Stand {
    pub(crate) async fn start() -> Self {
        PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let server = Server::start(move |request| shared.lock().unwrap().answer(request)).await;
        state.lock().unwrap().url.clone_from(&server.url);
        Self { server, state }
    }

    pub(crate) fn commons(&self) -> Arc<Commons> {
        let credentials = Credentials::from_text(r#"{"api_key": "the-key"}"#);
        Arc::new(Commons::new(&self.server.url, credentials, retries()).unwrap())
    }

    /// Puts an object there, with the right checksum.
    pub(crate) fn put(&self, guid: &str, name: &str, bytes: Vec<u8>) {
        let hashes = json!({ "md5": md5(&bytes) });
        let size = Some(bytes.len() as u64);
        let etag = format!("\"{}\"", md5(&bytes));
        let object = Object { name: name.to_owned(), bytes, etag, hashes, size };
        self.state.lock().unwrap().objects.insert(guid.to_owned(), object);
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    /// Requests for bytes, or with bytes.
    pub(crate) fn of_store(&self, method: &str) -> Vec<Request> {
        let is_store = |request: &&Request| request.path.starts_with("/store/") && request.method == method;
        self.with(|state| state.log.iter().filter(is_store).cloned().collect())
    }
}

impl State {
    fn answer(&mut self, request: Request) -> Answer {
        self.log.push(request.clone());
        if let Some(path) = request.path.strip_prefix("/store/") {
            return self.store(path, &request);
        }
        if let Some(status) = self.faults.api_refusals.pop_front() {
            return Answer::new(status, "{}");
        }
        if request.path == "/user/credentials/api/access_token" {
            let is_known = request.json()["api_key"] == "the-key";
            let token = json!({ "access_token": TOKEN });
            return if is_known { Answer::json(200, &token) } else { Answer::new(401, "") };
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/index/bulk/documents") => {
                let asked: Vec<String> = serde_json::from_slice(&request.body).unwrap();
                let found = asked.iter().filter_map(|guid| self.record(guid)).collect::<Vec<_>>();
                Answer::json(200, &json!(found))
            }
            ("GET", path) => self.read(path),
            (_, path) => self.upload(path, &request),
        }
    }

    fn record(&self, guid: &str) -> Option<Value> {
        let object = self.objects.get(guid)?;
        Some(json!({ "did": guid, "file_name": object.name, "size": object.size, "hashes": object.hashes,
                     "urls": [format!("s3://bucket/{guid}/{}", object.name)] }))
    }

    fn read(&mut self, path: &str) -> Answer {
        let found = if let Some(guid) = path.strip_prefix("/index/index/") {
            self.record(guid)
        } else if let Some(guid) = path.strip_prefix("/user/data/download/") {
            self.objects.contains_key(guid).then(|| json!({ "url": self.signed(guid) }))
        } else if let Some(guid) = path.strip_prefix("/user/data/upload/") {
            Some(json!({ "url": self.signed(guid) }))
        } else if let Some(rest) = path.strip_prefix("/ga4gh/drs/v1/objects/") {
            match rest.split_once("/access/") {
                Some((id, _)) => Some(json!({ "url": self.signed(id) })),
                None => self.drs.get(rest).cloned(),
            }
        } else {
            self.further.get(path).cloned()
        };
        found.map_or_else(
            || Answer::json(404, &json!({"error": "no record found"})),
            |found| Answer::json(200, &found),
        )
    }

    fn signed(&mut self, key: &str) -> String {
        self.made += 1;
        format!("{}/store/{key}?X-Amz-Signature=secret{}", self.url, self.made)
    }

    fn upload(&mut self, path: &str, request: &Request) -> Answer {
        let body = request.json();
        let next = format!("new-{}", self.objects.len() + 1);
        match path {
            "/user/data/upload" => {
                let name = body["file_name"].as_str().unwrap().to_owned();
                self.objects.insert(next.clone(), Object { name, ..Object::default() });
                Answer::json(201, &json!({ "guid": next, "url": self.signed(&next) }))
            }
            "/user/data/multipart/init" => {
                let guid = body["guid"].as_str().map_or(next, str::to_owned);
                let name = body["file_name"].as_str().unwrap().to_owned();
                self.objects.entry(guid.clone()).or_insert_with(|| Object { name, ..Object::default() });
                let upload = format!("upload-{}", self.uploads.len() + 1);
                self.uploads.insert(upload.clone(), Upload::default());
                Answer::json(201, &json!({ "guid": guid, "uploadId": upload }))
            }
            "/user/data/multipart/upload" => {
                let key = format!("{}/{}", body["uploadId"].as_str().unwrap(), body["partNumber"]);
                Answer::json(200, &json!({ "presigned_url": self.signed(&key) }))
            }
            "/user/data/multipart/complete" => self.complete(&body),
            _ => Answer::new(404, ""),
        }
    }

    fn complete(&mut self, body: &Value) -> Answer {
        if let Some(status) = self.faults.complete_refusals.pop_front() {
            return Answer::new(status, "{}");
        }
        let upload = self.uploads.remove(body["uploadId"].as_str().unwrap());
        let Some(upload) = upload else { return Answer::new(404, "") };
        let named: Vec<(u64, String)> = body["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| (part["PartNumber"].as_u64().unwrap(), part["ETag"].as_str().unwrap().to_owned()))
            .collect();
        let there = |(number, part): (&u32, &Vec<u8>)| (u64::from(*number), format!("\"{}\"", md5(part)));
        if named != upload.parts.iter().map(there).collect::<Vec<_>>() {
            return Answer::new(400, r#"{"message": "other parts"}"#);
        }
        let guid = body["key"].as_str().unwrap().split('/').next().unwrap();
        self.arrived(guid, upload.parts.into_values().flatten().collect());
        let answer = Answer::json(200, &json!({ "message": "OK" }));
        if self.faults.lost_completions == 0 {
            return answer;
        }
        self.faults.lost_completions -= 1;
        Answer { breaks_after: Some(1), ..answer }
    }

    fn arrived(&mut self, guid: &str, bytes: Vec<u8>) {
        let object = self.objects.entry(guid.to_owned()).or_default();
        object.hashes = json!({ "md5": md5(&bytes) });
        object.size = Some(bytes.len() as u64);
        object.bytes = bytes;
    }

    fn store(&mut self, key: &str, request: &Request) -> Answer {
        if let Some(status) = self.faults.refusals.pop_front() {
            return Answer::new(status, "<Error><Code>SlowDown</Code></Error>");
        }
        let uses = self.used.entry(request.query.clone()).or_default();
        *uses += 1;
        if self.faults.uses_of_url.is_some_and(|most| *uses > most) {
            return Answer::new(403, "<Error><Code>AccessDenied</Code><Message>expired</Message></Error>");
        }
        if let Some(elsewhere) = &self.faults.elsewhere {
            let to = vec![("Location", format!("{elsewhere}{}", request.path))];
            return Answer { headers: to, ..Answer::new(302, "") };
        }
        match request.method.as_str() {
            "GET" => self.bytes(key, request.headers.get("range")),
            "PUT" => {
                let tag = format!("\"{}\"", md5(&request.body));
                match key.split_once('/') {
                    Some((upload, number)) => match self.uploads.get_mut(upload) {
                        Some(upload) => {
                            drop(upload.parts.insert(number.parse().unwrap(), request.body.clone()))
                        }
                        None => return Answer::new(404, "<Error><Code>NoSuchUpload</Code></Error>"),
                    },
                    None => self.arrived(key, request.body.clone()),
                }
                Answer { headers: vec![("ETag", tag)], ..Answer::new(200, "") }
            }
            _ => Answer::new(405, ""),
        }
    }

    fn bytes(&mut self, key: &str, range: Option<&String>) -> Answer {
        let Some(object) = self.objects.get(key) else { return Answer::new(404, "") };
        let all = object.bytes.len();
        let mut answer = match range.filter(|_| !self.faults.ignores_ranges) {
            Some(range) => {
                let (begin, end) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
                let begin: usize = begin.parse().unwrap();
                let end = end.parse::<usize>().map_or(all, |end| end + 1).min(all);
                if begin >= all {
                    let headers = vec![("Content-Range", format!("bytes */{all}"))];
                    return Answer { headers, ..Answer::new(416, "") };
                }
                let headers = vec![("Content-Range", format!("bytes {begin}-{}/{all}", end - 1))];
                Answer { headers, ..Answer::new(206, object.bytes[begin..end].to_vec()) }
            }
            None => Answer::new(200, object.bytes.clone()),
        };
        answer.headers.push(("ETag", object.etag.clone()));
        answer.has_length = !self.faults.hides_length;
        answer.rate = self.faults.rate;
        if answer.body.len() > 1 {
            answer.breaks_after = self.faults.breaks.pop_front();
        }
        answer
    }
}
