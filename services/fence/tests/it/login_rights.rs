//! What a provider says of a user becomes rights in arborist, and ends.

use std::{sync::Arc, time::Duration};

use arborist::Arborist;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;
use testing::TestDatabase;

use crate::{
    issuer::Issuer,
    relying_party::{login, world, world_that_renews},
    world::World,
};

/// The arborist of one test. Only what it is told matters, not what it decides.
struct Rights {
    database: TestDatabase,
    arborist: Arc<Arborist>,
}

impl Rights {
    async fn of(world: &World) -> Self {
        let database = TestDatabase::new("arborist", async |pool| Ok(arborist::migrate(pool).await?)).await;
        let arborist =
            Arborist::build(arborist::Config::default(), database.pool.clone(), world.tokens.verifier());
        world.fence.give_rights_through(arborist.clone());
        for statement in [
            "insert into grp (name) values ('one'), ('two'), ('staff')",
            "insert into policy (name) values ('mfa_policy')",
            "insert into usr (name) values ('person-1')",
            "insert into usr_grp (usr_id, grp_id, authz_provider)
             select usr.id, grp.id, 'user-sync' from usr, grp where grp.name = 'staff'",
        ] {
            sqlx::query(statement).execute(&database.pool).await.unwrap();
        }
        Self { database, arborist }
    }

    /// The groups of the user, with the ends of their memberships.
    async fn groups(&self) -> Vec<(String, Option<DateTime<Utc>>)> {
        sqlx::query_as(
            "select grp.name, link.expires_at from usr_grp as link
             join grp on grp.id = link.grp_id join usr on usr.id = link.usr_id
             where usr.name = 'person-1' order by grp.name",
        )
        .fetch_all(&self.database.pool)
        .await
        .unwrap()
    }

    async fn names(&self) -> Vec<String> {
        self.groups().await.into_iter().map(|(name, _)| name).collect()
    }

    async fn has_second_factor(&self) -> bool {
        policystore::PolicyStore::holds(&*self.arborist, "person-1", "mfa_policy").await.unwrap()
    }
}

fn says(issuer: &Issuer, claims: Value) {
    issuer.does(|conduct| conduct.claims = claims.as_object().unwrap().clone());
}

#[tokio::test]
async fn a_user_belongs_to_the_existing_groups_that_the_provider_names_at_each_login() {
    let issuer = Issuer::start();
    let settings = json!({
        "is_authz_groups_sync_enabled": true, "authz_groups_sync": {"group_prefix": "gen3-"},
        "group_membership_expiration_duration": 3600,
    });
    let world = world(&issuer, settings).await;
    let rights = Rights::of(&world).await;
    says(&issuer, json!({"groups": ["gen3-one", "gen3-nowhere", "gen3-anonymous", "two"]}));
    assert_eq!(login(&world, &issuer).await, 302);
    let groups = rights.groups().await;
    assert_eq!(rights.names().await, ["one", "staff"]);
    let (until, now) = (groups[0].1.unwrap(), Utc::now());
    assert!(until > now + TimeDelta::minutes(30) && until <= now + TimeDelta::hours(1), "{until}");
    assert_eq!(groups[1].1, None, "a membership of user.yaml stays as it was");

    says(&issuer, json!({"groups": ["gen3-two", "gen3-staff"]}));
    assert_eq!(login(&world, &issuer).await, 302);
    assert_eq!(rights.names().await, ["staff", "two"]);
    assert_eq!(rights.groups().await[0].1, None);
    // Where the token says nothing, userinfo is asked; where both say nothing, there are no groups.
    says(&issuer, json!({}));
    issuer.does(|conduct| conduct.userinfo = Some(json!({"sub": "person-1", "groups": ["gen3-one"]})));
    assert_eq!(login(&world, &issuer).await, 302);
    assert_eq!(rights.names().await, ["one", "staff"]);
    issuer.does(|conduct| conduct.userinfo = Some(json!({"sub": "person-1"})));
    assert_eq!(login(&world, &issuer).await, 302);
    assert_eq!(rights.names().await, ["staff"]);
    let many: Vec<String> = (0..1001).map(|number| format!("gen3-{number}")).collect();
    says(&issuer, json!({ "groups": many }));
    assert_eq!(login(&world, &issuer).await, 400);
}

#[tokio::test]
async fn between_logins_a_provider_is_asked_again_for_the_groups_of_its_users() {
    let issuer = Issuer::start();
    let world = world_that_renews(&issuer, json!({"is_authz_groups_sync_enabled": true})).await;
    let rights = Rights::of(&world).await;
    issuer.does(|conduct| conduct.refresh_token = Some("secret".into()));
    says(&issuer, json!({"groups": ["one"]}));
    assert_eq!(login(&world, &issuer).await, 302);
    assert_eq!(rights.names().await, ["one", "staff"]);
    let updated = async || {
        let updates = world.fence.update_visas().await.unwrap();
        (updates.updated, updates.ended, updates.failed)
    };
    for groups in [json!(["two"]), json!(["two", "staff"]), json!([])] {
        issuer.does(|conduct| conduct.userinfo = Some(json!({"sub": "person-1", "groups": groups})));
        assert_eq!(updated().await, (1, 0, 0));
        let named = groups.as_array().unwrap().iter().any(|name| name == "two");
        assert_eq!(rights.names().await, if named { vec!["staff", "two"] } else { vec!["staff"] });
    }
    issuer.does(|conduct| conduct.userinfo = Some(json!({"sub": "person-1", "groups": "one"})));
    assert_eq!(updated().await, (1, 0, 0));
    // Somebody else's groups, and no word of groups, are no reason to change anything.
    for other in [json!({"sub": "person-2", "groups": []}), json!({"sub": "person-1"})] {
        issuer.does(|conduct| conduct.userinfo = Some(other));
        assert_eq!(updated().await, (0, 0, 1));
        assert_eq!(rights.names().await, ["one", "staff"]);
    }
    issuer.does(|conduct| conduct.refresh_token = None);
    assert_eq!(updated().await, (0, 1, 0));
    assert_eq!(rights.names().await, ["staff"], "the provider does not vouch for them any more");
    assert_eq!(updated().await, (0, 0, 0));
}

/// What does not say that the provider does not know the user any more.
pub(crate) const OTHER_REFUSALS: [(u16, &str); 4] =
    [(401, "invalid_client"), (429, "slow_down"), (400, "invalid_request"), (403, "")];

/// A fence where somebody belongs to the group `one` because the provider `issuer` says so.
async fn world_of_a_member(issuer: &Issuer) -> (World, Rights) {
    let world = world_that_renews(issuer, json!({"is_authz_groups_sync_enabled": true})).await;
    let rights = Rights::of(&world).await;
    issuer.does(|conduct| conduct.refresh_token = Some("secret".into()));
    says(issuer, json!({"groups": ["one"]}));
    assert_eq!(login(&world, issuer).await, 302);
    assert_eq!(rights.names().await, ["one", "staff"]);
    (world, rights)
}

#[tokio::test]
async fn a_mistake_of_the_operator_and_a_rate_limit_take_no_groups() {
    let issuer = Issuer::start();
    let (world, rights) = world_of_a_member(&issuer).await;
    for refusal in OTHER_REFUSALS {
        issuer.does(|conduct| conduct.refusal = Some(refusal));
        let updates = world.fence.update_visas().await.unwrap();
        assert_eq!((updates.updated, updates.ended, updates.failed), (0, 0, 1), "{refusal:?}");
        assert_eq!(rights.names().await, ["one", "staff"], "{refusal:?}");
    }
    issuer.does(|conduct| {
        conduct.refusal = None;
        conduct.userinfo = Some(json!({"sub": "person-1", "groups": ["two"]}));
    });
    assert_eq!(world.fence.update_visas().await.unwrap().updated, 1, "the refresh token is kept");
    assert_eq!(rights.names().await, ["staff", "two"]);
}

/// Waits until somebody waits for a lock in the database of `pool`.
async fn somebody_waits(pool: &PgPool) {
    let waiting = "select count(*) from pg_stat_activity
                   where wait_event_type = 'Lock' and datname = current_database()";
    let waits = async {
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waits).await.expect("nobody waits");
}

#[tokio::test]
async fn an_update_takes_nothing_from_somebody_who_has_logged_in_meanwhile() {
    for is_refused in [true, false] {
        let issuer = Issuer::start();
        let (world, rights) = world_of_a_member(&issuer).await;
        issuer.does(|conduct| {
            conduct.userinfo = Some(json!({"sub": "person-1", "groups": ["two"]}));
            conduct.refresh_token = conduct.refresh_token.take().filter(|_| !is_refused);
        });
        let pool = &world.database.pool;
        let mut other = pool.begin().await.unwrap();
        let lock = "lock table upstream_refresh_token in exclusive mode";
        sqlx::query(lock).execute(&mut *other).await.unwrap();
        let login = async {
            somebody_waits(pool).await;
            let fresh = "update upstream_refresh_token set refresh_token = 'fresh'";
            sqlx::query(fresh).execute(&mut *other).await.unwrap();
            other.commit().await.unwrap();
        };
        let (updates, ()) = tokio::join!(world.fence.update_visas(), login);
        let updates = updates.unwrap();
        assert_eq!((updates.updated, updates.ended, updates.failed), (1, 0, 0));
        assert_eq!(rights.names().await, ["one", "staff"], "{is_refused}");
        let kept: Vec<String> = sqlx::query_scalar("select refresh_token from upstream_refresh_token")
            .fetch_all(pool)
            .await
            .unwrap();
        assert_eq!(kept, ["fresh"]);
    }
}

#[tokio::test]
async fn who_logs_in_while_an_update_takes_groups_has_those_of_the_login_afterwards() {
    let issuer = Issuer::start();
    let (world, rights) = world_of_a_member(&issuer).await;
    issuer.does(|conduct| conduct.refresh_token = None);
    let mut other = rights.database.pool.begin().await.unwrap();
    sqlx::query("lock table usr_grp in exclusive mode").execute(&mut *other).await.unwrap();
    let logs_in = async {
        somebody_waits(&rights.database.pool).await;
        issuer.does(|conduct| conduct.refresh_token = Some("another".into()));
        says(&issuer, json!({"groups": ["two"]}));
        login(&world, &issuer).await
    };
    let ends = async {
        somebody_waits(&world.database.pool).await;
        other.rollback().await.unwrap();
    };
    let (updates, status, ()) = tokio::join!(world.fence.update_visas(), logs_in, ends);
    assert_eq!((updates.unwrap().ended, status), (1, 302));
    assert_eq!(rights.names().await, ["staff", "two"]);
}

#[tokio::test]
async fn groups_of_a_provider_of_many_organisations_are_renewed_too() {
    let issuer = Issuer::start();
    let of = |tenant: &str| format!("{}/{tenant}/v2.0", issuer.url);
    let described = of("{tenantid}");
    let settings = json!({"is_authz_groups_sync_enabled": true, "issuer": described});
    issuer.does(|conduct| {
        conduct.described = Some(described);
        conduct.refresh_token = Some("secret".into());
        conduct.userinfo = Some(json!({"sub": "person-1", "groups": ["two"]}));
    });
    let world = world_that_renews(&issuer, settings).await;
    let rights = Rights::of(&world).await;
    let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    says(&issuer, json!({"iss": of(tenant), "tid": tenant, "groups": ["one"]}));
    assert_eq!(login(&world, &issuer).await, 302);
    assert_eq!(rights.names().await, ["one", "staff"]);
    let updates = world.fence.update_visas().await.unwrap();
    assert_eq!((updates.updated, updates.ended, updates.failed), (1, 0, 0));
    assert_eq!(rights.names().await, ["staff", "two"]);
}

#[tokio::test]
async fn the_policy_of_a_second_factor_comes_and_goes_with_each_login() {
    let issuer = Issuer::start();
    let info = json!({"claim": "amr", "values": ["mfa", "otp"]});
    let world = world(&issuer, json!({ "multifactor_auth_claim_info": info })).await;
    let rights = Rights::of(&world).await;
    // What userinfo says of it is not signed.
    issuer.does(|conduct| conduct.userinfo = Some(json!({"sub": "person-1", "amr": ["mfa"]})));
    for (claims, shown) in [
        (json!({"amr": ["pwd"]}), false),
        (json!({"amr": ["pwd", "otp"]}), true),
        (json!({"amr": ["otp"]}), true),
        (json!({}), false),
    ] {
        says(&issuer, claims.clone());
        assert_eq!(login(&world, &issuer).await, 302);
        assert_eq!(rights.has_second_factor().await, shown, "{claims}");
    }
    says(&issuer, json!({"amr": ["otp"]}));
    assert_eq!(login(&world, &issuer).await, 302);
    let picked = world.get("/login/google?redirect=/").header("cookie", "dev_login=person-1");
    assert_eq!(picked.send().await.unwrap().status(), 302);
    assert!(!rights.has_second_factor().await, "another provider has seen no second factor");
    assert_eq!(rights.names().await, ["staff"], "groups are not asked about");
}

#[tokio::test]
async fn nobody_logs_in_whose_rights_cannot_be_written_down() {
    let issuer = Issuer::start();
    let world = world(&issuer, json!({"is_authz_groups_sync_enabled": true})).await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = policystore::HttpPolicies::new(&format!("http://{gone}"), world.http.clone());
    world.fence.give_rights_through(Arc::new(away));
    says(&issuer, json!({"groups": []}));
    assert_eq!(login(&world, &issuer).await, 503);
}
