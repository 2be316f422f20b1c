//! Decisions among 100,000 users, 10,000 policies and 20,000 resources: in the process, over HTTP beside an
//! endpoint that does nothing, mappings, and how long a revocation takes to another process.
//!
//! `cargo bench -p arborist` starts its own PostgreSQL and takes a minute or two. Numbers that come from two
//! things at once (HTTP and its floor) are taken in turns, because machines have other things to do.

#![expect(clippy::print_stdout, reason = "it says what it has measured")]

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use arborist::{Arborist, Config};
use authz::{Authz as _, Request, Subject};
use testing::{TestDatabase, TestTokens};

/// 20,000 resources, 200 roles with ten permissions each, 10,000 policies with two resources and two roles,
/// 100,000 users with 31 policies, a tenth of them ending some day, and 200 groups with ten policies, of
/// which each user has three. One user may do everything.
const WORLD: &str = "
    insert into resource (path) values ('programs');
    insert into resource (path) select ('programs.p' || n)::ltree from generate_series(1, 99) n;
    insert into resource (path)
        select ('programs.p' || 1 + n % 99 || '.x' || n)::ltree from generate_series(1, 19900) n;
    insert into role (name) select 'r' || n from generate_series(1, 200) n;
    insert into permission (role_id, name, service, method)
        select r, m, case when r % 10 = 0 then '*' else 's' || r % 7 end, 'm' || (m + r) % 20
        from generate_series(1, 200) r, generate_series(1, 10) m;
    insert into role (name) values ('all');
    insert into permission (role_id, name, service, method)
        select (select id from role where name = 'all'), s || '-' || m, 's' || s, 'm' || m
        from generate_series(0, 1) s, generate_series(0, 4) m;
    insert into policy (name) select 'p' || n from generate_series(1, 10000) n;
    insert into policy_resource select n, 1 + (n * 7919 + k * 104729) % 20000
        from generate_series(1, 10000) n, generate_series(1, 2) k on conflict do nothing;
    insert into policy_role select n, 1 + (n * 31 + k * 17) % 200
        from generate_series(1, 10000) n, generate_series(1, 2) k on conflict do nothing;
    insert into policy (name) values ('everything');
    insert into policy_resource select policy.id, resource.id from policy, resource
        where policy.name = 'everything' and resource.path = 'programs';
    insert into policy_role select policy.id, role.id from policy, role
        where policy.name = 'everything' and role.name = 'all';
    insert into grp (name) select 'g' || n from generate_series(1, 200) n;
    insert into grp_policy select g + 2, 1 + (g * 977 + k * 331) % 10000
        from generate_series(1, 200) g, generate_series(1, 10) k on conflict do nothing;
    insert into usr (name) select 'user' || n || '@example.org' from generate_series(1, 100000) n;
    insert into usr_policy (usr_id, policy_id, expires_at)
        select u, 1 + (u::bigint * 7907 + k * 611) % 10000,
            case when k % 10 = 0 then timestamptz '2999-01-01' end
        from generate_series(1, 100000) u, generate_series(1, 31) k on conflict do nothing;
    insert into usr_grp (usr_id, grp_id) select u, 3 + (u * 7 + k * 61) % 200
        from generate_series(1, 100000) u, generate_series(1, 3) k on conflict do nothing;
    insert into usr_policy (usr_id, policy_id) select 1, id from policy where name = 'everything';
    analyze";

const USERS: u64 = 100_000;
const CLIENTS: usize = 8;
const TURN: Duration = Duration::from_secs(3);

/// A cheap sequence of numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn user(&mut self) -> String {
        format!("user{}@example.org", 1 + self.below(USERS))
    }

    fn question(&mut self) -> Request {
        let n = 1 + self.below(19_900);
        let path = format!("/programs/p{}/x{n}/files", 1 + n % 99);
        Request::new(&path, &format!("s{}", self.below(7)), &format!("m{}", self.below(20)))
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn build(database: &TestDatabase, tokens: &TestTokens) -> Arc<Arborist> {
    let pool = database::pool(database.options.clone(), database::Work::Small, 8);
    let began = Instant::now();
    let arborist = Arborist::build(Config::default(), pool, tokens.verifier());
    while !arborist.decides_in_memory() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("read into memory                      {:>10.2} s", began.elapsed().as_secs_f64());
    arborist
}

async fn measure() {
    let migrate = async |pool: &sqlx::PgPool| Ok(arborist::migrate(pool).await?);
    let database = TestDatabase::new("bench", migrate).await;
    let began = Instant::now();
    execute(&database, WORLD).await;
    println!("tables filled                         {:>10.2} s", began.elapsed().as_secs_f64());
    let tokens = TestTokens::new();
    let before = resident();
    let arborist = build(&database, &tokens).await;
    println!("memory of the index                   {:>10} MiB", resident().saturating_sub(before));
    in_process(&arborist).await;
    let listener = web::bind([127, 0, 0, 1].into(), 0).expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let _server = web::Server::start(listener, arborist.clone(), 2).expect("a server");
    tokio::task::spawn_blocking(move || over_http(address)).await.expect("it is measured");
    revocations(&database, &tokens).await;
}

/// Memory of this process, in MiB.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4 / 1024
}

async fn in_process(arborist: &Arborist) {
    let mut numbers = Numbers(42);
    let asked: Vec<(Subject, [Request; 1])> =
        (0..200_000).map(|_| (Subject::User(numbers.user()), [numbers.question()])).collect();
    let mut best = f64::MAX;
    let mut permitted = 0;
    for _ in 0..5 {
        let began = Instant::now();
        permitted = 0;
        for (subject, questions) in &asked {
            permitted += usize::from(arborist.decide(subject, questions).await.expect("an answer"));
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e6 / asked.len() as f64);
    }
    println!(
        "decision in the process               {best:>10.2} µs  ({permitted} of {} yes; floor 2)",
        asked.len()
    );
    let everything = Subject::User("user1@example.org".into());
    let began = Instant::now();
    let mapping = arborist.mapping(&everything).await.expect("a mapping");
    println!(
        "mapping of who may do everything      {:>10.2} ms  ({} resources)",
        began.elapsed().as_secs_f64() * 1e3,
        mapping.len()
    );
}

/// Sends what `make` makes over `CLIENTS` connections for a while; returns requests a second.
fn rate(address: SocketAddr, make: impl Fn(&mut Numbers) -> String + Sync) -> f64 {
    let began = Instant::now();
    let sent: usize = std::thread::scope(|scope| {
        let client = |seed| {
            let make = &make;
            move || {
                let mut stream = TcpStream::connect(address).expect("it listens");
                stream.set_nodelay(true).expect("a socket");
                let (mut numbers, mut sent, mut buffer) = (Numbers(seed), 0, vec![0; 1 << 20]);
                while began.elapsed() < TURN {
                    stream.write_all(make(&mut numbers).as_bytes()).expect("it reads");
                    receive(&mut stream, &mut buffer);
                    sent += 1;
                }
                sent
            }
        };
        let clients: Vec<_> = (0..CLIENTS).map(|n| scope.spawn(client(n as u64 * 7919 + 17))).collect();
        clients.into_iter().map(|client| client.join().expect("a client")).sum()
    });
    sent as f64 / began.elapsed().as_secs_f64()
}

/// Reads one answer, which is 200 and has a length.
fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            buffer.resize(filled * 2, 0);
        }
        let read = stream.read(&mut buffer[filled..]).expect("an answer");
        assert!(read > 0, "the connection was closed");
        filled += read;
        let Some(end) = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&buffer[..end]).expect("a head").to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|length| length.parse().ok()).expect("a length");
        if filled >= end + 4 + length {
            return;
        }
    }
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: arborist\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn over_http(address: SocketAddr) {
    let decide = |numbers: &mut Numbers| {
        let (user, question) = (numbers.user(), numbers.question());
        let question = serde_json::to_string(&question).expect("JSON");
        post("/auth/request", &format!(r#"{{"user":{{"user_id":"{user}"}},"request":{question}}}"#))
    };
    let mapping =
        |numbers: &mut Numbers| post("/auth/mapping", &format!(r#"{{"username":"{}"}}"#, numbers.user()));
    let of_one = |_: &mut Numbers| post("/auth/mapping", r#"{"username":"user5@example.org"}"#);
    let of_all = |_: &mut Numbers| post("/auth/mapping", r#"{"username":"user1@example.org"}"#);
    let mut decisions: f64 = 0.0;
    let mut floor: f64 = 0.0;
    let nothing = Floor::start();
    for _ in 0..3 {
        floor = floor.max(rate(nothing.address, decide));
        decisions = decisions.max(rate(address, decide));
    }
    println!("POST /auth/request                    {decisions:>10.0} /s");
    println!("a handler that does nothing           {floor:>10.0} /s");
    println!("share                                 {:>10.2}     (floor 0.80)", decisions / floor);
    println!("POST /auth/mapping, any user          {:>10.0} /s  (floor 5000)", rate(address, mapping));
    println!("POST /auth/mapping, one user          {:>10.0} /s", rate(address, of_one));
    println!("POST /auth/mapping, who may do all    {:>10.0} /s", rate(address, of_all));
}

/// A server of the same kind whose handler reads the body and answers two bytes.
struct Floor {
    address: SocketAddr,
}

impl Floor {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it is bound");
        std::thread::spawn(move || {
            let serving = async {
                let app = || {
                    let handler = async |_: actix_web::web::Bytes| actix_web::HttpResponse::Ok().body("ok");
                    actix_web::App::new().default_service(actix_web::web::to(handler))
                };
                actix_web::HttpServer::new(app).workers(2).listen(listener)?.run().await
            };
            actix_web::rt::System::new().block_on(serving)
        });
        Self { address }
    }
}

/// How long it takes until another process denies.
async fn revocations(database: &TestDatabase, tokens: &TestTokens) {
    let other = build(database, tokens).await;
    let subject = Subject::User("user77@example.org".into());
    let question = [Request::new("/programs", "s0", "m0")];
    let mut times = Vec::new();
    for _ in 0..500 {
        execute(
            database,
            "insert into usr_policy (usr_id, policy_id)
            select 77, id from policy where name = 'everything'",
        )
        .await;
        while !(other.decide(&subject, &question).await.expect("an answer") && other.decides_in_memory()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        execute(
            database,
            "delete from usr_policy using policy where usr_id = 77
            and policy_id = policy.id and policy.name = 'everything'",
        )
        .await;
        let revoked = Instant::now();
        while other.decide(&subject, &question).await.expect("an answer") {
            tokio::task::yield_now().await;
        }
        times.push(revoked.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("revocation seen elsewhere, median     {:>10.2} ms", at(0.5));
    println!("revocation seen elsewhere, p99        {:>10.2} ms  (floor 100)", at(0.99));
}

async fn execute(database: &TestDatabase, statement: &'static str) {
    sqlx::raw_sql(statement).execute(&database.pool).await.expect("it is done");
}
