//! Making the documents of some roots again.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    changes, keeping,
    outcome::{Options, Part, RunError},
    session::Session,
    touched, windows,
};
use crate::{
    ir::{Body, Program},
    sink::{Document, Moment},
};
use sqlx::postgres::PgConnectOptions;

/// How many roots are made together.
pub(crate) const ROOTS: usize = windows::ROOTS as usize;

/// What has to be made again.
#[derive(Debug)]
pub(crate) enum Again {
    /// The roots of each index, the gone ones among them.
    Roots(Vec<BTreeSet<String>>),
    /// Everything: it is too much, or cannot be told.
    Everything,
}

/// A moment of the graph, and making documents as of it.
pub(crate) struct Workshop {
    session: Session,
    program: Arc<Program>,
}

impl Workshop {
    /// # Errors
    /// The database fails, or lacks tables.
    pub(crate) async fn open(
        program: &Arc<Program>,
        database: &PgConnectOptions,
        options: &Options,
    ) -> Result<Self, RunError> {
        Ok(Self {
            session: Session::open(program, database, options, &Part::default()).await?,
            program: program.clone(),
        })
    }

    /// The moment that it sees.
    pub(crate) fn moment(&self) -> &Moment {
        &self.session.moment
    }

    /// What has changed since the transaction `from`.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) async fn since(&self, from: i64) -> Result<Again, RunError> {
        let mut connection = self.session.connections.take().await;
        let Some(changes) = changes::read(&self.program, &mut connection, from).await? else {
            self.session.connections.give(connection);
            return Ok(Again::Everything);
        };
        let known = &self.session.context.known;
        let mut all = Vec::new();
        for index in &self.program.indices {
            match touched::of(index, &self.program, &changes, known, &mut connection).await? {
                Some(touched) => all.push(touched),
                None => {
                    self.session.connections.give(connection);
                    return Ok(Again::Everything);
                }
            }
        }
        self.session.connections.give(connection);
        Ok(Again::Roots(all))
    }

    /// The documents of some roots of an index. Joins by values have to be read as a whole.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) async fn documents(&self, position: usize, ids: &[String]) -> Result<Vec<Document>, RunError> {
        let connections = &self.session.connections;
        let context = keeping::with_joins(&self.session.context, position, connections).await?;
        let mut connection = connections.take().await;
        let mut all = Vec::new();
        for ids in ids.chunks(ROOTS) {
            let batch = windows::of_ids(&context, position, &mut connection, ids).await?;
            if batch.len() > 0 {
                all.extend(windows::build(&context, position, &mut connection, batch).await?.0);
            }
        }
        connections.give(connection);
        Ok(all)
    }

    /// The field of an index that holds the id of its roots.
    pub(crate) fn id_field(&self, position: usize) -> &str {
        match &self.program.indices[position].body {
            Body::Aggregator(body) => body.id_fields.first().map_or("", String::as_str),
            Body::Collector(body) => &body.id_field,
        }
    }

    /// The name of the moment, for other connections while this is open.
    pub(crate) fn snapshot(&self) -> &str {
        self.session.snapshot()
    }

    pub(crate) async fn close(self) {
        self.session.close().await;
    }
}
