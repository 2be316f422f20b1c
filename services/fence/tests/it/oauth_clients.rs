//! Registering clients, and those that other programs have registered.

use fence::{
    Error,
    clients::{Change, NewClient, change, create, delete, delete_expired, list, rotate},
};
use testing::TestDatabase;

use crate::{
    oauth::{CALLBACK, allowed, browser, code, plain, query, redeem, register},
    world::{World, database},
};

/// The table of clients as it was before it had `client_metadata`, with two of its rows. The hash was
/// made by Python's bcrypt 5.0.0, of the secret `s3cret`.
const OLD_CLIENTS: &str = r#"
    drop table authorization_code;
    drop table client;
    create table client (
        client_id varchar(40) primary key, client_secret varchar(60) unique, issued_at integer not null,
        expires_at integer not null default 0, redirect_uri text, token_endpoint_auth_method varchar(48),
        grant_type text not null default '', response_type text not null default '',
        scope text not null default '', name varchar(40) not null, description varchar(400),
        user_id integer, auto_approve boolean, is_confidential boolean, _allowed_scopes text not null, _redirect_uris text, _default_scopes text
    );
    create table authorization_code (
        id serial primary key, user_id integer, code varchar(120) unique not null, client_id varchar(48),
        redirect_uri text, response_type text, auth_time integer not null, nonce varchar,
        refresh_token_expires_in integer, _scope text
    );
    insert into client (client_id, client_secret, issued_at, redirect_uri, token_endpoint_auth_method,
                        grant_type, response_type, name, auto_approve, is_confidential, _allowed_scopes)
    values ('old', '$2b$04$wdOUv2LUFU7EMFB5FodHpeFndBUdto8p0hQCtJhREbml9zUQ950dy', 1500000000,
            E'https://app.example/cb\nhttps://app.example/two',
            'client_secret_basic', E'authorization_code\nrefresh_token', 'code', 'older', true, true,
            'openid user data'),
           ('older', null, 1400000000, 'https://app.example/cb', null, '', '', 'oldest', true, false,
            'openid user');
"#;

#[tokio::test]
async fn clients_of_older_databases_keep_their_secrets_addresses_and_scopes() {
    let world = World::new().await;
    let pool = &world.database.pool;
    sqlx::raw_sql(OLD_CLIENTS).execute(pool).await.unwrap();
    for _ in 0..2 {
        fence::migrate(pool).await.unwrap();
    }
    let clients = list(pool).await.unwrap();
    let old = clients.iter().find(|client| client.client_id == "old").unwrap();
    assert_eq!(old.redirect_uris, ["https://app.example/cb", "https://app.example/two"]);
    assert_eq!(old.grant_types, ["authorization_code", "refresh_token"]);
    assert_eq!((old.scopes.join(" ").as_str(), old.issued_at), ("openid user data", 1_500_000_000));
    let oldest = clients.iter().find(|client| client.client_id == "older").unwrap();
    assert!(!oldest.is_confidential && oldest.grant_types.len() == 2);
    let client =
        fence::clients::Credentials { client_id: "old".into(), client_secret: Some("s3cret".into()) };
    let code = code(&world, &browser(&world, "ada").await, &client, "&refresh_token_expires_in=60").await;
    let (status, said) = redeem(&world, &client, &code).await;
    assert_eq!(status, 200, "{said}");
    let kept: Vec<String> = sqlx::query_scalar("select redirect_uri from client order by client_id")
        .fetch_all(pool)
        .await
        .unwrap();
    assert!(kept[0].starts_with(CALLBACK), "the old columns stay: {kept:?}");
}

async fn refusal(database: &TestDatabase, new: NewClient) -> String {
    match create(&database.pool, &new, &allowed()).await {
        Err(error @ (Error::BadRequest(_) | Error::Conflict(_))) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_client_cannot_have_is_said_before_anything_is_made() {
    let database = database().await;
    let first = create(&database.pool, &plain("app"), &allowed()).await.unwrap();
    assert_eq!((first.client_id.len(), first.client_secret.unwrap().len()), (40, 55));
    assert_eq!(refusal(&database, plain("app")).await, "client app already exists");
    for (odd, told) in [
        (NewClient { name: "x".repeat(41), ..plain("") }, "a client's name has"),
        (NewClient { name: " ".into(), ..plain("") }, "a client's name has"),
        (NewClient { redirect_uris: vec![], ..plain("a") }, "needs an address"),
        (NewClient { redirect_uris: vec!["javascript:x".into()], ..plain("a") }, "is not an address"),
        (NewClient { redirect_uris: vec!["https://a/#b".into()], ..plain("a") }, "is not an address"),
        (NewClient { redirect_uris: vec!["/cb".into()], ..plain("a") }, "is not an address"),
        (NewClient { grants: vec!["password".into()], ..plain("a") }, "there is no grant password"),
        (NewClient { scopes: vec!["admin".into()], ..plain("a") }, "each scope must be one of"),
        (NewClient { expires_in_days: Some(-1.0), ..plain("a") }, "a positive number of days"),
        (NewClient { expires_in_days: Some(f64::NAN), ..plain("a") }, "a positive number of days"),
        (NewClient { expires_in_days: Some(1e9), ..plain("a") }, "later than the database can hold"),
        (NewClient { description: Some("x".repeat(401)), ..plain("a") }, "a client's description has"),
        (
            NewClient { grants: vec!["client_credentials".into()], public: true, ..plain("a") },
            "cannot be public",
        ),
    ] {
        let said = refusal(&database, odd).await;
        assert!(said.contains(told), "{said}");
    }
    assert_eq!(list(&database.pool).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_rotated_client_has_two_secrets_until_one_is_deleted() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let new = NewClient { auto_approve: true, owner: Some("ada".into()), ..plain("app") };
    let first = register(&world, new).await;
    let second = rotate(pool, "app", Some(30.0)).await.unwrap();
    assert_ne!(first.client_id, second.client_id);
    let ada = browser(&world, "ada").await;
    for client in [&first, &second] {
        let code = code(&world, &ada, client, "").await;
        assert_eq!(redeem(&world, client, &code).await.0, 200);
    }
    let owners: Vec<Option<i32>> =
        sqlx::query_scalar("select user_id from client").fetch_all(pool).await.unwrap();
    assert!(owners.len() == 2 && owners[0].is_some() && owners[0] == owners[1]);
    assert_eq!(
        delete(pool, "app", Some(&first.client_id)).await.unwrap(),
        std::slice::from_ref(&first.client_id)
    );
    let late = code(&world, &ada, &second, "").await;
    assert_eq!(redeem(&world, &first, &late).await.0, 401);
    assert_eq!(redeem(&world, &second, &late).await.0, 200);
    assert!(matches!(delete(pool, "app", Some("none")).await, Err(Error::NotFound(_))));
    assert_eq!(delete(pool, "app", None).await.unwrap(), [second.client_id]);
    assert!(matches!(rotate(pool, "app", None).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_client_is_changed_in_part_or_added_to() {
    let world = World::new().await;
    let pool = &world.database.pool;
    register(&world, plain("app")).await;
    let apply = async |name: &str, wanted: Change| change(pool, name, &wanted, &allowed()).await;
    let add = Change {
        redirect_uris: Some(vec!["https://app.example/new".into(), CALLBACK.into()]),
        scopes: Some(vec!["google_link".into()]),
        append: true,
        auto_approve: Some(true),
        ..Change::default()
    };
    apply("app", add).await.unwrap();
    let client = list(pool).await.unwrap().remove(0);
    assert_eq!(client.redirect_uris.len(), 3);
    assert_eq!(client.scopes, ["openid", "user", "data", "google_link"]);
    assert!(client.auto_approve);
    let replace = Change {
        name: Some("other".into()),
        description: Some("what for".into()),
        scopes: Some(vec!["data".into()]),
        expires_in_days: Some(1.0),
        ..Change::default()
    };
    apply("app", replace).await.unwrap();
    let client = list(pool).await.unwrap().remove(0);
    assert_eq!((client.name.as_str(), client.description.as_deref()), ("other", Some("what for")));
    assert_eq!(client.scopes, ["data", "openid"]);
    assert!(client.expires_at > client.issued_at && client.auto_approve && client.redirect_uris.len() == 3);
    let empty = Change { redirect_uris: Some(vec![]), ..Change::default() };
    assert!(matches!(apply("other", empty).await, Err(Error::BadRequest(_))));
    assert!(matches!(apply("app", Change::default()).await, Err(Error::NotFound(_))));
    register(&world, plain("app")).await;
    let taken = Change { name: Some("other".into()), ..Change::default() };
    assert!(matches!(apply("app", taken).await, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn expired_clients_are_deleted_with_their_codes() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let old =
        register(&world, NewClient { auto_approve: true, expires_in_days: Some(1.0), ..plain("old") }).await;
    register(&world, plain("new")).await;
    let ada = browser(&world, "ada").await;
    code(&world, &ada, &old, "").await;
    sqlx::query("update client set expires_at = 1000000000 where name = 'old'").execute(pool).await.unwrap();
    let expired = delete_expired(pool).await.unwrap();
    assert_eq!(expired.iter().map(|client| client.name.as_str()).collect::<Vec<_>>(), ["old"]);
    assert_eq!(list(pool).await.unwrap().len(), 1);
    let codes: i64 =
        sqlx::query_scalar("select count(*) from authorization_code").fetch_one(pool).await.unwrap();
    assert_eq!(codes, 0);
    let refused = world.get(&format!("/oauth2/authorize?{}", query(&old, ""))).header("cookie", ada);
    assert_eq!(refused.send().await.unwrap().status(), 401);
}
