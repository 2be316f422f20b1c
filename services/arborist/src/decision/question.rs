//! What is asked: may this be done to that?

use authz::Action;
use decisions::Asked;

use crate::{Error, path::ResourcePath};

/// One question: may this be done to that?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question<'a> {
    pub(crate) target: Target,
    pub(crate) action: &'a Action,
}

impl Question<'_> {
    /// Returns the question as the index takes it.
    pub(crate) fn asked(&self) -> Asked<'_> {
        let target = match &self.target {
            Target::Path(path) => decisions::Target::Path(path.ltree()),
            Target::Tag(tag) => decisions::Target::Tag(tag),
        };
        Asked { target, service: &self.action.service, method: &self.action.method }
    }
}

/// The resource that a question is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// A path; the resource need not exist.
    Path(ResourcePath),
    /// A tag; the resource must exist.
    Tag(String),
}

impl Target {
    /// Reads a path, which starts with a slash, or a tag. Labels of a path have at most `label_limit` bytes.
    pub(crate) fn read(resource: &str, label_limit: usize) -> Result<Self, Error> {
        if resource.is_empty() {
            return Err(Error::BadRequest("could not authorize: resource is empty".into()));
        }
        if !resource.starts_with('/') {
            return Ok(Self::Tag(resource.to_owned()));
        }
        let path = ResourcePath::parse(resource)
            .map_err(|error| Error::BadRequest(format!("could not authorize: {error}")))?;
        if path.longest_label() > label_limit {
            return Err(Error::BadRequest(
                "could not authorize: a part of the resource path is too long".into(),
            ));
        }
        Ok(Self::Path(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_paths_or_tags() {
        assert!(matches!(Target::read("/a/b", 255), Ok(Target::Path(_))));
        assert_eq!(Target::read("aBc_12-x", 255).unwrap(), Target::Tag("aBc_12-x".into()));
        for bad in ["", "/", "/a/", "/a b"] {
            assert!(Target::read(bad, 255).is_err(), "{bad}");
        }
        assert!(Target::read(&format!("/{}", "y".repeat(256)), 255).is_err());
    }
}
