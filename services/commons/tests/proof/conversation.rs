//! What is said to the commons under proof, and what its databases hold.

use std::{collections::BTreeMap, fs};

use commons::up::Options;
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tempfile::TempDir;

use crate::running::{Answer, Commons, answer};

const SUBMISSION: &str = "/api/v0/submission";
pub(crate) const PROGRAM: &str = "PROOF";

/// A commons of the proof's own.
pub(crate) struct Conversation {
    pub(crate) commons: Commons,
    graph: PgPool,
    index: PgPool,
    _folder: TempDir,
}

impl Conversation {
    pub(crate) async fn start(source: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::on_free_ports(folder.path().join("state"));
        options.dictionary = source.map(str::to_owned);
        let commons = Commons::start_with(options).await;
        let run = fs::read_to_string(&commons.running.announcement().run_file).unwrap();
        let run: Value = serde_json::from_str(&run).unwrap();
        let pool = async |name: &str| {
            let url = run["databases"][name].as_str().unwrap();
            PgPoolOptions::new().max_connections(2).connect(url).await.unwrap()
        };
        let (graph, index) = (pool("sheepdog").await, pool("indexd").await);
        Self { commons, graph, index, _folder: folder }
    }

    pub(crate) async fn end(self) {
        self.graph.close().await;
        self.index.close().await;
        self.commons.running.stop().await;
    }

    /// Puts or posts a program or project.
    pub(crate) async fn put_above(&self, path: &str, body: &Value) -> Answer {
        self.commons.send("PUT", &format!("{SUBMISSION}{path}"), body).await
    }

    pub(crate) async fn submit(&self, method: &str, project: &str, body: &Value) -> Answer {
        self.commons.send(method, &format!("{SUBMISSION}/{PROGRAM}/{project}"), body).await
    }

    pub(crate) async fn dry_run(&self, project: &str, body: &Value) -> Answer {
        self.commons.send("PUT", &format!("{SUBMISSION}/{PROGRAM}/{project}/_dry_run"), body).await
    }

    pub(crate) async fn submit_table(&self, project: &str, table: &str) -> Answer {
        let request = self.commons.anonymous("PUT", &format!("{SUBMISSION}/{PROGRAM}/{project}"));
        let request = request.header("Content-Type", "text/tab-separated-values").body(table.to_owned());
        answer(request.bearer_auth(&self.commons.token)).await
    }

    pub(crate) async fn export(&self, project: &str, node: &str, format: &str) -> Answer {
        let path = format!("{SUBMISSION}/{PROGRAM}/{project}/export?node_label={node}&format={format}");
        self.commons.get(&path).await
    }

    pub(crate) async fn query(&self, query: &str) -> Answer {
        self.commons.send("POST", &format!("{SUBMISSION}/graphql"), &json!({ "query": query })).await
    }

    /// Rows and digest of every table of nodes, edges and their history, and of the file index. Not of the
    /// logs of transactions: refused submissions and dry runs stand there.
    pub(crate) async fn contents(&self) -> BTreeMap<String, String> {
        let mut contents = BTreeMap::new();
        for (pool, name) in [(&self.graph, "graph"), (&self.index, "index")] {
            let rows: Vec<(String, String)> = sqlx::query_as(
                r"select relname::text, query_to_xml(format(
                        'select count(*) as n, md5(string_agg(t::text, chr(10) order by t::text)) as d from %I as t', relname),
                        false, true, '')::text
                    from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
                        and relname !~ '^transaction'",
            )
            .fetch_all(pool)
            .await
            .unwrap();
            contents.extend(rows.into_iter().map(|(table, said)| (format!("{name} {table}"), said)));
        }
        contents
    }
}
