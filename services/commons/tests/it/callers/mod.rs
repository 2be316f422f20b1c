//! Every route of every service, asked by every kind of caller: at the service's own port, which other
//! services use, and by each public path that leads to it.
//!
//! What they are answered stands in `table.txt`, which is written for whoever reviews who may do what. Rules
//! that hold whatever stands there are in `testing::callers`; which routes are everybody's is told in
//! `access`.

mod access;
mod exceptions;
mod requests;
mod stage;
mod ways;

use std::{fmt::Write as _, fs};

use futures_util::future::join_all;
use gateway::Table;
use testing::{
    callers::{Access, Caller, Line, Section, faults},
    endpoints::{Case, uncovered},
};

use self::{
    access::access,
    requests::{World, cases, endpoints},
    stage::Stage,
    ways::{Place, Way, ways},
};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/callers/table.txt");

const EXPLAINED: &str = "\
Who is answered what: every route of every service, as every kind of caller.

  nobody    no token
  none      a user without any right
  other     a user with every right elsewhere, and other rights here than the one that is asked for
  right     a user with every right
  expired   that user's token after its time
  forged    that user's token, signed by another key
  audience  that user's token for another audience
  purpose   that user's token for another purpose: one that tells who they are
  denied    that user's token of a task, or API key, after it was revoked; other access tokens cannot be
  inactive  a user with every right, deactivated after the token was made
  client    an OAuth client with every right, without a user

Each caller has objects of their own, so that nobody sees what another one has changed.
";

/// The lines of one way into a service, and what is wrong with them already.
struct Found {
    sections: Vec<Section>,
    /// Routes that no public path leads to.
    inside: Vec<String>,
    faults: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_every_kind_of_caller_as_the_table_says() {
    let stage = Stage::set().await;
    let table = Table::built_in().unwrap().with_portal().unwrap().with_localhost_names().unwrap();
    let services = stage.services();
    let found = join_all(services.iter().map(|service| tried(&stage, &table, service))).await;
    let mut text = EXPLAINED.to_owned();
    let mut all_faults = Vec::new();
    for (service, found) in services.iter().zip(found) {
        all_faults.extend(found.faults);
        all_faults.extend(faults(&found.sections));
        for section in found.sections {
            let _ = write!(text, "\n\n{}", section.text());
        }
        if !found.inside.is_empty() {
            let _ = write!(text, "\n\n{service}: no public path leads to\n  {}\n", found.inside.join("\n  "));
        }
    }
    let own = gateways(&stage).await;
    all_faults.extend(faults(std::slice::from_ref(&own)));
    let _ = write!(text, "\n\n{}", own.text());
    let _ =
        write!(text, "\n\nThe gateway refuses everybody\n  {}\n", refused(&stage, &table).await.join("\n  "));
    stage.stop().await;
    all_faults.extend(compared(&text));
    assert!(all_faults.is_empty(), "{} faults:\n{}", all_faults.len(), all_faults.join("\n"));
}

/// Asks one service everything, at each of its places in turn, with objects of their own for each.
async fn tried(stage: &Stage, table: &Table, service: &str) -> Found {
    let worlds = |round| Caller::ALL.map(|caller| World { service, round, caller });
    let mut sections = Vec::new();
    let own = ask(stage, service, &worlds(0), |case| Some(Way::own(case))).await;
    let mut wrong = uncovered(endpoints(service), &own.cases);
    wrong.extend(access::needless(service, &own.cases, &own.lines));
    wrong.extend(access::unlike_doubles(service, &own.cases, &own.lines));
    let wrong = wrong.into_iter().map(|fault| format!("{service}: {fault}")).collect();
    let public: Vec<Vec<Way>> = own.cases.iter().map(|case| ways(table, service, case)).collect();
    let hidden = own.lines.iter().zip(&public).filter(|(_, ways)| ways.is_empty());
    let mut inside: Vec<String> = hidden.map(|(line, _)| line.name()).collect();
    inside.sort();
    sections.push(Section::new(format!("{service}, at its own port"), own.lines));
    let mut lines = Vec::new();
    for round in 0..public.iter().map(Vec::len).max().unwrap_or_default() {
        let way = |case: &Case| ways(table, service, case).into_iter().nth(round);
        lines.extend(ask(stage, service, &worlds(round + 1), way).await.lines);
    }
    if !lines.is_empty() {
        sections.insert(0, Section::new(format!("{service}, from outside"), lines));
    }
    Found { sections, inside, faults: wrong }
}

/// What was asked and answered.
struct Asked {
    cases: Vec<Case>,
    lines: Vec<Line>,
}

/// Asks as every caller, those cases for which there is a `way`.
async fn ask(
    stage: &Stage,
    service: &str,
    worlds: &[World<'_>],
    way: impl Fn(&Case) -> Option<Way>,
) -> Asked {
    let mut asked = Asked { cases: Vec::new(), lines: Vec::new() };
    for world in worlds {
        let cases = cases(stage, world).await;
        let reached = cases.iter().filter_map(|case| Some((case, way(case)?)));
        for (index, (case, way)) in reached.enumerate() {
            if asked.lines.len() == index {
                asked.lines.push(line(service, case, &way));
            }
            let line = &mut asked.lines[index];
            assert_eq!((&line.path, line.note), (&way.path, case.note), "the cases depend on the caller");
            line.statuses[world.caller.index()] = stage.call(service, &way, case, world.caller).await;
        }
        asked.cases = cases;
    }
    asked
}

fn line(service: &str, case: &Case, way: &Way) -> Line {
    Line {
        method: case.method.to_owned(),
        path: way.path.clone(),
        note: case.note,
        access: access(service, case, way.place),
        believed: access::believed(service, case),
        is_unimplemented: case.statuses[2] == 501,
        statuses: Default::default(),
    }
}

/// What the gateway answers by itself, and passes on to the object store.
async fn gateways(stage: &Stage) -> Section {
    let open =
        ["/", "/_ready", "/_status", "/livez", "/readyz", "/startupz"].map(|path| (path, Access::Everybody));
    let stored = ("/commons-data/{key:.*}", Access::OtherProof);
    let mut lines = Vec::new();
    for (path, access) in open.into_iter().chain([stored]) {
        let case = Case::new("GET", path, &path.replace("{key:.*}", "key"), [200; 3]);
        let way = Way { place: Place::Gateway, url: case.url.clone(), path: path.to_owned() };
        // To S3, whoever sends a token of ours has sent a malformed header.
        let believed = match access {
            Access::OtherProof => Caller::ALL.into_iter().filter(|caller| caller.is_refused()).collect(),
            _ => Vec::new(),
        };
        let mut line = Line { access, believed, ..line("gateway", &case, &way) };
        for caller in Caller::ALL {
            line.statuses[caller.index()] = stage.call("", &way, &case, caller).await;
        }
        lines.push(line);
    }
    Section::new("the gateway itself".to_owned(), lines)
}

/// The paths at which the gateway lets nobody in, each tried as every caller.
async fn refused(stage: &Stage, table: &Table) -> Vec<String> {
    let mut paths = Vec::new();
    for row in table.rows().iter().filter(|row| row.deny) {
        let path = row.pattern.text().to_owned();
        let way = Way { place: Place::Gateway, url: path.clone(), path: path.clone() };
        for method in ["GET", "POST"] {
            let case = Case::new(method, "", "", [403; 3]);
            for caller in Caller::ALL {
                let status = stage.call("", &way, &case, caller).await;
                assert!(matches!(status, 401 | 403), "{method} {path} as {caller:?}: {status}");
            }
        }
        paths.push(path);
    }
    paths.sort();
    paths
}

/// How `text` differs from the golden file, which is written anew if that is asked for.
fn compared(text: &str) -> Vec<String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(GOLDEN, text).unwrap();
    }
    let golden = fs::read_to_string(GOLDEN).unwrap_or_default();
    if text == golden {
        return Vec::new();
    }
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (was, is) = (lines(&golden), lines(text));
    let gone = was.iter().filter(|line| !is.contains(line)).map(|line| format!("- {line}"));
    let new = is.iter().filter(|line| !was.contains(line)).map(|line| format!("+ {line}"));
    let mut faults = vec!["the table has changed; UPDATE_GOLDEN=1 writes it anew".to_owned()];
    faults.extend(gone.chain(new));
    faults
}
