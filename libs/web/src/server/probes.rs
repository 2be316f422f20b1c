//! What a kubelet or another supervisor asks of a process, as Kubernetes names it: `/livez`, `/readyz`,
//! `/startupz`.
//!
//! They are answered before everything else that a server does: nobody is authorised, counted or logged for
//! them, no service sees them, and the gateway passes them to nobody.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{ALLOW, CACHE_CONTROL, RETRY_AFTER},
    },
    middleware::Next,
};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::FutureExt as _;
use serde::Serialize;
use tokio::sync::Mutex;

use super::{seats::Full, stopping::Stops};
use crate::{Check, Service, path::collapse_slashes};

/// All checks together have this long: a kubelet waits three seconds in our chart.
const CHECKS: Duration = Duration::from_secs(2);
/// What was found is the answer for so long, however many ask: the port may be public.
const FRESH: Duration = Duration::from_millis(500);

/// Whether a server answers probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probing {
    /// It does, for the service that it serves.
    Answered,
    /// It does not, because its port shows what another one serves.
    LeftOut,
}

/// One of the three questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    /// Whether the process can answer at all. Who does not is restarted.
    Live,
    /// Whether the service has what it needs now. Who has not gets no requests.
    Ready,
    /// Whether it ever had. Until then nobody asks the other two.
    Started,
}

impl Probe {
    fn at(path: &str) -> Option<Self> {
        match path {
            "/livez" => Some(Self::Live),
            "/readyz" => Some(Self::Ready),
            "/startupz" => Some(Self::Started),
            _ => None,
        }
    }
}

/// Whether `path` is that of a probe in one of the spellings that a proxy could take for it. Exactly written,
/// it never comes to a service.
pub fn is_probe(path: &str) -> bool {
    let path = collapse_slashes(path);
    Probe::at(path.strip_suffix('/').unwrap_or(&path)).is_some()
}

/// A connection beyond the limits, in which probes are answered and everything else is refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reserved(pub(super) Full);

/// The answers of one server, whatever thread is asked.
pub(super) struct Probes {
    service: Arc<dyn Service>,
    stops: Stops,
    started: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    found: Option<(Instant, Found)>,
    /// Since when each check fails.
    failing: BTreeMap<String, SystemTime>,
}

#[derive(Debug, Clone, Serialize)]
struct Found {
    ready: bool,
    checks: Vec<Line>,
}

#[derive(Debug, Clone, Serialize)]
struct Line {
    name: String,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl Probes {
    pub(super) fn new(service: Arc<dyn Service>, stops: Stops) -> Arc<Self> {
        Arc::new(Self { service, stops, started: AtomicBool::new(false), seen: Mutex::default() })
    }

    async fn answer(&self, probe: Probe) -> HttpResponse {
        let found = match probe {
            Probe::Live => return HttpResponse::Ok().json(serde_json::json!({ "live": true })),
            Probe::Started if self.started.load(Ordering::Relaxed) => Found { ready: true, checks: vec![] },
            Probe::Started | Probe::Ready => self.look().await,
        };
        if found.ready {
            self.started.store(true, Ordering::Relaxed);
            return HttpResponse::Ok().json(found);
        }
        HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, "1")).json(found)
    }

    /// Asks for the state of everything, unless somebody has just done so.
    async fn look(&self) -> Found {
        let mut seen = self.seen.lock().await;
        let is_fresh = |(looked, _): &&(Instant, Found)| looked.elapsed() < FRESH && !self.stops.have_come();
        if let Some((_, found)) = seen.found.as_ref().filter(is_fresh) {
            return found.clone();
        }
        let checks = self.checks().await;
        let now = SystemTime::now();
        seen.failing.retain(|name, _| checks.iter().any(|check| check.name == *name && check.state.is_err()));
        let ready = checks.iter().all(|check| check.state.is_ok());
        let line = |Check { name, state }| {
            let error = state.err();
            let since = error.as_ref().map(|_| *seen.failing.entry(name.clone()).or_insert(now));
            Line { name, ready: error.is_none(), error, since: since.map(written) }
        };
        let found = Found { ready, checks: checks.into_iter().map(line).collect() };
        seen.found = Some((Instant::now(), found.clone()));
        found
    }

    async fn checks(&self) -> Vec<Check> {
        if self.stops.have_come() {
            return vec![Check::new("process", Err("it is stopping".into()))];
        }
        let failed = |why: &str| vec![Check::new(self.service.name(), Err(why.into()))];
        let asked = AssertUnwindSafe(self.service.checks()).catch_unwind();
        match tokio::time::timeout(CHECKS, asked).await {
            Ok(Ok(checks)) => checks,
            Ok(Err(panic)) => {
                tracing::error!(panic = crate::panics::text(&*panic), "a readiness check panicked");
                failed("the check broke down")
            }
            Err(_) => failed("does not answer in time"),
        }
    }
}

/// As RFC 3339 has it, to the second.
fn written(moment: SystemTime) -> String {
    DateTime::<Utc>::from(moment).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Middleware, around all others: answers probes, and turns away what else comes in a reserved connection.
pub(super) async fn answer_probes<B: MessageBody>(
    probes: Option<Arc<Probes>>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let probe = probes.zip(Probe::at(request.path()));
    let reserved = request.request().conn_data::<Reserved>().copied();
    let mut answer = match (probe, reserved) {
        (Some((probes, probe)), _) => match *request.method() {
            Method::GET | Method::HEAD => probes.answer(probe).await,
            _ => HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).finish(),
        },
        (None, Some(Reserved(full))) => refused(full),
        (None, None) => return Ok(next.call(request).await?.map_into_left_body()),
    };
    answer.headers_mut().insert(CACHE_CONTROL, actix_web::http::header::HeaderValue::from_static("no-store"));
    if reserved.is_some() {
        answer.head_mut().set_connection_type(actix_http::ConnectionType::Close);
    }
    Ok(request.into_response(answer).map_into_right_body())
}

/// The same as at the door, for who had to be let in to be heard.
fn refused(full: Full) -> HttpResponse {
    let (status, text) = full.answer();
    let status = StatusCode::from_u16(status).expect("one of two statuses that exist");
    HttpResponse::build(status).insert_header((RETRY_AFTER, "5")).content_type("text/plain").body(text)
}

#[cfg(test)]
mod tests {
    use actix_web::{App, body::to_bytes, middleware::from_fn, test as client, web};
    use async_trait::async_trait;
    use serde_json::Value;

    use super::*;
    use crate::server::stopping::Stop;

    struct Needy(Arc<std::sync::Mutex<Vec<Check>>>);

    #[async_trait]
    impl Service for Needy {
        fn name(&self) -> &'static str {
            "needy"
        }

        fn configure(self: Arc<Self>, config: &mut web::ServiceConfig) {
            config.default_service(web::to(HttpResponse::ImATeapot));
        }

        async fn ready(&self) -> Result<(), String> {
            Ok(())
        }

        async fn checks(&self) -> Vec<Check> {
            let checks = self.0.lock().unwrap().clone();
            if checks.is_empty() {
                std::future::pending::<()>().await;
            }
            checks
        }
    }

    async fn ask(probes: &Arc<Probes>, method: Method, path: &str) -> (u16, Value) {
        let (service, probes) = (probes.service.clone(), probes.clone());
        let app = App::new()
            .wrap(from_fn(move |request, next| answer_probes(Some(probes.clone()), request, next)))
            .configure(move |config| service.configure(config));
        let app = client::init_service(app).await;
        let request = client::TestRequest::default().method(method).uri(path).to_request();
        let answer = client::call_service(&app, request).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Probes of a service in this state, forgetting what was found before.
    async fn become_(probes: &Probes, state: &std::sync::Mutex<Vec<Check>>, checks: Vec<Check>) {
        *state.lock().unwrap() = checks;
        probes.seen.lock().await.found = None;
    }

    #[actix_web::test]
    async fn readiness_says_what_fails_and_since_when_and_the_start_is_over_once_it_was_ready() {
        let state = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (stop, stops) = Stop::new();
        let probes = Probes::new(Arc::new(Needy(state.clone())), stops);
        let failing = || Check::new("database", Err("does not answer".into()));
        become_(&probes, &state, vec![failing(), Check::new("search", Ok(()))]).await;
        assert_eq!(ask(&probes, Method::GET, "/livez").await.0, 200);
        assert_eq!(ask(&probes, Method::GET, "/startupz").await.0, 503);
        let (status, said) = ask(&probes, Method::GET, "/readyz").await;
        let line = &said["checks"][0];
        let (name, error) = (line["name"].as_str(), line["error"].as_str());
        assert_eq!((status, name, error), (503, Some("database"), Some("does not answer")), "{said}");
        assert_eq!(said["checks"][1], serde_json::json!({ "name": "search", "ready": true }));
        let since = line["since"].as_str().unwrap().to_owned();
        probes.seen.lock().await.failing.values_mut().for_each(|since| *since = SystemTime::UNIX_EPOCH);
        become_(&probes, &state, vec![failing()]).await;
        let again = ask(&probes, Method::GET, "/readyz").await.1["checks"][0]["since"].clone();
        assert_eq!((again.as_str(), since.len()), (Some("1970-01-01T00:00:00Z"), 20), "{since}");
        become_(&probes, &state, vec![Check::new("database", Ok(()))]).await;
        for path in ["/readyz", "/startupz"] {
            assert_eq!(ask(&probes, Method::GET, path).await.0, 200, "{path}");
        }
        become_(&probes, &state, vec![failing()]).await;
        assert_eq!(ask(&probes, Method::GET, "/startupz").await.0, 200);
        let (status, said) = ask(&probes, Method::GET, "/readyz").await;
        assert!(status == 503 && said["checks"][0]["since"] != "1970-01-01T00:00:00Z", "{said}");
        become_(&probes, &state, vec![Check::new("database", Ok(()))]).await;
        stop.now();
        assert_eq!(ask(&probes, Method::GET, "/readyz").await.0, 503);
        assert_eq!(ask(&probes, Method::GET, "/livez").await.0, 200);
    }

    #[actix_web::test]
    async fn who_does_not_answer_is_not_ready_in_two_seconds_and_alive() {
        let probes = Probes::new(Arc::new(Needy(Arc::default())), Stop::new().1);
        let begun = Instant::now();
        let (status, said) = ask(&probes, Method::GET, "/readyz").await;
        assert_eq!((status, &said["checks"][0]["name"]), (503, &Value::from("needy")));
        assert!(begun.elapsed() < CHECKS + Duration::from_millis(500));
        assert_eq!(ask(&probes, Method::HEAD, "/livez").await.0, 200);
        assert_eq!(ask(&probes, Method::POST, "/livez").await.0, 405);
        assert_eq!(ask(&probes, Method::GET, "/livez/").await.0, 418);
    }

    #[test]
    fn other_spellings_of_a_probe_are_known_too() {
        assert!(["/readyz", "//readyz", "/livez/", "/startupz"].into_iter().all(is_probe));
        assert!(!["/readyzz", "/user/readyz", "/"].into_iter().any(is_probe));
    }
}
