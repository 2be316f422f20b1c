//! Databases that the original services made: only what is missing is added.

use std::collections::BTreeSet;

use sqlx::PgPool;
use testing::TestDatabase;

use crate::tables::dictionary;

/// A database of the original, with one of the forms of its snapshots.
async fn original(snapshots: &'static str) -> PgPool {
    let pool = TestDatabase::empty().await.pool;
    let mut connection = pool.acquire().await.unwrap();
    sql::Sql::raw(testing::ORIGINAL_GRAPH).run_script(&mut connection).await.unwrap();
    sql::Sql::raw(snapshots).run_script(&mut connection).await.unwrap();
    pool
}

/// Columns, indexes, constraints and rows, a line each.
async fn everything(pool: &PgPool) -> BTreeSet<String> {
    let mut connection = pool.acquire().await.unwrap();
    sql::Sql::raw(
        "create or replace function pg_temp.rows_of(name text) returns setof text language plpgsql as $$ \
         begin return query execute format('select to_jsonb(t)::text from %I t', name); end $$",
    )
    .run_script(&mut connection)
    .await
    .unwrap();
    let lines: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', 'column', table_name, ordinal_position, column_name, data_type, \
             column_default, is_nullable) from information_schema.columns where table_schema = 'public' \
         union all select 'index ' || indexdef from pg_indexes where schemaname = 'public' \
         union all \
             select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
             from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n' \
         union all select concat_ws(' ', 'row', tablename, r) from pg_tables, pg_temp.rows_of(tablename) r \
             where schemaname = 'public'",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    lines.into_iter().collect()
}

/// The tables (second word) of the lines that begin with `kind`.
fn tables<'a>(lines: impl IntoIterator<Item = &'a String>, kind: &str) -> BTreeSet<&'a str> {
    let lines = lines.into_iter().map(|line| line.split(' ').collect::<Vec<_>>());
    lines.filter(|words| words[0] == kind).map(|words| words[1]).collect()
}

#[tokio::test]
async fn a_database_of_the_original_gets_what_it_lacks_and_keeps_the_rest_as_it_is() {
    let pool = original(testing::ORIGINAL_SNAPSHOTS).await;
    let before = everything(&pool).await;
    let report = psqlgraph::migrate(&pool, &dictionary()).await.unwrap();
    let after = everything(&pool).await;

    let new_tables = [
        "edge_aliquotderivedfromsample",
        "edge_readingdatafromaliquot",
        "edge_readingdatafromstudy",
        "node_aliquot",
        "node_reading",
        "transactions_outbox",
        "transactions_running",
        "versioned_nodes",
    ];
    assert_eq!(report.tables.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(new_tables));
    assert_eq!(report.failed, []);
    // The one row that changes is that of the version, whose old form becomes history.
    let gone: Vec<&String> = before.difference(&after).collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(gone[0].starts_with("row node_root") && gone[0].contains("-3459135795793"), "{gone:?}");
    let new: Vec<&String> = after.difference(&before).collect();
    for kind in ["column", "constraint"] {
        assert_eq!(tables(new.iter().copied(), kind), BTreeSet::from(new_tables), "{kind}");
    }
    assert_eq!(tables(new.iter().copied(), "row"), BTreeSet::from(["_voided_nodes", "node_root"]));
    let indexes: BTreeSet<&str> = new
        .iter()
        .filter_map(|line| line.strip_prefix("index ")?.split(" ON public.").nth(1)?.split(' ').next())
        .collect();
    let mut expected = BTreeSet::from(new_tables);
    expected.insert("node_diagnosis");
    assert_eq!(indexes, expected);
}

#[tokio::test]
async fn an_adopted_database_looks_like_a_new_one() {
    let adopted = original(testing::ORIGINAL_SNAPSHOTS).await;
    let new = TestDatabase::empty().await.pool;
    for pool in [&adopted, &new] {
        psqlgraph::migrate(pool, &dictionary()).await.unwrap();
    }
    let layout = async |pool: &PgPool| -> Vec<String> {
        let lines = everything(pool).await.into_iter();
        lines.filter(|line| !line.starts_with("row ") && !line.contains("notifications")).collect()
    };
    assert_eq!(layout(&adopted).await, layout(&new).await);
}

#[tokio::test]
async fn snapshots_of_before_2019_get_their_present_form() {
    let pool = original(testing::ORIGINAL_OLD_SNAPSHOTS).await;
    let before = everything(&pool).await;
    psqlgraph::migrate(&pool, &dictionary()).await.unwrap();
    let after = everything(&pool).await;
    let gone: Vec<&String> = before.difference(&after).collect();
    let of_others: Vec<&&String> = gone
        .iter()
        .filter(|line| !line.contains("transaction_snapshots") && !line.starts_with("row node_root"))
        .collect();
    assert_eq!(of_others, Vec::<&&String>::new());
    let snapshots: Vec<&String> =
        after.iter().filter(|line| line.starts_with("column transaction_snapshots")).collect();
    let expected = [
        "column transaction_snapshots 1 entity_id text YES",
        "column transaction_snapshots 2 transaction_id integer YES",
        "column transaction_snapshots 3 action text NO",
        "column transaction_snapshots 4 old_props jsonb NO",
        "column transaction_snapshots 5 new_props jsonb NO",
        "column transaction_snapshots 6 id integer nextval('transaction_snapshots_id_seq'::regclass) NO",
    ];
    assert_eq!(snapshots, expected.iter().collect::<Vec<_>>());
    let row: (i32, String, String) =
        sqlx::query_as("select id, entity_id, action from transaction_snapshots")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(row, (1, "ca000000-0000-4000-8000-000000000001".to_owned(), "create".to_owned()));
}

#[tokio::test]
async fn a_plan_changes_nothing_and_does_the_same_when_it_is_run_by_hand() {
    let (by_hand, by_us) =
        (original(testing::ORIGINAL_OLD_SNAPSHOTS).await, original(testing::ORIGINAL_OLD_SNAPSHOTS).await);
    let before = everything(&by_hand).await;
    let plan = psqlgraph::plan(&by_hand, &dictionary()).await.unwrap();
    assert_eq!(everything(&by_hand).await, before);
    run_text(&by_hand, plan.script()).await;
    psqlgraph::migrate(&by_us, &dictionary()).await.unwrap();
    let layout = |lines: BTreeSet<String>| -> Vec<String> {
        lines.into_iter().filter(|line| !line.starts_with("row ")).collect()
    };
    assert_eq!(layout(everything(&by_hand).await), layout(everything(&by_us).await));
    assert!(psqlgraph::plan(&by_hand, &dictionary()).await.unwrap().is_empty());
    assert!(psqlgraph::migrate(&by_hand, &dictionary()).await.unwrap().up_to_date);
}

#[expect(clippy::disallowed_methods, reason = "the script is ours")]
async fn run_text(pool: &PgPool, script: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(pool).await.unwrap();
}

#[tokio::test]
async fn duplicates_keep_a_unique_index_from_being_made_and_nothing_else() {
    let pool = original(testing::ORIGINAL_SNAPSHOTS).await;
    let mut connection = pool.acquire().await.unwrap();
    let index = psqlgraph::names::index_name("case", "project_id_submitter_id_uniq");
    sql::Sql::raw("drop index ").then_ident(&index).run_script(&mut connection).await.unwrap();
    sql::Sql::raw(
        "update node_case set _props = _props || '{\"submitter_id\": \"C2\"}' \
         where _props ->> 'submitter_id' = 'C'",
    )
    .run_script(&mut connection)
    .await
    .unwrap();
    let report = psqlgraph::migrate(&pool, &dictionary()).await.unwrap();
    let reason = "these values are not unique: (p-q, c2) of ca000000-0000-4000-8000-000000000001, \
                  ca000000-0000-4000-8000-000000000002";
    assert_eq!(report.failed, [(index.clone(), reason.to_owned())]);
    assert!(report.tables.contains(&"node_reading".to_owned()));
    // As soon as the data allow it, it is made.
    sql::Sql::raw("delete from node_case where _props ->> 'submitter_id' = 'c2'")
        .run_script(&mut connection)
        .await
        .unwrap();
    let report = psqlgraph::migrate(&pool, &dictionary()).await.unwrap();
    assert_eq!(report.indexes, [index]);
    assert!(psqlgraph::migrate(&pool, &dictionary()).await.unwrap().up_to_date);
}

#[tokio::test]
async fn the_role_of_readers_may_read_where_it_exists() {
    // A role belongs to the whole server.
    let server = testing::own_server().await;
    let pool = PgPool::connect_with(server.connect_options("postgres")).await.unwrap();
    psqlgraph::migrate(&pool, &dictionary()).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    sql::Sql::raw("create role peregrine").run_script(&mut connection).await.unwrap();
    psqlgraph::migrate(&pool, &dictionary()).await.unwrap();
    let unreadable: i64 = sqlx::query_scalar(
        "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' \
         and not has_table_privilege('peregrine', oid, 'select')",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(unreadable, 0);
    let may_write: bool =
        sqlx::query_scalar("select has_table_privilege('peregrine', 'node_case', 'insert')")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert!(!may_write);
    assert!(psqlgraph::migrate(&pool, &dictionary()).await.unwrap().up_to_date);
}
