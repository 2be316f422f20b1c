use serde_json::json;

use super::{converted::File, *};

fn example() -> Converted {
    convert(&yaml::parse(include_str!("fixture.yaml")).unwrap())
}

fn file<'c>(converted: &'c Converted, name: &str) -> &'c File {
    converted.files.iter().find(|file| file.name == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn values_have_their_new_places() {
    let Converted { values, .. } = example();
    for (path, wanted) in [
        ("/publicUrl", json!("https://data.example.org")),
        ("/dictionary", json!("https://dictionaries.example.org/example/schema.json")),
        ("/guppy/tierAccessLevel", json!("regular")),
        ("/guppy/tierAccessLimit", json!(50)),
        ("/guppy/esEndpoint", json!("http://vpc-example.eu-central-1.es.example.org:9200")),
        ("/etl/searchUrl", json!("http://vpc-example.eu-central-1.es.example.org:9200")),
        ("/etl/suspend", json!(false)),
        ("/etl/force", json!(false)),
        ("/services/fence/replicas", json!(3)),
        ("/services/fence/podAnnotations/example.org~1number", json!("7")),
        ("/services/arborist/replicas", json!(2)),
        ("/services/gateway/env/COOKIE_DOMAIN", json!("example.org")),
        ("/services/gateway/env/ORIGINS_ALLOW_CREDENTIALS", json!(r#"["https://hub.example.org"]"#)),
        ("/services/peregrine/env/PUBLIC_DATASETS", json!("true")),
        ("/services/indexd/env/INDEX_CONFIG", json!(r#"{"DEFAULT_PREFIX":"dg.EX/","PREPEND_PREFIX":true}"#)),
        ("/defaults/autoscaling", json!({"enabled": true, "minReplicas": 2, "maxReplicas": 6})),
        ("/databases/dbcreds/requestor", json!("requestor-dbcreds")),
        ("/databases/dbcreds/peregrine", json!("sheepdog-dbcreds")),
        ("/databases/secret", json!("commons-databases")),
        ("/fence/signingKeys", json!([{"name": "key", "secret": "fence-jwt-keys"}])),
        ("/usersync/secret", json!("commons-users")),
        ("/usersync/schedule", json!("*/20 * * * *")),
        ("/ingress/className", json!("alb")),
        ("/gateway/upstreams/protein-paint", json!("http://protein-paint")),
        ("/networkPolicy/egress/1", json!({"cidr": "10.20.1.0/24", "ports": [5432]})),
        (
            "/cloudIdentity/annotations/eks.amazonaws.com~1role-arn",
            json!("arn:aws:iam::123456789012:role/example-fence"),
        ),
        ("/aggregate/configSecret", json!("commons-aggregate")),
        ("/operations/enabled", json!(true)),
    ] {
        assert_eq!(values.pointer(path), Some(&wanted), "{path}");
    }
}

#[test]
fn the_halves_of_fences_configuration_are_merged_and_the_secret_one_goes_before() {
    let converted = example();
    let config = yaml::parse(&file(&converted, "fence-config.yaml").text).unwrap();
    assert_eq!((&config["APP_NAME"], &config["ENABLE_CSRF_PROTECTION"]), (&json!("Example"), &json!(true)));
    assert_eq!(config["OPENID_CONNECT"]["institute"]["redirect_url"], "{{BASE_URL}}/login/institute/login/");
    assert_eq!(config.get("DB"), None);
    let users = yaml::parse(&file(&converted, "user.yaml").text).unwrap();
    assert_eq!(users["users"]["ada@example.org"]["policies"], json!(["all"]));
}

#[test]
fn files_become_secrets_where_they_have_secrets() {
    let converted = example();
    let becomes: Vec<_> = converted.files.iter().map(|file| (file.name, file.becomes())).collect();
    for (name, what) in [
        ("fence-config.yaml", "Secret commons-fence-config"),
        ("config.json", "Secret commons-manifests"),
        ("aggregate_config.json", "Secret commons-aggregate"),
        ("user.yaml", "Secret commons-users"),
        ("etlMapping.yaml", "ConfigMap commons-etl-mapping"),
        ("gitops.json", "ConfigMap commons-portal"),
    ] {
        assert!(becomes.contains(&(name, what.to_owned())), "{name}: {becomes:?}");
    }
    assert_eq!(converted.values["portal"]["configMap"], "commons-portal");
    let script = converted.script();
    assert!(script.contains("put secret generic commons-users --from-file=user.yaml\n"), "{script}");
    assert!(script.contains("get indexd-service-creds fence"), "{script}");
}

#[test]
fn no_secret_is_in_values_or_told() {
    let converted = example();
    let told = format!("{} {:?} {:?}", converted.values, converted.left_out, converted.to_do);
    for secret in ["not-a-secret", "not-a-password", "AKIAEXAMPLE"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[test]
fn what_has_no_place_is_told_with_its_reason() {
    let converted = example();
    let why = |key: &str| {
        let left = converted.left_out.iter().find(|left| left.key == key);
        left.unwrap_or_else(|| panic!("{key} is not told: {:?}", converted.left_out)).why.as_str()
    };
    assert!(why("hatchery").contains("workspace.hatchery"));
    assert!(why("fence.resources").contains("measured"));
    assert!(why("fence.image").contains("another"));
    assert!(why("global.postgres").contains("superuser"));
    assert!(why("fence.FENCE_CONFIG.DB").contains("fence-dbcreds"));
    assert!(why("sower.sowerConfig: ingest-metadata-manifest").contains("no job"));
    assert!(why("ssjdispatcher").contains("UPLOAD_INDEXING"));
    assert_eq!(why("wind.mill"), "nothing is known of this value");
    assert_eq!(why("audit.server"), "nothing is known of this value");
}

#[test]
fn routes_of_extra_services_are_rows_of_the_table() {
    let Converted { values, .. } = example();
    let rows: toml::Table = values["gateway"]["routes"].as_str().unwrap().parse().unwrap();
    let row = &rows["route"][0];
    assert_eq!(row["prefix"].as_str(), Some("/protein-paint/"));
    assert_eq!(row["authz"]["resource"].as_str(), Some("/protein-paint"));
}

#[test]
fn nothing_but_defaults_is_a_commons_too() {
    let Converted { values, files, to_do, .. } = convert(&json!({}));
    assert_eq!(values["publicUrl"], "http://localhost");
    assert_eq!(values["fence"]["configSecret"], "fence-config");
    assert!(files.is_empty(), "{files:?}");
    assert!(to_do.iter().any(|what| what.contains("global.dev")), "{to_do:?}");
}

#[test]
fn endpoints_get_what_they_lack() {
    use super::services::engine_url;
    assert_eq!(engine_url("es"), "http://es:9200");
    assert_eq!(engine_url("es:9201"), "http://es:9201");
    assert_eq!(engine_url("https://es.example.org"), "https://es.example.org");
}
