//! Lines of a bulk write.

use serde_json::{Map, Value};

use super::{
    fields::{Fields, required, shown},
    number,
    record::{RecordInput, RecordUpdate},
};
use crate::{Error, guid::Guid};

/// What one line asks for.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "the lines of a request are mostly of one kind")]
pub(crate) enum Operation {
    /// As `POST /index`.
    Create(RecordInput),
    /// As `PUT /index/{guid}`.
    Update { did: Guid, rev: Option<String>, update: RecordUpdate },
    /// As `DELETE /index/{guid}`.
    Delete { did: Guid, rev: Option<String> },
    /// Creates the record if there is none of its did. Otherwise gives it what the line says and it has not.
    Upsert { rev: Option<String>, input: RecordInput, update: RecordUpdate },
}

/// No did and no baseid is longer than so many bytes.
const MAX_NAME: usize = 255;

/// What an update may not change.
const FIXED: [&str; 5] = ["did", "baseid", "form", "size", "hashes"];

impl Operation {
    /// Reads a line such as `{"op": "create", "record": {...}}`; those that mean a record that exists have
    /// `did` and `rev` beside it.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Error> {
        let body = number::parse(line).ok_or_else(|| {
            Error::bad(
                "the line is not JSON; each line has one object such as {\"op\": \"create\", \"record\": {}}",
            )
        })?;
        if has_nul(&body) {
            // The database would refuse it with all the lines that are written together.
            return Err(Error::bad("a text contains a character that cannot be stored (NUL)"));
        }
        let fields = Fields::strict(&body, &["op", "did", "rev", "record"])?;
        let op = required("op", fields.text("op")?)?;
        let did = fields.text("did")?.map(Guid::from);
        let rev = fields.optional_text("rev")?;
        let record = || {
            let record = required("record", fields.get("record"))?;
            record.as_object().map(|_| record).ok_or_else(|| {
                Error::bad(format!("{} is not of type 'object'\n\nOn instance['record']", shown(record)))
            })
        };
        let named = |did: Option<Guid>| required("did", did);
        match op.as_str() {
            "create" => {
                let input = RecordInput::parse(record()?)?;
                refuse_another(did.as_ref(), input.did.as_ref())?;
                Self::Create(RecordInput { did: input.did.clone().or(did), ..input }).valid()
            }
            "update" => {
                let update = RecordUpdate::parse(record()?)?;
                Self::Update { did: named(did)?, rev, update }.short()
            }
            "delete" if fields.get("record").is_some() => {
                Err(Error::bad("'record' says nothing in a deletion"))
            }
            "delete" => Self::Delete { did: named(did)?, rev }.short(),
            "upsert" => {
                let body = record()?;
                let input = RecordInput::parse(body)?;
                refuse_another(did.as_ref(), input.did.as_ref())?;
                let update = RecordUpdate::parse(&changeable(body))?;
                let input = RecordInput { did: input.did.clone().or(did), ..input };
                Self::Upsert { rev, input, update }.valid()
            }
            _ => Err(Error::bad(format!(
                "{} is not one of ['create', 'update', 'delete', 'upsert']\n\nOn instance['op']",
                shown(&op.into())
            ))),
        }
    }

    /// The did that the line names, if it names one.
    pub(crate) fn did(&self) -> Option<&Guid> {
        match self {
            Self::Create(input) | Self::Upsert { input, .. } => input.did.as_ref(),
            Self::Update { did, .. } | Self::Delete { did, .. } => Some(did),
        }
    }

    /// Refuses a did beside the record as one in the record would be.
    fn valid(self) -> Result<Self, Error> {
        match self.did() {
            Some(did) if !did.is_valid() => {
                Err(Error::bad(format!("'{did}' is no did: it does not end in a UUID")))
            }
            _ => self.short(),
        }
    }

    /// Refuses names that are longer than any client makes them: the answer has those of all lines.
    fn short(self) -> Result<Self, Error> {
        let baseid = match &self {
            Self::Create(input) | Self::Upsert { input, .. } => input.baseid.as_ref(),
            Self::Update { .. } | Self::Delete { .. } => None,
        };
        for (name, guid) in [("did", self.did()), ("baseid", baseid)] {
            if guid.is_some_and(|guid| guid.as_str().len() > MAX_NAME) {
                return Err(Error::bad(format!("the {name} is longer than {MAX_NAME} bytes")));
            }
        }
        Ok(self)
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(_) if number::constant(value).is_some() => false,
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn refuse_another(beside: Option<&Guid>, inside: Option<&Guid>) -> Result<(), Error> {
    match (beside, inside) {
        (Some(beside), Some(inside)) if beside != inside => {
            Err(Error::bad(format!("the line is about '{beside}' and its record about '{inside}'")))
        }
        _ => Ok(()),
    }
}

/// The record without what an update may not have.
fn changeable(record: &Value) -> Value {
    let fields = record.as_object().into_iter().flatten();
    let kept = fields.filter(|(name, _)| !FIXED.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DID: &str = "00000000-0000-4000-8000-000000000001";

    fn record(more: &str) -> String {
        format!(r#"{{"form":"object","size":1,"urls":[],"hashes":{{"crc":"deadbeef"}}{more}}}"#)
    }

    fn parse(line: &str) -> Result<Operation, String> {
        Operation::parse(line.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_line_says_what_is_to_be_done_with_which_record() {
        let created = parse(&format!(r#"{{"op":"create","record":{}}}"#, record(""))).expect("a creation");
        assert_eq!(created.did(), None);
        let beside = format!(r#"{{"op":"upsert","did":"{DID}","record":{}}}"#, record(r#","file_name":"a""#));
        let Operation::Upsert { rev: None, input, update } = parse(&beside).expect("an upsert") else {
            panic!("no upsert")
        };
        assert_eq!(input.did, Some(Guid::from(DID.to_owned())));
        assert_eq!((update.file_name, update.acl), (Some(Some("a".into())), None), "what is not said stays");
        let deleted = parse(&format!(r#"{{"op":"delete","did":"{DID}","rev":"r"}}"#)).expect("a deletion");
        assert_eq!(deleted, Operation::Delete { did: Guid::from(DID.to_owned()), rev: Some("r".into()) });
        assert!(
            parse(&format!(r#"{{"op":"update","did":"{DID}","rev":"r","record":{{"acl":[]}}}}"#)).is_ok()
        );
    }

    #[test]
    fn a_line_that_cannot_be_meant_is_refused_with_the_reason() {
        let long = |op: &str, more: &str| format!(r#"{{"op":"{op}","did":"{}"{more}}}"#, "x".repeat(256));
        for (line, part) in [
            ("", "the line is not JSON"),
            ("{", "the line is not JSON"),
            ("[]", "[] is not of type 'object'"),
            ("{}", "'op' is a required property"),
            (r#"{"op":"move"}"#, "'move' is not one of ['create', 'update', 'delete', 'upsert']"),
            (r#"{"op":"create"}"#, "'record' is a required property"),
            (r#"{"op":"create","record":[]}"#, "[] is not of type 'object'"),
            (r#"{"op":"create","record":{}}"#, "'size' is a required property"),
            (r#"{"op":"create","x":1}"#, "('x' was unexpected)"),
            (r#"{"op":"delete"}"#, "'did' is a required property"),
            (r#"{"op":"delete","did":"x","record":{}}"#, "says nothing in a deletion"),
            (r#"{"op":"update","did":"x","record":{"size":1}}"#, "('size' was unexpected)"),
            (r#"{"op":"update","did":"x","record":{"acl":["a\u0000"]}}"#, "cannot be stored (NUL)"),
            (r#"{"op":"update","did":"x","record":{"metadata":{"\u0000":"b"}}}"#, "cannot be stored (NUL)"),
            (&long("update", r#","record":{}"#), "the did is longer than 255 bytes"),
            (&long("delete", ""), "the did is longer than 255 bytes"),
        ] {
            let refused = parse(line).expect_err(line);
            assert!(refused.contains(part), "{line}: {refused}");
        }
        let other = format!(r#"{{"op":"create","did":"{DID}","record":{}}}"#, record(r#","did":"x""#));
        assert!(parse(&other).is_err());
        let invalid = format!(r#"{{"op":"create","did":"x","record":{}}}"#, record(""));
        assert_eq!(parse(&invalid), Err("'x' is no did: it does not end in a UUID".into()));
        let baseid = format!(r#","baseid":"{}{DID}""#, "x".repeat(220));
        let long = parse(&format!(r#"{{"op":"create","record":{}}}"#, record(&baseid)));
        assert_eq!(long, Err("the baseid is longer than 255 bytes".into()));
        let number = format!(r#"{{"op":"create","record":{}}}"#, record(r#","metadata":{"n":NaN}"#));
        assert!(parse(&number).is_ok(), "its mark is no text");
        let both = format!(
            r#"{{"op":"create","did":"{DID}","record":{}}}"#,
            record(&format!(r#","did":"{}2""#, &DID[..35]))
        );
        assert!(parse(&both).expect_err("two dids").contains("and its record about"));
    }
}
