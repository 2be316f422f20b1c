//! Roles as the original reads them back. Pure.
//!
//! The original has PostgreSQL write each permission as a row, `(id,service,method,constraints)`, and takes
//! the text apart at the commas. What PostgreSQL puts in quotes stays in quotes: an empty service is answered
//! as `""` and `a b` as `"a b"`, quotes included. Clients have seen nothing else for years. A row with a
//! comma within, or with constraints, the original cannot read at all; that one is answered as it is stored.

use crate::model::{ExpandedPolicy, Permission, Role};

impl Role {
    /// Returns the role as the original answers it.
    pub(crate) fn read_back(mut self) -> Self {
        self.permissions.iter_mut().for_each(read_back);
        self
    }
}

impl ExpandedPolicy {
    /// Returns the policy with its roles as the original answers them.
    pub(crate) fn read_back(mut self) -> Self {
        self.roles = self.roles.into_iter().map(Role::read_back).collect();
        self
    }
}

fn read_back(permission: &mut Permission) {
    let Permission { id, action, constraints, .. } = permission;
    let texts = [id, &mut action.service, &mut action.method];
    if constraints.is_empty() && !texts.iter().any(|text| text.contains(',')) {
        texts.into_iter().for_each(quote);
    }
}

/// Puts quotes around a text where PostgreSQL does in a row (PostgreSQL 16 manual, section 8.16.6).
fn quote(text: &mut String) {
    let quoted = |c: char| matches!(c, '"' | '\\' | '(' | ')' | ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c');
    if text.is_empty() || text.contains(quoted) {
        *text = format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#""""#));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::model::Action;

    fn read_back_of(id: &str, service: &str, method: &str) -> (String, String, String) {
        let action = Action { service: service.into(), method: method.into() };
        let permission =
            Permission { id: id.into(), description: String::new(), action, constraints: Map::new() };
        let role = Role { id: "r x".into(), description: String::new(), permissions: vec![permission] };
        let role = role.read_back();
        assert_eq!(role.id, "r x");
        let Permission { id, action, .. } = role.permissions.into_iter().next().unwrap();
        (id, action.service, action.method)
    }

    #[test]
    fn what_a_row_quotes_is_answered_with_its_quotes() {
        let expected = ("read_x".into(), r#""""#.into(), "*".into());
        assert_eq!(read_back_of("read_x", "", "*"), expected);
        let expected = (r#""a b""#.into(), r#""say ""x""""#.into(), r#""(\\)""#.into());
        assert_eq!(read_back_of("a b", "say \"x\"", r"(\)"), expected);
    }

    #[test]
    fn what_the_original_cannot_read_is_as_stored() {
        assert_eq!(read_back_of("a,b", "", "c d"), ("a,b".into(), String::new(), "c d".into()));
    }
}
