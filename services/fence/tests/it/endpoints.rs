//! Every endpoint, called by nobody, by somebody without rights and by somebody who may.

use fence::credentials::{access_token, create_api_key};
use indexclient::Record;
use testing::endpoints::{Case, Kind, check};

use crate::{
    cases::{Objects, cases},
    world::{BUCKET, World, answer},
};

/// A fence with a guarded file, every endpoint, and tokens: of somebody without rights, of somebody who may,
/// and one that has expired.
struct Scene {
    world: World,
    cases: Vec<Case>,
    stranger: String,
    permitted: String,
    expired: String,
}

async fn scene() -> Scene {
    let world = World::new().await;
    world.index.put(Record {
        did: "guarded".into(),
        size: Some(1),
        authz: vec!["/data_file".into()],
        urls: vec![format!("s3://{BUCKET}/guarded/f")],
        ..Record::default()
    });
    let token = async |name: &str, life| {
        let scopes = ["openid", "user", "data", "credentials"].map(String::from).to_vec();
        access_token(&world.fence, name, life, Some(scopes)).await.unwrap()
    };
    let somebodys_key = create_api_key(&world.fence, "ada", None).await.unwrap().api_key;
    let (stranger, permitted) = (token("nobody", 60).await, token("everything", 60).await);
    let expired = token("everything", -10).await;
    let cases = cases(&Objects {
        guarded: "guarded".into(),
        somebodys_key,
        own_key: "x".into(),
        workspace_key: "00000000-0000-4000-8000-000000000001".into(),
        project: "p".into(),
    });
    Scene { world, cases, stranger, permitted, expired }
}

impl Scene {
    async fn call(&self, case: &Case, token: Option<&str>) -> u16 {
        let mut request = self.world.request(case.verb(), &case.url);
        if let Some((form, body)) = case.content() {
            request = request.header("content-type", form).body(body);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request).await.0
    }
}

#[tokio::test]
async fn every_endpoint_answers_every_kind_of_caller_as_the_table_says() {
    let scene = scene().await;
    check(fence::endpoints(), &scene.cases, async |case, kind| {
        let token = match kind {
            Kind::Anonymous => None,
            Kind::Stranger => Some(scene.stranger.as_str()),
            Kind::Permitted => Some(scene.permitted.as_str()),
        };
        scene.call(case, token).await
    })
    .await;
}

#[tokio::test]
async fn an_expired_token_opens_nothing() {
    let scene = scene().await;
    for case in &scene.cases {
        let status = scene.call(case, Some(&scene.expired)).await;
        let [anonymous, ..] = case.statuses;
        assert!(status == anonymous || status == 401, "{} {}: {status}", case.method, case.url);
    }
}
