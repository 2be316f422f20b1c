//! The operation `index-gc`.

use std::sync::Arc;

use async_trait::async_trait;
use indexclient::IndexClient;
use indexd::Layout;
use serde_json::{Map, Value, json};
use sheepdog::check::Repair;
use sqlx::PgPool;
use workqueue::{Failed, Form, Kind, Parameter, Work};

use super::{
    export::Graph,
    params::{flag, only},
};
use crate::{
    commands::check::{Databases, in_words},
    failure::message,
};

/// Records that nobody names, nodes whose records are gone, and submissions that nobody finishes: says which
/// there are, and puts them right if that is asked for.
pub(crate) struct IndexGc {
    pub(crate) graph: Graph,
    /// The database of the file index, and its layout, if that is known.
    pub(crate) records: PgPool,
    pub(crate) layout: Option<Layout>,
    /// Through it records are made and deleted.
    pub(crate) index: Arc<dyn IndexClient>,
    /// See [`sheepdog::Config::auth_namespace`].
    pub(crate) auth_namespace: String,
}

#[async_trait]
impl Kind for IndexGc {
    fn name(&self) -> &'static str {
        "index-gc"
    }

    fn purpose(&self) -> &'static str {
        "Find records that no node names, and nodes without a record; put them right if that is asked for"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[Parameter::optional(
                "apply",
                Form::Flag,
                "Put right what is found; without it, it is counted only",
            )]
        }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["apply"])?;
        flag(params, "apply").map(drop)
    }

    /// What is put right is not found by a run that is begun again.
    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let apply = flag(work.params(), "apply").unwrap_or(false);
        let repair = if apply { Repair::Yes } else { Repair::No };
        let dictionary = (self.graph.dictionary)();
        let databases = Databases {
            graph: &self.graph.pool,
            dictionary: &dictionary,
            records: &self.records,
            layout: self.layout,
            index: &*self.index,
            auth_namespace: &self.auth_namespace,
        };
        work.progress(0, None, "reading records");
        let looked = databases.look(repair, |node_type, files| {
            let files = u64::try_from(files).unwrap_or(u64::MAX);
            work.progress(files, None, &format!("looked at files, {node_type} the last"));
        });
        let report = looked.await.map_err(|error| Failed::Passing(message(&error)))?;
        for line in in_words(&report, repair) {
            work.log(line);
        }
        Ok(json!({
            "applied": apply,
            "in_order": report.is_in_order(repair),
            "files": report.files,
            "records_without_node": report.orphans.len(),
            "nodes_without_record": report.lost.len(),
            "transactions_given_up": report.pending.len(),
            "transactions_unsettled": report.unsettled.len(),
            "names": report.names.len(),
        }))
    }
}
