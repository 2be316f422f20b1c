//! Logging in through Synapse.

use chrono::{DateTime, TimeDelta, Utc};
use indexmap::IndexMap;
use serde_json::{Value, json};
use testing::TestDatabase;
use url::Url;

use crate::{
    issuer::{CLIENT, Issuer, SECRET},
    world::{World, answer, cookie_header, cookies},
};

async fn world(issuer: &Issuer) -> World {
    let synapse: fence::Provider =
        serde_json::from_value(json!({"client_id": CLIENT, "client_secret": SECRET})).unwrap();
    World::with(|config| {
        config.openid_connect = IndexMap::from([("synapse".to_owned(), synapse)]);
        config.synapse.synapse_uri = issuer.url.clone();
        config.synapse.dream_challenge_team = "DREAM".into();
        config.synapse.dream_challenge_group = "dreamers".into();
        config.synapse.synapse_authz_ttl = 3600;
        config.visas.enable_visa_update_cron = true.into();
    })
    .await
}

/// The answer to the end of a login, and what the issuer was asked.
async fn login(world: &World, issuer: &Issuer) -> (reqwest::Response, Url) {
    let sent = world.get("/login/synapse?redirect=/portal").send().await.unwrap();
    let address = sent.headers()["location"].to_str().unwrap().to_owned();
    let (code, state) = issuer.approve(&address);
    let path = format!("/login/synapse/login?code={code}&state={state}");
    let back = world.get(&path).header("cookie", cookie_header(&cookies(&sent))).send().await.unwrap();
    (back, Url::parse(&address).unwrap())
}

#[tokio::test]
async fn who_comes_from_synapse_has_its_number_as_a_name_and_joins_the_group_of_their_team() {
    let issuer = Issuer::start();
    let world = world(&issuer).await;
    let database = TestDatabase::new("arborist", async |pool| Ok(arborist::migrate(pool).await?)).await;
    let verifier = world.tokens.verifier();
    let arborist = arborist::Arborist::build(arborist::Config::default(), database.pool.clone(), verifier);
    world.fence.give_rights_through(arborist);
    sqlx::query("insert into grp (name) values ('dreamers')").execute(&database.pool).await.unwrap();
    let says = |change: Value| {
        let mut claims = json!({
            "userid": "273950", "email": "ada@x.org", "email_verified": true, "team": ["DREAM", "others"],
            "given_name": "Ada", "family_name": "Lovelace",
        });
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        issuer.does(|conduct| conduct.claims = claims.as_object().unwrap().clone());
    };
    // Where the token says too little, it is asked for more.
    issuer.does(|conduct| {
        conduct.userinfo = Some(json!({"sub": "person-1"}));
        conduct.refresh_token = Some("secret".into());
    });
    says(json!({}));
    let (back, asked) = login(&world, &issuer).await;
    assert_eq!(back.status(), 302);
    let claims = asked.query_pairs().find(|(name, _)| name == "claims").unwrap().1.into_owned();
    let claims: Value = serde_json::from_str(&claims).unwrap();
    assert_eq!(claims["id_token"]["team"], json!({"values": ["DREAM"]}));
    assert_eq!(claims["id_token"]["userid"], json!({"essential": true}));
    let (_, user) = answer(world.get("/user").header("cookie", cookie_header(&cookies(&back)))).await;
    assert_eq!(
        (&user["username"], &user["display_name"], &user["email"], &user["idp"]),
        (&json!("273950 (Synapse ID)"), &json!("Ada Lovelace"), &json!("ada@x.org"), &json!("synapse"))
    );
    let memberships = async || -> Vec<(String, DateTime<Utc>, String)> {
        let statement = "select usr.name, link.expires_at, link.authz_provider from usr_grp as link
             join grp on grp.id = link.grp_id join usr on usr.id = link.usr_id where grp.name = 'dreamers'";
        sqlx::query_as(statement).fetch_all(&database.pool).await.unwrap()
    };
    let [(name, until, label)] = &memberships().await[..] else { panic!("no membership") };
    assert_eq!((name.as_str(), label.as_str()), ("273950 (Synapse ID)", "synapse"));
    assert!(*until > Utc::now() + TimeDelta::minutes(30) && *until <= Utc::now() + TimeDelta::hours(1));
    let kept = sqlx::query_scalar("select count(*) from upstream_refresh_token");
    let kept: i64 = kept.fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(kept, 0, "it names teams only to those who log in");
    says(json!({"team": ["others"]}));
    assert_eq!(login(&world, &issuer).await.0.status(), 302);
    assert!(memberships().await.is_empty(), "who left the team leaves the group");
    for wrong in [json!({"email_verified": false}), json!({"email_verified": null}), json!({"userid": null})]
    {
        says(wrong.clone());
        assert_eq!(login(&world, &issuer).await.0.status(), 400, "{wrong}");
    }
}
