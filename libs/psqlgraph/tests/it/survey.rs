//! Looking at what is stored.

use std::collections::BTreeSet;

use dictionary::Dictionary;
use psqlgraph::{
    names::{edge_table, node_table},
    survey::{Found, Survey},
};
use sql::Sql;
use sqlx::PgPool;
use testing::TestDatabase;

fn dictionary() -> Dictionary {
    Dictionary::from_files(serde_json::from_str(testing::SMALL_DICTIONARY).unwrap()).unwrap()
}

async fn migrated() -> PgPool {
    let migrate = async |pool: &PgPool| {
        psqlgraph::migrate(pool, &dictionary()).await?;
        Ok(())
    };
    TestDatabase::new("psqlgraph", migrate).await.pool
}

async fn insert_node(pool: &PgPool, node: &str, id: &str, properties: &str) {
    let statement =
        Sql::raw("insert into ").then_ident(&node_table(node)).text(" (node_id, _props) values (");
    let statement = statement.bind(id).text(", ").bind(properties).text("::jsonb)");
    statement.query().execute(pool).await.unwrap();
}

async fn link(pool: &PgPool, table: &str, source: &str, target: &str) {
    let statement = Sql::raw("insert into ").then_ident(table).text(" (src_id, dst_id) values (");
    statement.bind(source).text(", ").bind(target).text(")").query().execute(pool).await.unwrap();
}

fn found(count: u64, examples: &[&str]) -> Found {
    Found { count, examples: examples.iter().map(|id| (*id).to_owned()).collect() }
}

#[tokio::test]
async fn records_links_and_keys_are_counted_with_examples() {
    let (pool, dictionary) = (migrated().await, dictionary());
    let aliquot = &dictionary.nodes["aliquot"];
    let to_sample =
        aliquot.all_links().into_iter().find(|link| link.target_type == "sample").unwrap().clone();
    let table = edge_table("aliquot", &to_sample.label, "sample");
    for id in ["s1", "s2"] {
        insert_node(&pool, "sample", id, &format!(r#"{{"project_id": "P-1", "submitter_id": "{id}"}}"#))
            .await;
    }
    for (id, name) in [("a1", "Same"), ("a2", "Other"), ("a3", "Third")] {
        let properties = format!(r#"{{"project_id": "P-1", "submitter_id": "{name}", "barcode": "SAME"}}"#);
        insert_node(&pool, "aliquot", id, &properties).await;
    }
    for (source, target) in [("a1", "s1"), ("a1", "s2"), ("a2", "s2")] {
        link(&pool, &table, source, target).await;
    }

    let mut survey = Survey::begin(&pool, 2).await.unwrap();
    assert_eq!(survey.count("aliquot").await.unwrap(), 3);
    assert_eq!(survey.count("unheard_of").await.unwrap(), 0);
    assert_eq!(survey.count_links("aliquot", &to_sample).await.unwrap(), 3);
    let ids = |records: Vec<(String, serde_json::Value)>| -> Vec<String> {
        records.into_iter().map(|(id, _)| id).collect()
    };
    assert_eq!(ids(survey.records("aliquot", "", 2).await.unwrap()), ["a1", "a2"]);
    assert_eq!(ids(survey.records("aliquot", "a2", 2).await.unwrap()), ["a3"]);
    assert_eq!(survey.many_targets("aliquot", &to_sample).await.unwrap(), found(1, &["a1"]));
    assert_eq!(survey.many_sources("aliquot", &to_sample).await.unwrap(), found(1, &["s2"]));
    let mut uses = survey.link_uses(aliquot).await.unwrap();
    uses.sort_by_key(|link_use| link_use.used.len());
    assert_eq!((&uses[0].used, &uses[0].records), (&BTreeSet::new(), &found(1, &["a3"])));
    assert_eq!(
        (&uses[1].used, &uses[1].records),
        (&BTreeSet::from([to_sample.name.clone()]), &found(2, &["a1", "a2"]))
    );
    let key = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    assert_eq!(survey.duplicates("aliquot", &key(&["barcode"])).await.unwrap(), found(3, &["a1", "a2"]));
    assert_eq!(
        survey.duplicates("aliquot", &key(&["project_id", "submitter_id"])).await.unwrap(),
        found(0, &[])
    );
    assert_eq!(survey.duplicates("aliquot", &key(&["nothing"])).await.unwrap(), found(0, &[]));
}

#[tokio::test]
async fn tables_that_somebody_else_has_to_make_are_named_until_they_are_there() {
    let (pool, dictionary) = (migrated().await, dictionary());
    assert_eq!(psqlgraph::missing_tables(&pool, &dictionary).await.unwrap(), Vec::<String>::new());
    let mut connection = pool.acquire().await.unwrap();
    Sql::raw("drop table edge_samplerelatedtodiagnosis").run_script(&mut connection).await.unwrap();
    let missing = psqlgraph::missing_tables(&pool, &dictionary).await.unwrap();
    assert_eq!(missing, ["edge_samplerelatedtodiagnosis"]);
}
