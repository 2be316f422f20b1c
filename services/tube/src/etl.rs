//! A mapping that can be run.

use std::{collections::BTreeMap, sync::Arc};

use dictionary::Dictionary;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnectOptions;

use crate::{
    aliases::shared_config,
    compile,
    form::Form,
    grammar,
    ir::Program,
    outline::Outline,
    plan::{self, Planned},
    problem::{Problem, Report},
    run::{self, Built, Options, Part, RunError},
    sink::Sink,
};

/// Changes whenever the same mapping and graph give other documents than an earlier version gave.
const MADE_BY: &str = "1";

fn digest<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    hex::encode(digest.finalize())
}

/// A mapping that can be run.
#[derive(Debug, Clone)]
pub struct Etl {
    program: Arc<Program>,
    digest: String,
    /// What its author may not expect.
    pub warnings: Vec<Problem>,
}

impl Etl {
    /// Reads a mapping and looks up all of its names.
    ///
    /// # Errors
    /// All problems, warnings among them, if at least one keeps the mapping from being run.
    pub fn read(text: &str, dictionary: &Dictionary, form: Form) -> Result<Self, Vec<Problem>> {
        let mut report = Report::default();
        let mappings = grammar::read(text, &mut report);
        let program = compile::compile(&mappings, dictionary, form, &mut report);
        match program {
            Some(program) => {
                let digest =
                    digest([text, &dictionary.digest, if form == Form::Right { "" } else { "compat" }]);
                Ok(Self { program: Arc::new(program), digest, warnings: report.finish() })
            }
            None => Err(report.finish()),
        }
    }

    /// What its indices look like, in the order of the file.
    pub fn outlines(&self) -> impl Iterator<Item = &Outline> {
        self.program.indices.iter().map(|index| &index.outline)
    }

    /// The tables that are read.
    pub fn tables(&self) -> &[String] {
        &self.program.tables
    }

    /// Builds a part of the documents.
    pub(crate) async fn run_part(
        &self,
        database: &PgConnectOptions,
        options: Options,
        part: &Part,
        sink: &mut dyn Sink,
        progress: impl FnMut(&str, u64, u64) + Send,
    ) -> Result<BTreeMap<String, Built>, RunError> {
        run::run(self.program.clone(), database, options, part, sink, progress).await
    }

    /// A configuration of guppy for these indices: JSON.
    pub fn guppy_config(&self) -> String {
        let indices: Vec<_> =
            self.outlines().map(|one| json!({ "index": one.name, "type": one.doc_type })).collect();
        let config_index = self.outlines().next().map(|one| shared_config(&one.name));
        let config = json!({
            "indices": indices,
            "config_index": config_index,
            "auth_filter_field": "auth_resource_path",
        });
        format!("{config:#}\n")
    }

    pub(crate) fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// A digest of everything that documents depend on beside the graph.
    pub(crate) fn digest_with(&self, options: &Options) -> String {
        let resources: BTreeMap<_, _> = options.resources.iter().collect();
        digest([self.digest.as_str(), MADE_BY, &format!("{resources:?}")])
    }

    /// What would be read.
    pub fn plan(&self) -> Vec<Planned> {
        plan::describe(&self.program)
    }

    /// Builds all documents and hands them to `sink`, index by index in the order of the file. `progress` is
    /// told the index, how many roots are done, and how many there are about.
    ///
    /// # Errors
    /// The database or the sink fails, or a table is missing.
    pub async fn run(
        &self,
        database: &PgConnectOptions,
        options: Options,
        sink: &mut dyn Sink,
        progress: impl FnMut(&str, u64, u64) + Send,
    ) -> Result<BTreeMap<String, Built>, RunError> {
        self.run_part(database, options, &Part::default(), sink, progress).await
    }
}
