//! What PostgreSQL makes of lists when there are many records.

use sqlx::Row as _;
use testing::TestDatabase;
use web::Params;

use super::*;
use crate::query::{Form, ListQuery};

/// Records with a location, a hash, a resource path and metadata each: of the latter two one that half of
/// them have, and some that few have.
const RECORDS: &str = "
    set session_replication_role = replica;
    create temporary table n as
        select n, '00000000-0000-4000-8000-' || lpad(n::text, 12, '0') as did
        from generate_series(1, 60000) n;
    insert into index_record (did, size, updated_date, file_name, uploader, version)
        select did, n, timestamp '2024-01-01' + n * interval '1 second', n || '.bam', 'u' || n, 'v' || n
        from n;
    insert into index_record_url select did, 's3://b' || n % 1000 || '/' || n from n;
    insert into index_record_hash select did, 'md5', md5(n::text) from n;
    insert into index_record_authz
        select did, case when n % 2 = 0 then '/half' else '/few' || n % 2000 end from n;
    insert into index_record_ace
        select did, case when n % 2 = 0 then 'half' else 'few' || n % 2000 end from n;
    insert into index_record_metadata
        select 'k', did, case when n % 2 = 0 then 'half' else 'few' || n % 2000 end from n;
    analyze;";

async fn plan(database: &TestDatabase, query: &str) -> String {
    let list = ListQuery::parse(&Params::parse(query), Form::Records).expect("a valid query");
    let statement = Sql::raw("explain ").then(select(&list.filter, &list.window).sql());
    let rows = statement.query_once().fetch_all(&database.pool).await.expect("a plan");
    rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_and_no_filter_reads_a_whole_table_or_sorts_it() {
    let database = TestDatabase::new("indexd", async |pool| Ok(crate::migrate(pool).await?)).await;
    sqlx::raw_sql(RECORDS).execute(&database.pool).await.expect("records");
    let start = "start=00000000-0000-4000-8000-000000030000";
    for query in [
        "",
        "page=3",
        "size=7",
        "file_name=7.bam",
        "uploader=u7",
        "version=v7",
        "url=s3://b7/7",
        "url_prefix=s3://b7/",
        "url_prefix=s3://none/",
        "hash=md5:8f14e45fceea167a5a36dedd4bea2543",
        "authz=/half",
        "authz=/few7",
        "acl=half",
        "acl=few7",
        "metadata=k:half",
        "metadata=k:few7",
        "authz=/half&acl=few7&metadata=k:half",
    ] {
        let mut queries = vec![query.to_owned()];
        if !query.contains("page") {
            queries.push(format!("{query}&{start}"));
        }
        for query in queries {
            let plan = plan(&database, &query).await;
            assert!(!plan.contains("Seq Scan"), "{query}\n{plan}");
        }
    }
    for frequent in ["", "authz=/half", "acl=half", "metadata=k:half", "page=3"] {
        let plan = plan(&database, frequent).await;
        assert!(!plan.contains("Sort"), "a page of many is not sorted: {frequent}\n{plan}");
    }
}
