//! The providers behind another fence, on login pages.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{Data, route},
};
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::world::{World, answer};

/// Another fence with its Shibboleth. Nothing but its lists matters; without them it answers 502.
type Lists = Mutex<(Option<Value>, Option<Value>, Vec<String>)>;

/// A federation's, with thousands of providers that nobody chooses.
const METADATA: &str = r#"<?xml version="1.0"?>
<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
    xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">
  <md:EntityDescriptor entityID="urn:b"><md:IDPSSODescriptor><md:Extensions><mdui:UIInfo>
    <mdui:DisplayName xml:lang="fr">Université B</mdui:DisplayName>
    <mdui:DisplayName xml:lang="en">University B</mdui:DisplayName>
  </mdui:UIInfo></md:Extensions></md:IDPSSODescriptor></md:EntityDescriptor>
  <md:EntityDescriptor entityID="urn:a"><md:IDPSSODescriptor/><md:Organization>
    <md:OrganizationDisplayName xml:lang="en">School A</md:OrganizationDisplayName>
  </md:Organization></md:EntityDescriptor>
  <md:EntityDescriptor entityID="urn:wiki"><md:SPSSODescriptor/></md:EntityDescriptor>
</md:EntitiesDescriptor>"#;

fn other(feed: Option<Value>, options: Option<Value>) -> (String, Arc<Lists>) {
    let lists: Arc<Lists> = Arc::new(Mutex::new((feed, options, Vec::new())));
    let state = Data::from(lists.clone());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = move || {
        let answer = async |request: HttpRequest, lists: Data<Lists>| {
            let mut lists = lists.lock().unwrap();
            lists.2.push(request.path().to_owned());
            if request.path() == "/metadata" {
                return HttpResponse::Ok().content_type("application/samlmetadata+xml").body(METADATA);
            }
            let list = if request.path() == "/user/login" { &lists.1 } else { &lists.0 };
            match list {
                Some(list) => HttpResponse::Ok().json(list),
                None => HttpResponse::BadGateway().finish(),
            }
        };
        App::new().app_data(state.clone()).default_service(route().to(answer))
    };
    tokio::spawn(HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run());
    (address, lists)
}

async fn world(address: &str, option: Value) -> World {
    let feed = json!({"shibboleth_discovery_url": format!("{address}/feed")});
    world_with(address, feed, option).await
}

async fn world_with(address: &str, lists: Value, option: Value) -> World {
    let mut provider = json!({"client_id": "x", "api_base_url": format!("{address}/user")});
    provider.as_object_mut().unwrap().extend(lists.as_object().unwrap().clone());
    let provider: fence::Provider = serde_json::from_value(provider).unwrap();
    let mut option = option;
    option["name"] = json!("Another commons");
    option["idp"] = json!("fence");
    let option: fence::LoginOption = serde_json::from_value(option).unwrap();
    World::with(|config| {
        config.openid_connect = IndexMap::from([("fence".to_owned(), provider)]);
        config.login_options = vec![option];
        config.hide_idps = vec!["urn:hidden".into()];
    })
    .await
}

async fn urls(world: &World) -> Vec<(String, String)> {
    let (_, list) = answer(world.get("/login")).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let urls = list["providers"][0]["urls"].as_array().unwrap();
    urls.iter().map(|entry| (text(&entry["name"]), text(&entry["url"]))).collect()
}

fn pair(name: &str, query: &str) -> (String, String) {
    (name.to_owned(), format!("http://localhost/user/login/fence{query}"))
}

#[tokio::test]
async fn login_pages_name_the_providers_that_another_fence_lists_and_ask_it_once() {
    let feed = json!([
        {"entityID": "urn:b", "DisplayNames": [{"value": "University B", "lang": "en"}]},
        {"entityID": "urn:hidden", "DisplayNames": [{"value": "Hidden", "lang": "en"}]},
        {"entityID": "urn:a", "DisplayNames": [{"value": "School A", "lang": "en"}]},
    ]);
    let options = json!({"providers": [{"idp": "orcid", "name": "ORCID Login", "urls": []}]});
    let (address, lists) = other(Some(feed), Some(options));
    let all = world(&address, json!({"shib_idps": "*"})).await;
    for _ in 0..2 {
        assert_eq!(
            urls(&all).await,
            [
                pair("School A", "?idp=shibboleth&shib_idp=urn%3Aa"),
                pair("University B", "?idp=shibboleth&shib_idp=urn%3Ab"),
            ]
        );
    }
    assert_eq!(lists.lock().unwrap().2, ["/feed"]);
    let some = world(&address, json!({"shib_idps": ["urn:b", "urn:unknown", "urn:hidden"]})).await;
    assert_eq!(
        urls(&some).await,
        [
            pair("University B", "?idp=shibboleth&shib_idp=urn%3Ab"),
            pair("Another commons", "?idp=shibboleth&shib_idp=urn%3Aunknown"),
        ]
    );
    let options = world(&address, json!({"upstream_idps": ["orcid"]})).await;
    assert_eq!(urls(&options).await, [pair("ORCID Login", "?idp=orcid")]);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_keeps_nobody_from_logging_in() {
    let (address, lists) = other(None, None);
    let all = world(&address, json!({"shib_idps": "*"})).await;
    for _ in 0..2 {
        assert_eq!(urls(&all).await, [pair("Another commons", "")]);
    }
    assert_eq!(lists.lock().unwrap().2.len(), 1, "it is not asked again at once");
    let some = world(&address, json!({"shib_idps": ["urn:b"]})).await;
    assert_eq!(urls(&some).await, [pair("Another commons", "?idp=shibboleth&shib_idp=urn%3Ab")]);
    for broken in [json!({}), json!("x"), json!([7])] {
        let (address, _) = other(Some(broken), None);
        let all = world(&address, json!({"shib_idps": "*"})).await;
        assert_eq!(urls(&all).await, [pair("Another commons", "")]);
    }
}

#[tokio::test]
async fn login_pages_name_the_providers_of_a_federation_by_its_metadata() {
    let (address, lists) = other(None, None);
    let discovery =
        |format: &str| json!({"idp_discovery": {"url": format!("{address}/metadata"), "format": format}});
    let all = world_with(&address, discovery("xml-mdq-v1.0"), json!({"shib_idps": "*"})).await;
    for _ in 0..2 {
        assert_eq!(
            urls(&all).await,
            [
                pair("School A", "?idp=shibboleth&shib_idp=urn%3Aa"),
                pair("University B", "?idp=shibboleth&shib_idp=urn%3Ab"),
            ]
        );
    }
    assert_eq!(lists.lock().unwrap().2, ["/metadata"]);
    let some = world_with(&address, discovery("xml-mdq-v1.0"), json!({"upstream_idps": ["urn:b"]})).await;
    assert_eq!(urls(&some).await, [pair("University B", "?idp=urn%3Ab")]);
    // What cannot be read leaves the option as it is, and so does a form that nobody knows.
    for format in ["shibboleth", "another"] {
        let none = world_with(&address, discovery(format), json!({"shib_idps": "*"})).await;
        assert_eq!(urls(&none).await, [pair("Another commons", "")]);
    }
}
