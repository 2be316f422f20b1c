//! What stands under `global`, and how the commons is reached.

use serde_json::{Value, json};

use super::{converted::Converted, given::Given};

pub(super) fn convert(given: &Given<'_>, to: &mut Converted) {
    address(given, to);
    if let Some(url) = given.text(&["global", "dictionaryUrl"]) {
        to.set("dictionary", url);
    }
    access(given, to);
    network(given, to);
    growth(given, to);
    if given.flag(&["global", "metricsEnabled"]) == Some(false) {
        to.set("metrics.enabled", false);
    }
    if given.flag(&["global", "dev"]).unwrap_or(true) {
        to.left_to_you(
            "global.dev is on: PostgreSQL and Elasticsearch of that release end with it. Move what is in \
                them to servers of \
             your own (docs/operator/moving.md), or start anew with presets/minimum.yaml",
        );
    }
    // The new pods take the places of those that other programs know.
    to.set("historicNames.jobs", true);
}

fn address(given: &Given<'_>, to: &mut Converted) {
    let host = given.text(&["global", "hostname"]).unwrap_or_else(|| "localhost".to_owned());
    let scheme = if host == "localhost" { "http" } else { "https" };
    to.set("publicUrl", format!("{scheme}://{host}"));
    if let Some(domain) = given.text(&["global", "cookieDomain"]) {
        to.set("services.gateway.env.COOKIE_DOMAIN", domain);
    }
    if let Some(origins) = given.value(&["global", "origins_allow_credentials"]) {
        to.set("services.gateway.env.ORIGINS_ALLOW_CREDENTIALS", origins.to_string());
    }
    ingress(given, to);
    extra_services(given, to);
}

fn ingress(given: &Given<'_>, to: &mut Converted) {
    let aws = given.flag(&["global", "aws", "enabled"]) == Some(true);
    let certificate = given.text(&["global", "revproxyArn"]);
    let own = given.flag(&["revproxy", "ingress", "enabled"]) == Some(true);
    if own {
        to.set("ingress.enabled", true);
        if let Some(class) = given.text(&["revproxy", "ingress", "className"]) {
            to.set("ingress.className", class);
        }
        if let Some(annotations) = given.value(&["revproxy", "ingress", "annotations"]) {
            to.set("ingress.annotations", as_texts(annotations));
        }
        // Its host is that of publicUrl.
        let _ = given.value(&["revproxy", "ingress", "hosts"]);
        let tls = given.value(&["revproxy", "ingress", "tls"]);
        if let Some(secret) = tls.and_then(|tls| tls.get(0)?.get("secretName")) {
            to.set("ingress.tlsSecret", secret.clone());
        }
    } else if aws {
        let mut annotations = json!({
            "alb.ingress.kubernetes.io/scheme": given.text(&["global", "aws", "scheme"])
                .unwrap_or_else(|| "internet-facing".to_owned()),
            "alb.ingress.kubernetes.io/target-type": "ip",
            "alb.ingress.kubernetes.io/listen-ports": r#"[{"HTTP": 80}, {"HTTPS": 443}]"#,
            "alb.ingress.kubernetes.io/ssl-redirect": "443",
            "alb.ingress.kubernetes.io/healthcheck-path": "/_status",
        });
        if let Some(certificate) = certificate {
            annotations["alb.ingress.kubernetes.io/certificate-arn"] = certificate.into();
        }
        if let Some(acl) = given.text(&["global", "aws", "wafv2", "wafAclArn"]) {
            annotations["alb.ingress.kubernetes.io/wafv2-acl-arn"] = acl.into();
        }
        to.set("ingress", json!({ "enabled": true, "className": "alb", "annotations": annotations }));
    } else if given.flag(&["global", "dev"]).unwrap_or(true) {
        to.set("ingress", json!({ "enabled": true, "tlsSecret": "gen3-certs" }));
    } else {
        to.left_to_you("nothing said how the commons is reached: set ingress or httpRoute");
    }
}

/// Routes to services beside those of Gen3.
fn extra_services(given: &Given<'_>, to: &mut Converted) {
    let mut routes = String::new();
    for extra in given.value(&["revproxy", "extraServices"]).and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| extra.get(key).and_then(Value::as_str);
        let is = |key: &str| extra.get(key).and_then(Value::as_bool);
        let (Some(name), Some(path)) = (text("name"), text("path")) else {
            to.leave_out("revproxy.extraServices", "an entry without name and path");
            continue;
        };
        let at = text("serviceName").unwrap_or(name);
        let prefix = path.trim_end_matches('/');
        let row = |key: &str, value: &str| format!("{key} = {}\n", Value::from(value));
        routes += "[[route]]\n";
        routes += &row("prefix", &format!("{prefix}/"));
        routes += &row("service", name);
        if is("needsRewrite").or_else(|| is("rewrite")) != Some(false) {
            routes += &row("strip", prefix);
        }
        if is("csrfCheck") == Some(false) {
            routes += "csrf = false\n";
        }
        if let (Some(policy), Some(service)) = (text("authzPolicy"), text("authzService")) {
            let resource = Value::from(format!("/{}", policy.trim_start_matches('/')));
            routes += &format!(
                "authz = {{ resource = {resource}, method = \"access\", service = {} }}\n",
                Value::from(service)
            );
        }
        to.set(&format!("gateway.upstreams.{name}"), format!("http://{at}"));
        if extra.get("nginxConfig").is_some() || extra.get("extraConfig").is_some() {
            to.leave_out(format!("revproxy.extraServices of {name}"), "directives of nginx have no place");
        }
    }
    if !routes.is_empty() {
        to.set("gateway.routes", routes);
        to.left_to_you(
            "compare gateway.routes with what your extraServices did, and allow the way in \
            networkPolicy.egress",
        );
    }
    if given.value(&["revproxy", "additionalConfigs"]).is_some() {
        to.leave_out(
            "revproxy.additionalConfigs",
            "locations of nginx have no place; write rows of gateway.routes",
        );
    }
}

fn access(given: &Given<'_>, to: &mut Converted) {
    if let Some(level) = given.text(&["global", "tierAccessLevel"]) {
        to.set("guppy.tierAccessLevel", level);
    }
    if let Some(limit) = given.number(&["global", "tierAccessLimit"]) {
        to.set("guppy.tierAccessLimit", limit);
    }
    if let Some(public) = given.flag(&["global", "publicDataSets"]) {
        to.set("services.peregrine.env.PUBLIC_DATASETS", public.to_string());
    }
}

fn network(given: &Given<'_>, to: &mut Converted) {
    let _ = given.flag(&["global", "netPolicy", "enabled"]);
    let of_databases =
        ["dbSubnets", "dbSubnet"].iter().find_map(|key| given.value(&["global", "netPolicy", key]));
    let subnets: Vec<&str> = match of_databases {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let metadata_address = "169.254.169.254/32";
    let mut ways: Vec<Value> =
        subnets.iter().map(|subnet| json!({ "cidr": subnet, "ports": [5432] })).collect();
    ways.push(json!({ "cidr": "0.0.0.0/0", "except": [metadata_address], "ports": [443] }));
    to.set("networkPolicy.egress", ways);
}

fn growth(given: &Given<'_>, to: &mut Converted) {
    if let Some(budget) = given.flag(&["global", "pdb"]) {
        to.set("defaults.podDisruptionBudget", budget);
    }
    if given.flag(&["global", "autoscaling", "enabled"]) == Some(true) {
        to.set("defaults.autoscaling.enabled", true);
        for key in ["minReplicas", "maxReplicas"] {
            if let Some(number) = given.number(&["global", "autoscaling", key]) {
                to.set(&format!("defaults.autoscaling.{key}"), number);
            }
        }
    }
}

/// A mapping of texts, as annotations are.
pub(super) fn as_texts(mapping: &Value) -> Value {
    let fields = mapping.as_object().into_iter().flatten();
    fields
        .map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .map(|(key, text)| (key, Value::from(text)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
