//! The two forms of the trait give the same answers.

use authz::{Authz, AuthzError, Request, ResourceSpec, Subject};
use serde_json::json;

use crate::commons::Commons;

async fn commons_with_grants() -> Commons {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons
        .prepare(&[
            ("POST", "/user/ada/policy", json!({"policy": "all"})),
            ("POST", "/group/logged-in/policy", json!({"policy": "read-A"})),
            ("POST", "/client", json!({"clientID": "wts", "policies": ["read-A"]})),
        ])
        .await;
    commons
}

fn subjects(commons: &Commons) -> Vec<Subject> {
    let through_client = |claims: &mut tokens::Claims| claims.azp = Some("wts".into());
    vec![
        Subject::Anonymous,
        Subject::User("ada".into()),
        Subject::User("stranger".into()),
        Subject::User(String::new()),
        Subject::Client("wts".into()),
        Subject::Client(String::new()),
        Subject::Token(commons.tokens.token("ada")),
        Subject::Token(commons.tokens.token("")),
        Subject::Token(commons.tokens.token_with("ada", through_client)),
        Subject::Token(commons.tokens.token_with("", through_client)),
        Subject::Token(commons.tokens.token_with("ada", |claims| claims.exp = 1)),
        Subject::Token("garbage".into()),
    ]
}

/// Texts of errors come from one place; only those of malformed questions differ in nothing at all.
fn kind<T: std::fmt::Debug>(answer: Result<T, authz::AuthzError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{error:?}"),
    }
}

#[tokio::test]
async fn both_forms_decide_alike() {
    let commons = commons_with_grants().await;
    let (near, far) = (&commons.arborist, commons.over_http());
    let read = |path: &str| Request::new(path, "indexd", "read");
    let many: Vec<Request> = (0..19).map(|number| read(&format!("/programs/A/{number}"))).collect();
    let questions = [
        vec![read("/programs/A")],
        vec![read("/programs/A"), read("/programs/B")],
        vec![read("/programs/A"), read("/a b")],
        vec![read("")],
        vec![],
        many,
    ];
    for subject in subjects(&commons) {
        for question in &questions {
            let (here, there) = (near.decide(&subject, question).await, far.decide(&subject, question).await);
            assert_eq!(kind(here), kind(there), "{subject:?} {question:?}");
        }
    }
}

#[tokio::test]
async fn both_forms_map_alike() {
    let commons = commons_with_grants().await;
    let far = commons.over_http();
    for subject in subjects(&commons) {
        let (here, there) = (commons.arborist.mapping(&subject).await, far.mapping(&subject).await);
        assert_eq!(kind(here), kind(there), "{subject:?}");
    }
}

#[tokio::test]
async fn both_forms_create_resources_with_their_parents_once() {
    let commons = Commons::start().await;
    let far = commons.over_http();
    let spec = ResourceSpec { description: Some("data".into()) };
    for path in ["/new/near?x/%2F", "/bad path", "/a//b/c"] {
        let here = commons.arborist.ensure_resource(path, &spec).await;
        let again = commons.arborist.ensure_resource(path, &spec).await;
        let there = far.ensure_resource(path, &spec).await;
        assert_eq!(kind(here), kind(again), "{path}");
        assert_eq!(kind(commons.arborist.ensure_resource(path, &spec).await), kind(there), "{path}");
    }
    far.ensure_resource("/new/far/deep", &spec).await.unwrap();
    let (_, found) = commons.get("/resource/new").await;
    assert_eq!(found["subresources"], json!(["/new/far", "/new/near?x"]));
    assert_eq!(commons.get("/resource/new/far/deep").await.1["description"], "data");
}

#[tokio::test]
async fn both_forms_say_that_arborist_cannot_answer() {
    let commons = Commons::start().await;
    let unavailable = |answer: Result<_, AuthzError>| matches!(answer, Err(AuthzError::Unavailable(_)));
    assert!(!unavailable(commons.arborist.mapping(&Subject::Anonymous).await));
    commons.database.pool.close().await;
    assert!(unavailable(commons.arborist.mapping(&Subject::Anonymous).await));
    assert!(unavailable(commons.over_http().mapping(&Subject::Anonymous).await));
}
