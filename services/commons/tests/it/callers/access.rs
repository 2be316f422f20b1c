//! Whom the routes are meant for. What is not named here is for whoever is logged in or has a right.

use testing::{
    callers::{Access, Caller, Line},
    endpoints::Case,
};

use super::{
    exceptions::{BELIEVED, EVERYBODYS, NEIGHBOURS, OTHER_PROOFS, UNLIKE_DOUBLES},
    ways::Place,
};

/// Method, path and note.
fn name(case: &Case) -> String {
    let Case { method, path, note, .. } = case;
    if note.is_empty() { format!("{method} {path}") } else { format!("{method} {path} ({note})") }
}

/// The routes of one service among exceptions.
fn of<'a>(
    exceptions: &'a [(&'a str, &'a [&'a str], &'a str)],
    service: &'a str,
) -> impl Iterator<Item = &'a str> + 'a {
    exceptions.iter().filter(move |(named, ..)| *named == service).flat_map(|(_, routes, _)| *routes).copied()
}

fn has(exceptions: &[(&str, &[&str], &str)], service: &str, case: &Case) -> bool {
    let name = name(case);
    of(exceptions, service).any(|route| route == name)
}

/// Whom a case is meant for.
pub(super) fn access(service: &str, case: &Case, place: Place) -> Access {
    let is_everybodys = has(EVERYBODYS, service, case);
    let is_neighbours = service == "arborist" || has(NEIGHBOURS, service, case);
    match place {
        // The gateway answers these itself.
        Place::GuardedGateway if case.method == "OPTIONS" => Access::Everybody,
        Place::GuardedGateway => Access::Guarded,
        _ if has(OTHER_PROOFS, service, case) => Access::OtherProof,
        Place::Own if is_neighbours && !is_everybodys => Access::Neighbours,
        _ if is_everybodys => Access::Everybody,
        _ => Access::Guarded,
    }
}

/// Refused callers who get more than nobody.
pub(super) fn believed(service: &str, case: &Case) -> Vec<Caller> {
    let callers = BELIEVED.iter().filter(|(_, exceptions)| has(exceptions, service, case));
    callers.map(|(caller, _)| *caller).collect()
}

/// Exceptions that are none: there is no such route, or it does without the exception.
pub(super) fn needless(service: &str, cases: &[Case], lines: &[Line]) -> Vec<String> {
    let mut faults = Vec::new();
    let names: Vec<String> = cases.iter().map(name).collect();
    let believed = BELIEVED.iter().flat_map(|(_, exceptions)| of(exceptions, service));
    let others = [EVERYBODYS, OTHER_PROOFS, NEIGHBOURS, UNLIKE_DOUBLES];
    for route in others.into_iter().flat_map(|exceptions| of(exceptions, service)).chain(believed) {
        if !names.iter().any(|name| name == route) {
            faults.push(format!("{route} is an exception and no route"));
        }
    }
    for line in lines {
        for caller in line.believed.iter().filter(|caller| !line.gives_more(**caller)) {
            faults.push(format!("{} does without its exception for {}", line.name(), caller.heading()));
        }
    }
    faults
}

/// Where a service answers otherwise among its real neighbours than in its own test.
pub(super) fn unlike_doubles(service: &str, cases: &[Case], lines: &[Line]) -> Vec<String> {
    let mut faults = Vec::new();
    for (case, line) in cases.iter().zip(lines) {
        let callers = [Caller::Nobody, Caller::Stranger, Caller::Permitted];
        let real = callers.map(|caller| line.statuses[caller.index()]);
        let is_exception = has(UNLIKE_DOUBLES, service, case);
        if real != case.statuses && !is_exception {
            let own = case.statuses;
            faults.push(format!("{} answers {real:?}, and {own:?} in the service's own test", name(case)));
        }
        if real == case.statuses && is_exception {
            faults.push(format!("{} answers as in the service's own test", name(case)));
        }
    }
    faults
}
