//! The list of providers.

use serde_json::json;

use crate::support::World;

#[actix_web::test]
async fn anybody_sees_the_providers_and_users_how_long_their_logins_last() {
    let world = World::new().await;
    world.log_in("ada", "idp=other").await;
    world.log_in("ada", "idp=default").await;
    let provider = |idp: &str, name: &str, left: Option<&str>| {
        json!({
            "base_url": world.other.address, "idp": idp, "name": name, "refresh_token_expiration": left,
            "urls": [{ "name": name,
                       "url": format!("https://site.example.org/wts/oauth2/authorization_url?idp={idp}") }],
        })
    };
    let all =
        |left| json!({ "providers": [provider("other", "Other", left), provider("second", "Second", None)] });
    for path in ["/external_oidc", "/external_oidc/", "/external_oidc/?unexpired=false"] {
        assert_eq!(world.get(path, "ada").await.json(), all(Some("29 days")), "{path}");
    }
    for who in ["", "eve"] {
        assert_eq!(world.get("/external_oidc/", who).await.json(), all(None), "{who}");
    }
    let forged = world.send_with("GET", "/external_oidc/", "forged", "").await;
    assert_eq!((forged.status, forged.json()), (200, all(None)));
    let living = world.get("/external_oidc/?unexpired=True", "ada").await.json();
    assert_eq!(living, json!({ "providers": [provider("other", "Other", Some("29 days"))] }));
    let nobodys = world.get("/external_oidc/?unexpired=true", "").await.json();
    assert_eq!(nobodys, json!({ "providers": [] }));
    world.pass(30 * 86_400).await;
    assert_eq!(world.get("/external_oidc/", "ada").await.json(), all(None));
}
