//! Consents of studies. Pure.

use indexmap::{IndexMap, IndexSet};

/// All consents of a study.
pub(crate) const ALL: &str = "c999";

/// The accession and the consent of a project such as `phs000123.v1.p1.c2`; none for one without consent.
pub(crate) fn split(project: &str) -> Option<(&str, &str)> {
    let mut parts = project.split('.');
    let accession = parts.next().filter(|part| numbered(part, "phs"))?;
    let consent = parts.find(|part| !numbered(part, "v") && !numbered(part, "p"))?;
    numbered(consent, "c").then_some((accession, consent))
}

pub(crate) fn numbered(part: &str, letters: &str) -> bool {
    part.strip_prefix(letters)
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The known projects of each study. A child has the consents of its parent.
pub(crate) fn by_study<'a>(
    projects: impl Iterator<Item = &'a str>,
    children: &IndexMap<String, IndexSet<String>>,
) -> IndexMap<String, IndexSet<String>> {
    let mut known: IndexMap<String, IndexSet<String>> = IndexMap::new();
    for (accession, consent) in projects.filter_map(split) {
        let below = children.get(accession).into_iter().flatten().map(String::as_str);
        for study in std::iter::once(accession).chain(below) {
            known.entry(study.to_owned()).or_default().insert(format!("{study}.{consent}"));
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_projects_with_a_consent_are_split() {
        assert_eq!(split("phs000123.v1.p1.c2"), Some(("phs000123", "c2")));
        assert_eq!(split("phs000123.c999"), Some(("phs000123", "c999")));
        for none in ["phs000123", "phs000123.v1.p1", "open.c1", "phs.c1", "phs1.c", ""] {
            assert_eq!(split(none), None, "{none}");
        }
    }
}
