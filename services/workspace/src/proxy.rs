//! Passing a request on to the program of its sender's workspace.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE},
    web::Payload,
};

use crate::{access::Holder, error::Error, life::Phase, secrets, service::Workspaces, store::rows};

/// Cookies of the commons. A program has no business with them: it neither gets nor sets them.
const OURS: [&str; 5] = ["access_token", "fence", "csrftoken", "session", "visitor"];
/// What the commons says of a request to its own services.
const NOT_FOR_PROGRAMS: [&str; 12] = [
    "remote-user",
    "x-remote-user",
    "x-forwarded-user",
    "x-gen3-user-id",
    "kernel-username",
    "x-userid",
    "x-reqid",
    "x-request-id",
    "x-sessionid",
    "x-visitorid",
    "x-commons-secret",
    "x-csrf-token",
];
/// By these a program would act for the whole origin of the commons.
const NOT_FROM_PROGRAMS: [&str; 4] =
    ["service-worker-allowed", "clear-site-data", "strict-transport-security", "public-key-pins"];

impl Workspaces {
    /// Passes `request` on to the holder's own workspace.
    ///
    /// # Errors
    /// 404 when there is none, 503 while it does not answer.
    pub(crate) async fn forward(
        &self,
        holder: &Holder,
        request: &HttpRequest,
        body: Payload,
    ) -> Result<HttpResponse, Error> {
        let row = rows::find(&mut *self.pool.acquire().await?, holder).await?;
        let none = || Error::NotFound("You have no workspace".into());
        let (row, executor) = (row.ok_or_else(none)?, self.executor.as_ref().ok_or_else(none)?);
        match row.phase() {
            Phase::Running => {}
            Phase::Launching => return Err(Error::NotNow("Your workspace is being launched".into())),
            Phase::Ending => return Err(Error::NotNow("Your workspace is being terminated".into())),
        }
        let reach = executor.reach(&row.workspace().ok_or_else(none)?).await?;
        let native = request.uri().path_and_query().map_or("/proxy/", |native| native.as_str());
        let rest = native.strip_prefix("/proxy/").ok_or_else(none)?;
        let rewritten = format!("{}/{rest}", row.container.rewrite.trim_end_matches('/'));
        let ambiguous = || Error::BadRequest("the path means something else for the workspace".into());
        let url = relay::address(&reach.base, &rewritten).ok_or_else(ambiguous)?;
        let mut more = vec![
            ("x-url-scheme", HeaderValue::from_static(scheme(self.config.public_url.scheme()))),
            (
                "authorization",
                sensitive(&format!("token {}", secrets::of_launch(&self.config.secret, row.id))),
            ),
        ];
        more.extend(HeaderValue::from_str(holder.names().user()).ok().map(|name| ("remote_user", name)));
        more.extend(own_cookies(request.headers()).map(|cookies| ("cookie", cookies)));
        let answer = relay::pass_on(&reach.client, url, request, body, passes, &more).await;
        let unreachable = |error: reqwest::Error| {
            let error = &error as &dyn std::error::Error;
            tracing::info!(workspace = %row.id, error, "it does not answer");
            Error::NotNow("Your workspace does not answer (yet)".into())
        };
        let mut answer = answer.map_err(unreachable)?;
        clean(answer.headers_mut());
        Ok(answer)
    }
}

fn scheme(public: &str) -> &'static str {
    if public == "https" { "https" } else { "http" }
}

fn sensitive(text: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(text).expect("it is made of hexadecimal digits");
    value.set_sensitive(true);
    value
}

/// Whether a header goes on as it is. The token and the cookies of the commons do not, and what says who
/// somebody is does not either.
fn passes(name: &HeaderName) -> bool {
    let name = name.as_str();
    name != AUTHORIZATION.as_str()
        && name != COOKIE.as_str()
        && !name.contains('_')
        && !NOT_FOR_PROGRAMS.contains(&name)
}

/// The cookies that the program has set itself.
fn own_cookies(headers: &HeaderMap) -> Option<HeaderValue> {
    let given = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let pairs = given.flat_map(|value| value.split(';')).map(str::trim);
    let own: Vec<&str> = pairs.filter(|pair| !pair.is_empty() && !is_ours(pair)).collect();
    let mut value = HeaderValue::from_str(&own.join("; ")).ok().filter(|value| !value.is_empty())?;
    value.set_sensitive(true);
    Some(value)
}

fn is_ours(cookie: &str) -> bool {
    let name = cookie.split(['=', ';']).next().unwrap_or_default().trim();
    OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name))
}

/// Takes from an answer what is not the program's to say.
fn clean(headers: &mut HeaderMap) {
    for name in NOT_FROM_PROGRAMS {
        headers.remove(name);
    }
    let set: Vec<HeaderValue> = headers.remove(SET_COOKIE).collect();
    for cookie in set {
        if cookie.to_str().is_ok_and(|text| !is_ours(text)) {
            headers.append(SET_COOKIE, cookie);
        }
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_program_gets_its_own_cookies_only() {
        let given = ["access_token=a.b.c; _xsrf=2|x; FENCE=f", "session=1;username-h=\"2|1\""];
        let own = own_cookies(&headers(COOKIE, &given)).unwrap();
        assert_eq!(own, "_xsrf=2|x; username-h=\"2|1\"");
        assert_eq!(own_cookies(&headers(COOKIE, &["access_token=a; csrftoken=b"])), None);
        for name in ["authorization", "cookie", "x-userid", "x-commons-secret", "remote_user", "remote-user"]
        {
            assert!(!passes(&HeaderName::from_static(name)), "{name}");
        }
        assert!(passes(&HeaderName::from_static("x-xsrftoken")));
    }

    #[test]
    fn a_program_does_not_speak_for_the_origin() {
        let mut answer =
            headers(SET_COOKIE, &["access_token=forged; Path=/", "_xsrf=2; Path=/lw-workspace/"]);
        answer.insert(HeaderName::from_static("service-worker-allowed"), HeaderValue::from_static("/"));
        clean(&mut answer);
        let left: Vec<_> = answer.get_all(SET_COOKIE).collect();
        assert_eq!(left, ["_xsrf=2; Path=/lw-workspace/"]);
        assert!(!answer.contains_key("service-worker-allowed"));
        assert_eq!(answer.get(CACHE_CONTROL).unwrap(), "no-store");
    }
}
