//! Users who are deactivated: their tokens, their names, and when they are let in again.

use authz::{Authz, AuthzError, Request, Standing, Subject};
use serde_json::json;
use sqlx::PgPool;
use testing::TestDatabase;
use tokio::time::{Duration, sleep, timeout};

use crate::commons::Commons;

fn read(path: &str) -> Vec<Request> {
    vec![Request::new(path, "indexd", "read")]
}

fn ada() -> Subject {
    Subject::User("ada".into())
}

/// ada may read A, whoever is logged in may read B, and everybody may read all of `open`.
async fn commons() -> Commons {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    let policy = |id: &str, path: &str| json!({"id": id, "resource_paths": [path], "role_ids": ["reader"]});
    commons
        .prepare(&[
            ("PUT", "/resource", json!({"name": "open"})),
            ("POST", "/policy", policy("read-B", "/programs/B")),
            ("POST", "/policy", policy("read-open", "/open")),
            ("POST", "/user/ada/policy", json!({"policy": "read-A"})),
            ("POST", "/group/logged-in/policy", json!({"policy": "read-B"})),
            ("POST", "/group/anonymous/policy", json!({"policy": "read-open"})),
        ])
        .await;
    commons
}

async fn set(commons: &Commons, users: &[&str], standing: &str) -> u64 {
    let body = json!({"users": users, "standing": standing});
    let (status, answer) = commons.call("PUT", "/v1/standing", body).await;
    assert_eq!(status, 200, "{answer}");
    answer["changed"].as_u64().expect("a number")
}

async fn in_memory(commons: &Commons) {
    let waiting = async {
        while !commons.arborist.decides_in_memory() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("decisions are made in memory");
}

/// What every endpoint that takes a token says to `token`.
async fn statuses(commons: &Commons, token: &str) -> Vec<(&'static str, u16)> {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    let user = json!({"token": token});
    let question = json!({"resource": "/programs/A", "action": {"service": "indexd", "method": "read"}});
    let mut told = Vec::new();
    for (path, body) in [
        ("/auth/request", json!({"user": user, "request": question})),
        ("/auth/resources", json!({ "user": user })),
    ] {
        told.push((path, commons.call("POST", path, body).await.0));
    }
    for (method, path) in [
        ("GET", "/auth/proxy?resource=/programs/A&service=indexd&method=read"),
        ("GET", "/auth/resources"),
        ("POST", "/auth/mapping"),
        ("GET", "/v1/explain?resource=/programs/A"),
        ("GET", "/v1/changes?since=2030-01-01T00:00:00Z"),
    ] {
        told.push((path, commons.send(method, path, &headers, None).await.status));
    }
    told
}

#[tokio::test]
async fn no_endpoint_takes_the_token_of_a_deactivated_user() {
    let commons = commons().await;
    let (token, of_other) = (commons.tokens.token("Ada"), commons.tokens.token("eve"));
    assert!(statuses(&commons, &token).await.iter().all(|(_, status)| *status == 200));
    assert_eq!(set(&commons, &["ADA", "ada", "a stranger"], "deactivated").await, 2);
    // At once by the tables, and then in memory.
    for _ in 0..2 {
        for (path, status) in statuses(&commons, &token).await {
            assert_eq!(status, 401, "{path}");
        }
        let bearer = format!("Bearer {token}");
        let mapping = commons.send("GET", "/auth/mapping", &[("Authorization", &bearer)], None).await;
        assert_eq!(mapping.status, 400);
        assert!(mapping.json().as_str().unwrap().ends_with("the user of this token is not active"));
        for authz in [&*commons.arborist as &dyn Authz, &commons.over_http()] {
            let subject = Subject::Token(token.clone());
            let refused = AuthzError::Unauthenticated("the user of this token is not active".into());
            assert_eq!(authz.decide(&subject, &read("/programs/A")).await, Err(refused.clone()));
            assert_eq!(authz.user_name(&subject).await, Err(refused));
            assert!(matches!(authz.mapping(&subject).await, Err(AuthzError::Unauthenticated(_))));
        }
        let of_client = commons.tokens.token_with("ada", |claims| claims.azp = Some("wts".into()));
        assert_eq!(statuses(&commons, &of_client).await[0].1, 401, "neither through a client");
        assert_eq!(statuses(&commons, &of_other).await[1].1, 200, "others are not meant");
        in_memory(&commons).await;
    }
}

#[tokio::test]
async fn the_name_of_a_deactivated_user_has_what_everybody_has() {
    let commons = commons().await;
    in_memory(&commons).await;
    let authz: [&dyn Authz; 2] = [&*commons.arborist, &commons.over_http()];
    let may = async |user: &str| {
        let mut answers = Vec::new();
        for path in ["/programs/A", "/programs/B", "/open/x"] {
            let subject = Subject::User(user.to_owned());
            let (here, there) =
                (authz[0].decide(&subject, &read(path)).await, authz[1].decide(&subject, &read(path)).await);
            assert_eq!(here, there);
            answers.push(here.unwrap());
        }
        answers
    };
    assert_eq!(may("ada").await, [true, true, true]);
    authz[1].mapping(&ada()).await.unwrap();
    assert_eq!(authz[1].set_standing(&["Ada".to_owned()], Standing::Deactivated).await, Ok(Some(1)));
    assert_eq!(authz[0].set_standing(&["ada".to_owned()], Standing::Deactivated).await, Ok(Some(0)), "again");
    for _ in 0..2 {
        assert_eq!((may("aDa").await, may("eve").await), (vec![false, false, true], vec![false, true, true]));
        for authz in authz {
            let mapping = authz.mapping(&ada()).await.unwrap();
            assert_eq!(mapping.keys().collect::<Vec<_>>(), ["/open"]);
            assert_eq!(mapping, authz.mapping(&Subject::Anonymous).await.unwrap());
        }
        assert_eq!(commons.get("/user/ada/resources").await.1, json!({"resources": ["/open"]}));
        let (_, held) = commons.get("/user/ada").await;
        assert_eq!(held["policies"][0]["policy"], "read-A", "what ada holds stays");
        in_memory(&commons).await;
    }
    assert_eq!(authz[0].set_standing(&["ADA".to_owned()], Standing::Active).await, Ok(Some(1)));
    for _ in 0..2 {
        assert_eq!(may("ada").await, [true, true, true]);
        assert_eq!(authz[1].mapping(&ada()).await.unwrap().len(), 4);
        in_memory(&commons).await;
    }
}

#[tokio::test]
async fn tokens_from_before_have_ended_for_ever_and_those_of_a_deleted_user_too() {
    let commons = commons().await;
    let now = chrono::Utc::now().timestamp();
    let issued = |name: &str, iat: i64| commons.tokens.token_with(name, |claims| claims.iat = iat);
    let (old, new, unsaid) = (issued("ada", now - 60), issued("ada", now + 60), issued("ada", 0));
    let status = async |token: &str| statuses(&commons, token).await[0].1;
    set(&commons, &["ada"], "deactivated").await;
    assert_eq!((status(&old).await, status(&new).await), (401, 401));
    set(&commons, &["ada"], "active").await;
    assert_eq!(set(&commons, &["ada"], "active").await, 0, "again");
    for _ in 0..2 {
        assert_eq!((status(&old).await, status(&new).await, status(&unsaid).await), (401, 200, 401));
        in_memory(&commons).await;
    }
    // Whoever is called eve next is somebody else.
    let (old, new) = (issued("eve", now), issued("eve", now + 60));
    assert_eq!(status(&old).await, 200);
    assert_eq!(set(&commons, &["Eve"], "deleted").await, 1);
    for _ in 0..2 {
        assert_eq!((status(&old).await, status(&new).await), (401, 200));
        in_memory(&commons).await;
    }
}

#[tokio::test]
async fn explanations_and_lists_know_who_is_deactivated() {
    let commons = commons().await;
    set(&commons, &["ada"], "deactivated").await;
    let asked = |path: &str| arborist::explain::Asked {
        resource: path.into(),
        service: Some("indexd".into()),
        method: Some("read".into()),
    };
    let explain = async |user, path| {
        arborist::operator::explain(&commons.database.pool, Some(user), asked(path)).await.unwrap()
    };
    let told = explain("Ada", "/programs/A").await;
    assert!(!told.allowed && told.because.is_empty() && told.elsewhere == ["/open"], "{told:?}");
    assert!(told.deactivated && json!(told)["deactivated"] == json!(true));
    assert!(!explain("Ada", "/programs/B").await.allowed && explain("ada", "/open").await.allowed);
    let told = explain("eve", "/programs/B").await;
    assert!(told.allowed && json!(told).get("deactivated").is_none());
    let who = arborist::operator::who_may(&commons.database.pool, &asked("/programs/A")).await.unwrap();
    assert!(who.users.is_empty(), "{who:?}");
    set(&commons, &["ada"], "active").await;
    let who = arborist::operator::who_may(&commons.database.pool, &asked("/programs/A")).await.unwrap();
    assert_eq!(who.users.len(), 1);
}

#[tokio::test]
async fn what_is_no_standing_is_refused_and_changes_nothing() {
    let commons = commons().await;
    let many = vec!["x"; 10_001];
    for body in [
        json!({"users": ["ada"]}),
        json!({"users": ["ada"], "standing": "gone"}),
        json!({"users": ["ada"], "standing": null}),
        json!({"users": ["ada"], "standing": "deactivated", "since": 1}),
        json!({"users": "ada", "standing": "deactivated"}),
        json!({"users": [""], "standing": "deactivated"}),
        json!({"users": [null], "standing": "deactivated"}),
        json!({"users": ["a\u{0}"], "standing": "deactivated"}),
        json!({"users": ["ada", "x".repeat(2001)], "standing": "deactivated"}),
        json!({"users": many, "standing": "deactivated"}),
    ] {
        let (status, answer) = commons.call("PUT", "/v1/standing", body).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!(400)), "{answer}");
    }
    for authz in [&*commons.arborist as &dyn Authz, &commons.over_http()] {
        let nobody = authz.set_standing(&[String::new()], Standing::Deactivated).await;
        assert!(matches!(nobody, Err(AuthzError::BadRequest(_))), "{nobody:?}");
        assert_eq!(authz.set_standing(&[], Standing::Deactivated).await, Ok(Some(0)));
    }
    let rows: i64 = sqlx::query_scalar("select count(*) from commons_deactivated")
        .fetch_one(&commons.database.pool)
        .await
        .unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn thousands_of_users_are_told_at_once_and_again_without_a_change() {
    let commons = commons().await;
    let names: Vec<String> = (0..12_000).map(|number| format!("user {number}")).collect();
    let authz = commons.over_http();
    // The limit of these tests for a body is a hundred kilobytes.
    for part in names.chunks(4_000) {
        assert_eq!(authz.set_standing(part, Standing::Deactivated).await, Ok(Some(4_000)));
    }
    let generation = || {
        sqlx::query_scalar::<_, i64>("select max(generation) from decision_change")
            .fetch_one(&commons.database.pool)
    };
    let before = generation().await.unwrap();
    assert_eq!(commons.arborist.set_standing(&names, Standing::Deactivated).await, Ok(Some(0)));
    assert_eq!(generation().await.unwrap(), before, "what changes nothing is no change");
    in_memory(&commons).await;
    assert_eq!(statuses(&commons, &commons.tokens.token("user 7")).await[0].1, 401);
}

#[tokio::test]
async fn an_arborist_that_knows_no_standing_says_so() {
    let commons = Commons::start().await;
    let elsewhere = authz::HttpAuthz::new(&format!("{}/no/arborist", commons.url), reqwest::Client::new());
    assert_eq!(elsewhere.set_standing(&["ada".to_owned()], Standing::Deactivated).await, Ok(None));
}

#[tokio::test]
async fn another_process_hears_of_a_deactivation_and_a_sync_does_not_undo_it() {
    let commons = commons().await;
    let pool = commons.database.options.clone();
    let pool = database::pool(pool, database::Work::Small, 4);
    let other = arborist::Arborist::build(arborist::Config::default(), pool, commons.tokens.verifier());
    let token = Subject::Token(commons.tokens.token("ada"));
    let may = async || other.decide(&token, &read("/programs/A")).await;
    let becomes = async |wanted: bool| {
        let waiting = async {
            while !(other.decides_in_memory() && may().await.is_ok() == wanted) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(Duration::from_secs(20), waiting).await.expect("it is heard of");
    };
    becomes(true).await;
    set(&commons, &["ada"], "deactivated").await;
    becomes(false).await;
    let file = "authz: {resources: [{name: x}], roles: [{id: r, permissions: [{id: r, action: {service: s, \
                method: read}}]}], policies: [{id: p, role_ids: [r], resource_paths: [/x]}]}\n\
                users: {ada: {policies: [p]}}";
    let file = useryaml::UserYaml::parse(file).unwrap();
    arborist::sync::apply(&commons.database.pool, &file, arborist::sync::USER_SYNC).await.unwrap();
    let asked = [Request::new("/x", "s", "read")];
    assert_eq!(other.decide(&ada(), &asked).await, Ok(false));
    in_memory(&commons).await;
    assert_eq!(commons.arborist.decide(&ada(), &asked).await, Ok(false));
}

/// What an earlier version of ours has made, and what the original has.
#[tokio::test]
async fn tables_of_before_are_adopted() {
    let migrate = async |pool: &PgPool| {
        arborist::migrate(pool).await?;
        // As before there was such a table.
        sqlx::raw_sql(
            "drop table commons_deactivated;
             alter table decision_change drop constraint decision_change_kind_check;
             alter table decision_change add constraint decision_change_kind_check
                 check (kind in ('structure', 'users', 'groups', 'clients', 'everything'))",
        )
        .execute(pool)
        .await?;
        Ok(())
    };
    let database = TestDatabase::new("arborist-before", migrate).await;
    for _ in 0..2 {
        arborist::migrate(&database.pool).await.unwrap();
    }
    let changed = arborist::operator::set_standing(&database.pool, vec!["ada".into()], Standing::Deactivated);
    assert_eq!(changed.await.unwrap(), 1);
    let kinds: Vec<String> =
        sqlx::query_scalar("select kind from decision_change").fetch_all(&database.pool).await.unwrap();
    assert_eq!(kinds, ["deactivated"]);
}
