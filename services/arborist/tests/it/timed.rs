//! Rights that end by themselves: the same in the process and over HTTP.

use std::sync::Arc;

use authz::AuthzError;
use chrono::{DateTime, TimeDelta, Utc};
use policystore::{Earlier, Holding, HttpPolicies, Timed, TimedRights, TimedStore};
use serde_json::json;

use crate::commons::Commons;

const LABEL: &str = "idp:lab";

async fn commons() -> Commons {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    for name in ["one", "two", "kept"] {
        assert_eq!(commons.call("POST", "/group", json!({ "name": name })).await.0, 201);
    }
    commons
}

fn forms(commons: &Commons) -> [Arc<dyn TimedStore>; 2] {
    [Arc::new(HttpPolicies::new(&commons.url, reqwest::Client::new())), commons.arborist.clone()]
}

fn timed(names: &[&str], until: DateTime<Utc>) -> Option<Vec<Timed>> {
    Some(names.iter().map(|name| Timed { name: (*name).to_owned(), until }).collect())
}

/// Memberships: group, end, label.
async fn memberships(commons: &Commons) -> Vec<(String, Option<DateTime<Utc>>, Option<String>)> {
    sqlx::query_as(
        "select grp.name, link.expires_at, link.authz_provider
         from usr_grp as link join grp on grp.id = link.grp_id join usr on usr.id = link.usr_id
         where usr.name = 'Eve' order by grp.name",
    )
    .fetch_all(&commons.database.pool)
    .await
    .expect("the tables are there")
}

fn in_days(days: i64) -> DateTime<Utc> {
    // What PostgreSQL keeps of a time.
    DateTime::from_timestamp(Utc::now().timestamp(), 0).expect("a time") + TimeDelta::days(days)
}

#[tokio::test]
async fn memberships_of_a_label_become_what_is_asked_for_and_those_of_others_stay() {
    for form in 0..2 {
        let commons = commons().await;
        let store = &forms(&commons)[form];
        assert_eq!(commons.call("POST", "/user", json!({"name": "Eve"})).await.0, 201);
        let kept = json!({"username": "Eve"});
        assert_eq!(commons.call_as("POST", "/group/kept/user", Some("user-sync"), kept).await.0, 204);
        let (soon, late) = (in_days(1), in_days(7));
        let wanted = ["one", "kept", "nowhere", "logged-in"];
        let rights = TimedRights { groups: timed(&wanted, soon), ..TimedRights::default() };
        // The name in another letter case is the same user.
        let missing = store.set_timed("eve", LABEL, &rights).await.unwrap();
        assert_eq!(missing.groups, ["logged-in", "nowhere"]);
        let of = |group: &str, until: Option<DateTime<Utc>>, label: &str| {
            (group.to_owned(), until, Some(label.to_owned()))
        };
        let kept = of("kept", None, "user-sync");
        assert_eq!(memberships(&commons).await, [kept.clone(), of("one", Some(soon), LABEL)]);

        let rights = TimedRights { groups: timed(&["one", "two"], late), ..TimedRights::default() };
        store.set_timed("eve", LABEL, &rights).await.unwrap();
        let both = [kept.clone(), of("one", Some(late), LABEL), of("two", Some(late), LABEL)];
        assert_eq!(memberships(&commons).await, both);
        store.set_timed("eve", LABEL, &TimedRights::default()).await.unwrap();
        assert_eq!(memberships(&commons).await, both, "nothing was said");
        let rights = TimedRights { groups: Some(Vec::new()), ..TimedRights::default() };
        store.set_timed("eve", LABEL, &rights).await.unwrap();
        assert_eq!(memberships(&commons).await, [kept]);
    }
}

#[tokio::test]
async fn a_policy_counts_until_its_end_and_for_whom_it_was_given() {
    for form in 0..2 {
        let commons = commons().await;
        let store = &forms(&commons)[form];
        let rights =
            TimedRights { policies: timed(&["read-A", "nothing"], in_days(1)), ..TimedRights::default() };
        assert_eq!(store.set_timed("fay", LABEL, &rights).await.unwrap().policies, ["nothing"]);
        let holds = async || {
            let (_, user) = commons.get("/user/fay").await;
            user["policies"].as_array().unwrap().iter().any(|held| held["policy"] == "read-A")
        };
        assert!(holds().await);
        // What is added ends nothing and shortens nothing.
        let added = |names: &[&str], days| TimedRights {
            earlier: Earlier::Kept,
            policies: timed(names, in_days(days)),
            ..TimedRights::default()
        };
        store.set_timed("fay", LABEL, &added(&["all"], 1)).await.unwrap();
        let end = async || {
            let (_, user) = commons.get("/user/fay").await;
            let policies = user["policies"].as_array().unwrap().clone();
            let held = policies.into_iter().find(|held| held["policy"] == "read-A").unwrap();
            held["expires_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap()
        };
        for (days, expected) in [(0, 1), (3, 3)] {
            store.set_timed("fay", LABEL, &added(&["read-A"], days)).await.unwrap();
            assert!((in_days(expected) - end().await).abs() < TimeDelta::hours(1), "{days} days more");
        }
        let none = TimedRights { policies: Some(Vec::new()), ..TimedRights::default() };
        store.set_timed("fay", "another label", &none).await.unwrap();
        assert!(holds().await);
        store.set_timed("fay", LABEL, &none).await.unwrap();
        assert!(!holds().await);
        for (username, label) in [("", LABEL), ("fay", "")] {
            let refused = store.set_timed(username, label, &none).await;
            assert!(matches!(refused, Err(AuthzError::BadRequest(_))), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn a_policy_without_a_label_is_given_and_taken_whatever_its_label() {
    for form in 0..2 {
        let commons = commons().await;
        let store = &forms(&commons)[form];
        assert!(!store.set_unlabelled("gus", "nothing", Holding::Held).await.unwrap());
        assert!(store.set_unlabelled("gus", "read-A", Holding::Held).await.unwrap());
        assert!(store.holds("gus", "read-A").await.unwrap());
        assert!(store.set_unlabelled("gus", "read-A", Holding::NotHeld).await.unwrap());
        assert!(!store.holds("gus", "read-A").await.unwrap());
        // Twice is fine, and so is somebody whom nobody knows.
        assert!(store.set_unlabelled("gus", "read-A", Holding::NotHeld).await.unwrap());
        assert!(store.set_unlabelled("nobody", "read-A", Holding::NotHeld).await.unwrap());
        store.grant("gus", "read-A", "requestor").await.unwrap();
        assert!(store.set_unlabelled("gus", "read-A", Holding::NotHeld).await.unwrap());
        assert!(!store.holds("gus", "read-A").await.unwrap());
    }
}
