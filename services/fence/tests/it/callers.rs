//! Every endpoint, asked by everybody: nobody, somebody without rights, somebody whose token has expired, and
//! somebody who may. A new route belongs into the table.

use indexclient::Record;
use serde_json::{Value, json};

use crate::world::{BUCKET, World, answer};

/// Method, path, body; then the status for: nobody, an expired token, somebody without rights, who may.
type Row = (&'static str, &'static str, Option<Value>, [u16; 4]);

fn table() -> Vec<Row> {
    let public = [200, 200, 200, 200];
    let file = json!({ "file_name": "f" });
    let part = json!({ "key": "k/f", "uploadId": "u", "partNumber": 1 });
    let bulk =
        json!({ "bulk_object_access_ids": [{ "bulk_object_id": "guarded", "bulk_access_ids": ["s3"] }] });
    vec![
        ("GET", "/", None, public),
        ("GET", "/_status", None, public),
        ("GET", "/_version", None, public),
        ("GET", "/jwt/keys", None, public),
        ("GET", "/.well-known/jwks", None, public),
        ("GET", "/.well-known/openid-configuration", None, public),
        ("GET", "/login", None, public),
        ("GET", "/login/dev?redirect=/", None, public),
        ("POST", "/login/dev", None, [400, 400, 400, 400]),
        ("GET", "/login/google?redirect=/", None, [302, 302, 302, 302]),
        ("GET", "/logout", None, [302, 302, 302, 302]),
        ("GET", "/oauth2/errors", None, public),
        ("POST", "/oauth2/revoke", None, [400, 400, 400, 400]),
        ("GET", "/user", None, [401, 401, 200, 200]),
        ("POST", "/user", None, [401, 401, 200, 200]),
        ("GET", "/credentials", None, [401, 401, 200, 200]),
        ("GET", "/credentials/api", None, [401, 401, 200, 200]),
        ("POST", "/credentials/api", Some(json!({})), [401, 401, 200, 200]),
        ("DELETE", "/credentials/api/none", None, [401, 401, 404, 404]),
        ("GET", "/credentials/cdis", None, [401, 401, 200, 200]),
        ("POST", "/credentials/cdis", Some(json!({})), [401, 401, 200, 200]),
        ("DELETE", "/credentials/cdis/none", None, [401, 401, 404, 404]),
        ("GET", "/credentials/nope", None, [401, 401, 400, 400]),
        ("POST", "/credentials/api/access_token", Some(json!({ "api_key": "x" })), [401, 401, 401, 401]),
        ("POST", "/credentials/cdis/access_token", Some(json!({ "api_key": "x" })), [401, 401, 401, 401]),
        ("POST", "/credentials/token/denylisted", None, public),
        ("GET", "/data/buckets", None, public),
        ("GET", "/data/download/guarded", None, [401, 401, 401, 200]),
        ("POST", "/data/download/bulk", Some(json!({ "guids": ["guarded"] })), public),
        ("POST", "/data/upload", Some(file.clone()), [401, 401, 403, 201]),
        ("GET", "/data/upload/guarded", None, [401, 401, 401, 200]),
        ("POST", "/data/multipart/init", Some(file), [401, 401, 403, 201]),
        ("POST", "/data/multipart/upload", Some(part.clone()), [401, 401, 403, 200]),
        ("POST", "/data/multipart/complete", Some(with_parts(part)), [401, 401, 403, 500]),
        ("DELETE", "/data/guarded", None, [401, 401, 403, 404]),
        ("GET", "/ga4gh/drs/v1/objects/guarded/access/s3", None, [401, 401, 401, 200]),
        ("POST", "/ga4gh/drs/v1/objects/guarded/access/s3", Some(json!({})), [401, 401, 401, 200]),
        ("GET", "/ga4gh/drs/v1/objects/guarded/access", None, [400, 400, 400, 400]),
        ("POST", "/ga4gh/drs/v1/objects/access", Some(bulk), [401, 401, 401, 200]),
        ("GET", "/nowhere", None, [404, 404, 404, 404]),
    ]
}

fn with_parts(mut part: Value) -> Value {
    part["parts"] = json!([{ "PartNumber": 1, "ETag": "x" }]);
    part
}

#[tokio::test]
async fn every_endpoint_answers_every_kind_of_caller_as_the_table_says() {
    let world = World::new().await;
    world.index.put(Record {
        did: "guarded".into(),
        size: Some(1),
        authz: vec!["/data_file".into()],
        urls: vec![format!("s3://{BUCKET}/guarded/f")],
        ..Record::default()
    });
    let scopes = || Some(["openid", "user", "data", "credentials"].map(String::from).to_vec());
    let token =
        async |name: &str, life| fence::credentials::access_token(&world.fence, name, life, scopes()).await;
    let callers = [
        None,
        Some(token("everything", -10).await.unwrap()),
        Some(token("nobody", 60).await.unwrap()),
        Some(token("everything", 60).await.unwrap()),
    ];
    for (method, path, body, expected) in table() {
        for (caller, expected) in callers.iter().zip(expected) {
            let mut request = world.request(method, path);
            if let Some(body) = &body {
                request = request.json(body);
            }
            if let Some(token) = caller {
                request = request.bearer_auth(token);
            }
            let (status, body) = answer(request).await;
            assert_eq!(status, expected, "{method} {path} for {caller:.20?}: {body}");
        }
    }
}
