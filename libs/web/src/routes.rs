//! Registering endpoints, and knowing afterwards which ones there are.

use actix_web::{
    App, FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard::Guard, http::Method, web,
};

/// A method of a path that a service answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// `GET`, `POST`, and so on; `*` for every method.
    pub method: String,
    /// The path with its parameters, for example `/index/{guid:.+}`.
    pub path: String,
}

/// Registers the endpoints of a service and remembers each, so that a test can tell whether it has seen them
/// all.
///
/// What is registered first is tried first.
pub struct Routes<'c> {
    config: &'c mut web::ServiceConfig,
    prefix: String,
    not_allowed: fn() -> HttpResponse,
    endpoints: Vec<Endpoint>,
}

/// Registers what `configure` names; `not_allowed` answers the other methods of its resources.
pub fn register(
    config: &mut web::ServiceConfig,
    not_allowed: fn() -> HttpResponse,
    configure: impl FnOnce(&mut Routes<'_>),
) {
    configure(&mut Routes::new(config, not_allowed));
}

/// The endpoints that `configure` registers, in its order.
pub fn endpoints(configure: impl FnOnce(&mut Routes<'_>)) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    let not_allowed = || HttpResponse::MethodNotAllowed().finish();
    // The app is only the way to a `ServiceConfig`; it never serves.
    drop(App::new().configure(|config| {
        let mut routes = Routes::new(config, not_allowed);
        configure(&mut routes);
        endpoints = routes.endpoints;
    }));
    endpoints
}

impl<'c> Routes<'c> {
    fn new(config: &'c mut web::ServiceConfig, not_allowed: fn() -> HttpResponse) -> Self {
        Self { config, prefix: String::new(), not_allowed, endpoints: Vec::new() }
    }

    /// Registers the resource at `path` with its `methods`; the service's answer for wrong methods is given
    /// to the others.
    pub fn resource(&mut self, path: &str, methods: impl FnOnce(Methods) -> Methods) {
        let path = format!("{}{path}", self.prefix);
        let resource = web::resource(path.as_str());
        let methods = methods(Methods { path, resource, endpoints: Vec::new() });
        self.endpoints.extend(methods.endpoints);
        let not_allowed = self.not_allowed;
        let resource = methods.resource.default_service(web::to(move || async move { not_allowed() }));
        self.config.service(resource);
    }

    /// Registers one endpoint. A request with another method goes on to the endpoints after it, and at last
    /// to the service's default: for paths that overlap.
    pub fn endpoint<F, Args>(&mut self, method: Method, path: &str, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let path = format!("{}{path}", self.prefix);
        self.config.route(&path, web::method(method.clone()).to(handler));
        self.endpoints.push(Endpoint { method: method.to_string(), path });
    }

    /// Registers what `configure` names below `prefix`.
    pub fn below(&mut self, prefix: &str, configure: impl FnOnce(&mut Self)) {
        let length = self.prefix.len();
        self.prefix.push_str(prefix);
        configure(self);
        self.prefix.truncate(length);
    }
}

/// The methods of one resource.
pub struct Methods {
    path: String,
    resource: Resource,
    endpoints: Vec<Endpoint>,
}

macro_rules! methods {
    ($($name:ident $method:ident)*) => { $(
        #[doc = concat!("`", stringify!($method), "` is answered by `handler`.")]
        #[must_use]
        pub fn $name<F, Args>(self, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            self.add(stringify!($method), web::$name().to(handler))
        }
    )* };
}

impl Methods {
    methods! { get GET post POST put PUT patch PATCH delete DELETE head HEAD }

    /// Every method is answered by `handler`.
    #[must_use]
    pub fn any<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add("*", web::route().to(handler))
    }

    /// Leaves the resource to requests that pass `guard`; others go on to the resources after it.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard + 'static) -> Self {
        self.resource = self.resource.guard(guard);
        self
    }

    fn add(mut self, method: &str, route: Route) -> Self {
        self.resource = self.resource.route(route);
        self.endpoints.push(Endpoint { method: method.to_owned(), path: self.path.clone() });
        self
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{http::StatusCode, test as client};

    use super::*;

    async fn here() -> &'static str {
        "here"
    }

    fn configure(routes: &mut Routes<'_>) {
        routes.resource("/a", |methods| methods.get(here).post(here));
        routes.below("/v0", |routes| routes.resource("/b/{id}", |methods| methods.any(here)));
        routes.endpoint(Method::PUT, "/c", here);
        routes.endpoint(Method::DELETE, "/{any}", here);
    }

    #[test]
    fn every_endpoint_is_remembered() {
        let endpoints = endpoints(configure);
        let seen: Vec<(&str, &str)> =
            endpoints.iter().map(|endpoint| (endpoint.method.as_str(), endpoint.path.as_str())).collect();
        let expected =
            [("GET", "/a"), ("POST", "/a"), ("*", "/v0/b/{id}"), ("PUT", "/c"), ("DELETE", "/{any}")];
        assert_eq!(seen, expected);
    }

    #[actix_web::test]
    async fn other_methods_of_a_resource_are_refused_and_those_of_an_endpoint_go_on() {
        let not_allowed = || HttpResponse::MethodNotAllowed().body("no");
        let app = client::init_service(
            App::new().service(web::scope("").configure(|config| register(config, not_allowed, configure))),
        )
        .await;
        for (method, path, status) in [
            (Method::GET, "/a", StatusCode::OK),
            (Method::PUT, "/a", StatusCode::METHOD_NOT_ALLOWED),
            (Method::PATCH, "/v0/b/1", StatusCode::OK),
            (Method::DELETE, "/c", StatusCode::OK),
            (Method::GET, "/c", StatusCode::NOT_FOUND),
        ] {
            let request = client::TestRequest::default().method(method.clone()).uri(path).to_request();
            assert_eq!(client::call_service(&app, request).await.status(), status, "{method} {path}");
        }
    }
}
