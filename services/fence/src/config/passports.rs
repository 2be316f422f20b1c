//! Settings of GA4GH passports and visas.

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::switch::Switch;

/// What is configured of passports and visas.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub struct VisaSettings {
    /// Whether files open for whom a passport vouches.
    pub ga4gh_passports_to_drs_enabled: Switch,
    /// The member of a request that holds passports.
    pub ga4gh_drs_posted_passport_field: String,
    /// The issuers whose passports and visas count.
    pub ga4gh_visa_issuer_allowlist: Vec<String>,
    /// The visas that count.
    pub ga4gh_visa_v1_claim_required_fields: VisaFields,
    /// Whether the visas of a login give rights.
    pub global_parse_visas_on_login: ParseVisas,
    /// Whether somebody runs `fence-visa-update` every few hours.
    pub enable_visa_update_cron: Switch,
    /// The visas that count at a login.
    pub usersync: UserSync,
    /// Where `ras` says more of a user, below its own address.
    pub ras_userinfo_endpoint: String,
    /// How long a login at `ras` can be refreshed, in seconds.
    pub ras_refresh_expiration: i64,
    /// How long before their end rights of a passport end, in seconds.
    pub expired_authz_removal_job_freq_in_seconds: i64,
    /// How studies of dbGaP become projects.
    #[serde(rename = "dbGaP", deserialize_with = "dbgap")]
    pub dbgap: Vec<dbgap::Settings>,
}

impl Default for VisaSettings {
    fn default() -> Self {
        Self {
            ga4gh_passports_to_drs_enabled: Switch::default(),
            ga4gh_drs_posted_passport_field: "passports".into(),
            ga4gh_visa_issuer_allowlist: ["https://sts.nih.gov", "https://stsstg.nih.gov"]
                .map(str::to_owned)
                .into(),
            ga4gh_visa_v1_claim_required_fields: VisaFields::default(),
            global_parse_visas_on_login: ParseVisas::default(),
            enable_visa_update_cron: Switch::default(),
            usersync: UserSync::default(),
            ras_userinfo_endpoint: "/openid/connect/v1.1/userinfo".into(),
            ras_refresh_expiration: 1_296_000,
            expired_authz_removal_job_freq_in_seconds: 300,
            dbgap: Vec::new(),
        }
    }
}

/// `GA4GH_VISA_V1_CLAIM_REQUIRED_FIELDS`: what the claim `ga4gh_visa_v1` of a visa says that counts.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct VisaFields {
    /// Its kinds.
    #[serde(rename = "type")]
    pub kind: Vec<String>,
    /// Its values.
    pub value: Vec<String>,
    /// Who knows what it says.
    pub source: Vec<String>,
}

impl Default for VisaFields {
    fn default() -> Self {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Self {
            kind: texts(&["https://ras.nih.gov/visas/v1.1"]),
            value: texts(&[
                "https://sts.nih.gov/passport/dbgap/v1.1",
                "https://stsstg.nih.gov/passport/dbgap/v1.1",
            ]),
            source: texts(&["https://ncbi.nlm.nih.gov/gap"]),
        }
    }
}

/// `USERSYNC`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct UserSync {
    /// Kinds of visas that count at a login, by the identity provider.
    pub visa_types: IndexMap<String, Vec<String>>,
}

impl Default for UserSync {
    fn default() -> Self {
        let types = ["https://ras.nih.gov/visas/v1", "https://ras.nih.gov/visas/v1.1"];
        Self { visa_types: [("ras".to_owned(), types.map(str::to_owned).into())].into() }
    }
}

/// `GLOBAL_PARSE_VISAS_ON_LOGIN`: whether the visas of a login give rights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ParseVisas {
    /// True: always.
    Always,
    /// Null: where the client asks for it by `parse_visas`.
    OnDemand,
    /// False.
    #[default]
    Never,
}

impl ParseVisas {
    /// In the place of a null, which elsewhere is as if it were not there.
    pub(super) const ON_DEMAND: &str = "on demand";
    pub(super) const KEY: &str = "GLOBAL_PARSE_VISAS_ON_LOGIN";
}

impl<'de> Deserialize<'de> for ParseVisas {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("true") => return Ok(Self::Always),
            Some("false" | "") => return Ok(Self::Never),
            Some("none" | "null" | Self::ON_DEMAND) => return Ok(Self::OnDemand),
            _ => {}
        }
        match value {
            Value::Null => Ok(Self::OnDemand),
            Value::Bool(true) => Ok(Self::Always),
            Value::Bool(false) => Ok(Self::Never),
            other => Err(serde::de::Error::custom(format!("{other} is neither true nor false nor null"))),
        }
    }
}

/// The section `dbGaP`: a list, or, in older files, one entry.
fn dbgap<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<dbgap::Settings>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        Many(Vec<dbgap::Settings>),
        One(Box<dbgap::Settings>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(all) => all,
        OneOrMany::One(one) => vec![*one],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Config, ConfigError};

    #[test]
    fn visas_are_parsed_always_never_or_on_demand() {
        let read = |value: Value| {
            Config::from_document(&json!({ "GLOBAL_PARSE_VISAS_ON_LOGIN": value }))
                .map(|config| config.visas.global_parse_visas_on_login)
        };
        assert_eq!(read(json!(true)).unwrap(), ParseVisas::Always);
        assert_eq!(read(json!("False")).unwrap(), ParseVisas::Never);
        assert_eq!(read(json!(null)).unwrap(), ParseVisas::OnDemand);
        assert_eq!(Config::default().visas.global_parse_visas_on_login, ParseVisas::Never);
        for wrong in [json!(7), json!("maybe"), json!([])] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn visas_that_nothing_refreshes_are_not_parsed() {
        let check = |parse: Value, update: bool| {
            let document = json!({ "GLOBAL_PARSE_VISAS_ON_LOGIN": parse, "ENABLE_VISA_UPDATE_CRON": update });
            Config::from_document(&document).unwrap().can_start()
        };
        assert!(check(json!(false), false).is_ok());
        for parse in [json!(true), json!(null)] {
            assert!(matches!(check(parse.clone(), false), Err(ConfigError::VisasWithoutUpdates)));
            assert!(check(parse, true).is_ok());
        }
    }

    #[test]
    fn the_section_of_dbgap_is_a_list_or_one_entry() {
        let read = |value: Value| {
            let config = Config::from_document(&json!({ "dbGaP": value })).unwrap();
            config.visas.dbgap.iter().map(|settings| settings.parse_consent_code).collect::<Vec<_>>()
        };
        assert_eq!(read(json!([{"parse_consent_code": false}, {}])), [false, true]);
        assert_eq!(read(json!({"parse_consent_code": false})), [false]);
    }
}
