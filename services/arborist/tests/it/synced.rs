//! Bringing a user.yaml in.

use arborist::sync::{self, ChangeKind, HeavyLoss, Loss, Options, SyncError, SyncReport, USER_SYNC};
use indexmap::IndexMap;
use serde_json::json;
use useryaml::UserYaml;

use crate::commons::Commons;

const FILE: &str = "
authz:
  anonymous_policies: [open-read]
  all_users_policies: [open-read]
  groups:
  - {name: readers, policies: [read-a], users: [Ada]}
  resources:
  - name: open
  - {name: programs, description: all data, subresources: [{name: a}, {name: b}]}
  policies:
  - {id: open-read, role_ids: [guppy], resource_paths: [/open]}
  - {id: read-a, description: reads, role_ids: [guppy, reader], resource_paths: [/programs/a, /open]}
  roles:
  - {id: guppy, permissions: [{id: g, action: {service: guppy, method: read}}]}
  - {id: reader, permissions: [{id: r, action: {service: '*', method: read}}]}
  user_project_to_resource: {phs1: /programs/a}
clients:
  wts: {policies: [read-a]}
users:
  Ada: {}
  bob:
    policies: [read-a]
    projects: [{auth_id: phs1, privilege: [read, update]}]
  nobody: {}
";

fn file() -> UserYaml {
    UserYaml::parse(FILE).expect("the file is fine")
}

async fn bring_in(commons: &Commons, file: &UserYaml) -> SyncReport {
    sync::apply(&commons.database.pool, file, USER_SYNC).await.expect("the file fits")
}

fn kinds(report: &SyncReport) -> Vec<String> {
    report.changes.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_empty_arborist_gets_everything_of_the_file() {
    let commons = Commons::start().await;
    let report = bring_in(&commons, &file()).await;
    assert_eq!(
        report.to_string(),
        "4 resource created, 4 role created, 4 policy created, 2 user created, 3 granted to user, \
         1 group created, 1 member added, 3 granted to group"
    );
    assert_eq!(report.unknown_clients, ["wts"]);
    let (_, bob) = commons.get("/user").await;
    let granted = |name: &str| json!({"policy": name, "expires_at": null});
    assert_eq!(
        bob["users"],
        json!([
            {"name": "Ada", "groups": ["readers"], "policies": []},
            {"name": "bob", "groups": [], "policies":
                [granted("programs.a-read"), granted("programs.a-update"), granted("read-a")]},
        ])
    );
    let (_, role) = commons.get("/role/update").await;
    assert_eq!(role["permissions"][0]["action"], json!({"service": "*", "method": "update"}));
    assert_eq!(commons.get("/group/anonymous").await.1["policies"], json!(["open-read"]));
    assert_eq!(commons.get("/resource/programs").await.1["description"], "all data");
    let asked = json!({"user": {"user_id": "ADA"}, "request":
        {"resource": "/programs/a/x", "action": {"service": "peregrine", "method": "read"}}});
    assert_eq!(commons.call("POST", "/auth/request", asked).await, (200, json!({"auth": true})));
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let commons = Commons::start().await;
    bring_in(&commons, &file()).await;
    assert_eq!(kinds(&bring_in(&commons, &file()).await), Vec::<String>::new());
}

#[tokio::test]
async fn a_dry_run_reports_what_would_happen_and_changes_nothing() {
    let commons = Commons::start().await;
    let options = Options { dry_run: true, ..Options::default() };
    let planned = sync::run(&commons.database.pool, &file(), &options).await.unwrap();
    assert_eq!(commons.get("/user").await.1, json!({"users": []}));
    assert_eq!(planned.changes, bring_in(&commons, &file()).await.changes);
}

#[tokio::test]
async fn objects_that_left_the_file_stay_and_grants_and_groups_go() {
    let commons = Commons::start().await;
    bring_in(&commons, &file()).await;
    let report = bring_in(&commons, &UserYaml::default()).await;
    assert_eq!(
        kinds(&report),
        [
            "group deleted readers",
            "revoked from user bob: programs.a-read",
            "revoked from user bob: programs.a-update",
            "revoked from user bob: read-a",
            "revoked from group anonymous: open-read",
            "revoked from group logged-in: open-read",
            "left without rights Ada",
            "left without rights bob",
        ]
    );
    assert_eq!(commons.get("/policy/read-a").await.0, 200);
    assert_eq!(commons.get("/resource/programs/a").await.0, 200);
    assert_eq!(commons.get("/role/reader").await.0, 200);
}

#[tokio::test]
async fn a_file_that_takes_away_more_than_half_is_refused_unless_it_is_meant() {
    let commons = Commons::start().await;
    bring_in(&commons, &file()).await;
    let grants = commons.get("/user").await.1;
    let nearly_nothing = UserYaml::parse("users: {bob: {}}").unwrap();

    let refused = sync::run(&commons.database.pool, &nearly_nothing, &Options::default()).await.unwrap_err();
    // Three grants of bob, Ada's membership, the policy of her group, and one each of the built-in groups.
    let loss = Loss { grants: 7, grants_lost: 7, users: 2, users_lost: 2 };
    assert!(matches!(refused, SyncError::HeavyLoss(told) if told == loss), "{refused:?}");
    assert_eq!(commons.get("/user").await.1, grants);

    let meant = Options { heavy_loss: HeavyLoss::Allowed, ..Options::default() };
    let dry_run = Options { dry_run: true, ..meant.clone() };
    let planned = sync::run(&commons.database.pool, &nearly_nothing, &dry_run).await.unwrap();
    assert_eq!(planned.loss, loss);
    assert_eq!(commons.get("/user").await.1, grants);
    let done = sync::run(&commons.database.pool, &nearly_nothing, &meant).await.unwrap();
    assert_eq!((done.loss, commons.get("/user").await.1), (loss, json!({"users": []})));
}

#[tokio::test]
async fn users_whom_the_caller_adds_to_every_file_do_not_hide_a_loss() {
    let commons = Commons::start().await;
    let of = |users: &str| {
        let rights = "authz: {resources: [{name: a}], roles: [{id: r, permissions: [{id: r, action: \
             {service: s, method: read}}]}], policies: [{id: p, role_ids: [r], resource_paths: [/a]}]}";
        UserYaml::parse(&format!("{rights}\nusers: {users}")).unwrap()
    };
    bring_in(&commons, &of("{root: {policies: [p]}, ada: {policies: [p]}}")).await;
    let root_alone = of("{root: {policies: [p]}}");
    let planned = Options { dry_run: true, ..Options::default() };
    assert!(sync::run(&commons.database.pool, &root_alone, &planned).await.is_ok(), "half of all may go");
    let options = Options { spared: vec!["root".to_owned()], ..planned };
    let refused = sync::run(&commons.database.pool, &root_alone, &options).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the user.yaml takes away 1 of 1 grants, and all rights of 1 of 1 users, which is more than half"
    );
}

#[tokio::test]
async fn an_additive_sync_takes_nothing_away() {
    let commons = Commons::start().await;
    bring_in(&commons, &file()).await;
    let one = "
users: {eve: {policies: [p]}}
authz:
  resources: [{name: more}]
  roles: [{id: guppy, permissions: [{id: g, action: {service: guppy, method: read}}]}]
  policies: [{id: p, role_ids: [guppy], resource_paths: [/more]}]
";
    let options = Options { additive: true, ..Options::default() };
    let one = UserYaml::parse(one).unwrap();
    let report = sync::run(&commons.database.pool, &one, &options).await.unwrap();
    assert_eq!(
        kinds(&report),
        ["resource created /more", "policy created p", "user created eve", "granted to user eve: p"]
    );
}

#[tokio::test]
async fn grants_under_other_labels_are_left_alone() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    let grant = json!({"policy": "all", "expires_at": "2999-01-01T00:00:00Z"});
    assert_eq!(commons.call_as("POST", "/user/ada/policy", Some("requestor"), grant).await.0, 204);
    commons.prepare(&[("POST", "/user/ada/policy", json!({"policy": "read-A"}))]).await;
    let mut wants_all = UserYaml::parse("users: {ADA: {}}").unwrap();
    wants_all.users[0].policies = vec!["all".into()];
    for file in [wants_all, UserYaml::default()] {
        assert_eq!(kinds(&bring_in(&commons, &file).await), Vec::<String>::new());
    }
    let (_, ada) = commons.get("/user/ada").await;
    assert_eq!(
        ada["policies"],
        json!([
            {"policy": "all", "expires_at": "2999-01-01T00:00:00+00:00"},
            {"policy": "read-A", "expires_at": null},
        ])
    );
}

#[tokio::test]
async fn an_expired_grant_of_another_label_is_taken_over() {
    let commons = Commons::start().await;
    bring_in(&commons, &file()).await;
    let old = json!({"policy": "open-read", "expires_at": "2001-01-01T00:00:00Z"});
    assert_eq!(commons.call_as("POST", "/user/bob/policy", Some("requestor"), old).await.0, 204);
    let mut wants = file();
    wants.users["bob"].policies.push("open-read".into());
    assert_eq!(kinds(&bring_in(&commons, &wants).await), ["granted to user bob: open-read"]);
    assert_eq!(kinds(&bring_in(&commons, &file()).await), ["revoked from user bob: open-read"]);
}

#[tokio::test]
async fn the_policy_of_two_factors_is_left_to_its_holders() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons
        .prepare(&[("POST", "/policy", crate::commons::policy("mfa_policy", "/programs", "reader"))])
        .await;
    let grant = json!({"policy": "mfa_policy"});
    assert_eq!(commons.call_as("POST", "/user/ada/policy", Some(USER_SYNC), grant).await.0, 204);
    assert_eq!(kinds(&bring_in(&commons, &UserYaml::default()).await), Vec::<String>::new());
}

#[tokio::test]
async fn changed_objects_are_updated_and_stale_permissions_stay() {
    let commons = Commons::start().await;
    bring_in(&commons, &file()).await;
    let changed = FILE
        .replace("description: all data", "description: some data")
        .replace(
            "{id: r, action: {service: '*', method: read}}",
            "{id: r2, action: {service: fence, method: read}}",
        )
        .replace("role_ids: [guppy, reader]", "role_ids: [reader]");
    let report = bring_in(&commons, &UserYaml::parse(&changed).unwrap()).await;
    assert_eq!(
        kinds(&report),
        ["resource updated /programs", "role updated reader", "policy updated read-a"]
    );
    assert_eq!(commons.get("/role/reader").await.1["permissions"].as_array().unwrap().len(), 2);
    assert_eq!(commons.get("/policy/read-a").await.1["role_ids"], json!(["reader"]));
}

#[tokio::test]
async fn clients_get_exactly_the_policies_of_their_name() {
    let commons = Commons::start().await;
    let clients = IndexMap::from([("wts".to_owned(), vec!["id-1".to_owned(), "id-2".to_owned()])]);
    let options = Options { clients, ..Options::default() };
    let report = sync::run(&commons.database.pool, &file(), &options).await.unwrap();
    assert_eq!(report.unknown_clients, Vec::<String>::new());
    assert_eq!(report.counts()[&ChangeKind::ClientGranted], 2);
    commons.prepare(&[("POST", "/client", json!({"clientID": "other", "policies": ["read-a"]}))]).await;
    let mut fewer = file();
    fewer.clients[0].policies.clear();
    let report = sync::run(&commons.database.pool, &fewer, &options).await.unwrap();
    assert_eq!(kinds(&report), ["revoked from client id-1: read-a", "revoked from client id-2: read-a"]);
    assert_eq!(commons.get("/client/other").await.1["policies"], json!(["read-a"]));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let commons = Commons::start().await;
    let mut odd = file();
    odd.authz.resources[1].subresources[0].name = "x".repeat(1500);
    let error = sync::apply(&commons.database.pool, &odd, USER_SYNC).await.unwrap_err();
    assert!(error.to_string().starts_with("the user.yaml cannot be brought in"), "{error}");
    assert_eq!(commons.get("/resource").await.1, json!({"resources": []}));
}

#[tokio::test]
async fn two_syncs_at_once_do_not_mix() {
    let commons = Commons::start().await;
    let (full, none) = (file(), UserYaml::default());
    let pool = &commons.database.pool;
    for _ in 0..5 {
        let (one, two) =
            tokio::join!(sync::apply(pool, &full, USER_SYNC), sync::apply(pool, &none, USER_SYNC));
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    }
}
