//! The public paths that lead to a route.

use gateway::{Found, Pattern, Rewrite, Row, Table};
use testing::endpoints::Case;

/// Where a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// To the service's own port.
    Own,
    /// To the gateway.
    Gateway,
    /// To the gateway, which asks for a right before it lets anybody in.
    GuardedGateway,
}

/// One way to a route.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// Where.
    pub(super) place: Place,
    /// Path and query of the request.
    pub(super) url: String,
    /// The path with its parameters.
    pub(super) path: String,
}

impl Way {
    /// The way at the service's own port.
    pub(super) fn own(case: &Case) -> Self {
        Self { place: Place::Own, url: case.url.clone(), path: case.path.to_owned() }
    }
}

/// The ways through the gateway, in the order of its table.
pub(super) fn ways(table: &Table, service: &str, case: &Case) -> Vec<Way> {
    let (native, query) = match case.url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (case.url.as_str(), None),
    };
    let mut ways: Vec<Way> = Vec::new();
    for row in table.rows().iter().filter(|row| !row.deny) {
        let Some(name) = &row.service else { continue };
        let passes = row.methods.is_empty() || row.methods.iter().any(|method| method == case.verb());
        if table.service_of(name) != service || !passes {
            continue;
        }
        let Some((public, path)) = way(row, native, case.path) else { continue };
        // Another row may be nearer to that path.
        let Found::Row(found, seen) = table.find(&public, query) else { continue };
        let leads_here = found.service.as_ref().is_some_and(|name| table.service_of(name) == service);
        let seen = seen.split('?').next().unwrap_or_default();
        if found.deny || !leads_here || seen != native || ways.iter().any(|way| way.path == path) {
            continue;
        }
        let url = query.map_or_else(|| public.clone(), |query| format!("{public}?{query}"));
        let place = if found.authz.is_some() { Place::GuardedGateway } else { Place::Gateway };
        ways.push(Way { place, url, path });
    }
    ways
}

/// The public path with which `row` would lead to `native`, and the same with its parameters.
fn way(row: &Row, native: &str, path: &str) -> Option<(String, String)> {
    match &row.rewrite {
        Rewrite::Fixed { path: fixed, .. } => {
            let text = row.pattern.text().to_owned();
            (fixed == native && !matches!(row.pattern, Pattern::Regex(_))).then(|| (text.clone(), text))
        }
        Rewrite::Strip(beginning) => Some((format!("{beginning}{native}"), format!("{beginning}{path}"))),
        Rewrite::Group => Some((native.to_owned(), path.to_owned())),
    }
}
