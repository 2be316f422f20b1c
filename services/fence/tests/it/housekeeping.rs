//! What fence clears away in the background.

use testing::TestDatabase;

async fn denylist(rows: &str) -> TestDatabase {
    let database = TestDatabase::new("fence", async |pool| Ok(fence::migrate(pool).await?)).await;
    let statement = "insert into blacklisted_token (jti, exp)
                     select $1 || n, extract(epoch from now())::bigint + $2 from generate_series(1, $3) n";
    for row in rows.split(';') {
        let [name, seconds, count] = row.split(',').collect::<Vec<_>>().try_into().unwrap();
        let query = sqlx::query(statement).bind(name).bind(seconds.parse::<i64>().unwrap());
        query.bind(count.parse::<i32>().unwrap()).execute(&database.pool).await.unwrap();
    }
    database
}

#[tokio::test]
async fn revoked_tokens_are_forgotten_a_day_after_they_are_over_and_no_others() {
    let database = denylist("long ago ,-90000,2500;just over ,-3600,3;living ,3600,4").await;
    sqlx::query("insert into blacklisted_token (jti, exp) values ('for ever', null)")
        .execute(&database.pool)
        .await
        .unwrap();
    assert_eq!(fence::forget_tokens(&database.pool).await.unwrap(), 2500);
    assert_eq!(fence::forget_tokens(&database.pool).await.unwrap(), 0);
    let kept: Vec<String> = sqlx::query_scalar("select jti from blacklisted_token order by jti")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    let expected = [
        "for ever",
        "just over 1",
        "just over 2",
        "just over 3",
        "living 1",
        "living 2",
        "living 3",
        "living 4",
    ];
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn processes_that_clear_away_at_once_do_not_wait_for_each_other() {
    let database = denylist("long ago ,-90000,3000").await;
    let pool = &database.pool;
    let (one, two) = tokio::join!(fence::forget_tokens(pool), fence::forget_tokens(pool));
    assert!(one.unwrap() + two.unwrap() <= 3000);
    fence::forget_tokens(pool).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("select count(*) from blacklisted_token").fetch_one(pool).await.unwrap();
    assert_eq!(left, 0);
}
