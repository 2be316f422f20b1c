//! What must hold of an object for a request to go on (RFC 9110 §13). Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::{
    S3Result,
    dto::{ETagCondition, Timestamp, TimestampFormat},
    s3_error,
};

use crate::record::Record;

/// What an object must be, or must not be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
    pub(crate) if_modified_since: Option<Timestamp>,
    pub(crate) if_unmodified_since: Option<Timestamp>,
    /// Of one that is deleted: its size, and the second in which it was written.
    pub(crate) if_size: Option<i64>,
    pub(crate) if_modified_at: Option<Timestamp>,
}

/// An object as conditions see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'o> {
    pub(crate) e_tag: &'o str,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
}

impl<'o> From<&'o Record> for Seen<'o> {
    fn from(record: &'o Record) -> Self {
        Self { e_tag: &record.e_tag, size: record.size, modified: record.modified() }
    }
}

impl Conditions {
    /// Refuses to write over, or to delete, what is there, or is not (RFC 9110 §13.1).
    ///
    /// # Errors
    /// 404 when a certain object is wanted and there is none, as in Amazon S3; else 412.
    pub(crate) fn check_write(&self, there: Option<Seen<'_>>) -> S3Result<()> {
        let wants_one = self.if_match.is_some() || self.if_size.is_some() || self.if_modified_at.is_some();
        let Some(seen) = there else {
            return if wants_one { Err(s3_error!(NoSuchKey)) } else { Ok(()) };
        };
        let holds = |condition: &ETagCondition| is_met(condition, seen.e_tag);
        let is_wanted = self.if_match.as_ref().is_none_or(holds)
            && !self.if_none_match.as_ref().is_some_and(holds)
            && self.if_size.is_none_or(|size| u64::try_from(size) == Ok(seen.size))
            && self.if_modified_at.as_ref().is_none_or(|time| time_of(time) == Some(seconds(seen.modified)));
        if is_wanted { Ok(()) } else { Err(s3_error!(PreconditionFailed)) }
    }

    /// Refuses to read, in the order of RFC 9110 §13.2.2: a condition on the entity tag wins over one on the
    /// time.
    ///
    /// # Errors
    /// 412, or 304 when the reader has it already.
    pub(crate) fn check_read(&self, seen: Seen<'_>) -> S3Result<()> {
        self.check(seen, s3_error!(NotModified))
    }

    /// As [`Self::check_read`], for the source of a copy, of which nobody has a copy already.
    ///
    /// # Errors
    /// 412.
    pub(crate) fn check_copy(&self, seen: Seen<'_>) -> S3Result<()> {
        self.check(seen, s3_error!(PreconditionFailed))
    }

    fn check(&self, Seen { e_tag, modified, .. }: Seen<'_>, not_modified: s3s::S3Error) -> S3Result<()> {
        let modified = seconds(modified);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !is_met(condition, e_tag) => {
                return Err(s3_error!(PreconditionFailed));
            }
            (None, Some(time)) if time_of(time).is_some_and(|time| modified > time) => {
                return Err(s3_error!(PreconditionFailed));
            }
            _ => {}
        }
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) if is_met(condition, e_tag) => Err(not_modified),
            (None, Some(time)) if time_of(time).is_some_and(|time| modified <= time) => Err(not_modified),
            _ => Ok(()),
        }
    }
}

fn is_met(condition: &ETagCondition, e_tag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == e_tag,
    }
}

/// Times in headers have whole seconds.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

fn time_of(time: &Timestamp) -> Option<u64> {
    let mut text = Vec::new();
    time.format(TimestampFormat::EpochSeconds, &mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    text.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use s3s::dto::ETag;

    use super::*;

    fn tag(value: &str) -> Option<ETagCondition> {
        Some(ETagCondition::ETag(ETag::Strong(value.into())))
    }

    fn after(seconds: u64) -> Option<Timestamp> {
        Some(Timestamp::from(UNIX_EPOCH + Duration::from_secs(seconds)))
    }

    #[test]
    fn a_read_goes_on_only_if_its_conditions_hold() {
        let seen = Seen { e_tag: "a", size: 3, modified: UNIX_EPOCH + Duration::from_millis(5_500) };
        let none = Conditions::default;
        for (conditions, code) in [
            (none(), None),
            (Conditions { if_match: tag("a"), if_unmodified_since: after(1), ..none() }, None),
            (Conditions { if_match: tag("b"), ..none() }, Some("PreconditionFailed")),
            (Conditions { if_unmodified_since: after(5), ..none() }, None),
            (Conditions { if_unmodified_since: after(4), ..none() }, Some("PreconditionFailed")),
            (Conditions { if_none_match: tag("a"), ..none() }, Some("NotModified")),
            (Conditions { if_none_match: tag("b"), if_modified_since: after(9), ..none() }, None),
            (Conditions { if_modified_since: after(5), ..none() }, Some("NotModified")),
            (Conditions { if_modified_since: after(4), ..none() }, None),
        ] {
            let found = conditions.check_read(seen).map_err(|error| error.code().as_str().to_owned()).err();
            assert_eq!(found.as_deref(), code, "{conditions:?}");
        }
    }

    #[test]
    fn a_write_replaces_only_what_it_may() {
        let none = Conditions::default;
        let any = Some(ETagCondition::Any);
        for (conditions, there, code) in [
            (Conditions { if_none_match: any.clone(), ..none() }, None, None),
            (Conditions { if_none_match: any, ..none() }, Some("a"), Some("PreconditionFailed")),
            (Conditions { if_match: tag("a"), ..none() }, Some("a"), None),
            (Conditions { if_match: tag("a"), ..none() }, Some("b"), Some("PreconditionFailed")),
            (Conditions { if_match: tag("a"), ..none() }, None, Some("NoSuchKey")),
            (Conditions { if_size: Some(3), if_modified_at: after(5), ..none() }, Some("a"), None),
            (Conditions { if_size: Some(4), ..none() }, Some("a"), Some("PreconditionFailed")),
            (Conditions { if_size: Some(-3), ..none() }, Some("a"), Some("PreconditionFailed")),
            (Conditions { if_modified_at: after(6), ..none() }, Some("a"), Some("PreconditionFailed")),
            (Conditions { if_size: Some(0), ..none() }, None, Some("NoSuchKey")),
        ] {
            let modified = UNIX_EPOCH + Duration::from_millis(5_500);
            let there = there.map(|e_tag| Seen { e_tag, size: 3, modified });
            let found = conditions.check_write(there).map_err(|error| error.code().as_str().to_owned()).err();
            assert_eq!(found.as_deref(), code, "{conditions:?}");
        }
    }
}
