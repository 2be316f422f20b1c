//! The policies that visas give. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use dbgap::{METHODS, Settings};
use policystore::Policy;

use super::visa::Visa;

/// A policy that visas give, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StudyPolicy {
    pub(crate) policy: Policy,
    pub(crate) until: DateTime<Utc>,
}

/// The studies that visas are about.
pub(crate) fn studies(visas: &[Visa], settings: &Settings) -> Vec<String> {
    let named = visas.iter().flat_map(|visa| &visa.permissions).filter_map(|permission| permission.study());
    let mut studies = BTreeSet::new();
    for study in named {
        studies.insert(study.accession.to_owned());
        studies.extend(
            settings.parent_to_child_studies_mapping.get(study.accession).into_iter().flatten().cloned(),
        );
    }
    studies.into_iter().collect()
}

/// The policies of visas: for each project those that usersync makes of the access files of dbGaP. `known`
/// are projects of their studies, with the resource of each, if one is named.
///
/// A policy lasts as long as the visa and the permission do that give it, and not longer than `longest`.
pub(crate) fn study_policies(
    visas: &[Visa],
    settings: &Settings,
    known: &BTreeMap<String, Option<String>>,
    now: i64,
    longest: i64,
) -> Vec<StudyPolicy> {
    let mut found: BTreeMap<String, StudyPolicy> = BTreeMap::new();
    for visa in visas {
        for permission in &visa.permissions {
            let end = permission.expires.unwrap_or(i64::MAX).min(visa.expires).min(longest);
            let (Some(study), Some(until)) = (permission.study(), DateTime::from_timestamp(end, 0)) else {
                continue;
            };
            if end <= now {
                continue;
            }
            for project in study.projects(settings, known.keys().map(String::as_str)) {
                for policy in policies_of(&project, settings, known) {
                    let entry =
                        found.entry(policy.id.clone()).or_insert_with(|| StudyPolicy { policy, until });
                    entry.until = entry.until.max(until);
                }
            }
        }
    }
    found.into_values().collect()
}

fn policies_of<'s>(
    project: &'s str,
    settings: &'s Settings,
    known: &'s BTreeMap<String, Option<String>>,
) -> impl Iterator<Item = Policy> + 's {
    let named = known.get(project).cloned().flatten();
    let paths = named.map_or_else(|| settings.paths(project), |path| vec![path]);
    paths.into_iter().flat_map(|path| {
        METHODS.map(|method| Policy {
            id: format!("{}-{method}", path.trim_matches('/').replace('/', ".")),
            resource_paths: vec![path.clone()],
            role_ids: vec![method.to_owned()],
            ..Policy::default()
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        config::VisaFields,
        passports::{keys::Signed, visa::Accepted},
    };

    const NOW: i64 = 1_700_000_000;

    fn visa(expires: i64, permissions: serde_json::Value) -> Visa {
        let claims = json!({
            "sub": "s", "iat": NOW, "exp": expires, "ras_dbgap_permissions": permissions,
            "ga4gh_visa_v1": {
                "type": "https://ras.nih.gov/visas/v1.1", "asserted": NOW,
                "value": "https://sts.nih.gov/passport/dbgap/v1.1", "source": "https://ncbi.nlm.nih.gov/gap",
            },
        });
        let signed =
            Signed { issuer: "i".into(), claims: claims.as_object().unwrap().clone(), names_its_keys: false };
        let accepted = Accepted { fields: &VisaFields::default(), more_types: &[] };
        Visa::read("", &signed, &accepted, NOW).unwrap()
    }

    fn found(visas: &[Visa], known: &BTreeMap<String, Option<String>>, longest: i64) -> Vec<(String, i64)> {
        let all = study_policies(visas, &Settings::default(), known, NOW, longest);
        all.into_iter().map(|found| (found.policy.id, found.until.timestamp() - NOW)).collect()
    }

    #[test]
    fn a_permission_gives_the_policies_of_its_project_until_the_first_end() {
        let visas = [
            visa(NOW + 100, json!([{"phs_id": "phs000001", "consent_group": "c1", "expiration": NOW + 40}])),
            visa(
                NOW + 60,
                json!([
                    {"phs_id": "phs000001", "consent_group": "c1"},
                    {"phs_id": "phs000002", "consent_group": "c2", "expiration": NOW},
                ]),
            ),
        ];
        let none = BTreeMap::new();
        let of = |project: &str, end| {
            ["read", "read-storage"].map(|method| (format!("programs.{project}-{method}"), end))
        };
        assert_eq!(found(&visas, &none, i64::MAX), of("phs000001.c1", 60));
        assert_eq!(found(&visas, &none, NOW + 50), of("phs000001.c1", 50));
        assert_eq!(found(&visas, &none, NOW), []);
        assert_eq!(studies(&visas, &Settings::default()), ["phs000001", "phs000002"]);
    }

    #[test]
    fn projects_with_a_resource_of_their_own_and_all_consents_are_found() {
        let visas = [visa(NOW + 100, json!([{"phs_id": "phs000001", "consent_group": "c999"}]))];
        let known = BTreeMap::from([
            ("phs000001.c1".to_owned(), Some("/programs/heart/projects/one".to_owned())),
            ("phs000001.c2".to_owned(), None),
            ("phs000009.c2".to_owned(), None),
        ]);
        let names: Vec<String> = found(&visas, &known, i64::MAX).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "programs.heart.projects.one-read",
                "programs.heart.projects.one-read-storage",
                "programs.phs000001.c2-read",
                "programs.phs000001.c2-read-storage",
                "programs.phs000001.c999-read",
                "programs.phs000001.c999-read-storage",
            ]
        );
    }
}
