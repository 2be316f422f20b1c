//! Kinds that do what a test tells them to.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use testing::TestDatabase;
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use workqueue::{Failed, Filter, Kind, Kinds, Policy, Queue, Run, Settings, State, Work};

/// What a kind has seen of itself.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    now: AtomicUsize,
    pub(crate) most: AtomicUsize,
    pub(crate) begun: Mutex<Vec<Uuid>>,
    pub(crate) ended: Mutex<Vec<Uuid>>,
}

impl Seen {
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// Sleeps for `ms`; fails `failures` times; counts how many of it there are at once.
pub(crate) struct Sleeper {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) seen: Arc<Seen>,
}

struct Leaving<'s>(&'s Seen);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Kind for Sleeper {
    fn name(&self) -> &'static str {
        self.name
    }

    fn purpose(&self) -> &'static str {
        "Sleeps"
    }

    fn policy(&self) -> Policy {
        self.policy
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        if params.contains_key("wrong") { Err("wrong: it is wrong".to_owned()) } else { Ok(()) }
    }

    fn limits(&self, params: &Map<String, Value>) -> Vec<String> {
        params.get("limit").and_then(Value::as_str).map(str::to_owned).into_iter().collect()
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let now = self.seen.now.fetch_add(1, Ordering::SeqCst) + 1;
        let _leaving = Leaving(&self.seen);
        self.seen.most.fetch_max(now, Ordering::SeqCst);
        self.seen.begun.lock().unwrap().push(work.id());
        let number = |name: &str| work.params().get(name).and_then(Value::as_u64).unwrap_or(0);
        for line in 0..number("lines") {
            work.log(format!("line {line}"));
        }
        work.progress(1, Some(2), "sleeping");
        sleep(Duration::from_millis(number("ms"))).await;
        if number("failures") >= u64::from(work.attempt().unsigned_abs()) {
            return Err(Failed::Passing("not yet".to_owned()));
        }
        if work.params().contains_key("panic") {
            panic!("as it was told");
        }
        self.seen.ended.lock().unwrap().push(work.id());
        Ok(json!({ "slept": number("ms") }))
    }
}

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) queue: Queue,
    pub(crate) seen: Arc<Seen>,
}

pub(crate) fn policy() -> Policy {
    Policy { attempts: 3, pause: Duration::from_millis(20), at_once: None, ..Policy::default() }
}

/// Quick enough for a test.
pub(crate) fn settings(slots: usize) -> Settings {
    Settings {
        slots,
        lease: Duration::from_millis(2_000),
        beat: Duration::from_millis(50),
        look: Duration::from_millis(20),
        ..Settings::default()
    }
}

impl World {
    pub(crate) async fn new(policy: Policy) -> Self {
        let database = TestDatabase::new("workqueue", async |pool| Ok(workqueue::migrate(pool).await?)).await;
        let seen = Arc::new(Seen::default());
        let queue = queue(&database, policy, &seen);
        Self { database, queue, seen }
    }

    pub(crate) async fn submit(&self, params: Value) -> Run {
        let params = params.as_object().cloned().unwrap();
        self.queue.submit("sleep", params, Some("ada")).await.unwrap()
    }

    /// The run, once it is as `is` wants it.
    pub(crate) async fn wait(&self, id: Uuid, is: impl Fn(&Run) -> bool) -> Run {
        let begun = Instant::now();
        loop {
            let run = self.queue.find(id).await.unwrap().unwrap();
            if is(&run) {
                return run;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{run:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn end_of(&self, id: Uuid) -> Run {
        self.wait(id, |run| run.state.is_end()).await
    }

    pub(crate) async fn lines(&self, id: Uuid) -> Vec<String> {
        self.queue.log(id, 0, 20_000).await.unwrap().into_iter().map(|line| line.line).collect()
    }

    pub(crate) async fn in_state(&self, state: State) -> usize {
        let filter = Filter { kinds: vec!["sleep".to_owned()], states: vec![state], ..Filter::default() };
        self.queue.list(&filter, None, 1_000).await.unwrap().len()
    }
}

/// The same queue as another process has it.
pub(crate) fn queue(database: &TestDatabase, policy: Policy, seen: &Arc<Seen>) -> Queue {
    let kind: Arc<dyn Kind> = Arc::new(Sleeper { name: "sleep", policy, seen: seen.clone() });
    Queue::new(database.pool.clone(), Kinds::new([kind]))
}
