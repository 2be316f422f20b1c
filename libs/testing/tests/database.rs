//! The test database itself.

use testing::TestDatabase;

#[tokio::test]
async fn each_test_gets_a_clone_of_its_own() {
    let migrate = async |pool: &sqlx::PgPool| {
        sqlx::query("create table t (x int)").execute(pool).await?;
        Ok(())
    };
    let one = TestDatabase::new("t", migrate).await;
    let two = TestDatabase::new("t", async |_| panic!("the template exists already")).await;
    sqlx::query("insert into t values (1)").execute(&one.pool).await.unwrap();
    let count: i64 = sqlx::query_scalar("select count(*) from t").fetch_one(&two.pool).await.unwrap();
    assert_eq!(count, 0);
}
