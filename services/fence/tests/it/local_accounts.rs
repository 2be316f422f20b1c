//! Users with a password that fence keeps: invitations, logging in, guessing, changing, resetting.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auditlog::{AuditError, AuditLog, Event, Recorder};
use fence::{AuditLogs, Config, Error, Invite, InviteMode, LocalAccounts, local_accounts::invite};
use reqwest::RequestBuilder;
use serde_json::json;

use crate::{
    local_browser::{Browser, GOOD, Page, invited, on, world},
    world::{World, answer},
};

#[tokio::test]
async fn an_invitation_sets_a_password_once_and_the_password_logs_in() {
    let world = world().await;
    let link = invited(&world, "ada", InviteMode::First).await;
    let mut browser = Browser::new(&world);
    let page = browser.get(&link).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Your user name is <b>ada</b>"), "{}", page.text);
    for (first, second, field) in [
        ("short", "short", "new_password"),
        ("password1234", "password1234", "new_password"),
        ("a long password", "another password", "again"),
        (&*"x".repeat(1_001), "", "new_password"),
    ] {
        let refused = browser.send(&page, &[("new_password", first), ("again", second)]).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.contains(&format!("<a href=\"#{field}\">")), "{}", refused.text);
        assert!(!refused.text.contains(&format!("value=\"{first}\"")), "what was typed does not come back");
    }
    assert_eq!(browser.log_in("ada", "password1234").await.status, 401, "nothing was set");
    let page = browser.get(&link).await;
    let set = browser.send(&page, &[("new_password", GOOD), ("again", GOOD)]).await;
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(browser.get(&link).await.status, 404, "used up");
    let again =
        browser.send(&page, &[("new_password", "yet another one"), ("again", "yet another one")]).await;
    assert_eq!(again.status, 404);

    let entered = browser.log_in("ADA", GOOD).await;
    assert_eq!((entered.status, entered.location.as_deref()), (302, Some("/portal")));
    let user = browser.json("/user").await;
    assert_eq!((user["username"].as_str(), user["idp"].as_str()), (Some("ada"), Some("local")));
    let token = browser.cookie("access_token").unwrap();
    assert_eq!(answer(world.post("/credentials/api", &json!({})).bearer_auth(token)).await.0, 200);
    let device = browser.line("local_device").unwrap();
    assert!(device.contains("HttpOnly") && device.contains("Path=/user/login/local"), "{device}");
    let kept: String = sqlx::query_scalar("select password from commons_local_account")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
}

#[tokio::test]
async fn nobody_learns_from_an_answer_who_has_an_account() {
    let world = world().await;
    world.token("without").await;
    let mut browser = Browser::with_account(&world, "ada").await;
    let page = async |browser: &mut Browser<'_>, name: &str| {
        let told = browser.log_in(name, "not the password").await;
        assert_eq!(told.status, 401, "{name}");
        // The token and the name come back.
        told.text.replace(name, "NAME").replace(&told.csrf_token(), "TOKEN")
    };
    let wrong = page(&mut browser, "ada").await;
    assert!(wrong.contains("The user name or the password is not right."), "{wrong}");
    assert_eq!(page(&mut browser, "nobody at all").await, wrong);
    assert_eq!(page(&mut browser, "without").await, wrong);
    for odd in ["", "a\0", &*"n".repeat(2_000)] {
        assert_eq!(browser.log_in(odd, GOOD).await.status, 401, "{odd:?}");
    }
    assert_eq!(browser.log_in("ada", &"p".repeat(1_001)).await.status, 401);
}

#[tokio::test]
async fn forms_count_only_with_the_token_of_their_own_browser() {
    let world = world().await;
    let link = invited(&world, "ada", InviteMode::First).await;
    let (mut own, mut other) = (Browser::new(&world), Browser::new(&world));
    let mut pages = vec![own.get(&link).await, own.get("/login/local").await];
    own = Browser::with_account(&world, "bob").await;
    own.log_in("bob", GOOD).await;
    pages.extend([own.get("/login/local/password").await, own.get("/login/local/second-factor").await]);
    other.log_in("bob", GOOD).await;
    for page in pages {
        assert_eq!(page.status, 200);
        let fields = [("username", "bob"), ("password", GOOD), ("new_password", "x y z x y z x")];
        assert_eq!(other.send(&page, &fields).await.status, 400, "{}", page.path);
        let without = Page { text: page.text.replace("csrf_token", "other"), ..page };
        assert_eq!(own.send(&without, &fields).await.status, 400, "{}", without.path);
    }
}

#[tokio::test]
async fn guessing_is_slowed_and_locks_nobody_out_who_has_been_here() {
    let world = world().await;
    let mut known = Browser::with_account(&world, "ada").await;
    assert_eq!(known.log_in("ada", GOOD).await.status, 302);
    let mut guesser = Browser::new(&world).from("192.0.2.7");
    assert_eq!(guesser.log_in("ada", "guess").await.status, 401);
    // As if many had been made.
    let many = "update commons_local_guess set failures = $1, forget_at = now() + interval '1 day'";
    let many = async |count: i32| sqlx::query(many).bind(count).execute(&world.database.pool).await.unwrap();
    many(12).await;
    for (network, status) in [("192.0.2.8", 429), ("198.51.100.1", 302)] {
        let mut other = Browser::new(&world).from(network);
        assert_eq!(other.log_in("ada", GOOD).await.status, status, "{network}");
    }
    let told = guesser.log_in("ada", GOOD).await;
    assert_eq!(told.status, 429, "even the right password, which nobody looks at");
    let seconds: i64 = told.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=129).contains(&seconds), "{seconds}");
    assert!(
        told.text.contains("too many attempts") && told.text.contains("href=\"#password\""),
        "{}",
        told.text
    );
    assert_eq!(guesser.log_in("bob", GOOD).await.status, 401, "another name is another matter");

    many(60).await;
    let mut far = Browser::new(&world).from("203.0.113.1");
    let told = far.log_in("ada", GOOD).await;
    assert_eq!(told.status, 429, "the name is guessed at from everywhere");
    let seconds: i64 = told.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(seconds <= 61, "and yet a minute is all: {seconds}");
    known = known.from("192.0.2.7");
    assert_eq!(known.log_in("ada", GOOD).await.status, 302, "whatever others do, and from their network");

    let past = "update commons_local_guess set last_at = now() - interval '1 hour'";
    sqlx::query(past).execute(&world.database.pool).await.unwrap();
    assert_eq!(guesser.log_in("ada", GOOD).await.status, 302, "who has waited may try");
}

#[tokio::test]
async fn counts_that_nobody_needs_are_forgotten() {
    let world = world().await;
    let old = "insert into commons_local_guess (key, failures, forget_at)
               select decode(lpad(i::text, 64, '0'), 'hex'), 1, now() - interval '1 second'
               from generate_series(1, 150) i";
    sqlx::query(old).execute(&world.database.pool).await.unwrap();
    let mut browser = Browser::new(&world);
    let left = async || -> i64 {
        let counted = sqlx::query_scalar("select count(*) from commons_local_guess");
        counted.fetch_one(&world.database.pool).await.unwrap()
    };
    browser.log_in("ada", "guess").await;
    assert_eq!(left().await, 52);
    browser.log_in("ada", "guess").await;
    assert_eq!(left().await, 2, "those of this name");
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_all_other_sessions_end() {
    let world = world().await;
    let (mut here, mut there) =
        (Browser::with_account(&world, "ada").await, Browser::with_account(&world, "bob").await);
    for name in ["ada", "bob"] {
        assert_eq!(there.log_in(name, GOOD).await.status, 302);
    }
    here.log_in("ada", GOOD).await;
    there.log_in("ada", GOOD).await;
    // Sessions are told apart by the second in which they began.
    let ago = r#"update "User" set additional_info = '{}'"#;
    sqlx::query(ago).execute(&world.database.pool).await.unwrap();
    let page = here.get("/login/local/password").await;
    let other = "another good one";
    let change = |password, new, again| [("password", password), ("new_password", new), ("again", again)];
    for (fields, status, field) in [
        (change("wrong", other, other), 401, "password"),
        (change(GOOD, "short", "short"), 400, "new_password"),
        (change(GOOD, other, "another"), 400, "again"),
    ] {
        let told = here.send(&page, &fields).await;
        assert_eq!(told.status, status, "{}", told.text);
        assert!(told.text.contains(&format!("<a href=\"#{field}\">")), "{}", told.text);
    }
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let page = here.get("/login/local/password").await;
    assert_eq!(here.send(&page, &change(GOOD, other, other)).await.status, 200);
    here.drop_cookie("access_token");
    there.drop_cookie("access_token");
    assert_eq!(here.json("/user").await["username"], "ada");
    assert_eq!(there.get("/user").await.status, 401);
    let mut new = Browser::new(&world);
    assert_eq!(new.log_in("ada", GOOD).await.status, 401);
    assert_eq!(new.log_in("ada", other).await.status, 302);
    assert_eq!(Browser::new(&world).get("/login/local/password").await.status, 401, "nobody");
}

#[tokio::test]
async fn an_administrator_invites_and_resets() {
    let world = world().await;
    let admin = world.token("admin").await;
    let post = async |name: &str, body| {
        answer(world.post(&format!("/admin/user/{name}/invite"), &body).bearer_auth(&admin)).await
    };
    let (status, first) = post("ada", json!({ "email": "ada@x.org", "expires_in": 60 })).await;
    assert_eq!((status, first["username"].as_str()), (200, Some("ada")), "{first}");
    let link = |said: &serde_json::Value| {
        let url = said["url"].as_str().unwrap();
        url.strip_prefix("http://localhost/user").unwrap().to_owned()
    };
    let (_, second) = post("ADA", json!({})).await;
    let mut browser = Browser::new(&world);
    assert_eq!(browser.get(&link(&first)).await.status, 404, "the second takes its place");
    let page = browser.get(&link(&second)).await;
    let as_address = [("new_password", "ada@x.org!!!"), ("again", "ada@x.org!!!")];
    assert_eq!(browser.send(&page, &as_address).await.status, 200);
    browser.log_in("ada", "ada@x.org!!!").await;
    let token = browser.cookie("access_token").unwrap();
    let (_, key) = answer(world.post("/credentials/api", &json!({})).bearer_auth(token)).await;
    let key_works = async || answer(world.post("/credentials/api/access_token", &key)).await.0;

    assert_eq!(post("ada", json!({})).await.0, 409, "no reset by mistake");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let (status, reset) = post("ada", json!({ "reset": true })).await;
    assert_eq!(status, 200, "{reset}");
    browser.drop_cookie("access_token");
    assert_eq!(browser.get("/user").await.status, 401, "sessions end");
    assert_eq!(browser.log_in("ada", "ada@x.org!!!").await.status, 401, "the password is none any more");
    assert_eq!(key_works().await, 200, "keys stay");
    let (_, reset) = post("ada", json!({ "reset": true, "end_api_keys": true })).await;
    assert_eq!(key_works().await, 401, "unless the administrator wants it");
    let expired = "update commons_local_invitation set expires_at = now() - interval '1 second'";
    sqlx::query(expired).execute(&world.database.pool).await.unwrap();
    assert_eq!(browser.get(&link(&reset)).await.status, 404, "it has expired");

    for (name, body, status) in [
        ("nobody", json!({ "reset": true }), 404),
        ("new", json!({ "expires_in": 0 }), 400),
        ("new", json!({ "expires_in": 30 * 86_400 + 1 }), 400),
        ("new", json!({ "expires_in": "1" }), 400),
        ("new", json!({ "email": "nobody" }), 400),
        ("new", json!({ "reset": "yes" }), 400),
        ("new", json!({ "end_api_keys": true }), 400),
        ("new%00", json!({}), 400),
        ("%20new", json!({}), 400),
    ] {
        assert_eq!(post(name, body.clone()).await.0, status, "{name} {body}");
    }
    assert_eq!(answer(world.get("/admin/user/new").bearer_auth(&admin)).await.0, 404, "nobody was made");
    assert_eq!(answer(world.request("DELETE", "/admin/user/ada").bearer_auth(&admin)).await.0, 200);
    let left: i64 = sqlx::query_scalar("select count(*) from commons_local_invitation")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "everything goes with the user");
    let stranger = world.token("nobody").await;
    let refused = world.post("/admin/users/ada/invite", &json!({})).bearer_auth(stranger);
    assert_eq!(answer(refused).await.0, 403);
}

#[tokio::test]
async fn users_who_are_shut_out_or_denied_or_not_registered_do_not_get_in() {
    let world = World::with(|config| {
        on(config);
        config.register_users_on = true.into();
        config.global_username_deny_regex = Some("^denied".into());
    })
    .await;
    let mut browser = Browser::with_account(&world, "ada").await;
    let entered = browser.log_in("ada", GOOD).await;
    assert_eq!((entered.status, &*entered.location.unwrap()), (302, "http://localhost/user/register/"));
    assert_eq!(browser.get("/user").await.status, 401);
    let mut denied = Browser::with_account(&world, "denied").await;
    assert_eq!(denied.log_in("denied", GOOD).await.status, 401);
    sqlx::query(r#"update "User" set active = false"#).execute(&world.database.pool).await.unwrap();
    let told = browser.log_in("ada", GOOD).await;
    assert_eq!(told.status, 401);
    assert!(told.text.contains("known but not active"), "{}", told.text);
    let shut_out = Invite { username: "ada", email: None, life: 60, mode: InviteMode::Reset };
    assert!(matches!(invite(&world.database.pool, &shut_out).await, Err(Error::BadRequest(_))));
}

#[derive(Default)]
struct Memory(Mutex<Vec<Event>>);

#[async_trait]
impl AuditLog for Memory {
    async fn record(&self, events: &[Event]) -> Result<(), AuditError> {
        self.0.lock().unwrap().extend_from_slice(events);
        Ok(())
    }
}

#[tokio::test]
async fn a_login_is_written_down_as_any_other_and_leads_only_to_known_sites() {
    let world = World::with(|config| {
        on(config);
        config.enable_audit_logs = AuditLogs { presigned_url: false, login: true };
    })
    .await;
    let log = Arc::new(Memory::default());
    let (recorder, recording) = Recorder::start(log.clone());
    world.fence.record_to(recorder);
    let mut browser = Browser::with_account(&world, "ada").await.from("192.0.2.7");
    let page = browser.get("/login/local?redirect=/x").await;
    let fields = |redirect| [("username", "ada"), ("password", GOOD), ("redirect", redirect)];
    assert_eq!(browser.send(&page, &fields("//evil.example/")).await.status, 400);
    assert_eq!(browser.send(&page, &fields("https://portal.example/a")).await.status, 302);
    for bad in ["//evil.example/", "https://evil.example/", "javascript:x"] {
        for path in ["/login", "/login/local", "/login/local/code"] {
            assert_eq!(browser.get(&format!("{path}?redirect={bad}")).await.status, 400, "{path} to {bad}");
        }
    }
    recording.stop().await;
    let events = log.0.lock().unwrap().clone();
    let [Event::Login(login)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((login.username.as_str(), login.idp.as_str()), ("ada", "local"));
    assert_eq!(login.ip.as_deref(), Some("192.0.2.7"));
    assert!(!login.request_url.contains(GOOD), "{}", login.request_url);
}

#[tokio::test]
async fn where_they_are_off_there_is_nothing_of_local_accounts() {
    let world = World::new().await;
    let link = invited(&world, "ada", InviteMode::First).await;
    let mut browser = Browser::new(&world);
    let pages = ["/login/local", "/login/local/code", "/login/local/password", "/login/local/second-factor"];
    for page in pages.into_iter().chain([&*link]) {
        assert_eq!(browser.get(page).await.status, 404, "{page}");
        assert_eq!(answer(world.request("POST", page)).await.0, 404, "{page}");
    }
    let admin = world.token("admin").await;
    let invite = world.post("/admin/user/ada/invite", &json!({})).bearer_auth(admin);
    assert_eq!(answer(invite).await.0, 404);
}

#[tokio::test]
async fn the_login_page_is_for_people_and_the_list_for_programs() {
    let world = World::with(|config| {
        on(config);
        config.app_name = "Ada's Commons".into();
        config.logo_url = Some("https://images.example/logo.svg".into());
        config.login_options = serde_json::from_value(json!([
            { "name": "Google", "idp": "google", "desc": "for everybody" },
            { "name": "Nobody", "idp": "unknown" },
            { "name": "Development", "idp": "dev", "secondary": true },
        ]))
        .unwrap();
    })
    .await;
    let as_program = |accept: &str| -> RequestBuilder { world.get("/login/").header("accept", accept) };
    for accept in ["*/*", "application/json", "application/json, text/plain, */*"] {
        let (status, list) = answer(as_program(accept)).await;
        let idps: Vec<_> = list["providers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|option| option["idp"].as_str().unwrap())
            .collect();
        assert_eq!((status, idps), (200, vec!["google", "dev", "local"]), "{accept}");
        assert_eq!(list["providers"][2]["url"], "http://localhost/user/login/local");
    }
    let mut browser = Browser::with_account(&world, "ada").await;
    let page = browser.get("/login?redirect=/portal?a=b%26c").await;
    assert_eq!(page.status, 200);
    let vary: Vec<_> = page.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(vary.contains(&"Accept"), "{vary:?}");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("img-src https://images.example;"),
        "{policy}"
    );
    for part in [
        "<html lang=\"en\">",
        "<img src=\"https://images.example/logo.svg\" alt=\"\">\n<span>Ada&#39;s Commons</span>",
        "<h1>Log in to Ada&#39;s Commons</h1>",
        "<label for=\"username\">User name</label>",
        "autocomplete=\"current-password\"",
        "href=\"http://localhost/user/login/google?redirect=%2Fportal%3Fa%3Db%26c\">Google <span>for everybody</span>",
        "<summary>Other ways to log in</summary>",
        "name=\"redirect\" value=\"/portal?a=b&amp;c\"",
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert!(!page.text.contains("<script") && !page.text.contains("Nobody"), "{}", page.text);
    let (before, others) = page.text.split_once("<details>").unwrap();
    assert!(!before.contains("/login/dev") && others.contains("/login/dev"), "{}", page.text);
    let entered = browser.send(&page, &[("username", "ada"), ("password", GOOD)]).await;
    assert_eq!((entered.status, entered.location.as_deref()), (302, Some("/portal?a=b&c")));
    let page = browser.get("/login").await;
    assert!(page.text.contains("You are logged in as <b>ada</b>"), "{}", page.text);
    assert!(page.text.contains("href=\"/user/login/local/password\""), "{}", page.text);
}

#[tokio::test]
async fn a_login_without_a_form_leaves_no_session() {
    let world = World::with(|config| config.local_accounts = LocalAccounts::default()).await;
    let mut browser = Browser::new(&world);
    let page = browser.get("/login").await;
    assert!(page.text.contains("/login/dev?redirect=%2F"), "{}", page.text);
    assert_eq!(browser.cookie("fence"), None);
    assert!(!Config::default().local_accounts.enabled.is_on(), "off unless it is wanted");
}
