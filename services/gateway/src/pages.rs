//! What the gateway says of itself: its first page, and what is not there. People get HTML, programs JSON.

use std::fmt::Write as _;

use actix_web::{
    HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap},
    },
};
use serde_json::{Value, json};

use crate::{
    config::Config,
    table::{Found, Table},
};

/// The query page of the portal.
const QUERY_PAGE: &str = "/query";

/// Public paths, the services that answer there, and what they are for.
const SERVED: [(&str, &str, &str); 18] = [
    ("/user", "fence", "users, tokens, signed URLs"),
    ("/authz", "arborist", "who may do what"),
    ("/index", "indexd", "where files are"),
    ("/ga4gh/drs/v1", "indexd", "files by the standard of GA4GH (DRS)"),
    ("/ga4gh/tes/v1", "workspace", "tasks by the standard of GA4GH (TES)"),
    ("/api/v0/submission", "sheepdog", "validated submission to the graph"),
    ("/api/v0/submission/graphql", "peregrine", "graph queries"),
    ("/guppy", "guppy", "search"),
    ("/audit", "audit", "who logged in, and who got which file"),
    ("/requestor", "requestor", "asking for access"),
    ("/library", "library", "saved cohorts and lists of files"),
    ("/wts", "wts", "tokens of other commons"),
    ("/mds", "metadata", "documents by GUID, found by their contents"),
    ("/manifests", "manifests", "users' own lists of files"),
    ("/lw-workspace", "workspace", "notebooks next to the data"),
    ("/ops", "operations", "recurring work and its history"),
    ("/job", "operations", "jobs for users: exports"),
    (QUERY_PAGE, "portal", "query page"),
];

/// Public paths of a Gen3 commons whose services this version does not have. Who adds a row for one of them
/// has it served.
const ABSENT: [(&str, &str); 11] = [
    ("/discovery", "discovery page of the portal"),
    ("/analysis", "analysis tools"),
    ("/cedar", "CEDAR service"),
    ("/coremetadata", "core metadata service (pidgin)"),
    ("/ws-storage", "storage service of workspaces"),
    ("/cohort-middleware", "cohort middleware"),
    ("/ohdsi-webapi", "OHDSI services"),
    ("/dicom-server", "DICOM services"),
    ("/dicom-viewer", "DICOM services"),
    ("/dashboard", "dashboards"),
    ("/gen3-workflow", "workflow service"),
];

/// The pages of a gateway.
pub(crate) struct Pages {
    served: Vec<(&'static str, &'static str, &'static str)>,
}

impl Pages {
    /// The pages of a gateway with `config` and the services `here` in its process.
    pub(crate) fn of<'s>(config: &Config, here: impl Iterator<Item = &'s str>) -> Self {
        let mut reached: Vec<&str> = here.collect();
        reached.extend(config.upstreams.keys().map(String::as_str));
        let is_there = |path: &str, service: &str| reached.contains(&service) && leads(&config.table, path);
        Self { served: SERVED.into_iter().filter(|(path, service, _)| is_there(path, service)).collect() }
    }

    /// The answer for `/` where no portal has a page there: what is served where.
    pub(crate) fn first(&self, headers: &HeaderMap) -> HttpResponse {
        if wants_html(headers) {
            return self.page(StatusCode::OK, "A Gen3 data commons");
        }
        let services: Vec<Value> = self.served.iter().map(entry).collect();
        let body = json!({ "message": "a Gen3 data commons", "status": "/_status", "services": services });
        HttpResponse::Ok().insert_header((header::VARY, "Accept")).json(body)
    }

    /// The answer for a path that leads nowhere.
    pub(crate) fn nothing(&self, path: &str, headers: &HeaderMap) -> HttpResponse {
        let absent = absent(path);
        let message = match absent {
            Some(name) => format!("the {name} is not part of this version"),
            None => "nothing is served at this path".to_owned(),
        };
        let reason = web::Reason(message.clone().into());
        let mut answer = if wants_html(headers) {
            self.page(StatusCode::NOT_FOUND, &message)
        } else {
            let body = json!({ "message": message, "service": absent });
            HttpResponse::NotFound().insert_header((header::VARY, "Accept")).json(body)
        };
        answer.extensions_mut().insert(reason);
        answer
    }

    /// A page that says `message` (which has no markup) and lists what is served.
    fn page(&self, status: StatusCode, message: &str) -> HttpResponse {
        let mut rows = String::new();
        for (path, service, purpose) in &self.served {
            let path = if *path == QUERY_PAGE {
                format!(r#"<a href="{path}">{path}</a>"#)
            } else {
                format!("<code>{path}</code>")
            };
            // Writing to a string cannot fail.
            let _ = write!(rows, "<tr><td>{path}</td><td>{purpose}</td><td>{service}</td></tr>");
        }
        let body = format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{message}</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><style>body{{font-family:sans-serif;\
             max-width:45rem;margin:3rem auto;padding:0 1rem;line-height:1.5}}\
             td,th{{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}}</style></head><body>\
             <h1>{message}</h1><p>This commons serves:</p>\
             <table><tr><th>Path</th><th>For</th><th>Service</th></tr>{rows}</table></body></html>"
        );
        HttpResponse::build(status)
            .insert_header((header::VARY, "Accept"))
            .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
            .content_type("text/html; charset=utf-8")
            .body(body)
    }
}

fn entry((path, service, purpose): &(&str, &str, &str)) -> Value {
    json!({ "path": path, "service": service, "for": purpose })
}

fn leads(table: &Table, path: &str) -> bool {
    !matches!(table.find(&format!("{path}/"), None), Found::Nothing)
        || !matches!(table.find(path, None), Found::Nothing)
}

/// What would answer at `path` in other commons, if this version does not have it.
fn absent(path: &str) -> Option<&'static str> {
    ABSENT.into_iter().find(|(prefix, _)| is_below(path, prefix)).map(|(_, name)| name)
}

/// Whether the portal may have a page at `path`, which leads nowhere: somebody opens one, and it is not the
/// place of another service.
pub(crate) fn may_be_page(path: &str, method: &Method, headers: &HeaderMap) -> bool {
    matches!(*method, Method::GET | Method::HEAD) && wants_html(headers) && absent(path).is_none()
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Browsers name HTML when they open a page; programs, and a browser's own scripts, do not.
fn wants_html(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.any(|types| types.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_both_served_and_absent() {
        let table = Table::built_in().unwrap().with_portal().unwrap().with_localhost_names().unwrap();
        for (path, name) in ABSENT {
            assert!(!leads(&table, path), "{path} ({name}) is served");
        }
        for (path, service, _) in SERVED {
            assert!(leads(&table, path), "{path} ({service}) is not served");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_slash() {
        assert!(is_below("/mds", "/mds") && is_below("/mds/metadata", "/mds"));
        assert!(!is_below("/mdsx", "/mds") && !is_below("/", "/mds"));
    }
}
