//! `GET /service-info`.

use serde_json::{Map, Value, json};

use crate::{
    config::{Config, DrsForm},
    document::Totals,
};

/// The keys that the standard (GA4GH service-info 1.0) lets a service add to those that it needs.
const OPTIONAL: [&str; 6] =
    ["description", "contactUrl", "documentationUrl", "createdAt", "updatedAt", "environment"];

/// The service-info document; without `totals` when they could not be read.
pub(crate) fn service_info(config: &Config, totals: Option<Totals>) -> Value {
    match config.drs_form {
        DrsForm::Gen3 => gen3(config, totals),
        DrsForm::Strict => strict(config),
    }
}

/// What the standard has and nothing else.
fn strict(config: &Config) -> Value {
    let host = config.hostname.split(':').next().unwrap_or_default();
    let reversed: Vec<&str> = host.split('.').rev().collect();
    let mut info = json!({
        "id": reversed.join("."),
        "name": "DRS System",
        "version": env!("CARGO_PKG_VERSION"),
        "type": { "group": "org.ga4gh", "artifact": "drs", "version": "1.2.0" },
        "organization": { "name": "CTDS", "url": format!("https://{}", config.hostname) },
    });
    if let Some(info) = info.as_object_mut() {
        replace(info, &config.service_info);
        let added = config.service_info.iter().filter(|(key, _)| OPTIONAL.contains(&key.as_str()));
        info.extend(added.map(|(key, value)| (key.clone(), value.clone())));
    }
    python::sorted(&info)
}

fn gen3(config: &Config, totals: Option<Totals>) -> Value {
    let reversed: Vec<&str> = config.hostname.split('.').rev().collect();
    let mut info = json!({
        "id": reversed.join("."),
        "name": "DRS System",
        "version": "1.5.0",
        "type": { "group": "org.ga4gh", "artifact": "drs", "version": "1.5.0" },
        "organization": { "name": "CTDS", "url": format!("https://{}", config.hostname) },
        "maxBulkRequestLength": config.max_bulk_request_length,
        "drs": { "maxBulkRequestLength": config.max_bulk_request_length },
    });
    if let Some(totals) = totals {
        info["drs"]["objectCount"] = json!(totals.file_count);
        info["drs"]["totalObjectSize"] = json!(totals.total_file_size);
    }
    if let Some(info) = info.as_object_mut() {
        replace(info, &config.service_info);
    }
    python::sorted(&info)
}

/// Replaces the values of keys that exist; objects are replaced key by key.
fn replace(info: &mut Map<String, Value>, by: &Map<String, Value>) {
    for (key, value) in by {
        match (info.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(by)) => {
                for (key, value) in by {
                    inner.insert(key.clone(), value.clone());
                }
            }
            (Some(old), value) => *old = value.clone(),
            (None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_replace_known_keys_only() {
        let settings = json!({"name": "Mine", "type": {"version": "1.2.0"}, "ignored": "x"});
        let config = Config {
            hostname: "data.example.org".into(),
            service_info: settings.as_object().cloned().expect("an object"),
            ..Config::default()
        };
        let totals = Totals { file_count: 2, total_file_size: 30 };
        assert_eq!(
            service_info(&config, Some(totals)),
            json!({
                "drs": {"maxBulkRequestLength": 100, "objectCount": 2, "totalObjectSize": 30},
                "id": "org.example.data",
                "maxBulkRequestLength": 100,
                "name": "Mine",
                "organization": {"name": "CTDS", "url": "https://data.example.org"},
                "type": {"artifact": "drs", "group": "org.ga4gh", "version": "1.2.0"},
                "version": "1.5.0",
            })
        );
    }

    #[test]
    fn the_strict_form_has_the_keys_of_the_standard_only() {
        let settings = json!({"name": "Mine", "environment": "test", "drs": {}, "ignored": "x"});
        let config = Config {
            drs_form: DrsForm::Strict,
            hostname: "data.example.org:8443".into(),
            service_info: settings.as_object().cloned().expect("an object"),
            ..Config::default()
        };
        assert_eq!(
            service_info(&config, None),
            json!({
                "environment": "test",
                "id": "org.example.data",
                "name": "Mine",
                "organization": {"name": "CTDS", "url": "https://data.example.org:8443"},
                "type": {"artifact": "drs", "group": "org.ga4gh", "version": "1.2.0"},
                "version": env!("CARGO_PKG_VERSION"),
            })
        );
    }
}
