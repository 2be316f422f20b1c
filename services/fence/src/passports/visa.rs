//! What a visa says (GA4GH Passport v1, and the permissions of dbGaP in it).

use dbgap::StudyAccess;
use serde_json::{Map, Value};

use super::{jws::Refused, keys::Signed};
use crate::config::VisaFields;

/// By how much an issuer's clock may differ from ours, in seconds.
const SKEW: i64 = 60;
/// The longest name of a subject.
const LONGEST_SUBJECT: usize = 255;
/// The most permissions of one visa.
const MOST_PERMISSIONS: usize = 5_000;

/// A visa that counts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visa {
    pub(crate) issuer: String,
    /// Whom it is about, as the issuer knows them.
    pub(crate) subject: String,
    /// `type` and `source` of its claim.
    pub(crate) kind: String,
    pub(crate) source: String,
    /// Since when what it says is known, in seconds since the epoch.
    pub(crate) asserted: i64,
    /// Until when it counts.
    pub(crate) expires: i64,
    pub(crate) permissions: Vec<Permission>,
    /// As it is signed.
    pub(crate) text: String,
}

/// Access to a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permission {
    accession: String,
    consent: String,
    /// When it ends by itself.
    pub(super) expires: Option<i64>,
}

impl Permission {
    fn read(said: &Value) -> Option<Self> {
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let (accession, consent) = (text("phs_id")?, text("consent_group").unwrap_or_default());
        StudyAccess::parse(accession, consent)?;
        let expires = match said.get("expiration") {
            None | Some(Value::Null) => None,
            // An end that cannot be read is no permission.
            Some(end) => Some(whole(end)?),
        };
        Some(Self { accession: accession.to_owned(), consent: consent.to_owned(), expires })
    }

    pub(super) fn study(&self) -> Option<StudyAccess<'_>> {
        StudyAccess::parse(&self.accession, &self.consent)
    }
}

/// Which visas count.
#[derive(Debug, Clone)]
pub(crate) struct Accepted<'c> {
    pub(crate) fields: &'c VisaFields,
    /// Types that count beside those of the fields, whatever their value: those of a login.
    pub(crate) more_types: &'c [String],
}

impl Accepted<'_> {
    fn accepts(&self, kind: &str, value: &str, source: &str) -> bool {
        let has = |list: &[String], text: &str| list.iter().any(|known| known == text);
        if !has(&self.fields.source, source) {
            return false;
        }
        has(self.more_types, kind) || (has(&self.fields.kind, kind) && has(&self.fields.value, value))
    }
}

impl Visa {
    /// Reads a visa that its issuer has signed.
    ///
    /// # Errors
    /// When it does not count now.
    pub(crate) fn read(
        text: &str,
        signed: &Signed,
        accepted: &Accepted<'_>,
        now: i64,
    ) -> Result<Self, Refused> {
        let Signed { issuer, claims, names_its_keys } = signed;
        let refused = |reason| Err(Refused::Claims(reason));
        if *names_its_keys {
            return refused("it names the address of its key");
        }
        if claims.contains_key("aud") {
            return refused("it is made for somebody in particular");
        }
        let (issued, expires) = times(claims, now)?;
        let subject = subject(claims)?;
        let Some(said) = claims.get("ga4gh_visa_v1").and_then(Value::as_object) else {
            return refused("it has no claim ga4gh_visa_v1");
        };
        let field = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, source) = (field("type"), field("source"));
        if !accepted.accepts(kind, field("value"), source) {
            return refused("it is of a kind that does not count");
        }
        let Some(asserted) = said.get("asserted").and_then(whole).filter(|asserted| *asserted <= issued)
        else {
            return refused("when it was asserted is no time before it was issued");
        };
        if said.get("conditions").is_some_and(is_something) {
            return refused("it has conditions, which cannot be checked");
        }
        let listed = claims.get("ras_dbgap_permissions").and_then(Value::as_array);
        let listed = listed.map(Vec::as_slice).unwrap_or_default();
        if listed.len() > MOST_PERMISSIONS {
            return refused("it has too many permissions");
        }
        Ok(Self {
            issuer: issuer.clone(),
            subject: subject.to_owned(),
            kind: kind.to_owned(),
            source: source.to_owned(),
            asserted,
            expires,
            permissions: listed.iter().filter_map(Permission::read).collect(),
            text: text.to_owned(),
        })
    }
}

/// When a token was issued and when it ends, if it counts now.
pub(super) fn times(claims: &Map<String, Value>, now: i64) -> Result<(i64, i64), Refused> {
    let time = |name: &str| claims.get(name).and_then(whole);
    let (Some(issued), Some(expires)) = (time("iat"), time("exp")) else {
        return Err(Refused::Claims("it does not say when it was issued and when it ends"));
    };
    if issued > now.saturating_add(SKEW) || time("nbf").is_some_and(|from| from > now.saturating_add(SKEW)) {
        return Err(Refused::Claims("it is from the future"));
    }
    if expires <= now {
        return Err(Refused::Claims("it has expired"));
    }
    Ok((issued, expires))
}

/// Whom a token is about.
pub(super) fn subject(claims: &Map<String, Value>) -> Result<&str, Refused> {
    let subject = claims.get("sub").and_then(Value::as_str);
    let subject = subject.filter(|text| (1..=LONGEST_SUBJECT).contains(&text.len()) && !text.contains('\0'));
    subject.ok_or(Refused::Claims("it does not say whom it is about"))
}

/// The visas of a passport, not yet believed.
///
/// # Errors
/// For a passport that does not count now, or has too many.
pub(crate) fn visas_of(signed: &Signed, most: usize, now: i64) -> Result<Vec<&str>, Refused> {
    times(&signed.claims, now)?;
    subject(&signed.claims)?;
    let visas = signed.claims.get("ga4gh_passport_v1").and_then(Value::as_array);
    let visas = visas.ok_or(Refused::Claims("it has no claim ga4gh_passport_v1"))?;
    if visas.len() > most {
        return Err(Refused::Claims("it has too many visas"));
    }
    Ok(visas.iter().filter_map(Value::as_str).collect())
}

/// A time: a whole number of seconds, in whichever notation.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
    })
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn good() -> Value {
        json!({
            "iss": "https://sts.example", "sub": "s1", "iat": NOW - 10, "exp": NOW + 100,
            "ga4gh_visa_v1": {
                "type": "https://ras.nih.gov/visas/v1.1", "asserted": NOW - 20,
                "value": "https://sts.nih.gov/passport/dbgap/v1.1", "source": "https://ncbi.nlm.nih.gov/gap",
            },
            "ras_dbgap_permissions": [
                {"phs_id": "phs000123", "consent_group": "c2", "expiration": NOW + 50, "role": "pi"},
                {"phs_id": "../x", "consent_group": "c2"}, 7,
                {"phs_id": "phs000124", "consent_group": "c1", "expiration": "soon"},
            ],
        })
    }

    fn read(claims: &Value, names_its_keys: bool, more_types: &[String]) -> Result<Visa, Refused> {
        let claims = claims.as_object().unwrap().clone();
        let signed = Signed { issuer: "https://sts.example".into(), claims, names_its_keys };
        Visa::read("text", &signed, &Accepted { fields: &VisaFields::default(), more_types }, NOW)
    }

    #[test]
    fn a_good_visa_is_read_with_the_permissions_that_can_be_understood() {
        let visa = read(&good(), false, &[]).unwrap();
        assert_eq!((visa.subject.as_str(), visa.expires, visa.asserted), ("s1", NOW + 100, NOW - 20));
        assert_eq!(visa.permissions.len(), 1);
        assert_eq!(visa.permissions[0].study().unwrap().accession, "phs000123");
        assert_eq!(visa.permissions[0].expires, Some(NOW + 50));
    }

    #[test]
    fn a_visa_that_says_too_much_too_little_or_something_else_is_refused() {
        type Change = (&'static str, Value);
        let changes: [Change; 18] = [
            ("/aud", json!("us")),
            ("/aud", json!(null)),
            ("/sub", json!("")),
            ("/sub", json!("x".repeat(256))),
            ("/sub", json!(7)),
            ("/exp", json!(NOW)),
            ("/exp", json!("never")),
            ("/exp", json!(1.5)),
            ("/iat", json!(NOW + 61)),
            ("/iat", json!(null)),
            ("/ga4gh_visa_v1", json!([])),
            ("/ga4gh_visa_v1/type", json!("ControlledAccessGrants")),
            ("/ga4gh_visa_v1/value", json!("https://sts.nih.gov/passport/dbgap/v9")),
            ("/ga4gh_visa_v1/source", json!("https://example.org")),
            ("/ga4gh_visa_v1/asserted", json!(NOW - 9)),
            ("/ga4gh_visa_v1/asserted", json!("1")),
            ("/ga4gh_visa_v1/conditions", json!([[{"type": "AffiliationAndRole"}]])),
            ("/nbf", json!(NOW + 100)),
        ];
        for (place, value) in changes {
            let mut claims = good();
            let (parent, name) = place.rsplit_once('/').unwrap();
            claims.pointer_mut(parent).unwrap()[name] = value.clone();
            assert!(matches!(read(&claims, false, &[]), Err(Refused::Claims(_))), "{place} {value}");
        }
        assert!(read(&good(), true, &[]).is_err(), "it names the address of its key");
        let mut empty = good();
        empty["ga4gh_visa_v1"]["conditions"] = json!([]);
        assert!(read(&empty, false, &[]).is_ok());
    }

    #[test]
    fn a_login_takes_older_types_from_the_same_source_as_well() {
        let older = "https://ras.nih.gov/visas/v1".to_owned();
        let mut claims = good();
        claims["ga4gh_visa_v1"]["type"] = json!(older);
        claims["ga4gh_visa_v1"]["value"] = json!("https://sts.nih.gov/passport/dbgap");
        assert!(read(&claims, false, &[]).is_err());
        assert!(read(&claims, false, std::slice::from_ref(&older)).is_ok());
        claims["ga4gh_visa_v1"]["source"] = json!("https://example.org");
        assert!(read(&claims, false, &[older]).is_err());
    }

    #[test]
    fn a_passport_has_a_list_of_visas() {
        let of = |claims: Value| {
            let claims = claims.as_object().unwrap().clone();
            let signed = Signed { issuer: "i".into(), claims, names_its_keys: false };
            visas_of(&signed, 2, NOW).map(|visas| visas.len())
        };
        let passport =
            |visas: Value| json!({"sub": "s", "iat": NOW, "exp": NOW + 1, "ga4gh_passport_v1": visas});
        assert_eq!(of(passport(json!(["a", "b"]))), Ok(2));
        assert_eq!(of(passport(json!(["a", 7]))), Ok(1));
        for wrong in [json!(["a", "b", "c"]), json!("a"), json!(null)] {
            assert!(of(passport(wrong.clone())).is_err(), "{wrong}");
        }
        assert!(of(json!({"sub": "s", "iat": NOW, "exp": NOW, "ga4gh_passport_v1": []})).is_err());
    }
}
