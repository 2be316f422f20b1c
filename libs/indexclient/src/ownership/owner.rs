//! Whose a record is.

use crate::Record;

/// Who may change, give away or delete a record, beside services and administrators, who always may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'r> {
    /// Whoever has the right on all of these resource paths.
    Guards(&'r [String]),
    /// The user of this name, who has uploaded it and has not given it to a project yet.
    Uploader(&'r str),
    /// Only administrators: the legacy access list knows readers, but nobody who could give the record away.
    AccessList,
    /// Nobody yet: whoever has the right on the resource paths that it is to get may claim it.
    Nobody,
}

impl<'r> Owner<'r> {
    /// The owner of a record that has these.
    pub fn new(authz: &'r [String], uploader: Option<&'r str>, acl: &[String]) -> Self {
        match uploader {
            _ if !authz.is_empty() => Self::Guards(authz),
            Some(uploader) => Self::Uploader(uploader),
            None if acl.is_empty() => Self::Nobody,
            None => Self::AccessList,
        }
    }

    /// The owner of `record`.
    pub fn of(record: &'r Record) -> Self {
        Self::new(&record.authz, record.uploader.as_deref(), &record.acl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_paths_come_before_the_uploader_and_that_before_the_access_list() {
        let list = ["x".to_owned()];
        assert_eq!(Owner::new(&list, Some("u"), &list), Owner::Guards(&list));
        assert_eq!(Owner::new(&[], Some("u"), &list), Owner::Uploader("u"));
        assert_eq!(Owner::new(&[], None, &list), Owner::AccessList);
        assert_eq!(Owner::new(&[], None, &[]), Owner::Nobody);
        // A record that says it has an uploader without a name is not everybody's.
        assert_eq!(Owner::new(&[], Some(""), &[]), Owner::Uploader(""));
    }
}
