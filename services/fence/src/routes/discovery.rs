//! Keys and the OpenID Connect discovery document (OpenID Connect Discovery 1.0 §3).

use actix_web::{HttpResponse, web::Data};
use serde_json::{Value, json};
use web::Routes;

use crate::{config::Config, service::Fence};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/jwt/keys", |methods| methods.get(keys));
    routes.resource("/.well-known/jwks", |methods| methods.get(jwks));
    routes.resource("/.well-known/openid-configuration", |methods| methods.get(discovery));
}

/// Pairs of key id and PEM, the older of the two forms in which keys are published.
async fn keys(fence: Data<Fence>) -> HttpResponse {
    let keys = fence.keys.all();
    let pairs: Vec<_> = keys.iter().map(|key| [&key.kid, &key.public_pem]).collect();
    HttpResponse::Ok().json(json!({ "keys": pairs }))
}

async fn jwks(fence: Data<Fence>) -> HttpResponse {
    HttpResponse::Ok().json(fence.keys.jwks())
}

async fn discovery(fence: Data<Fence>) -> HttpResponse {
    HttpResponse::Ok().json(document(&fence.config))
}

fn document(config: &Config) -> Value {
    let base = &config.base_url;
    let mut scopes = config.tokens.user_allowed_scopes.clone();
    scopes.extend(config.tokens.client_allowed_scopes.iter().cloned());
    scopes.sort();
    scopes.dedup();
    json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/oauth2/authorize"),
        "token_endpoint": format!("{base}/oauth2/token"),
        "userinfo_endpoint": format!("{base}/user/"),
        "registration_endpoint": null,
        "jwks_uri": format!("{base}/.well-known/jwks"),
        "scopes_supported": scopes,
        "response_types_supported": ["openid", "code", "token"],
        "response_modes_supported": [],
        "grant_types_supported": ["authorization_code", "implicit"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "id_token_encryption_alg_values_supported": [],
        "id_token_encryption_enc_values_supported": [],
        "userinfo_signing_alg_values_supported": [],
        "userinfo_encryption_alg_values_supported": [],
        "userinfo_encryption_enc_values_supported": [],
        "request_object_signing_alg_values_supported": [],
        "request_object_encryption_alg_values_supported": [],
        "request_object_encryption_enc_values_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "display_values_supported": ["page"],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "aud", "sub", "iss", "exp", "jti", "auth_time", "azp", "scope", "nonce", "context",
        ],
        "service_documentation": "https://gen3.org/",
        "claims_locales_supported": ["en"],
        "ui_locales_supported": ["en"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "require_request_uri_registration": false,
        "op_policy_url": null,
        "op_tos_uri": null,
    })
}
