use serde_json::json;

use super::*;

fn settings() -> Value {
    json!({
        "fence_base_url": "https://site.example.org/user",
        "wts_base_url": "https://site.example.org/wts",
        "oidc_client_id": "own", "oidc_client_secret": "own-secret", "secret_key": "any",
        "encryption_key": "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        "aggregate_endpoint_allowlist": ["/user/user/", "authz/mapping"],
        "external_oidc": [
            {
                "base_url": "https://other.example.org", "oidc_client_id": "c", "oidc_client_secret": "s",
                "redirect_uri": "https://shared.example.org/callback",
                "login_options": {
                    "google": { "name": "Google", "params": { "idp": "google", "scope": "ignored" } },
                    "orcid": { "name": "ORCID", "params": { "idp": "fence", "fence_idp": "orcid" } },
                },
            },
            {
                "base_url": "https://idp.example.org:8443/",
                "oidc_client_id": "k", "oidc_client_secret": "s",
                "login_options": { "keycloak": { "name": "Keycloak", "params": {
                    "idp": "keycloak", "auth_url": "auth/x", "token_url": "auth/y",
                    "scope": "openid profile", "id_token_username_field": "email",
                } } },
            },
        ],
    })
}

fn read(document: &Value) -> Result<Config, ConfigError> {
    Config::read(document, |_| None)
}

#[test]
fn the_settings_of_the_original_are_understood() {
    let config = read(&settings()).unwrap();
    let own = &config.idps[DEFAULT];
    assert_eq!(own.authorize_url.as_str(), "https://site.example.org/user/oauth2/authorize");
    assert_eq!(own.token_url.as_str(), "https://site.example.org/user/oauth2/token");
    assert_eq!(own.redirect_uri, "https://site.example.org/wts/oauth2/authorize");
    assert_eq!(config.issuer(), "https://site.example.org/user");
    let google = &config.idps["google"];
    assert_eq!(google.authorize_url.as_str(), "https://other.example.org/user/oauth2/authorize?idp=google");
    assert_eq!(
        (google.redirect_uri.as_str(), google.state_prefix.as_str()),
        ("https://shared.example.org/callback", "site")
    );
    assert_eq!(google.scope, SCOPE);
    let keycloak = &config.idps["keycloak"];
    assert_eq!(keycloak.authorize_url.as_str(), "https://idp.example.org:8443/auth/x");
    assert_eq!(keycloak.token_url.as_str(), "https://idp.example.org:8443/auth/y");
    assert_eq!((keycloak.scope.as_str(), keycloak.is_fence), ("openid profile", false));
    assert_eq!(keycloak.redirect_uri, own.redirect_uri);
    assert_eq!(config.endpoints, ["/user/user", "/authz/mapping"]);
    let hosts: Vec<&String> = config.commons.keys().collect();
    assert_eq!(hosts, ["site.example.org", "other.example.org", "idp.example.org:8443"]);
    assert_eq!(config.listed[2].base_url, "https://idp.example.org:8443/");
}

#[test]
fn the_own_commons_may_have_another_address_inside() {
    let mut document = settings();
    document["internal_commons_url"] = json!("http://127.0.0.1:8080");
    let config = read(&document).unwrap();
    let own = &config.idps[DEFAULT];
    assert_eq!(own.token_url.as_str(), "http://127.0.0.1:8080/user/oauth2/token");
    assert_eq!(own.authorize_url.as_str(), "https://site.example.org/user/oauth2/authorize");
    assert_eq!(config.commons["site.example.org"].as_str(), "http://127.0.0.1:8080/");
}

#[test]
fn what_a_file_does_not_say_is_said_by_variables() {
    let mut document = settings();
    let external = document.as_object_mut().unwrap().swap_remove("external_oidc").unwrap().to_string();
    document["secret_key"] = json!("");
    let variable = |name: &str| match name {
        "SECRET_KEY" => Some("from the environment".to_owned()),
        "EXTERNAL_OIDC" => Some(external.clone()),
        "OIDC_CLIENT_ID" => Some("not this".to_owned()),
        _ => None,
    };
    let config = Config::read(&document, variable).unwrap();
    assert_eq!((config.idps.len(), config.idps[DEFAULT].client_id.as_str()), (4, "own"));
    assert!(matches!(read(&document), Err(ConfigError::Missing("secret_key"))));
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    for (path, value, told) in [
        ("/encryption_key", json!("x"), "encryption_key cannot be used"),
        ("/wts_base_url", json!("ftp://example.org"), "wts_base_url must be"),
        ("/fence_base_url", json!("https://u:p@example.org"), "fence_base_url must be"),
        ("/external_oidc/0/base_url", json!("other"), "the base_url other"),
        ("/external_oidc/0/oidc_client_id", json!(7), "cannot be read"),
        ("/aggregate_endpoint_allowlist/0", json!("/a/../b"), "is not a path"),
        ("/aggregate_endpoint_allowlist/0", json!("/a?b"), "is not a path"),
        (
            "/external_oidc/1/login_options",
            json!({"google": {"name": "again"}}),
            "two identity providers google",
        ),
        (
            "/external_oidc/1/login_options",
            json!({"default": {"name": "own"}}),
            "two identity providers default",
        ),
    ] {
        let mut document = settings();
        *document.pointer_mut(path).unwrap() = value;
        let refused = read(&document).unwrap_err().to_string();
        assert!(refused.contains(told), "{path}: {refused}");
    }
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?}", read(&settings()).unwrap());
    assert!(!shown.contains("own-secret") && shown.contains("site.example.org"), "{shown}");
}
