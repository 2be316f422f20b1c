//! What is written is found again.

use audit::Config;
use auditlog::{AuditError, AuditLog as _, Event, Login, PresignedUrl};
use serde_json::{Value, json};

use crate::support::{World, download};

const JANUARY: i64 = 1_579_132_800;
const MARCH: i64 = 1_583_280_000;
const OCTOBER: i64 = 1_604_102_400;

async fn fill(world: &World) {
    let nothing = json!({});
    for body in [
        download("ann", "g1", JANUARY, &nothing),
        download("ann", "g1", OCTOBER, &nothing),
        download("ann", "g2", JANUARY + 5, &json!({"status_code": 401, "resource_paths": ["/x"]})),
        download("ann", "g3", MARCH, &json!({"resource_paths": ["/x", "/y"], "protocol": "s3"})),
        download("bob", "g1", JANUARY - 9, &json!({"resource_paths": ["/y"], "sub": null})),
    ] {
        world.write("presigned_url", &body).await;
    }
}

fn guids(answer: &Value) -> Vec<&str> {
    answer["data"].as_array().unwrap().iter().map(|row| row["guid"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn a_record_comes_back_as_it_was_written() {
    let world = World::new().await;
    let login = json!({
        "request_url": "/login/google/login?code=redacted", "status_code": 302, "username": "ada", "sub": 7,
        "timestamp": JANUARY, "idp": "fence", "fence_idp": "shibboleth", "shib_idp": "x", "client_id": "c",
        "ip": "192.0.2.1", "additional_data": {"a": [1]},
    });
    world.write("login", &login).await;
    let answer = world.read("/log/login").await;
    let mut expected = login;
    expected["timestamp"] = json!("2020-01-16T00:00:00");
    expected["id"] = json!(1);
    assert_eq!(answer, json!({"nextTimeStamp": null, "data": [expected]}));
    let children = "select count(*) from only login";
    let above: i64 = sqlx::query_scalar(children).fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(above, 0, "it is in the table of its month");
}

#[actix_web::test]
async fn records_without_a_time_are_of_now_and_shown_to_the_microsecond() {
    let world = World::new().await;
    let mut body = download("ada", "g", 0, &json!({}));
    body.as_object_mut().unwrap().remove("timestamp");
    world.write("presigned_url", &body).await;
    let answer = world.read("/log/presigned_url").await;
    let time = answer["data"][0]["timestamp"].as_str().unwrap();
    assert!(time.len() == 26 || time.len() == 19, "{time}");
    let start = auditlog::now() - 60;
    assert_eq!(world.read(&format!("/log/presigned_url?start={start}&count")).await["data"], 1);
}

#[actix_web::test]
async fn filters_groups_and_counts_hold_together() {
    let world = World::new().await;
    fill(&world).await;
    let read = async |query: &str| world.read(&format!("/log/presigned_url?{query}")).await;
    assert_eq!(guids(&read("").await), ["g1", "g1", "g2", "g3", "g1"]);
    assert_eq!(guids(&read("username=ann&guid=g1&guid=g3").await), ["g1", "g3", "g1"]);
    assert_eq!(guids(&read("resource_paths=/x").await), ["g2", "g3"]);
    assert_eq!(guids(&read("resource_paths=/x&resource_paths=/y").await), ["g1", "g2", "g3"]);
    assert_eq!(guids(&read("status_code=401").await), ["g2"]);
    assert_eq!(guids(&read(&format!("timestamp={MARCH}")).await), ["g3"]);
    assert_eq!(guids(&read(&format!("start={}&stop={MARCH}", JANUARY + 1)).await), ["g2"]);
    assert_eq!(read("count&username=ann").await["data"], 4);
    assert_eq!(
        read("groupby=username").await["data"],
        json!([
            {"username": "ann", "count": 4}, {"username": "bob", "count": 1},
        ])
    );
    assert_eq!(
        read("groupby=username&groupby=guid&username=ann").await["data"],
        json!([
            {"username": "ann", "guid": "g1", "count": 2}, {"username": "ann", "guid": "g2", "count": 1},
            {"username": "ann", "guid": "g3", "count": 1},
        ])
    );
    assert_eq!(read("groupby=username&groupby=guid&count").await["data"], 4);
    assert_eq!(
        read("groupby=timestamp&guid=g3").await["data"],
        json!([
            {"timestamp": "2020-03-04T00:00:00", "count": 1},
        ])
    );
    assert_eq!(read("guid=%27;%20drop%20table%20login;%20--").await["data"], json!([]));
}

#[actix_web::test]
async fn pages_end_with_a_second_and_follow_each_other_without_gap_or_repeat() {
    let world = World::with(Config { page_size: 3, ..Config::default() }).await;
    for (number, second) in [1, 1, 2, 2, 2, 9].into_iter().enumerate() {
        world
            .write("presigned_url", &download("ann", &number.to_string(), JANUARY + second, &json!({})))
            .await;
    }
    let first = world.read("/log/presigned_url").await;
    assert_eq!(
        (guids(&first), &first["nextTimeStamp"]),
        (vec!["0", "1", "2", "3", "4"], &json!(JANUARY + 9))
    );
    let second = world.read(&format!("/log/presigned_url?start={}", first["nextTimeStamp"])).await;
    assert_eq!((guids(&second), &second["nextTimeStamp"]), (vec!["5"], &Value::Null));
    let full = world.read(&format!("/log/presigned_url?stop={}", JANUARY + 9)).await;
    assert_eq!((guids(&full).len(), &full["nextTimeStamp"]), (5, &Value::Null));
}

#[actix_web::test]
async fn an_answer_that_would_be_too_long_is_refused_and_not_cut() {
    let world = World::with(Config { page_size: 1, most_rows: 4, ..Config::default() }).await;
    for number in 0..5 {
        world.write("presigned_url", &download("ann", &number.to_string(), JANUARY, &json!({}))).await;
    }
    for query in ["", "groupby=guid"] {
        let (status, body) = world.send("GET", &format!("/log/presigned_url?{query}"), "reader", None).await;
        assert_eq!(status, 400, "{body}");
    }
    assert_eq!(world.read("/log/presigned_url?groupby=guid&count").await["data"], 5);
}

#[actix_web::test]
async fn user_names_are_kept_where_the_operator_says_so() {
    let world = World::with(Config { usernames: false, ..Config::default() }).await;
    fill(&world).await;
    let answer = world.read("/log/presigned_url").await;
    assert!(answer["data"].as_array().unwrap().iter().all(|row| row.get("username").is_none()));
    let (status, body) = world.send("GET", "/log/presigned_url?username=ann", "reader", None).await;
    assert_eq!((status, body), (400, json!({"detail": "Querying by username is not allowed"})));
}

#[actix_web::test]
async fn events_of_the_same_process_are_written_all_or_none() {
    let world = World::new().await;
    let login =
        |name: &str| Event::Login(Login { username: name.into(), idp: "google".into(), ..Login::default() });
    let url = |action: &str, paths: Option<Vec<String>>| {
        let more = PresignedUrl { action: action.into(), resource_paths: paths, ..PresignedUrl::default() };
        Event::PresignedUrl(PresignedUrl { username: "ada".into(), guid: "g".into(), ..more })
    };
    let paths = |number: usize| Some((0..number).map(|n| format!("/{n}")).collect());
    let events =
        [login("ada"), url("download", paths(3)), url("upload", paths(0)), url("download", None), login("b")];
    world.audit.record(&events).await.unwrap();
    let refused = world.audit.record(&[login("c"), url("look", None)]).await;
    assert!(matches!(refused, Err(AuditError::Refused(_))));
    assert_eq!(world.read("/log/login?count").await["data"], 2);
    let found = world.read("/log/presigned_url").await;
    let paths: Vec<&Value> =
        found["data"].as_array().unwrap().iter().map(|row| &row["resource_paths"]).collect();
    assert_eq!(paths, [&json!(["/0", "/1", "/2"]), &json!([]), &Value::Null]);
    let nul = world.send("GET", "/log/login?username=%00", "reader", None).await;
    assert_eq!(nul.0, 400);
    let body = json!({"request_url": "\u{0}", "status_code": 1, "username": "a", "idp": "b"});
    assert_eq!(world.send("POST", "/log/login", "", Some(&body)).await.0, 400);
}

#[actix_web::test]
async fn a_large_body_is_refused() {
    let world = World::new().await;
    let body = download("ada", "g", 1, &json!({"request_url": "x".repeat(300 << 10)}));
    assert_eq!(world.send("POST", "/log/presigned_url", "", Some(&body)).await.0, 413);
}
