//! A store that is killed at any moment, and copies of its folder of any moment: what it has acknowledged is
//! there and equal, and nothing half is served.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use reqwest::Method;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::*;

/// Half of them are kills, half copies. `CRASH_ROUNDS=200` is the full proof.
const ROUNDS: u64 = 40;
const WORKERS: u64 = 4;
const KEYS: u64 = 5;
const FOLDER: &str = "OBJECTSTORE_CRASH_FOLDER";

/// A small generator of numbers, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// What an object may be: the content with this number, or nothing.
type State = Option<u64>;

/// What is known of a key: what was acknowledged last, and what is under way.
#[derive(Debug, Clone, Default)]
struct Known {
    acknowledged: State,
    under_way: Option<State>,
}

type Ledger = Arc<Mutex<BTreeMap<String, Known>>>;

fn content(number: u64) -> Vec<u8> {
    let length = [0, 1, 700, 40_000, 300_000][(number % 5) as usize] + number as usize % 97;
    number.to_le_bytes().iter().copied().cycle().take(length).collect()
}

/// The store of the test below, in a process of its own.
#[tokio::test]
#[ignore = "it is started by the crash test"]
async fn serve_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let endpoint = start(Path::new(&folder));
    println!("address={}", endpoint.address());
    std::future::pending::<()>().await;
}

struct Store {
    process: Child,
    address: std::net::SocketAddr,
    client: Arc<Client>,
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Store {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::serve_until_killed", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once("address=")?.1.trim().parse().unwrap()));
        let address = address.unwrap();
        Self { process, address, client: Arc::new(Client::new(address, "uploads", "secret")) }
    }

    fn client_of(&self, bucket: &str) -> Arc<Client> {
        Arc::new(Client::new(self.address, bucket, "secret"))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process.id()).unwrap()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Stops it. Its threads end what they have begun to ask of the system before they do.
    fn pause(&self) {
        self.signal(Signal::STOP);
        while !waitpid(Some(self.pid()), WaitOptions::UNTRACED).unwrap().unwrap().1.stopped() {}
    }
}

/// Puts, uploads in parts and deletes, until the store does not answer any more or `stop` is set.
async fn work(client: Arc<Client>, ledger: Ledger, worker: u64, seed: u64, stop: Arc<Mutex<bool>>) {
    let mut random = Random(seed);
    while !*stop.lock().unwrap() {
        let key = format!("w{worker}/{}", ["a", "a/b", "a/b/c", "d", "e/"][random.next(KEYS) as usize]);
        let number = random.next(1 << 30);
        let kind = random.next(10);
        let wanted = (kind > 1).then_some(number);
        ledger.lock().unwrap().entry(key.clone()).or_default().under_way = Some(wanted);
        let done = match kind {
            0..=1 => client.try_delete(&key).await,
            2..=4 => client.try_multipart(&key, content(number)).await,
            _ => client.try_write(&key, content(number)).await,
        };
        if !done {
            return;
        }
        let mut ledger = ledger.lock().unwrap();
        let known = ledger.get_mut(&key).unwrap();
        (known.acknowledged, known.under_way) = (wanted, None);
    }
}

/// Makes and deletes a bucket, until the store does not answer any more or `stop` is set.
async fn make_and_delete(client: Arc<Client>, stop: Arc<Mutex<bool>>) {
    while !*stop.lock().unwrap() {
        // Which of the two there is to do depends on what was done when the store was killed.
        let done = [client.try_bucket(Method::PUT).await, client.try_bucket(Method::DELETE).await];
        if done.contains(&None) {
            return;
        }
    }
}

/// A bucket that is there takes objects under any key.
async fn is_whole(client: &Client) {
    if client.list("", None).await.is_err() {
        return;
    }
    for number in 0..20 {
        let key = format!("{number}");
        client.write(&key, "x").await.unwrap();
        client.delete(&key).await.unwrap();
    }
}

/// Compares what is served with what may be; returns what it is.
async fn compare(client: &Client, known: &BTreeMap<String, Known>, round: u64) -> BTreeMap<String, State> {
    let mut found = BTreeMap::new();
    for (key, known) in known {
        let read = match client.read(key, None).await {
            Ok(content) => Some(content),
            Err(Refused { status: 404, .. }) => None,
            Err(refused) => panic!("round {round}: {key}: {refused:?}"),
        };
        let may_be = [Some(known.acknowledged), known.under_way].into_iter().flatten();
        let is = may_be.into_iter().find(|state| state.map(content) == read);
        let Some(is) = is else {
            panic!("round {round}: {key} has {:?} bytes, but {known:?}", read.map(|content| content.len()));
        };
        found.insert(key.clone(), is);
    }
    let there: Vec<&String> = found.iter().filter(|(_, state)| state.is_some()).map(|(key, _)| key).collect();
    assert_eq!(client.keys().await.iter().collect::<Vec<_>>(), there, "round {round}: the list");
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A copy of the folder as it was at one moment, with the end of the index cut off or overwritten.
fn torn_copy(store: &Store, folder: &Path, random: &mut Random) -> tempfile::TempDir {
    let copied = tempfile::tempdir().unwrap();
    store.pause();
    copy(folder, copied.path());
    store.signal(Signal::CONT);
    let index = copied.path().join(".index/objects.redb");
    let length = std::fs::metadata(&index).unwrap().len();
    let file = std::fs::OpenOptions::new().write(true).open(&index).unwrap();
    match random.next(4) {
        0 => file.set_len(random.next(length)).unwrap(),
        1 => {
            use std::os::unix::fs::FileExt as _;
            file.write_all_at(&[0xAA; 512], random.next(length / 512) * 512).unwrap();
        }
        _ => {}
    }
    copied
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_acknowledged_is_there_after_a_crash_at_any_moment() {
    let rounds = std::env::var("CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::default();
    let mut random = Random(rounds);
    let mut store = Store::start(folder.path());
    for round in 0..rounds {
        let stop = Arc::new(Mutex::new(false));
        let mut workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (client, ledger, stop) = (store.client.clone(), ledger.clone(), stop.clone());
                tokio::spawn(work(client, ledger, worker, round * WORKERS + worker, stop))
            })
            .collect();
        workers.push(tokio::spawn(make_and_delete(store.client_of("spare"), stop.clone())));
        tokio::time::sleep(Duration::from_millis(20 + random.next(100))).await;
        if round % 2 == 0 {
            store.signal(Signal::KILL);
            for worker in workers {
                worker.await.unwrap();
            }
            store.process.wait().unwrap();
            store = Store::start(folder.path());
            is_whole(&store.client_of("spare")).await;
            let known = ledger.lock().unwrap().clone();
            let found = compare(&store.client, &known, round).await;
            for (key, state) in found {
                ledger.lock().unwrap().insert(key, Known { acknowledged: state, under_way: None });
            }
        } else {
            let before = ledger.lock().unwrap().clone();
            let copied = torn_copy(&store, folder.path(), &mut random);
            *stop.lock().unwrap() = true;
            let after = ledger.lock().unwrap().clone();
            for worker in workers {
                worker.await.unwrap();
            }
            // What was done between the two looks at the ledger is not compared: nobody knows on which side
            // of the copy it was.
            let settled = before.into_iter().filter(|(key, known)| {
                after.get(key).is_some_and(|after| after.acknowledged == known.acknowledged)
                    && known.under_way.is_none()
                    && after[key].under_way.is_none()
            });
            let copy = start(copied.path());
            let client = Client::new(copy.address(), "uploads", "secret");
            for (key, known) in settled {
                let read = client.read(&key, None).await.ok();
                assert_eq!(read, known.acknowledged.map(content), "round {round}: {key} of a copy");
            }
            is_whole(&Client::new(copy.address(), "spare", "secret")).await;
            // Whatever there is, is whole and listed.
            let listed = client.keys().await;
            for key in after.keys() {
                match client.read(key, None).await {
                    Ok(_) => assert!(listed.contains(key), "round {round}: {key} is not listed"),
                    Err(refused) => assert_eq!(refused.status, 404, "round {round}: {key}"),
                }
            }
            let options = objectstore::verify::Options::default();
            let report = objectstore::verify::run(copied.path(), options, |_| {}).unwrap();
            assert_eq!((report.damaged, report.objects), (0, listed.len() as u64), "round {round}");
            copy.stop().await;
        }
    }
    drop(store);
    let options = objectstore::verify::Options::default();
    let report = objectstore::verify::run(folder.path(), options, |event| println!("{event:?}")).unwrap();
    assert_eq!(report.damaged, 0);
}
