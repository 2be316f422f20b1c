//! The rule: the SQL against a simple reading of it, on random grants.

use std::collections::BTreeMap;

use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    sample::select,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::commons::{Commons, policy, role};

const PARTS: &[&str] = &["a", "b-1", "c_2"];
const SERVICES: &[&str] = &["s", "t", "*"];
const METHODS: &[&str] = &["m", "n", "*"];
const USERS: &[&str] = &["ada", "Bob", "eve"];

/// When a grant counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Ever,
    Future,
    Past,
}

impl Until {
    fn counts(self) -> bool {
        self != Self::Past
    }

    fn time(self) -> Option<&'static str> {
        match self {
            Self::Ever => None,
            Self::Future => Some("2999-01-01T00:00:00Z"),
            Self::Past => Some("2001-01-01T00:00:00Z"),
        }
    }
}

/// A policy with one resource and one permission.
#[derive(Debug, Clone)]
struct PlainPolicy {
    path: String,
    service: &'static str,
    method: &'static str,
}

/// Everything that decides. Policies are named by their places in the list.
#[derive(Debug, Clone)]
struct World {
    policies: Vec<PlainPolicy>,
    users: Vec<(&'static str, usize, Until)>,
    members: Vec<(&'static str, Until)>,
    group: Vec<usize>,
    anonymous: Vec<usize>,
    logged_in: Vec<usize>,
    client: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Question {
    user: Option<&'static str>,
    client: bool,
    only: Vec<usize>,
    asked: Vec<(String, &'static str, &'static str)>,
}

impl World {
    fn permits(&self, index: usize, (path, service, method): &(String, &str, &str)) -> bool {
        let policy = &self.policies[index];
        let covers = path == &policy.path || path.starts_with(&format!("{}/", policy.path));
        let fits = |stored: &str, asked: &str| stored == "*" || stored == asked;
        covers && fits(policy.service, service) && fits(policy.method, method)
    }

    /// The oracle: the rules of a decision (arborist 2026-09), one after the other.
    fn decide(&self, question: &Question) -> bool {
        let wanted = |index: &usize| question.only.is_empty() || question.only.contains(index);
        let mut user: Vec<usize> = self.anonymous.clone();
        if let Some(name) = question.user {
            user.extend(&self.logged_in);
            let same = |other: &str| other.eq_ignore_ascii_case(name);
            user.extend(
                self.users.iter().filter(|(u, _, t)| same(u) && t.counts()).map(|(_, index, _)| index),
            );
            if self.members.iter().any(|(u, t)| same(u) && t.counts()) {
                user.extend(&self.group);
            }
            user.retain(wanted);
        }
        let all = |policies: &[usize]| {
            question.asked.iter().all(|asked| policies.iter().any(|index| self.permits(*index, asked)))
        };
        let user_fine = (question.client && question.user.is_none()) || all(&user);
        user_fine && (!question.client || all(&self.client))
    }
}

fn path() -> impl Strategy<Value = String> {
    vec(select(PARTS), 1..4).prop_map(|parts| format!("/{}", parts.join("/")))
}

fn until() -> impl Strategy<Value = Until> {
    select(&[Until::Ever, Until::Future, Until::Past][..])
}

const POLICIES: usize = 8;

fn some() -> impl Strategy<Value = Vec<usize>> {
    btree_set(0..POLICIES, 0..3).prop_map(|policies| policies.into_iter().collect())
}

fn world() -> impl Strategy<Value = World> {
    let plain = (path(), select(SERVICES), select(METHODS)).prop_map(|(path, service, method)| PlainPolicy {
        path,
        service,
        method,
    });
    let users = vec((select(USERS), 0..POLICIES, until()), 0..8);
    let members = vec((select(USERS), until()), 0..4);
    (vec(plain, POLICIES), users, members, some(), vec(0..POLICIES, 0..2), vec(0..POLICIES, 0..2), some())
        .prop_map(|(policies, users, members, group, anonymous, logged_in, client)| {
            // Of two grants of one thing the last counts, as it does in the database.
            let users: BTreeMap<_, _> =
                users.into_iter().map(|(user, index, t)| ((user, index), t)).collect();
            let members: BTreeMap<_, _> = members.into_iter().collect();
            World {
                policies,
                users: users.into_iter().map(|((user, index), t)| (user, index, t)).collect(),
                members: members.into_iter().collect(),
                group,
                anonymous,
                logged_in,
                client,
            }
        })
}

fn question() -> impl Strategy<Value = Question> {
    let asked = vec((path(), select(SERVICES), select(METHODS)), 1..4);
    let user = proptest::option::weighted(0.8, select(&["ada", "BOB", "eve", "stranger"][..]));
    (user, proptest::bool::weighted(0.3), vec(0..POLICIES, 0..3), asked)
        .prop_map(|(user, client, only, asked)| Question { user, client, only, asked })
}

fn name(index: &usize) -> String {
    format!("p{index}")
}

async fn build(commons: &Commons, world: &World) {
    let names = |list: &[usize]| list.iter().map(name).collect::<Vec<_>>();
    // All policies' paths exist, with everything above them.
    for (index, plain) in world.policies.iter().enumerate() {
        commons.call("POST", "/resource?p", json!({"path": plain.path})).await;
        commons
            .prepare(&[
                ("POST", "/role", role(&format!("r{index}"), plain.service, plain.method)),
                ("POST", "/policy", policy(&name(&index), &plain.path, &format!("r{index}"))),
            ])
            .await;
    }
    for user in USERS {
        commons.prepare(&[("POST", "/user", json!({"name": user}))]).await;
    }
    for (user, index, until) in &world.users {
        let grant = json!({"policy": name(index), "expires_at": until.time()});
        commons.prepare(&[("POST", &format!("/user/{user}/policy"), grant)]).await;
    }
    commons
        .prepare(&[
            ("PUT", "/group", json!({"name": "g", "policies": names(&world.group)})),
            ("PUT", "/group", json!({"name": "anonymous", "policies": names(&world.anonymous)})),
            ("PUT", "/group", json!({"name": "logged-in", "policies": names(&world.logged_in)})),
            ("POST", "/client", json!({"clientID": "wts", "policies": names(&world.client)})),
        ])
        .await;
    for (user, until) in &world.members {
        let member = json!({"username": user, "expires_at": until.time()});
        commons.prepare(&[("POST", "/group/g/user", member)]).await;
    }
}

async fn ask(commons: &Commons, question: &Question) -> Value {
    let mut requests = Vec::new();
    for (path, service, method) in &question.asked {
        let action = json!({"service": service, "method": method});
        requests.push(json!({"resource": path, "action": action}));
    }
    let mut body = json!({"requests": requests});
    let only: Vec<String> = question.only.iter().map(name).collect();
    if question.client {
        let token =
            commons.tokens.token_with(question.user.unwrap_or(""), |claims| claims.azp = Some("wts".into()));
        body["user"] = json!({"token": token, "policies": only});
    } else if let Some(user) = question.user {
        body["user"] = json!({"user_id": user, "policies": only});
    }
    let (status, answer) = commons.call("POST", "/auth/request", body).await;
    assert_eq!(status, 200, "{answer}");
    answer["auth"].clone()
}

#[tokio::test]
async fn decisions_are_those_of_the_rule_on_random_grants() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for _ in 0..6 {
        let world = world().new_tree(&mut runner).unwrap().current();
        let commons = Commons::start().await;
        build(&commons, &world).await;
        for _ in 0..80 {
            let question = question().new_tree(&mut runner).unwrap().current();
            let decided = ask(&commons, &question).await;
            assert_eq!(decided, json!(world.decide(&question)), "{question:?} in {world:?}");
        }
    }
}

#[tokio::test]
async fn what_is_asked_about_need_not_exist_but_what_has_a_tag_must() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons.prepare(&[("POST", "/group/anonymous/policy", json!({"policy": "read-A"}))]).await;
    let tag = commons.get("/resource/programs/A/x").await.1["tag"].clone();
    let mut decided = Vec::new();
    for resource in [json!("/programs/A/nowhere/deep"), json!("/programs/AB"), tag, json!("notatag1")] {
        let action = json!({"service": "indexd", "method": "read"});
        let body = json!({"request": {"resource": resource, "action": action}});
        decided.push(commons.call("POST", "/auth/request", body).await.1["auth"].clone());
    }
    assert_eq!(decided, [true, false, true, false]);
}

#[tokio::test]
async fn a_malformed_resource_is_an_error_only_when_all_before_it_are_permitted() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons.prepare(&[("POST", "/user/ada/policy", json!({"policy": "read-A"}))]).await;
    let ask = async |resources: &[&str]| {
        let action = json!({"service": "indexd", "method": "read"});
        let requests: Vec<Value> =
            resources.iter().map(|r| json!({"resource": r, "action": action})).collect();
        let body = json!({"user": {"user_id": "ada"}, "requests": requests});
        commons.call("POST", "/auth/request", body).await
    };
    assert_eq!(ask(&["/programs/A", "/a b"]).await.0, 400);
    assert_eq!(ask(&["/programs/B", "/a b"]).await, (200, json!({"auth": false})));
}

#[tokio::test]
async fn mappings_show_existing_resources_below_the_granted_ones() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons.prepare(&[("POST", "/user/ada/policy", json!({"policy": "read-A"}))]).await;
    let read = json!([{"service": "indexd", "method": "read"}]);
    let mapping = commons.call("POST", "/auth/mapping", json!({"username": "ADA"})).await;
    assert_eq!(mapping, (200, json!({"/programs/A": read, "/programs/A/x": read})));
    assert_eq!(commons.call("POST", "/auth/mapping", json!({"clientID": "nobody"})).await, (200, json!({})));
}

#[tokio::test]
async fn resources_of_a_request_limited_to_policies_are_those_that_the_user_holds() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons.prepare(&[("POST", "/user/ada/policy", json!({"policy": "read-A"}))]).await;
    let of = async |policies: Value| {
        let user = json!({"token": commons.tokens.token("ada"), "policies": policies});
        commons.call("POST", "/auth/resources", json!({"user": user})).await.1["resources"].clone()
    };
    assert_eq!(of(json!([])).await, json!(["/programs/A", "/programs/A/x"]));
    assert_eq!(of(json!(["all"])).await, json!([]));
}

#[tokio::test]
async fn the_proxy_answer_names_the_user_even_when_it_denies() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons.prepare(&[("POST", "/user/ada/policy", json!({"policy": "read-A"}))]).await;
    let bearer = format!("bearer {}", commons.tokens.token("ada"));
    let ask = async |resource: &str| {
        let path = format!("/auth/proxy?resource={resource}&service=indexd&method=read");
        let answer = commons.send("GET", &path, &[("Authorization", &bearer)], None).await;
        (answer.status, answer.remote_user)
    };
    assert_eq!(ask("/programs/A/x").await, (200, Some("ada".into())));
    assert_eq!(ask("/programs/B").await, (403, Some("ada".into())));
}
