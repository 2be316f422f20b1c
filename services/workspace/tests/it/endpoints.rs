//! Every endpoint, asked by nobody, by a user who may not have a workspace, and by one who may.

use testing::endpoints::{Kind, check};
use workspace::Workspaces;

use crate::{cases::cases, support::World};

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    check(Workspaces::endpoints(), &cases(), async |case, kind| {
        let who = match kind {
            Kind::Anonymous => "",
            Kind::Stranger => "bob",
            Kind::Permitted => "ada",
        };
        world.send(case.verb(), &case.url, who).await.0
    })
    .await;
    assert_eq!(world.send("GET", "/status", "gone").await.0, 401);
    assert_eq!(world.send("GET", "/status", "unheard").await.0, 503);
    assert_eq!(world.send("GET", "/launch?id=1", "ada").await, (405, "Method Not Allowed\n".into()));
    assert_eq!(world.send("GET", "/nothing", "ada").await, (404, "404 page not found\n".into()));
    world.stop().await;
}

#[actix_web::test]
async fn only_what_one_may_launch_is_offered() {
    let world = World::new().await;
    let names = async |who: &str| {
        let options = world.json("/options", who).await;
        options
            .as_array()
            .unwrap()
            .iter()
            .map(|option| option["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("ada").await, ["Jupyter Lab", "Special"]);
    assert_eq!(names("eve").await, ["Jupyter Lab"]);
    let special = world.id("Special").await;
    let one = world.json(&format!("/options?id={special}"), "ada").await;
    let wanted = serde_json::json!({
        "name": "Special", "cpu-limit": "1.0", "memory-limit": "512Mi", "id": special, "gpu": false,
        "idle-time-limit": 5_400_000
    });
    assert_eq!(one, wanted);
    for (method, path) in [("GET", "/options"), ("POST", "/launch")] {
        let (status, text) = world.send(method, &format!("{path}?id={special}"), "eve").await;
        assert_eq!((status, text), (400, format!("Invalid 'id' parameter '{special}'\n")));
    }
    assert_eq!(world.send("POST", "/launch", "ada").await, (400, "Missing 'id' parameter\n".into()));
    world.stop().await;
}

#[actix_web::test]
async fn a_request_of_another_site_changes_nothing() {
    let world = World::new().await;
    world.launch("ada").await;
    for (name, value) in [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")] {
        for path in ["/terminate", "/launch?id=1", "/proxy/api/kernels"] {
            let answer = world.request("POST", path, "ada").header(name, value).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path} {name}");
        }
    }
    let upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Origin", "https://evil.example")];
    let mut socket = world.request("GET", "/proxy/api/kernels/1/channels", "ada");
    for (name, value) in upgrade {
        socket = socket.header(name, value);
    }
    assert_eq!(socket.send().await.unwrap().status(), 403);
    let own = world.request("POST", "/terminate", "ada").header("Origin", "http://localhost:8080");
    assert_eq!(own.send().await.unwrap().status(), 200);
    world.stop().await;
}
