//! The index against the SQL, which is the rule: on random forests, policies, groups, ends and questions.

use std::time::Duration;

use authz::Action;
use decisions::{Decision, Index, Structure, Users, Who};
use rand::{Rng, RngExt as _, SeedableRng as _, rngs::StdRng};
use sqlx::{PgConnection, PgPool};
use testing::TestDatabase;
use tokio::time::{sleep, timeout};

use super::{Live, follow, mapping, mapping_json, written::Names};
use crate::{
    decision::{Principal, Question, Target},
    path::ResourcePath,
    store::{deactivated, decision, index as store},
};

const LABELS: &[&str] = &["a", "b-1", "c_2", "A", "ab"];
const SERVICES: &[&str] = &["s", "t", "*", "é", ""];
const METHODS: &[&str] = &["m", "n", "N", "*"];
const USERS: &[&str] = &["ada", "Ada", "BOB", "eve", "José", "joe", "o'neil", "ünal", "x@y.org", "mike"];
const ASKED_USERS: &[&str] =
    &["ada", "ADA", "bob", "Eve", "José", "JOSÉ", "joe", "ünal", "x@y.org", "nobody"];
/// Users who may be deactivated, some of them strangers.
const STANDING: &[&str] = &["Ada", "bob", "eve", "JOSÉ", "ünal", "nobody", "never asked about"];
/// Ends of grants: never, in any calendar or in none, later, and before.
const ENDS: &[&str] = &["", "infinity", "9999-12-31", "2999-01-01", "-infinity", "1960-01-01", "2001-01-01"];
const POLICIES: usize = 30;

fn one<'a>(random: &mut StdRng, of: &[&'a str]) -> &'a str {
    of[random.random_range(0..of.len())]
}

fn path(random: &mut StdRng) -> String {
    let depth = random.random_range(1..5);
    (0..depth).map(|_| format!("/{}", one(random, LABELS))).collect()
}

async fn database() -> TestDatabase {
    TestDatabase::new("arborist", async |pool: &PgPool| Ok(crate::migrate(pool).await?)).await
}

/// Some pairs of keys, which may repeat.
fn pairs(random: &mut StdRng, from: usize, to: usize, count: usize) -> (Vec<i32>, Vec<i32>) {
    let mut key = |below: usize| random.random_range(0..below) as i32 + 1;
    (0..count).map(|_| (key(from), key(to))).unzip()
}

/// Fills the tables with a random world. Keys begin at 1.
async fn fill(connection: &mut PgConnection, random: &mut StdRng) {
    let mut paths: Vec<String> = Vec::new();
    for _ in 0..60 {
        let path = ResourcePath::parse(&path(random)).unwrap();
        paths.extend(path.with_ancestors().map(str::to_owned));
    }
    sqlx::query("insert into resource (path) select distinct path::ltree from unnest($1::text[]) as path")
        .bind(paths)
        .execute(&mut *connection)
        .await
        .unwrap();
    sqlx::query("insert into role (name) select 'r' || n from generate_series(1, 8) as n")
        .execute(&mut *connection)
        .await
        .unwrap();
    for number in 0..20 {
        let role = random.random_range(1..=8);
        sqlx::query("insert into permission (role_id, name, service, method) values ($1, $2, $3, $4)")
            .bind(role)
            .bind(number.to_string())
            .bind(one(random, SERVICES))
            .bind(one(random, METHODS))
            .execute(&mut *connection)
            .await
            .unwrap();
    }
    sqlx::query("insert into policy (name) select 'p' || n from generate_series(1, $1) as n")
        .bind(POLICIES as i32)
        .execute(&mut *connection)
        .await
        .unwrap();
    sqlx::query("insert into usr (name) select unnest($1::text[])")
        .bind(USERS)
        .execute(&mut *connection)
        .await
        .unwrap();
    sqlx::raw_sql(
        "insert into grp (name) select 'g' || n from generate_series(1, 4) as n;
         insert into client (external_client_id) values ('c1'), ('c2')",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    link(connection, random).await;
    let standing = |random: &mut StdRng| (0..4).map(|_| one(random, STANDING).to_owned()).collect::<Vec<_>>();
    deactivated::deactivate(connection, &standing(random)).await.unwrap();
    deactivated::reactivate(connection, &standing(random)[..1]).await.unwrap();
    deactivated::release(connection, &standing(random)[..1]).await.unwrap();
}

/// Links rows at random.
async fn link(connection: &mut PgConnection, random: &mut StdRng) {
    let resources: i64 =
        sqlx::query_scalar("select count(*) from resource").fetch_one(&mut *connection).await.unwrap();
    let resources = usize::try_from(resources).unwrap();
    let plain = [
        (
            "insert into policy_resource select * from unnest($1::int[], $2::int[]) on conflict do nothing",
            30,
            resources,
            40,
        ),
        (
            "insert into policy_role select * from unnest($1::int[], $2::int[]) on conflict do nothing",
            30,
            8,
            40,
        ),
        (
            "insert into grp_policy select * from unnest($1::int[], $2::int[]) on conflict do nothing",
            6,
            30,
            10,
        ),
        (
            "insert into client_policy select * from unnest($1::int[], $2::int[]) on conflict do nothing",
            2,
            30,
            12,
        ),
    ];
    for (statement, from, to, count) in plain {
        let (from, to) = pairs(random, from, to, count);
        sqlx::query(statement).bind(from).bind(to).execute(&mut *connection).await.unwrap();
    }
    let ending = [
        (
            "insert into usr_policy (usr_id, policy_id, expires_at)
             select f, t, nullif(e, '')::timestamptz
             from unnest($1::int[], $2::int[], $3::text[]) as l(f, t, e)
             on conflict do nothing",
            POLICIES,
            40,
        ),
        (
            "insert into usr_grp (usr_id, grp_id, expires_at)
             select f, t, nullif(e, '')::timestamptz
             from unnest($1::int[], $2::int[], $3::text[]) as l(f, t, e)
             on conflict do nothing",
            6,
            15,
        ),
    ];
    for (statement, to, count) in ending {
        let (from, to) = pairs(random, USERS.len(), to, count);
        let ends: Vec<&str> = (0..count).map(|_| one(random, ENDS)).collect();
        sqlx::query(statement).bind(from).bind(to).bind(ends).execute(&mut *connection).await.unwrap();
    }
}

async fn load(connection: &mut PgConnection) -> Index {
    Index {
        structure: Structure::new(store::parts(connection).await.unwrap()).into(),
        users: Users::new(store::all_users(connection).await.unwrap()),
        groups: store::groups(connection).await.unwrap().into(),
        clients: store::clients(connection).await.unwrap().into(),
        deactivated: store::deactivated(connection).await.unwrap().into(),
        plain_case: store::has_plain_case(connection).await.unwrap(),
    }
}

fn principals(random: &mut StdRng, count: usize) -> Vec<Principal> {
    let mut some = |of: &[&str], chance: f64| random.random_bool(chance).then(|| one(random, of).to_owned());
    let mut all = vec![Principal::anonymous()];
    all.extend(
        (1..count)
            .map(|_| Principal { user: some(ASKED_USERS, 0.8), client: some(&["c1", "c2", "c3"], 0.3) }),
    );
    all
}

fn only(random: &mut StdRng) -> Vec<String> {
    let count = if random.random_bool(0.5) { 0 } else { random.random_range(1..12) };
    (0..count).map(|_| format!("p{}", random.random_range(1..=POLICIES + 2))).collect()
}

fn who(principal: &Principal) -> Who<'_> {
    Who {
        user: principal.user.as_deref(),
        client: principal.client.as_deref(),
        public_groups: principal.public_groups(),
        groups_of_all: Principal::of_all(principal.public_groups()),
    }
}

const NOW: i64 = 1_790_000_000_000_000;

/// Asks both, one question at a time, and returns how many the index has decided.
async fn compare_decisions(
    connection: &mut PgConnection,
    index: &Index,
    principal: &Principal,
    random: &mut StdRng,
    count: usize,
) -> usize {
    let tags: Vec<String> =
        sqlx::query_scalar("select tag from resource").fetch_all(&mut *connection).await.unwrap();
    let actions: Vec<Action> = (0..count)
        .map(|_| Action { service: one(random, SERVICES).into(), method: one(random, METHODS).into() })
        .collect();
    let questions: Vec<Question<'_>> = actions
        .iter()
        .map(|action| {
            let target = match random.random_range(0..10) {
                0 => Target::Tag("no such tag".into()),
                1 | 2 => Target::Tag(tags[random.random_range(0..tags.len())].clone()),
                _ => Target::Path(ResourcePath::parse(&path(random)).unwrap()),
            };
            Question { target, action }
        })
        .collect();
    let only = only(random);
    let refs: Vec<&Question<'_>> = questions.iter().collect();
    let mut sides = vec![0; questions.len()];
    for (_, place) in decision::permitted(connection, principal, &refs, &only).await.unwrap() {
        sides[usize::try_from(place).unwrap()] += 1;
    }
    let limited = (!only.is_empty() && !principal.is_anonymous()).then_some(&*only);
    let mut decided = 0;
    for (question, sides) in questions.iter().zip(sides) {
        let Ok(decision) = index.decide(who(principal), &[question.asked()], limited, NOW) else { continue };
        let expected = sides == principal.sides();
        assert_eq!(decision != Decision::Denied, expected, "{principal:?} {question:?} only {only:?}");
        decided += 1;
    }
    decided
}

async fn compare_lists(
    connection: &mut PgConnection,
    index: &Index,
    principal: &Principal,
    random: &mut StdRng,
) {
    let only = only(random);
    let public_groups = principal.reaching_groups();
    let who_reaches =
        Who { public_groups, groups_of_all: Principal::of_all(public_groups), ..who(principal) };
    let limited = (!only.is_empty()).then_some(&*only);
    if let Ok(reach) = index.reach(who_reaches, limited, NOW) {
        let numbers = reach.runs.iter().flat_map(|run| run.first..run.end);
        let found: Vec<(&str, &str)> =
            numbers.map(|n| (index.structure.path(n), index.structure.tag(n))).collect();
        let expected = decision::reached(connection, principal, &only).await.unwrap();
        let expected: Vec<(&str, &str)> = expected.iter().map(|r| (r.path.ltree(), r.tag.as_str())).collect();
        assert_eq!(found, expected, "{principal:?} only {only:?}");
    }
    if let Some(user) = &principal.user {
        let tokens_before: Option<i64> = sqlx::query_scalar(
            "select extract(epoch from tokens_before)::int8 from commons_deactivated where name = lower($1)",
        )
        .bind(user)
        .fetch_optional(&mut *connection)
        .await
        .unwrap();
        for issued in [0, tokens_before.unwrap_or(7) - 1, tokens_before.unwrap_or(7), i64::MAX] {
            let expected = deactivated::has_ended(connection, user, issued).await.unwrap();
            let found = index.has_ended(user, issued).unwrap_or(expected);
            assert_eq!(found, expected, "{user} {issued} {tokens_before:?}");
        }
    }
    let principal = principal.clone().for_mapping();
    if let Ok(reach) = index.reach(who(&principal), None, NOW) {
        let expected = decision::mapping(connection, &principal).await.unwrap();
        let found = mapping(&index.structure, &reach);
        assert!(found.iter().eq(expected.iter()), "{principal:?}: {found:?} is not {expected:?}");
        let names = Names::new(&index.structure);
        assert_eq!(mapping_json(&index.structure, &names, &reach), serde_json::to_vec(&expected).unwrap());
    }
}

/// Hundreds of questions at once are none that the planner expects.
async fn expect_many_questions(connection: &mut PgConnection) {
    sqlx::raw_sql("analyze; set jit = off; set enable_nestloop = off").execute(connection).await.unwrap();
}

/// More than a million decisions, and the lists of everybody who is asked about.
#[tokio::test]
async fn the_index_decides_as_the_sql_does() {
    let seed = rand::rng().next_u64();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut decided = 0;
    for _ in 0..10 {
        let database = database().await;
        let mut connection = database.pool.acquire().await.unwrap();
        fill(&mut connection, &mut random).await;
        expect_many_questions(&mut connection).await;
        let index = load(&mut connection).await;
        for principal in principals(&mut random, 30) {
            decided += compare_decisions(&mut connection, &index, &principal, &mut random, 4_000).await;
            compare_lists(&mut connection, &index, &principal, &mut random).await;
        }
    }
    assert!(decided >= 1_000_000, "only {decided} decisions were made in memory");
}

/// Statements as any program might send them.
const CHANGES: &[&str] = &[
    "delete from usr_policy where usr_id % 3 = 1",
    "update usr_policy set expires_at = '2001-01-01' where policy_id % 4 = 0",
    "update usr_policy set usr_id = 9 where usr_id = 1
     and policy_id not in (select policy_id from usr_policy where usr_id = 9)",
    "delete from usr_grp where grp_id = 3",
    "delete from grp_policy where policy_id % 2 = 0",
    "delete from grp where name = 'g2'",
    "delete from policy where name in ('p3', 'p4')",
    "delete from policy_resource where policy_id % 5 = 0",
    "delete from policy_role where role_id = 2",
    "update permission set method = 'm' where method = '*'",
    "delete from role where name = 'r5'",
    "update resource set path = 'moved' where path = 'a'",
    "delete from resource where path = 'ab'",
    "insert into resource (path) values ('new'), ('new.a')",
    "update usr set name = 'adam' where name = 'ada'",
    "update usr set name = 'Jörg' where name = 'José'",
    "delete from usr where name = 'BOB'",
    "insert into usr (name) values ('Bob')",
    "delete from client_policy where client_id = 2",
    "delete from client where external_client_id = 'c1'",
    "truncate usr_grp",
    "insert into commons_deactivated select distinct lower(name), now(), true from usr
     on conflict do nothing",
    "update commons_deactivated set still = name < 'c'",
    "delete from commons_deactivated where name = 'ada'",
    "begin; delete from usr_policy; insert into usr_policy (usr_id, policy_id) select id, 7 from usr; commit",
];

#[tokio::test]
async fn the_index_follows_whatever_any_program_changes() {
    let seed = rand::rng().next_u64();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let database = database().await;
    let mut connection = database.pool.acquire().await.unwrap();
    fill(&mut connection, &mut random).await;
    expect_many_questions(&mut connection).await;
    let live = Live::new();
    let _following = follow(live.clone(), database.pool.clone());
    for change in [""].iter().chain(CHANGES) {
        #[expect(clippy::disallowed_methods, reason = "statements of this file")]
        sqlx::raw_sql(sqlx::AssertSqlSafe((*change).to_owned())).execute(&mut *connection).await.unwrap();
        let generation = store::generation(&mut connection).await.unwrap();
        let following = async {
            while live.current().is_none_or(|current| current.as_deref().unwrap().generation < generation) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(20), following).await.expect("it follows");
        let current = live.current().map(|current| current.as_ref().unwrap().clone());
        let Some(current) = current else { continue };
        for principal in principals(&mut random, 12) {
            compare_decisions(&mut connection, &current.index, &principal, &mut random, 200).await;
            compare_lists(&mut connection, &current.index, &principal, &mut random).await;
        }
    }
}

#[tokio::test]
async fn what_changes_nothing_leaves_no_change() {
    let database = database().await;
    let mut connection = database.pool.acquire().await.unwrap();
    fill(&mut connection, &mut StdRng::seed_from_u64(1)).await;
    let before = store::generation(&mut connection).await.unwrap();
    sqlx::raw_sql(
        "delete from usr_policy where usr_id = -1; update policy set name = name where id = -1;
         insert into usr (name) values ('ada') on conflict do nothing",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    assert_eq!(store::generation(&mut connection).await.unwrap(), before);
    sqlx::raw_sql("begin; delete from usr_policy; rollback").execute(&mut *connection).await.unwrap();
    assert_eq!(store::generation(&mut connection).await.unwrap(), before);
}
