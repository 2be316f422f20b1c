//! Parts of a run in pods of their own: the processes of an Indexed Job of Kubernetes. That of the part 0
//! gives the others theirs, over HTTP, and makes its own one beside them.

use std::{
    collections::BTreeMap,
    fmt,
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    HttpResponse,
    web::{self as routes, Data, Json},
};
use anyhow::{Context as _, bail};
use async_trait::async_trait;
use clap::Args;
use futures_util::future::{BoxFuture, join_all};
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;
use tube::{Built, Job, Loader, Made, Shards};
use web::{SECRET_HEADER, Sealed, Server};

use super::shards::Processes;
use crate::failure::warn;

/// How long a process that is not there yet is waited for: its pod may have to find a node, and its image.
const PATIENCE: Duration = Duration::from_secs(600);
const AGAIN: Duration = Duration::from_secs(2);
/// By this a peer whose machine has vanished is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// In an address, the number of the part.
const NUMBER: &str = "{}";

/// The other processes of a run.
#[derive(Debug, Clone, Args)]
pub(super) struct PeersArgs {
    /// Where the process of a part is reached, with {} in the place of its number, for example
    /// http://etl-{}.commons-etl:8000: parts are made by such processes and not by ones of this machine. All
    /// have the same options.
    #[arg(long, value_name = "URL", env = "COMMONS_ETL_PEERS", requires = "part")]
    peers: Option<String>,
    /// Which part this process makes, with --peers; 0 gives the others theirs, which wait for it.
    #[arg(long, value_name = "NUMBER", env = "JOB_COMPLETION_INDEX")]
    part: Option<u32>,
    /// Where the process of a part listens.
    #[arg(long, value_name = "PORT", env = "COMMONS_ETL_PORT", default_value_t = 8000)]
    part_port: u16,
}

/// What this process does in a run of several.
pub(super) enum Role {
    /// It gives parts to the others.
    Gives(Arc<Peers>),
    /// It makes what it is given.
    Makes(Waiting),
}

impl PeersArgs {
    /// What this process does, if there are others. `shared` is known to all of them and to nobody else.
    ///
    /// # Errors
    /// The options do not fit together.
    pub(super) fn role(&self, of: u32, shared: Option<&str>) -> anyhow::Result<Option<Role>> {
        let (Some(template), Some(part)) = (&self.peers, self.part) else { return Ok(None) };
        if !template.contains(NUMBER) || part >= of {
            bail!("--peers is an address with {NUMBER} in it, and --part is less than --shards");
        }
        let Some(shared) = shared else {
            bail!("--peers wants --database-url: the processes know each other by it");
        };
        let secret: String = Sha256::digest(format!("parts of a run {shared}"))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if part > 0 {
            return Ok(Some(Role::Makes(Waiting { port: self.part_port, secret })));
        }
        let client = reqwest::Client::builder().no_proxy().tcp_keepalive(KEEP_ALIVE).build()?;
        Ok(Some(Role::Gives(Arc::new(Peers {
            template: template.clone(),
            of,
            secret,
            client,
            patience: PATIENCE,
        }))))
    }
}

/// Gives parts to other processes.
pub(super) struct Peers {
    template: String,
    of: u32,
    secret: String,
    client: reqwest::Client,
    patience: Duration,
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").field("template", &self.template).finish_non_exhaustive()
    }
}

impl Peers {
    fn address(&self, part: u32, path: &str) -> String {
        format!("{}/{path}", self.template.replace(NUMBER, &part.to_string()).trim_end_matches('/'))
    }

    async fn give(&self, job: &Job) -> Made {
        let address = self.address(job.shard.number, "part");
        let begun = Instant::now();
        loop {
            let asked = self.client.post(&address).header(SECRET_HEADER, &self.secret).json(job).send().await;
            match asked {
                Ok(answer) if answer.status().is_success() => return Ok(answer.json().await?),
                Ok(answer) => {
                    let status = answer.status();
                    let said = answer.text().await.unwrap_or_default();
                    return Err(format!("{address} answers {status}: {said}").into());
                }
                Err(error) if error.is_connect() && begun.elapsed() < self.patience => {
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Tells the others that nothing more comes.
    pub(super) async fn end(&self) {
        let others = (1..self.of).map(async |part| {
            let address = self.address(part, "end");
            let asked = self.client.post(&address).header(SECRET_HEADER, &self.secret).timeout(KEEP_ALIVE);
            if let Err(error) = asked.send().await {
                warn(&format!("the process of part {part} does not hear that the run has ended: {error}"));
            }
        });
        join_all(others).await;
    }
}

impl Shards for Peers {
    fn make<'j>(&'j self, job: &'j Job) -> BoxFuture<'j, Made> {
        match job.shard.number {
            0 => Processes.make(job),
            _ => Box::pin(self.give(job)),
        }
    }
}

/// Makes a part.
#[async_trait]
pub(super) trait Maker: Send + Sync {
    async fn make(&self, job: &Job) -> Result<BTreeMap<String, Built>, String>;
}

#[async_trait]
impl Maker for Loader {
    async fn make(&self, job: &Job) -> Result<BTreeMap<String, Built>, String> {
        Self::make(self, job, |_, _, _| {}).await.map_err(|error| format!("{:#}", anyhow::Error::from(error)))
    }
}

/// A process that waits for its part.
pub(super) struct Waiting {
    port: u16,
    secret: String,
}

impl Waiting {
    /// Makes what it is given until the run has ended.
    ///
    /// # Errors
    /// The port cannot be used.
    pub(super) async fn serve(self, maker: Arc<dyn Maker>) -> anyhow::Result<()> {
        let listener =
            web::bind(Ipv4Addr::UNSPECIFIED.into(), self.port).context("--part-port cannot be used")?;
        self.serve_at(listener, maker).await
    }

    async fn serve_at(self, listener: std::net::TcpListener, maker: Arc<dyn Maker>) -> anyhow::Result<()> {
        let ended = Arc::new(Notify::new());
        let part = Arc::new(Part { maker, ended: ended.clone() });
        let server = Server::start(listener, Sealed::new(part, &self.secret), 1)?;
        let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let whole = tokio::select! {
            () = ended.notified() => true,
            _ = terminated.recv() => false,
            interrupted = tokio::signal::ctrl_c() => { interrupted?; false }
        };
        server.stop().await?;
        if !whole {
            bail!("stopped before the run has ended");
        }
        Ok(())
    }
}

struct Part {
    maker: Arc<dyn Maker>,
    ended: Arc<Notify>,
}

#[async_trait]
impl web::Service for Part {
    fn name(&self) -> &'static str {
        "etl"
    }

    fn configure(self: Arc<Self>, config: &mut routes::ServiceConfig) {
        config
            .app_data(Data::from(self))
            .route("/part", routes::post().to(make))
            .route("/end", routes::post().to(end))
            .default_service(routes::to(HttpResponse::NotFound));
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// Whoever gave a part and has gone away begins anew.
    fn may_be_dropped(&self) -> bool {
        true
    }
}

async fn make(part: Data<Part>, job: Json<Job>) -> HttpResponse {
    match part.maker.make(&job).await {
        Ok(built) => HttpResponse::Ok().json(built),
        Err(reason) => {
            tracing::error!(part = job.shard.number, reason, "the part cannot be made");
            HttpResponse::InternalServerError().body(reason)
        }
    }
}

async fn end(part: Data<Part>) -> HttpResponse {
    part.ended.notify_one();
    HttpResponse::NoContent().finish()
}

#[cfg(test)]
mod tests {
    use tube::Shard;

    use super::*;

    struct Counts;

    #[async_trait]
    impl Maker for Counts {
        async fn make(&self, job: &Job) -> Result<BTreeMap<String, Built>, String> {
            if job.snapshot == "gone" {
                return Err("there is no such moment".to_owned());
            }
            let documents = u64::from(job.shard.number) * 10;
            Ok([("case".to_owned(), Built { documents, ..Built::default() })].into())
        }
    }

    fn job(number: u32, snapshot: &str) -> Job {
        Job { shard: Shard { number, of: 2 }, snapshot: snapshot.to_owned(), indices: BTreeMap::new() }
    }

    fn args(port: u16, part: u32) -> PeersArgs {
        // The number stands in the path here: there is one machine.
        PeersArgs { peers: Some(format!("http://127.0.0.1:{port}/?{{}}")), part: Some(part), part_port: port }
    }

    fn giver(template: &str, secret: &str) -> Peers {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Peers {
            template: template.to_owned(),
            of: 2,
            secret: secret.to_owned(),
            client,
            patience: Duration::ZERO,
        }
    }

    #[tokio::test]
    async fn a_part_is_given_to_its_process_which_ends_with_the_run() {
        crate::install_crypto();
        let listener = web::bind(Ipv4Addr::LOCALHOST.into(), 0).unwrap();
        let template = format!("http://{}/", listener.local_addr().unwrap());
        let waiting = Waiting { port: 0, secret: "known".to_owned() };
        let process = tokio::spawn(waiting.serve_at(listener, Arc::new(Counts)));
        let peers = giver(&template, "known");
        assert_eq!(peers.make(&job(1, "m")).await.unwrap()["case"].documents, 10);
        let failed = peers.make(&job(1, "gone")).await.unwrap_err();
        assert!(failed.to_string().contains("no such moment"), "{failed}");
        let stranger = giver(&template, "guessed").make(&job(1, "m")).await.unwrap_err();
        assert!(stranger.to_string().contains("403"), "{stranger}");
        peers.end().await;
        process.await.unwrap().unwrap();
        assert!(peers.make(&job(1, "m")).await.is_err(), "it has ended");
    }

    #[test]
    fn the_first_gives_and_the_others_make() {
        crate::install_crypto();
        let role = |part| args(8000, part).role(2, Some("postgresql://db/sheepdog"));
        assert!(matches!(role(0).unwrap(), Some(Role::Gives(_))));
        assert!(matches!(role(1).unwrap(), Some(Role::Makes(_))));
        assert!(role(2).is_err(), "there are two parts");
        assert!(args(8000, 0).role(2, None).is_err(), "nothing is shared");
        let alone = PeersArgs { peers: None, part: Some(1), part_port: 8000 };
        assert!(alone.role(2, None).unwrap().is_none());
    }
}
