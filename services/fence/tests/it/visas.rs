//! Visas of a login and passports of a request, with a real arborist and an issuer that signs.

use std::sync::Arc;

use arborist::Arborist;
use fence::{Config, Fence, ParseVisas, VisaSettings};
use indexclient::Record;
use indexmap::IndexMap;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use storage::{AwsCredentials, BucketConfig};
use testing::{MemoryIndex, TestDatabase, TestTokens};
use tokens::{Claims, SigningKeys};
use web::Server;

use crate::{
    issuer::{CLIENT, Issuer, SECRET},
    login_rights::OTHER_REFUSALS,
    world::{answer, cookie_header, cookies, database, http},
};

struct Commons {
    fence: Arc<Fence>,
    database: TestDatabase,
    rights: TestDatabase,
    issuer: Issuer,
    http: reqwest::Client,
    base: String,
    _server: Server,
}

impl Commons {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let (issuer, tokens, http) = (Issuer::start(), TestTokens::new(), http());
        let ras: fence::Provider = serde_json::from_value(json!({
            "client_id": CLIENT, "client_secret": SECRET, "discovery_url": issuer.discovery(),
        }))
        .unwrap();
        let key = AwsCredentials::key("AK", "secret");
        let mut config = Config {
            base_url: tokens.issuer().to_owned(),
            openid_connect: IndexMap::from([("ras".to_owned(), ras)]),
            aws_credentials: IndexMap::from([("C".into(), key)]),
            s3_buckets: IndexMap::from([(
                "data".into(),
                BucketConfig { cred: "C".into(), ..BucketConfig::default() },
            )]),
            visas: VisaSettings {
                ga4gh_passports_to_drs_enabled: true.into(),
                ga4gh_visa_issuer_allowlist: vec![issuer.url.clone(), tokens.issuer().to_owned()],
                ras_userinfo_endpoint: "/userinfo".into(),
                global_parse_visas_on_login: ParseVisas::Always,
                enable_visa_update_cron: true.into(),
                ..VisaSettings::default()
            },
            login_redirect_whitelist: vec!["https://portal.example/".into()],
            ..Config::default()
        };
        change(&mut config);
        let database = database().await;
        let rights = TestDatabase::new("arborist", async |pool| Ok(arborist::migrate(pool).await?)).await;
        let arborist = Arborist::build(arborist::Config::default(), rights.pool.clone(), tokens.verifier());
        let index = Arc::new(MemoryIndex::default());
        for (did, authz) in [("one", "/programs/phs000001.c1"), ("two", "/programs/phs000002.c2")] {
            index.put(Record {
                did: did.into(),
                size: Some(1),
                authz: vec![authz.into()],
                urls: vec![format!("s3://data/{did}")],
                ..Record::default()
            });
        }
        let store = Arc::new(config.stores(&http).unwrap());
        let (pool, keys) = (database.pool.clone(), tokens.keys());
        let fence = Fence::build(config, pool, keys, arborist.clone(), index, store, &http).unwrap();
        fence.give_rights_through(arborist);
        let listener = web::bind("127.0.0.1".parse().unwrap(), 0).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::start(listener, fence.clone(), 1).unwrap();
        Self { fence, database, rights, issuer, http, base, _server: server }
    }

    fn signed(&self, claims: Value) -> String {
        let claims: Claims = serde_json::from_value(claims).unwrap();
        self.issuer.conduct.lock().unwrap().keys.signing().sign(&claims).unwrap()
    }

    /// A visa for the person `sub`, with access to `studies`, that lasts for `life` seconds.
    fn visa(&self, sub: &str, studies: &[(&str, &str)], life: i64) -> String {
        self.signed(visa(&self.issuer.url, sub, studies, life))
    }

    fn passport(&self, sub: &str, visas: &[String]) -> String {
        let now = chrono::Utc::now().timestamp();
        self.signed(json!({
            "iss": self.issuer.url, "sub": sub, "iat": now, "exp": now + 900, "scope": ["openid"],
            "ga4gh_passport_v1": visas,
        }))
    }

    /// What the issuer says of the person who logs in next.
    fn says(&self, userinfo: Value) {
        self.issuer.does(|conduct| conduct.userinfo = Some(userinfo));
    }

    /// The cookies of a login at the address that the issuer knows, which leads back to `target`.
    async fn log_in(&self, target: &str) -> IndexMap<String, String> {
        let sent = self.get("/login/ras").query(&[("redirect", target)]).send().await.unwrap();
        assert_eq!(sent.status(), 302);
        let address = sent.headers()["location"].to_str().unwrap().to_owned();
        assert!(address.contains("%2Flogin%2Fras%2Fcallback"), "{address}");
        let (code, state) = self.issuer.approve(&address);
        let back = self.get("/login/ras/callback").query(&[("code", code), ("state", state)]);
        let back = back.header("cookie", cookie_header(&cookies(&sent))).send().await.unwrap();
        assert_eq!((back.status().as_u16(), back.headers()["location"].to_str().unwrap()), (302, target));
        cookies(&back)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base))
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.base)).json(body)
    }

    async fn access(&self, did: &str, passports: &[String]) -> (u16, Value) {
        let path = format!("/ga4gh/drs/v1/objects/{did}/access/s3");
        answer(self.post(&path, &json!({ "passports": passports }))).await
    }

    /// The policies of a user in arborist, with the seconds that they last.
    async fn policies(&self, username: &str) -> Vec<(String, i64)> {
        sqlx::query_as(
            "select policy.name, extract(epoch from link.expires_at - now())::bigint
             from usr_policy as link join policy on policy.id = link.policy_id
             join usr on usr.id = link.usr_id
             where usr.name = $1 and link.authz_provider = 'GA4GH' order by policy.name",
        )
        .bind(username)
        .fetch_all(&self.rights.pool)
        .await
        .unwrap()
    }

    async fn names(&self, username: &str) -> Vec<String> {
        self.policies(username).await.into_iter().map(|(name, _)| name).collect()
    }

    async fn kept_visas(&self) -> i64 {
        sqlx::query_scalar("select count(*) from ga4gh_visa_v1").fetch_one(&self.database.pool).await.unwrap()
    }
}

fn visa(issuer: &str, sub: &str, studies: &[(&str, &str)], life: i64) -> Value {
    let now = chrono::Utc::now().timestamp();
    let permissions: Vec<Value> = studies
        .iter()
        .map(
            |(study, consent)| json!({"phs_id": study, "consent_group": consent, "expiration": now + 86_400}),
        )
        .collect();
    json!({
        "iss": issuer, "sub": sub, "iat": now, "exp": now + life, "scope": ["openid"],
        "ga4gh_visa_v1": {
            "type": "https://ras.nih.gov/visas/v1.1", "asserted": now - 1,
            "value": "https://sts.nih.gov/passport/dbgap/v1.1", "source": "https://ncbi.nlm.nih.gov/gap",
        },
        "ras_dbgap_permissions": permissions,
    })
}

const ONE: (&str, &str) = ("phs000001", "c1");
const TWO: (&str, &str) = ("phs000002", "c2");
const POLICIES_OF_ONE: [&str; 2] = ["programs.phs000001.c1-read", "programs.phs000001.c1-read-storage"];
const POLICIES_OF_TWO: [&str; 2] = ["programs.phs000002.c2-read", "programs.phs000002.c2-read-storage"];

#[tokio::test]
async fn the_visas_of_a_login_are_kept_shown_and_become_rights_that_end_with_them() {
    let commons = Commons::start(|_| {}).await;
    let (good, others) = (commons.visa("person-1", &[ONE], 1000), commons.visa("person-2", &[TWO], 1000));
    let foreign = SigningKeys::ephemeral("foreign").unwrap();
    let forged: Claims = serde_json::from_value(visa(&commons.issuer.url, "person-1", &[TWO], 1000)).unwrap();
    let forged = foreign.signing().sign(&forged).unwrap();
    let unknown = commons.signed(visa("https://elsewhere.example", "person-1", &[TWO], 1000));
    let passport = commons.passport("person-1", &[good.clone(), others, forged, unknown, "x".into()]);
    commons.says(json!({"sub": "person-1", "userid": "ada", "passport_jwt_v11": passport}));
    let jar = commons.log_in("/portal").await;
    assert_eq!(commons.names("ada").await, POLICIES_OF_ONE);
    let (_, end) = commons.policies("ada").await[0];
    assert!((900..=1000).contains(&end), "it ends with the visa, in {end} seconds");
    let token = jar["access_token"].split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
    let (status, user) = answer(commons.get("/user").bearer_auth(&token)).await;
    assert_eq!((status, &user["username"], &user["idp"]), (200, &json!("ada"), &json!("ras")));
    assert_eq!(user["ga4gh_passport_v1"], json!([good]));
    assert!(user["authz"]["/programs/phs000001.c1"].is_array(), "{user}");
    let download = answer(commons.get("/data/download/one").bearer_auth(&token)).await;
    assert_eq!(
        (download.0, answer(commons.get("/data/download/two").bearer_auth(&token)).await.0),
        (200, 401)
    );

    // The next login says something else, beside a passport.
    commons.says(json!({
        "sub": "person-1", "userid": "ada", "ga4gh_passport_v1": [commons.visa("person-1", &[TWO], 500)],
    }));
    commons.log_in("/portal").await;
    assert_eq!(
        (commons.names("ada").await, commons.kept_visas().await),
        (POLICIES_OF_TWO.map(String::from).into(), 1)
    );
    commons.says(json!({"sub": "person-1", "userid": "ada"}));
    commons.log_in("/portal").await;
    assert_eq!((commons.names("ada").await.len(), commons.kept_visas().await), (0, 0));
}

#[tokio::test]
async fn visas_give_rights_where_the_operator_and_the_client_want_it() {
    for (parse, target, expected) in [
        (ParseVisas::Never, "https://portal.example/?parse_visas=true", 0),
        (ParseVisas::OnDemand, "https://portal.example/", 0),
        (ParseVisas::OnDemand, "https://portal.example/?parse_visas=false", 0),
        (ParseVisas::OnDemand, "https://portal.example/?a=b&parse_visas=true", 2),
    ] {
        let commons = Commons::start(|config| config.visas.global_parse_visas_on_login = parse).await;
        let visas = [commons.visa("person-1", &[ONE], 1000)];
        commons.says(json!({"sub": "person-1", "username": "ada", "ga4gh_passport_v1": visas}));
        commons.log_in(target).await;
        assert_eq!(commons.names("ada").await.len(), expected, "{parse:?} {target}");
        assert_eq!(commons.kept_visas().await, 1);
    }
}

#[tokio::test]
async fn visas_are_asked_for_again_until_the_provider_does_not_vouch_any_more() {
    let commons = Commons::start(|_| {}).await;
    commons.issuer.does(|conduct| conduct.refresh_token = Some("secret".into()));
    let of = |visas: Vec<String>| json!({"sub": "person-1", "username": "ada", "ga4gh_passport_v1": visas});
    commons.says(of(vec![commons.visa("person-1", &[ONE], 1000)]));
    commons.log_in("/portal").await;
    commons.says(of(vec![commons.visa("person-1", &[TWO], 1000)]));
    for _ in 0..2 {
        let updates = commons.fence.update_visas().await.unwrap();
        assert_eq!((updates.updated, updates.ended, updates.failed), (1, 0, 0));
        assert_eq!(commons.names("ada").await, POLICIES_OF_TWO);
    }
    // Somebody else's visas are no reason to change anything.
    commons.says(json!({"sub": "person-2", "ga4gh_passport_v1": []}));
    let updates = commons.fence.update_visas().await.unwrap();
    assert_eq!((updates.updated, updates.ended, updates.failed), (0, 0, 1));
    for refusal in OTHER_REFUSALS {
        commons.issuer.does(|conduct| conduct.refusal = Some(refusal));
        assert_eq!(commons.fence.update_visas().await.unwrap().failed, 1, "{refusal:?}");
        assert_eq!(commons.names("ada").await, POLICIES_OF_TWO, "{refusal:?}");
    }
    commons.issuer.does(|conduct| conduct.down = true);
    assert_eq!(commons.fence.update_visas().await.unwrap().failed, 1);
    assert_eq!(commons.names("ada").await, POLICIES_OF_TWO);
    commons.issuer.does(|conduct| {
        conduct.down = false;
        conduct.refusal = None;
        conduct.refresh_token = None;
    });
    let updates = commons.fence.update_visas().await.unwrap();
    assert_eq!((updates.updated, updates.ended, updates.failed), (0, 1, 0));
    assert_eq!((commons.names("ada").await.len(), commons.kept_visas().await), (0, 0));
    assert_eq!(commons.fence.update_visas().await.unwrap(), fence::VisaUpdates::default());
}

#[tokio::test]
async fn a_refresh_token_is_kept_only_where_visas_are_updated() {
    let commons = Commons::start(|config| {
        config.visas.global_parse_visas_on_login = ParseVisas::Never;
        config.visas.enable_visa_update_cron = false.into();
    })
    .await;
    commons.issuer.does(|conduct| conduct.refresh_token = Some("secret".into()));
    commons.says(json!({"sub": "person-1", "username": "ada"}));
    commons.log_in("/portal").await;
    let kept: i64 = sqlx::query_scalar("select count(*) from upstream_refresh_token")
        .fetch_one(&commons.database.pool)
        .await
        .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_passport_opens_the_files_of_its_visas_and_makes_a_user_who_is_the_one_of_a_later_login() {
    let commons = Commons::start(|_| {}).await;
    let passport = commons.passport("person-1", &[commons.visa("person-1", &[ONE], 900)]);
    let (status, body) = commons.access("one", std::slice::from_ref(&passport)).await;
    assert_eq!(status, 200, "{body}");
    let url = body["url"].as_str().unwrap();
    assert!(url.contains("username=person-1127.0.0.1") && url.contains("X-Amz-Signature"), "{url}");
    let (_, end) = commons.policies("person-1127.0.0.1").await[0];
    assert!((500..=600).contains(&end), "five minutes before the visa, in {end} seconds");
    assert_eq!(commons.access("two", std::slice::from_ref(&passport)).await.0, 401);
    assert_eq!(commons.access("none", std::slice::from_ref(&passport)).await.0, 404);
    // Another passport adds to what the first gave.
    let more = commons.passport("person-1", &[commons.visa("person-1", &[TWO], 900)]);
    assert_eq!(commons.access("two", std::slice::from_ref(&more)).await.0, 200);
    assert_eq!(commons.access("one", std::slice::from_ref(&more)).await.0, 200);
    let remembered: i64 = sqlx::query_scalar("select count(*) from ga4gh_passport_cache")
        .fetch_one(&commons.database.pool)
        .await
        .unwrap();
    assert_eq!(remembered, 2);
    // What another fence has remembered of it are ids, and nobody's name.
    let theirs = hex::encode(Sha256::digest(b"their passport"));
    sqlx::query("insert into ga4gh_passport_cache values ($1, 4000000000, '{person-1127.0.0.1}')")
        .bind(theirs)
        .execute(&commons.database.pool)
        .await
        .unwrap();
    assert_eq!(commons.access("one", &["their passport".to_owned()]).await.0, 401);

    commons.says(json!({"sub": "person-1", "username": "ada", "ga4gh_passport_v1": []}));
    commons.log_in("/portal").await;
    let again = commons.passport("person-1", &[commons.visa("person-1", &[ONE], 901)]);
    let (status, body) = commons.access("one", &[again]).await;
    assert!(status == 200 && body["url"].as_str().unwrap().contains("username=ada"), "{body}");
}

#[tokio::test]
async fn many_files_are_opened_by_several_passports() {
    let commons = Commons::start(|_| {}).await;
    let passports = [
        commons.passport("person-1", &[commons.visa("person-1", &[ONE], 900)]),
        commons.passport("person-2", &[commons.visa("person-2", &[TWO], 900)]),
    ];
    let objects: Vec<Value> = ["one", "two", "none"]
        .iter()
        .map(|did| json!({"bulk_object_id": did, "bulk_access_ids": ["s3"]}))
        .collect();
    let ask = |passports: &[String]| {
        let body = json!({"bulk_object_access_ids": objects, "passports": passports});
        commons.post("/ga4gh/drs/v1/objects/access", &body)
    };
    let (status, body) = answer(ask(&passports)).await;
    assert_eq!((status, &body["summary"]), (200, &json!({"requested": 3, "resolved": 2, "unresolved": 1})));
    assert_eq!(body["unresolved_drs_objects"][0]["error_code"], 404);
    let (status, body) = answer(ask(&passports[1..])).await;
    assert_eq!((status, &body["summary"]["resolved"]), (200, &json!(1)));
    assert_eq!(answer(ask(&["x".into()])).await.0, 401);
}

#[tokio::test]
async fn passports_that_do_not_count_open_nothing_and_change_nothing() {
    let commons = Commons::start(|_| {}).await;
    let visa_of = |life| commons.visa("person-1", &[ONE], life);
    let foreign = SigningKeys::ephemeral("foreign").unwrap();
    let now = chrono::Utc::now().timestamp();
    let forged: Claims = serde_json::from_value(json!({
        "iss": commons.issuer.url, "sub": "person-1", "iat": now, "exp": now + 900,
        "ga4gh_passport_v1": [visa_of(900)],
    }))
    .unwrap();
    let expired = commons.signed(json!({
        "iss": commons.issuer.url, "sub": "person-1", "iat": now - 900, "exp": now - 1,
        "ga4gh_passport_v1": [visa_of(900)],
    }));
    for passport in [
        String::new(),
        "x.y.z".into(),
        "x".repeat(600_000),
        visa_of(900),
        foreign.signing().sign(&forged).unwrap(),
        expired,
        commons.passport("person-1", &[]),
        // Its visa ends too soon.
        commons.passport("person-1", &[visa_of(300)]),
        commons.passport("person-1", &vec![visa_of(900); 101]),
        commons.signed(visa("https://elsewhere.example", "person-1", &[ONE], 900)),
    ] {
        let (status, _) = commons.access("one", std::slice::from_ref(&passport)).await;
        assert_eq!(status, 401, "{}", &passport[..passport.len().min(60)]);
    }
    let users: i64 =
        sqlx::query_scalar(r#"select count(*) from "User""#).fetch_one(&commons.database.pool).await.unwrap();
    assert_eq!(users, 0);
    let good = commons.passport("person-1", &[visa_of(900)]);
    for body in [json!({"passports": []}), json!({"passports": "x"}), json!({"passports": vec!["x"; 11]})] {
        let refused = commons.post("/ga4gh/drs/v1/objects/one/access/s3", &body);
        assert_eq!(answer(refused).await.0, 400, "{body}");
    }
    let both = commons.post("/ga4gh/drs/v1/objects/one/access/s3", &json!({ "passports": [good] }));
    assert_eq!(answer(both.bearer_auth("x")).await.0, 400);
    let off = Commons::start(|config| config.visas.ga4gh_passports_to_drs_enabled = false.into()).await;
    assert_eq!(off.access("one", &[good]).await.0, 400);
}

#[tokio::test]
async fn what_has_ended_is_forgotten() {
    let commons = Commons::start(|_| {}).await;
    commons.says(json!({
        "sub": "person-1", "username": "ada", "ga4gh_passport_v1": [commons.visa("person-1", &[ONE], 1000)],
    }));
    commons.log_in("/portal").await;
    assert_eq!(fence::visas::forget_expired(&commons.database.pool).await.unwrap(), 0);
    sqlx::query("update ga4gh_visa_v1 set expires = 1").execute(&commons.database.pool).await.unwrap();
    assert_eq!(fence::visas::forget_expired(&commons.database.pool).await.unwrap(), 1);
    assert_eq!(commons.kept_visas().await, 0);
}
