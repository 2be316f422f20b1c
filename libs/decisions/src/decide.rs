//! One decision.

use crate::{side::Side, structure::Structure, users::Until};

/// The resource that a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A path, labels joined by dots; the resource need not exist.
    Path(&'a str),
    /// A tag; the resource must exist.
    Tag(&'a str),
}

/// One question: may this be done to that?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The resource.
    pub target: Target<'a>,
    /// The service.
    pub service: &'a str,
    /// The method.
    pub method: &'a str,
}

/// The answer to all questions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// At least one is not permitted.
    Denied,
    /// All are permitted, and stay so until a grant ends, if nothing is changed.
    Permitted(Until),
}

impl Decision {
    /// Both must permit.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Permitted(one), Self::Permitted(two)) => Self::Permitted(one.min(two)),
            _ => Self::Denied,
        }
    }
}

/// Decides one question for one side. `only` has the policies that count, in order, if not all do.
pub(crate) fn decide(
    structure: &Structure,
    side: &Side<'_>,
    asked: &Asked<'_>,
    only: Option<&[i32]>,
) -> Decision {
    let matching = structure.matching(asked.service, asked.method);
    if matching.is_empty() {
        return Decision::Denied;
    }
    let tree = structure.tree();
    let node = match asked.target {
        Target::Path(path) => tree.covering(path),
        Target::Tag(tag) => tree.by_tag(tag),
    };
    let wanted = |policy: i32, set| {
        matching.is_met_by(structure.set(set)) && only.is_none_or(|only| only.binary_search(&policy).is_ok())
    };
    match tree.upwards(node).find_map(|node| side.find(structure.named_at(node), wanted)) {
        Some(until) => Decision::Permitted(until),
        None => Decision::Denied,
    }
}
