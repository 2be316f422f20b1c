//! Services: their numbers, databases, Secrets and own settings.

use serde_json::{Map, Value, json};

use super::{
    converted::{Converted, yaml_of},
    given::Given,
    globals::as_texts,
};

/// Their charts and our services.
pub(super) const CHARTS: [(&str, &str); 14] = [
    ("revproxy", "gateway"),
    ("fence", "fence"),
    ("arborist", "arborist"),
    ("indexd", "indexd"),
    ("sheepdog", "sheepdog"),
    ("peregrine", "peregrine"),
    ("guppy", "guppy"),
    ("audit", "audit"),
    ("requestor", "requestor"),
    ("gen3-user-data-library", "library"),
    ("metadata", "metadata"),
    ("manifestservice", "manifests"),
    ("sower", "operations"),
    ("wts", "wts"),
];
/// Charts with a database of their own, and our names.
const DATABASES: [(&str, &str); 9] = [
    ("fence", "fence"),
    ("arborist", "arborist"),
    ("indexd", "indexd"),
    ("sheepdog", "sheepdog"),
    ("audit", "audit"),
    ("requestor", "requestor"),
    ("gen3-user-data-library", "library"),
    ("metadata", "metadata"),
    ("wts", "wts"),
];
/// Those that gen3-helm has off unless values say otherwise.
const OFF_BY_DEFAULT: [&str; 4] = ["guppy", "requestor", "gen3-user-data-library", "sower"];
/// The Secret of databases that the cluster has no Secret for yet.
const NEW_DATABASES: &str = "commons-databases";

pub(super) fn convert(given: &Given<'_>, to: &mut Converted) {
    for (chart, service) in CHARTS {
        numbers(given, to, chart, service);
    }
    databases(given, to);
    fence(given, to);
    indexd(given, to);
    guppy(given, to);
    manifests(given, to);
    if is_on(given, "wts") {
        wts(to);
    }
    metadata(given, to);
}

/// Whether a chart is on.
pub(super) fn is_on(given: &Given<'_>, chart: &str) -> bool {
    given.flag(&[chart, "enabled"]).unwrap_or(!OFF_BY_DEFAULT.contains(&chart))
}

/// Replicas, growth and places of pods.
fn numbers(given: &Given<'_>, to: &mut Converted, chart: &str, service: &str) {
    let _ = is_on(given, chart);
    let set =
        |to: &mut Converted, key: &str, value: Value| to.set(&format!("services.{service}.{key}"), value);
    if let Some(replicas) = given.number(&[chart, "replicaCount"]) {
        set(to, "replicas", replicas.into());
    }
    if let Some(enabled) = given.flag(&[chart, "autoscaling", "enabled"]) {
        set(to, "autoscaling.enabled", enabled.into());
    }
    let growth = [
        ("minReplicas", "minReplicas"),
        ("maxReplicas", "maxReplicas"),
        ("targetCPUUtilizationPercentage", "targetCPU"),
    ];
    for (theirs, ours) in growth {
        if let Some(number) = given.number(&[chart, "autoscaling", theirs]).filter(|number| *number > 0) {
            set(to, &format!("autoscaling.{ours}"), number.into());
        }
    }
    for key in ["nodeSelector", "tolerations"] {
        if let Some(value) = given.value(&[chart, key]) {
            set(to, key, value.clone());
        }
    }
    if let Some(annotations) = given.value(&[chart, "podAnnotations"]) {
        set(to, "podAnnotations", as_texts(annotations));
    }
    // Where pods may be; that they keep apart from each other, our chart says itself.
    if let Some(affinity) = given.value(&[chart, "affinity", "nodeAffinity"]) {
        set(to, "affinity", json!({ "nodeAffinity": affinity }));
    }
}

fn databases(given: &Given<'_>, to: &mut Converted) {
    let mut missing = Vec::new();
    for (chart, database) in DATABASES {
        if is_on(given, chart) {
            to.set(&format!("databases.dbcreds.{database}"), format!("{chart}-dbcreds"));
        } else if database != "wts" {
            missing.push(database);
        }
        for key in ["database", "username", "host", "port", "password", "dbCreate", "separate"] {
            // They are in that Secret.
            let _ = given.value(&[chart, "postgres", key]);
        }
    }
    to.set("databases.dbcreds.peregrine", "sheepdog-dbcreds");
    if is_on(given, "sower") {
        missing.push("operations");
    }
    if !missing.is_empty() {
        to.set("databases.secret", NEW_DATABASES);
        let literals = missing
            .iter()
            .map(|name| format!("--from-literal={name}=postgresql://USER:PASSWORD@HOST:5432/{name}"));
        to.left_to_you(format!(
            "make databases for {}, which had none, and their Secret: kubectl create secret generic \
                {NEW_DATABASES} {}",
            missing.join(", "),
            literals.collect::<Vec<_>>().join(" ")
        ));
    }
    to.left_to_you(
        "passwords in the Secrets NAME-dbcreds must be made of characters of a URL, as those that \
        gen3-helm makes are",
    );
}

fn fence(given: &Given<'_>, to: &mut Converted) {
    let mut config = Map::new();
    // fence merges the public half and the secret one; the latter goes before.
    for half in ["FENCE_CONFIG_PUBLIC", "FENCE_CONFIG"] {
        if let Some(Value::Object(fields)) = given.value(&["fence", half]) {
            config.extend(fields.clone());
        }
    }
    if config.is_empty() {
        to.set("fence.configSecret", "fence-config");
        to.left_to_you(
            "fence-config.yaml is not in these values: the Secret fence-config of the cluster is \
            used as it is",
        );
    } else {
        let address = to.values["publicUrl"].as_str().unwrap_or_default().to_owned();
        let base = format!("{address}/user");
        if config.get("BASE_URL").and_then(Value::as_str).is_none_or(str::is_empty) {
            config.insert("BASE_URL".into(), base.into());
        } else if config.get("BASE_URL").and_then(Value::as_str) != Some(base.as_str()) {
            to.left_to_you(format!(
                "BASE_URL of fence-config.yaml is not {base}, the address that tokens are \
                issued in the name of"
            ));
        }
        if config.remove("DB").is_some() {
            to.leave_out("fence.FENCE_CONFIG.DB", "the database is that of fence-dbcreds");
        }
        to.secret("fence-config.yaml", "commons-fence-config", yaml_of(&Value::Object(config)));
        to.set("fence.configSecret", "commons-fence-config");
    }
    // The name of the folder is in the tokens that were signed with it.
    to.set("fence.signingKeys", json!([{ "name": "key", "secret": "fence-jwt-keys" }]));
    let account = ["fence", "indexd", "manifestservice", "sower"].iter().find_map(|chart| {
        given.value(&[chart, "serviceAccount", "annotations"]).filter(|annotations| has_texts(annotations))
    });
    if let Some(annotations) = account {
        to.set("cloudIdentity.annotations", as_texts(annotations));
    }
}

/// The default of an annotation is an empty text.
fn has_texts(annotations: &Value) -> bool {
    annotations
        .as_object()
        .into_iter()
        .flatten()
        .any(|(_, text)| text.as_str().is_some_and(|text| !text.is_empty()))
}

fn indexd(given: &Given<'_>, to: &mut Converted) {
    to.set("indexd.loginSecret", "commons-indexd-login");
    to.commands.push(
        "put secret generic commons-indexd-login --from-literal=username=fence \
         --from-literal=password=\"$(get indexd-service-creds fence)\""
            .to_owned(),
    );
    if let Some(prefix) = given.text(&["indexd", "defaultPrefix"]) {
        let config = json!({ "DEFAULT_PREFIX": prefix, "PREPEND_PREFIX": true });
        to.set("services.indexd.env.INDEX_CONFIG", config.to_string());
    }
}

fn guppy(given: &Given<'_>, to: &mut Converted) {
    if !is_on(given, "guppy") {
        return;
    }
    if let Some(indices) = given.value(&["guppy", "indices"]) {
        to.set("guppy.indices", indices.clone());
    }
    for key in ["configIndex", "authFilterField", "encryptWhitelist"] {
        if let Some(text) = given.text(&["guppy", key]) {
            to.set(&format!("guppy.{key}"), text);
        }
    }
    if let Some(on) = given.flag(&["guppy", "enableEncryptWhitelist"]) {
        to.set("guppy.enableEncryptWhitelist", on);
    }
    let engine =
        given.text(&["guppy", "esEndpoint"]).unwrap_or_else(|| "gen3-elasticsearch-master:9200".into());
    to.set("guppy.esEndpoint", engine_url(&engine));
    to.left_to_you(format!(
        "allow the way to the search engine ({engine}) in networkPolicy.egress, for guppy, etl and operations"
    ));
}

/// The original's endpoints have no scheme, and some no port.
pub(super) fn engine_url(endpoint: &str) -> String {
    let with_scheme =
        if endpoint.contains("://") { endpoint.to_owned() } else { format!("http://{endpoint}") };
    let host = with_scheme.split_once("://").map_or("", |(_, host)| host);
    if host.contains(':') || with_scheme.starts_with("https") {
        with_scheme
    } else {
        format!("{with_scheme}:9200")
    }
}

fn manifests(given: &Given<'_>, to: &mut Converted) {
    if !is_on(given, "manifestservice") {
        return;
    }
    let part = |key: &str| given.text(&["manifestservice", "manifestserviceG3auto", key]);
    let Some(bucket) = part("bucketName") else {
        to.set("manifests.configSecret", "manifestservice-g3auto");
        to.left_to_you(
            "the bucket of manifests is not in these values: the Secret manifestservice-g3auto of \
            the cluster is used as it is",
        );
        return;
    };
    let config = json!({
        "manifest_bucket_name": bucket,
        "hostname": part("hostname").unwrap_or_default(),
        "prefix": part("prefix").unwrap_or_default(),
        "aws_access_key_id": part("awsaccesskey").unwrap_or_default(),
        "aws_secret_access_key": part("awssecretkey").unwrap_or_default(),
    });
    to.secret("config.json", "commons-manifests", format!("{config:#}\n"));
    to.set("manifests.configSecret", "commons-manifests");
}

fn wts(to: &mut Converted) {
    to.set("wts.secret", "commons-wts");
    to.set("wts.configSecret", "wts-g3auto");
    to.commands.push(
        "wts=$(get wts-g3auto 'appcreds\\.json')\n\
         field() { jq --raw-output --arg key \"$1\" '.[$key]' <<<\"$wts\"; }\n\
         put secret generic commons-wts --from-literal=client_id=\"$(field oidc_client_id)\" \
         --from-literal=client_secret=\"$(field oidc_client_secret)\" \
         --from-literal=encryption_key=\"$(field encryption_key)\" \
         --from-literal=secret_key=\"$(field secret_key)\""
            .to_owned(),
    );
}

fn metadata(given: &Given<'_>, to: &mut Converted) {
    to.left_to_you(
        "logins of programs that write metadata are in metadata-g3auto: make a Secret with the key logins \
            (USER:PASSWORD, \
         separated by commas) and name it by metadata.loginsSecret, if there are such programs",
    );
    if given.flag(&["metadata", "useAggMds"]) != Some(true) {
        let _ = given.value(&["metadata", "aggMdsConfig"]);
        return;
    }
    if let Some(config) = given.text(&["metadata", "aggMdsConfig"]) {
        to.secret("aggregate_config.json", "commons-aggregate", config);
        to.set("aggregate.configSecret", "commons-aggregate");
        if let Some(suspended) = given.flag(&["metadata", "suspendCronjob"]) {
            to.set("aggregate.suspend", suspended);
        }
        if let Some(schedule) = given.text(&["metadata", "schedule"]) {
            to.set("aggregate.schedule", schedule);
        }
    }
}
