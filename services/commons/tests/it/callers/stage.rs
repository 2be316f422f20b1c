//! A commons whose services have ports of their own, its callers, and what the requests are about.

use std::{collections::HashMap, fs};

use commons::up::Options;
use fence::clients::{self, NewClient};
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;
use testing::{
    callers::{Caller, Mint, People, Person, Use},
    endpoints::Case,
};
use tokens::SigningKeys;

use super::ways::{Place, Way};
use crate::running::{Commons, answer};

/// Who there is. The client has its rights by arborist's own routes, since it is made when arborist runs.
const USERS: &str = "
authz:
  resources:
    - {name: a}
    - {name: data_file}
    - {name: elsewhere}
    - {name: indexd_gateway}
    - {name: mds_gateway}
    - {name: programs, subresources: [{name: A}]}
    - {name: services}
    - {name: sower}
    - {name: workspace}
  roles:
    - {id: everything, permissions: [{id: p, action: {service: '*', method: '*'}}]}
    - {id: reader, permissions: [{id: p, action: {service: indexd, method: read}}]}
    - {id: others, permissions: [{id: p, action: {service: '*', method: launch}}]}
  policies:
    - {id: everything, role_ids: [everything], resource_paths: &all [
        /a, /data_file, /indexd_gateway, /mds_gateway, /programs, /services, /sower, /workspace]}
    - {id: others, role_ids: [others], resource_paths: *all}
    - {id: elsewhere, role_ids: [everything], resource_paths: [/elsewhere]}
    - {id: read-A, role_ids: [reader], resource_paths: [/programs/A]}
    - {id: p1, role_ids: [reader], resource_paths: [/programs/A]}
    - {id: p2, role_ids: [reader], resource_paths: [/programs/A]}
users:
  right: {policies: [everything]}
  deactivated: {policies: [everything]}
  other: {policies: [others, elsewhere]}
  stranger: {}
  ada: {policies: [p1]}
";

/// A running commons with all callers.
pub(super) struct Stage {
    commons: Commons,
    /// By the place of the caller.
    tokens: HashMap<usize, String>,
    keys: HashMap<usize, String>,
    /// The token of a user with API keys of their own.
    pub(super) ada: String,
    /// The object id of a file in the graph.
    pub(super) file: String,
    _folder: TempDir,
}

impl Stage {
    pub(super) async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (users, dictionary) = (folder.path().join("user.yaml"), folder.path().join("dictionary.json"));
        fs::write(&users, USERS).unwrap();
        fs::write(&dictionary, testing::SMALL_DICTIONARY).unwrap();
        // The requests to guppy are about subjects, of which there are none.
        let guppy = folder.path().join("guppy.json");
        fs::write(&guppy, r#"{"indices": [{"index": "none", "type": "subject"}]}"#).unwrap();
        let mut options = Options {
            service_ports: true,
            user_yaml: Some(users),
            dictionary: Some(dictionary.display().to_string()),
            ..Options::on_free_ports(folder.path().join("state"))
        };
        options.explorer.guppy = Some(guppy);
        // Nothing runs the tasks that are made.
        options.workflows.workflow_images = vec!["*".into()];
        let commons = Commons::start_with(options).await;
        let announced = commons.running.announcement();
        let run: Value = serde_json::from_slice(&fs::read(&announced.run_file).unwrap()).unwrap();
        let database = PgPool::connect(run["databases"]["fence"].as_str().unwrap()).await.unwrap();
        let signing = SigningKeys::load(&announced.state.join("keys")).unwrap();
        let issuer = format!("{}/user", announced.url);
        let new = NewClient {
            name: "client".into(),
            grants: vec!["client_credentials".into()],
            ..NewClient::default()
        };
        let client = clients::create(&database, &new, &clients::SCOPES.map(String::from)).await.unwrap();
        let people = people(&database, &client.client_id).await;
        let mint = Mint { keys: &signing, issuer: &issuer, people: &people };
        let made = |purpose| {
            let token = |caller: Caller| Some((caller.index(), mint.token(caller, purpose)?));
            Caller::ALL.into_iter().filter_map(token).collect::<HashMap<_, _>>()
        };
        let (tokens, keys) = (made(Use::Call), made(Use::Key));
        let ada = People { permitted: person(&database, "ada").await, ..people.clone() };
        let ada = Mint { people: &ada, ..mint }.token(Caller::Permitted, Use::Call).unwrap();
        database.close().await;
        let mut stage = Self { commons, tokens, keys, ada, file: String::new(), _folder: folder };
        stage.give_rights(&client.client_id).await;
        stage.take_rights(&people).await;
        stage.file = stage.submit_file().await;
        stage
    }

    /// All services.
    pub(super) fn services(&self) -> Vec<String> {
        self.commons.running.announcement().services.keys().cloned().collect()
    }

    pub(super) async fn stop(self) {
        self.commons.running.stop().await;
    }

    /// The status of the answer to `caller`.
    pub(super) async fn call(&self, service: &str, way: &Way, case: &Case, caller: Caller) -> u16 {
        let base = match way.place {
            Place::Own => self.own(service),
            Place::Gateway | Place::GuardedGateway => &self.commons.running.announcement().url,
        };
        let mut request = self.commons.signed(case.verb(), &format!("{base}{}", way.url));
        if let Some((form, body)) = case.content() {
            request = request.header("Content-Type", form).body(body);
        }
        if let Some(token) = self.tokens.get(&caller.index()) {
            request = request.bearer_auth(token);
        }
        answer(request).await.0
    }

    /// The API key of `caller`, or what they could take for one.
    pub(super) fn api_key(&self, caller: Caller) -> &str {
        self.keys.get(&caller.index()).map_or("none", String::as_str)
    }

    fn own(&self, service: &str) -> &str {
        &self.commons.running.announcement().services[service]
    }

    /// Something that must succeed, at the own port of a service, as the user who may.
    pub(super) async fn prepare(&self, method: &str, service: &str, path: &str, body: &Value) -> Value {
        let token = &self.tokens[&Caller::Permitted.index()];
        self.prepare_as(token, method, service, path, body).await
    }

    /// The same with another token.
    pub(super) async fn prepare_as(
        &self,
        token: &str,
        method: &str,
        service: &str,
        path: &str,
        body: &Value,
    ) -> Value {
        let mut request = self.commons.signed(method, &format!("{}{path}", self.own(service)));
        if !body.is_null() {
            request = request.json(body);
        }
        let (status, said) = answer(request.bearer_auth(token)).await;
        assert!(status < 300, "{service}: {method} {path}: {status} {said}");
        said
    }

    /// Something that must succeed, by the gateway and its login of the index.
    pub(super) async fn prepare_index(&self, method: &str, path: &str, body: &Value) {
        let (status, said) = self.commons.send(method, &format!("/index-admin{path}"), body).await;
        assert!(status < 300, "{method} {path}: {status} {said}");
    }

    async fn give_rights(&self, client: &str) {
        self.prepare("POST", "arborist", "/client", &json!({ "clientID": client })).await;
        let policy = json!({ "policy": "everything" });
        self.prepare("POST", "arborist", &format!("/client/{client}/policy"), &policy).await;
    }

    /// Revokes what can be revoked of [`Caller::Denylisted`], and deactivates [`Caller::Deactivated`].
    async fn take_rights(&self, people: &People) {
        let owner = &self.tokens[&Caller::Permitted.index()];
        for token in [&self.tokens, &self.keys].map(|made| &made[&Caller::Denylisted.index()]) {
            let form = [("token", token)];
            let request = self.commons.anonymous("POST", "/user/oauth2/revoke").form(&form);
            let (status, said) = answer(request.bearer_auth(owner)).await;
            assert_eq!(status, 200, "{said}");
        }
        let path = format!("/user/admin/user/{}/soft", people.deactivated.name);
        let (status, said) = self.commons.send("DELETE", &path, &Value::Null).await;
        assert!(status < 300, "{status} {said}");
    }

    /// A file in the graph; its object id.
    async fn submit_file(&self) -> String {
        let program = json!({ "type": "program", "name": "A", "dbgap_accession_number": "A" });
        self.prepare("POST", "sheepdog", "/v0/submission", &program).await;
        let project = json!({ "code": "read", "name": "read", "dbgap_accession_number": "read" });
        self.prepare("PUT", "sheepdog", "/v0/submission/A", &project).await;
        let records = json!([
            { "type": "study", "submitter_id": "s", "projects": { "code": "read" } },
            { "type": "reading", "submitter_id": "f", "file_name": "f", "file_size": 1,
              "md5sum": "00000000000000000000000000000002", "studies": { "submitter_id": "s" } },
        ]);
        self.prepare("PUT", "sheepdog", "/v0/submission/A/read", &records).await;
        let query = json!({ "query": "{ reading { object_id } }" });
        let said = self.prepare("POST", "peregrine", "/v0/submission/graphql", &query).await;
        said["data"]["reading"][0]["object_id"].as_str().unwrap().to_owned()
    }
}

async fn person(database: &PgPool, name: &str) -> Person {
    let query = r#"select id from "User" where username = $1"#;
    let id: i32 = sqlx::query_scalar(query).bind(name).fetch_one(database).await.unwrap();
    Person { id: id.to_string(), name: name.to_owned() }
}

async fn people(database: &PgPool, client: &str) -> People {
    People {
        permitted: person(database, "right").await,
        stranger: person(database, "stranger").await,
        other: person(database, "other").await,
        deactivated: person(database, "deactivated").await,
        client: client.to_owned(),
    }
}
