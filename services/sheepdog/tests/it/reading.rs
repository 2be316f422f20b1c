//! A commons with records in it, as the tests of the reading routes want it.

use std::sync::Arc;

use ::web::Service as _;
use actix_web::{App, body::to_bytes, http::Method, test, web};
use serde_json::{Value, json};
use sheepdog::{Config, Sheepdog};
use testing::{MemoryIndex, TestDatabase, TestTokens};

use crate::support::{dictionary, rights};

/// A running sheepdog with the projects P-Q and P-R.
pub(crate) struct Reading {
    sheepdog: Arc<Sheepdog>,
    tokens: TestTokens,
    pub(crate) graph: TestDatabase,
}

/// An answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) disposition: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Status and message of an error.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["message"].as_str().unwrap_or_default().to_owned())
    }
}

impl Reading {
    pub(crate) async fn new() -> Self {
        let graph = TestDatabase::new("graph", async |pool| {
            psqlgraph::migrate(pool, &dictionary()).await?;
            Ok(())
        })
        .await;
        let tokens = TestTokens::new();
        let sheepdog = Sheepdog::build(
            Config::default(),
            graph.pool.clone(),
            Arc::new(dictionary()),
            rights(tokens.verifier()),
            Arc::new(MemoryIndex::default()),
            tokens.verifier(),
        )
        .unwrap();
        let reading = Self { sheepdog, tokens, graph };
        reading.fill().await;
        reading
    }

    async fn fill(&self) {
        self.put("", json!({"type": "program", "name": "P", "dbgap_accession_number": "P"})).await;
        for code in ["Q", "R"] {
            let project =
                json!({"type": "project", "code": code, "name": code, "dbgap_accession_number": code});
            self.put("/P", project).await;
        }
        let study =
            |id: &str, code: &str| json!({"type": "study", "submitter_id": id, "projects": {"code": code}});
        let case = |id: &str| json!({"type": "case", "submitter_id": id, "studies": {"submitter_id": "st"}});
        let mut whole = case("c1");
        whole["age"] = json!(47);
        whole["weight"] = json!(81.5);
        whole["consented"] = json!(true);
        whole["tags"] = json!(["a", "b"]);
        self.put("/P/Q", json!([study("st", "Q"), whole])).await;
        self.put("/P/Q", case("c2")).await;
        let sample = |id: &str, case: &str| {
            json!({"type": "sample", "submitter_id": id, "cases": {"submitter_id": case},
                   "tissue": "line\tone, \"x\""})
        };
        self.put("/P/Q", json!([sample("s1", "c1"), sample("s2", "c2")])).await;
        let aliquot = json!({"type": "aliquot", "submitter_id": "a1",
            "samples": [{"submitter_id": "s1"}, {"submitter_id": "s2"}]});
        let reading = json!({"type": "reading", "submitter_id": "r1", "aliquots": {"submitter_id": "a1"},
            "file_name": "r.bam", "file_size": 5, "md5sum": "0".repeat(32)});
        self.put("/P/Q", json!([aliquot, reading])).await;
        self.put("/P/R", study("other", "R")).await;
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        let answer = self.send(Method::PUT, path, Some("admin"), "application/json", body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(Some("admin"), path).await
    }

    pub(crate) async fn get_as(&self, user: Option<&str>, path: &str) -> Answer {
        self.send(Method::GET, path, user, "", String::new()).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        user: Option<&str>,
        content_type: &str,
        body: String,
    ) -> Answer {
        let service = self.sheepdog.clone();
        let app =
            test::init_service(App::new().service(web::scope("").configure(|cfg| service.configure(cfg))));
        let mut request = test::TestRequest::default()
            .method(method)
            .uri(&format!("/v0/submission{path}"))
            .insert_header(("content-type", content_type))
            .set_payload(body);
        if let Some(user) = user {
            let token = self.tokens.token(user);
            request = request.insert_header(("authorization", format!("bearer {token}")));
        }
        let response = test::call_service(&app.await, request.to_request()).await;
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        Answer {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            disposition: header("content-disposition"),
            bytes: to_bytes(response.into_body()).await.unwrap().to_vec(),
        }
    }

    /// The id of the record of this type and submitter_id in P-Q.
    pub(crate) async fn id(&self, label: &str, submitter_id: &str) -> String {
        let all = self.get(&format!("/P/Q/export?node_label={label}&format=json")).await.json();
        let mut all = all["data"].as_array().unwrap().iter();
        let found = all.find(|record| record["submitter_id"] == submitter_id).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }
}
