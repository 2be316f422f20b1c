//! The task that keeps the indices as the graph is.
//!
//! Every second it asks the database for a few numbers that move with every submission. Where a killed
//! process was stands in the indices themselves, so the next one goes on from there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dictionary::Dictionary;
use guppy::Guppy;
use search::Engine;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tube::{Followed, Loader, Moment, Options};

use super::{
    asking::{Ask, asked, leave},
    figures::Figures,
    source::Source,
};
use crate::{failure::message, state::State};

/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);
/// Even if no number moves, the graph is looked through this often.
const THOROUGH: Duration = Duration::from_secs(300);
/// Windows of a run that are made side by side: the memory is that of the whole commons.
const CONNECTIONS: usize = 2;

/// Numbers that move with every change of the graph.
const PULSE: &str = "select concat_ws('/', \
    (select max(id) from transaction_logs), \
    (select count(*) from (select state from transaction_logs order by id desc limit 200) t \
        where state = 'SUCCEEDED'), \
    (select max(key) from _voided_nodes), (select max(key) from _voided_edges), \
    (select count(*) from node_program), (select count(*) from node_project))";

/// What the task works with.
pub(crate) struct Parts {
    pub(crate) source: Source,
    /// The dictionary that is served.
    pub(crate) dictionary: Box<dyn Fn() -> Arc<Dictionary> + Send>,
    /// The graph.
    pub(crate) pool: PgPool,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) guppy: Arc<Guppy>,
    pub(crate) state: State,
    pub(crate) figures: Figures,
}

type Asked = (Ask, oneshot::Sender<Result<Value, String>>);

/// The task; it ends when this is dropped.
pub(crate) struct Explorer {
    task: JoinHandle<()>,
    asks: mpsc::Sender<Asked>,
}

impl Drop for Explorer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Explorer {
    /// Begins to keep the indices.
    pub(crate) fn start(parts: Parts) -> Self {
        let (asks, asked) = mpsc::channel(1);
        Self { task: tokio::spawn(Keeper::new(parts).keep(asked)), asks }
    }

    /// Whether it still does.
    pub(crate) fn is_running(&self) -> bool {
        !self.task.is_finished()
    }

    /// Does something at once.
    ///
    /// # Errors
    /// It cannot be done.
    pub(crate) async fn ask(&self, ask: Ask) -> anyhow::Result<Value> {
        self.asking().ask(ask).await
    }

    /// Who else may ask.
    pub(crate) fn asking(&self) -> Asking {
        Asking(self.asks.clone())
    }
}

/// Asks the task.
#[derive(Clone)]
pub(crate) struct Asking(mpsc::Sender<Asked>);

impl Asking {
    /// Has something done at once.
    ///
    /// # Errors
    /// It cannot be done.
    pub(crate) async fn ask(&self, ask: Ask) -> anyhow::Result<Value> {
        let (reply, answer) = oneshot::channel();
        let gone = || anyhow::anyhow!("the explorer has ended");
        self.0.send((ask, reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?.map_err(|error| anyhow::anyhow!(error))
    }
}

struct Keeper {
    parts: Parts,
    /// The mapping as it was read last, and what it is run with.
    read: Option<(String, Loader)>,
    since: Option<Moment>,
    pulse: Option<String>,
    looked: Instant,
    /// The last failure, which is told once.
    told: Option<String>,
}

impl Keeper {
    fn new(parts: Parts) -> Self {
        Self { parts, read: None, since: None, pulse: None, looked: Instant::now(), told: None }
    }

    async fn keep(mut self, mut asks: mpsc::Receiver<Asked>) {
        loop {
            tokio::select! {
                ask = asks.recv() => {
                    let Some((ask, reply)) = ask else { return };
                    // Whoever asked may have gone.
                    let _ = reply.send(self.answer(ask).await);
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            if let Some((number, ask)) = asked(&self.parts.state) {
                let answer = self.answer(ask).await;
                if let Err(error) = leave(&self.parts.state, number, answer) {
                    tracing::warn!(error = %error, "an answer about the indices cannot be written");
                }
            }
            let looked = self.look().await;
            self.tell(looked.err());
        }
    }

    /// Tells of a failure once, and that it is over.
    fn tell(&mut self, failure: Option<anyhow::Error>) {
        let told = failure.map(|error| message(&error));
        if told == self.told {
            return;
        }
        match &told {
            Some(told) => tracing::error!(error = told, "the explorer's indices stay as they are"),
            None => tracing::info!("the explorer's indices are kept again"),
        }
        self.told = told;
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        let Some(loader) = self.loader()? else { return Ok(()) };
        let pulse: String = sqlx::query_scalar(PULSE).fetch_one(&self.parts.pool).await?;
        if self.pulse.as_ref() == Some(&pulse) && self.looked.elapsed() < THOROUGH {
            return Ok(());
        }
        self.follow(&loader).await?;
        (self.pulse, self.looked) = (Some(pulse), Instant::now());
        Ok(())
    }

    async fn follow(&mut self, loader: &Loader) -> anyhow::Result<Followed> {
        let begun = Instant::now();
        let followed = loader.follow(&mut self.since).await?;
        self.parts.figures.followed(&followed, begun.elapsed());
        match &followed {
            Followed::Nothing => {}
            Followed::Updated { roots, documents } => {
                tracing::info!(?roots, documents, "documents of the explorer were made again");
            }
            Followed::Rebuilt { .. } => {
                tracing::info!("the explorer has new indices");
                self.parts.guppy.refresh().await?;
            }
        }
        Ok(followed)
    }

    /// What the mapping is run with, as mapping and dictionary are now. None if there is nothing to search.
    fn loader(&mut self) -> anyhow::Result<Option<Loader>> {
        let dictionary = (self.parts.dictionary)();
        let Some(text) = self.parts.source.mapping(&dictionary)? else { return Ok(None) };
        let key = format!("{}\n{text}", dictionary.digest);
        if let Some((known, loader)) = &self.read
            && *known == key
        {
            return Ok(Some(loader.clone()));
        }
        let etl = self.parts.source.etl(&text, &dictionary)?;
        let database = (*self.parts.pool.connect_options()).clone();
        let options = Options { connections: CONNECTIONS, ..Options::default() };
        let loader = Loader::new(etl, database, self.parts.engine.clone(), options);
        (self.read, self.since, self.pulse) = (Some((key, loader.clone())), None, None);
        Ok(Some(loader))
    }

    async fn answer(&mut self, ask: Ask) -> Result<Value, String> {
        let answered = async {
            let Some(loader) = self.loader()? else {
                return Ok(json!({ "outcome": "nothing", "indices": [] }));
            };
            Ok::<_, anyhow::Error>(match ask {
                Ask::Run { force } => {
                    let begun = Instant::now();
                    let outcome = loader.run(force, |_, _, _| {}).await?;
                    self.parts.figures.ran(&outcome, begun.elapsed());
                    self.parts.guppy.refresh().await?;
                    serde_json::to_value(outcome)?
                }
                Ask::Follow => serde_json::to_value(self.follow(&loader).await?)?,
                Ask::Status => serde_json::to_value(loader.status().await?)?,
                Ask::Verify => serde_json::to_value(loader.verify(|_, _, _| {}).await?)?,
            })
        };
        answered.await.map_err(|error| message(&error))
    }
}
