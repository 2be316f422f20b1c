//! What access to a study gives.

use std::collections::BTreeSet;

use crate::{consents, settings::Settings};

/// A study, and the consent group to whose data somebody has access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StudyAccess<'a> {
    /// `phs000123`.
    pub accession: &'a str,
    /// `c2`.
    pub consent: Option<&'a str>,
}

impl<'a> StudyAccess<'a> {
    /// Reads both from `phs000123` and `c2`; none if they are something else. Without a consent the study
    /// has none.
    pub fn parse(accession: &'a str, consent: &'a str) -> Option<Self> {
        let consent = Some(consent).filter(|consent| !consent.is_empty());
        let is_consent = consent.is_none_or(|consent| consents::numbered(consent, "c"));
        (consents::numbered(accession, "phs") && is_consent).then_some(Self { accession, consent })
    }

    /// The study's own project: `phs000123.c2`, or `phs000123` where consents are not read.
    pub fn project(&self, settings: &Settings) -> String {
        self.of(self.accession, settings)
    }

    /// The projects that come with it: its common exchange area and the studies below it.
    pub fn others(&self, settings: &Settings) -> Vec<String> {
        let mut others: Vec<String> = Vec::new();
        if self.is_all(settings) && settings.enable_common_exchange_area_access {
            others.extend(settings.study_common_exchange_areas.get(self.accession).cloned());
        }
        let children = settings.parent_to_child_studies_mapping.get(self.accession);
        others.extend(children.into_iter().flatten().map(|child| self.of(child, settings)));
        others
    }

    /// All projects that it gives. Who has every consent of a study has those of `known` that are consents
    /// of it, or of a study below it.
    pub fn projects<'k>(
        &self,
        settings: &Settings,
        known: impl IntoIterator<Item = &'k str>,
    ) -> BTreeSet<String> {
        let mut projects: BTreeSet<String> = self.others(settings).into_iter().collect();
        projects.insert(self.project(settings));
        if self.is_all(settings) {
            let children = settings.parent_to_child_studies_mapping.get(self.accession);
            let is_of = |study: &str| {
                study == self.accession || children.is_some_and(|all| all.iter().any(|child| child == study))
            };
            let consents =
                known.into_iter().filter(|name| consents::split(name).is_some_and(|(study, _)| is_of(study)));
            projects.extend(consents.map(str::to_owned));
        }
        projects
    }

    fn is_all(&self, settings: &Settings) -> bool {
        settings.parse_consent_code && self.consent == Some(consents::ALL)
    }

    fn of(&self, study: &str, settings: &Settings) -> String {
        match self.consent.filter(|_| settings.parse_consent_code) {
            Some(consent) => format!("{study}.{consent}"),
            None => study.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(extra: &[(&str, &str)]) -> Settings {
        Settings {
            parent_to_child_studies_mapping: [("phs000001".to_owned(), vec!["phs000002".to_owned()])].into(),
            enable_common_exchange_area_access: true,
            study_common_exchange_areas: extra
                .iter()
                .map(|(study, area)| ((*study).to_owned(), (*area).to_owned()))
                .collect(),
            ..Settings::default()
        }
    }

    #[test]
    fn a_study_gives_what_is_below_it_and_all_consents_give_what_is_known() {
        let settings = settings(&[("phs000001", "phs000001_exchange_area")]);
        let known = ["phs000001.c1", "phs000001.v2.p1.c2", "phs000002.c1", "phs000003.c1", "open"];
        let given = |accession, consent, settings: &Settings| {
            let access = StudyAccess::parse(accession, consent).unwrap();
            Vec::from_iter(access.projects(settings, known))
        };
        assert_eq!(given("phs000001", "c1", &settings), ["phs000001.c1", "phs000002.c1"]);
        assert_eq!(
            given("phs000001", "c999", &settings),
            [
                "phs000001.c1",
                "phs000001.c999",
                "phs000001.v2.p1.c2",
                "phs000001_exchange_area",
                "phs000002.c1",
                "phs000002.c999",
            ]
        );
        let without = Settings { parse_consent_code: false, ..settings };
        assert_eq!(given("phs000001", "c999", &without), ["phs000001", "phs000002"]);
        assert_eq!(given("phs000007", "", &without), ["phs000007"]);
    }

    #[test]
    fn what_is_no_study_and_no_consent_is_refused() {
        for (accession, consent) in
            [("phs1/../x", "c1"), ("", "c1"), ("phs", ""), ("phs1", "c1/x"), ("phs1", "*"), ("all", "c999")]
        {
            assert_eq!(StudyAccess::parse(accession, consent), None, "{accession}.{consent}");
        }
    }
}
