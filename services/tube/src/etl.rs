//! A mapping that can be run.

use std::{collections::BTreeMap, sync::Arc};

use dictionary::Dictionary;
use sqlx::postgres::PgConnectOptions;

use crate::{
    compile,
    form::Form,
    grammar,
    ir::Program,
    outline::Outline,
    plan::{self, Planned},
    problem::{Problem, Report},
    run::{self, Built, Options, RunError},
    sink::Sink,
};

/// A mapping that can be run.
#[derive(Debug, Clone)]
pub struct Etl {
    program: Arc<Program>,
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
            Some(program) => Ok(Self { program: Arc::new(program), warnings: report.finish() }),
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
        run::run(self.program.clone(), database, options, sink, progress).await
    }
}
