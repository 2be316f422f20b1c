//! Times the embedded engine with a million documents of sixty fields: `cargo bench -p searchindex`.
//!
//! `-- --documents N` takes another number of documents, `-- --folder F` keeps them in a folder and reads
//! them from there the next time.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it says what it has measured")]

use std::{
    collections::BTreeMap,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use search::{
    Aggregation, Aggregations, Definition, Engine, Mapping, Operation, Query, Range, Scalar, Search, Sort,
    Source,
};
use searchindex::Embedded;
use serde_json::{Map, Value, json};

/// What a caller sends at once, in bytes.
const BATCH: usize = 10_000_000;
/// How often each question is asked; the median counts.
const REPEATS: usize = 9;

/// How many distinct values the keywords of a document have, one after the other.
const DISTINCT: [u64; 8] = [2, 3, 5, 10, 30, 100, 1_000, 20_000];
const KEYWORDS: usize = 44;
const NUMBERS: usize = 14;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn definition() -> Definition {
    let keyword = json!({"type": "keyword", "fields": {"analyzed": {"type": "text"}}});
    let mut fields = Map::new();
    for name in ["id", "auth_resource_path"] {
        fields.insert(name.to_owned(), keyword.clone());
    }
    for at in 0..KEYWORDS {
        fields.insert(format!("keyword_{at}"), keyword.clone());
    }
    for at in 0..NUMBERS {
        fields.insert(format!("number_{at}"), json!({"type": if at % 2 == 0 { "long" } else { "float" }}));
    }
    let mapping = Mapping::read(&json!({"properties": fields})).expect("it is a mapping");
    Definition { mapping, settings: Map::new() }
}

fn document(number: u64, dice: &mut Dice) -> String {
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(format!("subject-{number:08}")));
    fields.insert("auth_resource_path".to_owned(), json!(format!("/programs/p{}/projects/x", dice.roll(10))));
    for at in 0..KEYWORDS {
        let value = dice.roll(DISTINCT[at % DISTINCT.len()]);
        // Every fifth field is absent in a tenth of the documents, every seventh has several values.
        match (at % 5, at % 7) {
            (0, _) if dice.roll(10) == 0 => {}
            (_, 0) => {
                let values = [value, value / 2, value / 3];
                let values = &values[..1 + dice.roll(3) as usize];
                fields.insert(
                    format!("keyword_{at}"),
                    values.iter().map(|value| json!(format!("Value {value}"))).collect(),
                );
            }
            _ => drop(fields.insert(format!("keyword_{at}"), json!(format!("Value {value}")))),
        }
    }
    for at in 0..NUMBERS {
        let value = dice.roll(30_000);
        let value = if at % 2 == 0 { json!(value) } else { json!(value as f64 / 64.0) };
        fields.insert(format!("number_{at}"), value);
    }
    Value::Object(fields).to_string()
}

/// Resident memory, and what of it is not file pages, in MB.
fn memory() -> (f64, f64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number =
            line.and_then(|line| line.split_whitespace().next()).and_then(|text| text.parse::<f64>().ok());
        number.unwrap_or_default() / 1024.0
    };
    (of("VmRSS:"), of("RssAnon:"))
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

struct Table(Vec<[String; 6]>);

impl Table {
    fn line(&mut self, what: &str, ours: String, cpu: Option<f64>, goal: &str, floor: String, note: &str) {
        let cpu = cpu.map_or("–".to_owned(), |cpu| format!("{cpu:.0} ms"));
        eprintln!("{what}: {ours}, CPU {cpu} ({goal}) {floor} {note}");
        self.0.push([what.to_owned(), ours, cpu, goal.to_owned(), floor, note.to_owned()]);
    }

    fn print(&self) {
        println!("| What | Ours | CPU | Goal | Floor | |\n| --- | --- | --- | --- | --- | --- |");
        for line in &self.0 {
            println!("| {} |", line.join(" | "));
        }
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The floor of counting: numbers of terms in memory, counted into an array, for so many facets and
/// documents.
fn counting_floor(facets: u64, documents: u64) -> Duration {
    let mut dice = Dice(7);
    let terms: Vec<u32> = (0..documents).map(|_| dice.roll(1_000) as u32).collect();
    let start = Instant::now();
    for _ in 0..facets {
        let mut counts = vec![0u32; 1_000];
        for term in black_box(&terms) {
            counts[*term as usize] += 1;
        }
        black_box(&counts);
    }
    start.elapsed()
}

/// What the process has used of processors, in ms. Only good to 10 ms.
fn used() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may have anything in it: user time and system time, in hundredths of seconds.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() * 10.0
}

/// The first and the median time of a question, and what it uses of processors, in ms.
struct Asked {
    first: Duration,
    median: Duration,
    cpu: f64,
}

async fn ask(engine: &Embedded, search: &Search) -> Asked {
    let mut times = Vec::new();
    let mut before = 0.0;
    for turn in 0..=REPEATS {
        let start = Instant::now();
        black_box(engine.search("all", search).await.expect("it answers"));
        times.push(start.elapsed());
        if turn == 0 {
            before = used();
        }
    }
    Asked { first: times[0], median: median(times.split_off(1)), cpu: (used() - before) / REPEATS as f64 }
}

fn facets() -> Aggregations {
    let values =
        |field: String| Aggregation::Values { field, missing: true, descending: true, then: BTreeMap::new() };
    let mut all = Aggregations::new();
    // Those with 20,000 values are identifiers, which are no facets: they are counted in their own line.
    for at in (0..KEYWORDS).filter(|at| at % DISTINCT.len() != 7) {
        all.insert(format!("keyword_{at}"), values(format!("keyword_{at}")));
    }
    for at in 0..NUMBERS {
        all.insert(format!("number_{at}"), Aggregation::Stats(format!("number_{at}")));
    }
    for at in 0..60 - all.len() {
        let (field, then) = (format!("number_{at}"), BTreeMap::new());
        all.insert(
            format!("bins_{at}"),
            Aggregation::Histogram { field, interval: 1_000.0, offset: 0.0, then },
        );
    }
    all
}

async fn load(engine: &Embedded, documents: u64, table: &mut Table) {
    engine.create("all", &definition()).await.expect("it can be made");
    let mut dice = Dice(88_172_645_463_325_252);
    let (mut batch, mut bytes, mut all) = (Vec::new(), 0, 0);
    let (mut writing, mut highest, mut cpu) = (Duration::ZERO, 0.0f64, 0.0);
    for number in 0..documents {
        let body = document(number, &mut dice);
        bytes += body.len();
        all += body.len();
        batch.push(Operation::Put { id: Some(format!("subject-{number:08}")), body });
        if bytes >= BATCH || number + 1 == documents {
            let (start, before) = (Instant::now(), used());
            let written = engine.write("all", std::mem::take(&mut batch)).await.expect("it is written");
            writing += start.elapsed();
            cpu += used() - before;
            assert!(written.rejected.is_empty());
            highest = highest.max(memory().1);
            bytes = 0;
        }
    }
    let rate = documents as f64 / writing.as_secs_f64();
    let note =
        format!("{:.0} MB of JSON; memory without file pages at most {highest:.0} MB", all as f64 / 1e6);
    let none = || "–".to_owned();
    table.line("load", format!("{rate:.0} documents/s"), Some(cpu), "≥ 20,000/s", none(), &note);
    let (start, resting) = (Instant::now(), used());
    let segments = || {
        let files = find(engine_folder()).into_iter();
        files.filter(|file| file.extension().is_some_and(|end| end == "store")).count()
    };
    // The writer rests after five seconds, and then leaves few segments.
    let mut quiet = 0;
    let mut before = segments();
    while quiet < 20 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = segments();
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
        engine.refresh("all").await.expect("it is there");
    }
    let merging = start.elapsed().saturating_sub(Duration::from_secs(15));
    table.line(
        "merging afterwards",
        format!("{:.0} s", merging.as_secs_f64()),
        Some(used() - resting),
        "–",
        none(),
        &format!("{before} segments"),
    );
}

fn find(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| if entry.path().is_dir() { find(entry.path()) } else { vec![entry.path()] })
        .collect()
}

fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args();
    arguments.find(|argument| argument == name)?;
    arguments.next()
}

fn engine_folder() -> PathBuf {
    option("--folder").map_or_else(|| std::env::temp_dir().join("searchindex-bench"), PathBuf::from)
}

async fn questions(engine: &Embedded, documents: u64, table: &mut Table) {
    let mut say = |what: &str, asked: Asked, goal: &str, floor: Option<Duration>| {
        let floor = floor.map_or("–".to_owned(), milliseconds);
        let note = format!("first time {}", milliseconds(asked.first));
        table.line(what, milliseconds(asked.median), Some(asked.cpu), goal, floor, &note);
    };
    let asked = ask(engine, &Search::counting(Query::All, facets())).await;
    say("60 facets with counts", asked, "≤ 150 ms", Some(counting_floor(60, documents)));
    let tenth = || Query::equals("auth_resource_path", Scalar::from("/programs/p3/projects/x"));
    let asked = ask(engine, &Search::counting(tenth(), facets())).await;
    say("the same, of a tenth", asked, "≤ 80 ms", Some(counting_floor(60, documents / 10)));
    let range = Range { gte: Some(100.into()), lt: Some(20_000.into()), ..Range::default() };
    let mixed = Query::And(vec![
        Query::Or(vec![tenth(), Query::equals("keyword_3", Scalar::from("Value 4"))]),
        Query::Within { field: "number_2".to_owned(), range },
        Query::Exists("keyword_5".to_owned()),
    ]);
    say("a filter of four conditions, its first rows", ask(engine, &Search::new(mixed)).await, "–", None);
    let page = Search { size: 20, ..Search::new(Query::All) };
    say("first page of 20 rows", ask(engine, &page).await, "≤ 20 ms", None);
    let by = |field: &str| vec![Sort { field: field.to_owned(), nested: None, descending: true }];
    for (field, what) in [("number_0", "a number"), ("id", "a keyword with as many values as documents")] {
        let asked = ask(engine, &Search { sort: by(field), ..page.clone() }).await;
        say(&format!("the same, by {what}"), asked, "≤ 20 ms", None);
    }
    let asked = ask(engine, &Search { from: documents / 2, ..page.clone() }).await;
    say("20 rows from the middle on", asked, "≤ 50 ms", None);
    let asked = ask(engine, &Search { from: documents / 2, sort: by("number_0"), ..page }).await;
    say("the same, by a number", asked, "≤ 50 ms", None);
    let words = search::Words::EverySubfield("analyzed".to_owned());
    let text = Query::Text { text: "1999".to_owned(), words };
    let asked = ask(engine, &Search { highlight: Some("analyzed".to_owned()), ..Search::new(text) }).await;
    say("a word in 46 fields, ten rows with marks", asked, "–", None);
    let values = (0..documents).map(|n| Scalar::from(format!("subject-{:08}", n * 2))).collect();
    let asked = ask(engine, &Search::new(Query::OneOf { field: "id".to_owned(), values })).await;
    say(&format!("one of {documents} values"), asked, "–", None);
}

async fn downloads(engine: &Embedded, table: &mut Table) {
    let few = Source::Fields((0..10).map(|at| format!("keyword_{at}")).collect());
    for (source, what) in [(Source::All, "download, whole documents"), (few, "download, ten fields")] {
        let before = memory().1;
        let mut highest = before;
        let (start, cpu) = (Instant::now(), used());
        let mut pages = engine.pages("all", &Query::All, &[], &source, 1_000).await.expect("it begins");
        let mut count = 0;
        while let Some(page) = pages.next().await {
            count += page.expect("it is read").len();
            highest = highest.max(memory().1);
        }
        let rate = count as f64 / start.elapsed().as_secs_f64();
        let note = format!("memory grows by {:.0} MB", highest - before);
        let none = "–".to_owned();
        table.line(what, format!("{rate:.0} documents/s"), Some(used() - cpu), "≥ 50,000/s", none, &note);
    }
}

#[tokio::main]
async fn main() {
    // Told by `cargo test --benches`, which only wants to know that it compiles.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let documents = option("--documents").and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let folder = engine_folder();
    let kept = option("--folder").is_some();
    if !kept {
        // From a run that was stopped.
        let _ = fs::remove_dir_all(&folder);
    }
    let mut table = Table(Vec::new());
    let engine = Embedded::open(&folder).expect("the folder can be opened");
    if engine.aliases("all").await.expect("it answers").is_empty() {
        load(&engine, documents, &mut table).await;
    }
    drop(engine);
    let start = Instant::now();
    let engine = Embedded::open(&folder).expect("the folder can be opened");
    let opening = milliseconds(start.elapsed());
    let (resident, own) = memory();
    let note = format!("memory {resident:.0} MB, {own:.0} MB without file pages");
    table.line("opening the folder", opening, None, "–", "–".to_owned(), &note);
    questions(&engine, documents, &mut table).await;
    downloads(&engine, &mut table).await;
    let (resident, own) = memory();
    table.line(
        "memory at the end",
        format!("{resident:.0} MB"),
        None,
        "–",
        "–".to_owned(),
        &format!("{own:.0} MB without file pages"),
    );
    table.line("disk", format!("{:.0} MB", size(&folder) as f64 / 1e6), None, "–", "–".to_owned(), "");
    table.print();
    if !kept {
        fs::remove_dir_all(&folder).expect("the folder can be removed");
    }
}
