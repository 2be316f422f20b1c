//! The messages that the dialects word differently.

use crate::{
    dialect::Dialect::{self, Core2, Js16},
    suggest::{listed, similar},
};

impl Dialect {
    /// ` Did you mean "a" or "b"?`, or nothing. `what` are words before the first.
    pub(crate) fn did_you_mean<'o>(
        self,
        input: &str,
        options: impl Iterator<Item = &'o str>,
        what: &str,
    ) -> String {
        let meant = similar(self, input, options);
        if meant.is_empty() {
            String::new()
        } else {
            format!(" Did you mean {what}{}?", listed(self, &meant))
        }
    }

    pub(crate) fn unknown_type<'o>(self, name: &str, known: impl Iterator<Item = &'o str>) -> String {
        let meant = similar(self, name, known);
        let mut message = format!("Unknown type \"{name}\".");
        if !meant.is_empty() {
            let begin = if self == Core2 { "Perhaps you meant" } else { "Did you mean" };
            message += &format!(" {begin} {}?", listed(self, &meant));
        }
        message
    }

    pub(crate) fn spread_of_other(self, fragment: Option<&str>, parent: &str, on: &str) -> String {
        let end = "cannot be spread here as objects of type";
        match (self, fragment) {
            (Core2, Some(name)) => format!("Fragment {name} {end} {parent} can never be of type {on}"),
            (Core2, None) => format!("Fragment {end} {parent} can never be of type {on}"),
            (Js16, Some(name)) => {
                format!("Fragment \"{name}\" {end} \"{parent}\" can never be of type \"{on}\".")
            }
            (Js16, None) => format!("Fragment {end} \"{parent}\" can never be of type \"{on}\"."),
        }
    }

    pub(crate) fn needs_selection(self, field: &str, ty: &str) -> String {
        match self {
            Core2 => format!("Field \"{field}\" of type \"{ty}\" must have a sub selection."),
            Js16 => format!(
                "Field \"{field}\" of type \"{ty}\" must have a selection of subfields. Did you mean \
                 \"{field} {{ ... }}\"?"
            ),
        }
    }

    pub(crate) fn needs_no_selection(self, field: &str, ty: &str) -> String {
        match self {
            Core2 => format!("Field \"{field}\" of type \"{ty}\" must not have a sub selection."),
            Js16 => {
                format!("Field \"{field}\" must not have a selection since type \"{ty}\" has no subfields.")
            }
        }
    }

    /// The field to which an argument belongs.
    pub(crate) fn field_of(self, field: &str, parent: &str) -> String {
        match self {
            Core2 => format!("field \"{field}\" of type \"{parent}\""),
            Js16 => format!("field \"{parent}.{field}\""),
        }
    }

    /// Two things of one name.
    pub(crate) fn only_one(self, what: &str, name: &str) -> String {
        match (self, what) {
            (Core2, "argument" | "operation" | "fragment") => {
                format!("There can only be one {what} named \"{name}\".")
            }
            (Js16, "variable") => format!("There can be only one variable named \"${name}\"."),
            _ => format!("There can be only one {what} named \"{name}\"."),
        }
    }

    /// An argument that must be given: of a field, or of a directive.
    pub(crate) fn missing_argument(self, owner: &str, argument: &str, ty: &str) -> String {
        let end = match self {
            Core2 => "is required but not provided.",
            Js16 => "is required, but it was not provided.",
        };
        format!("{owner} argument \"{argument}\" of type \"{ty}\" {end}")
    }

    pub(crate) fn directive(self, name: &str) -> String {
        if self == Core2 { format!("\"{name}\"") } else { format!("\"@{name}\"") }
    }

    pub(crate) fn misplaced_directive(self, name: &str, location: &str) -> String {
        let name = self.directive(name);
        match self {
            Core2 => format!("Directive {name} may not be used on \"{location}\"."),
            Js16 => format!("Directive {name} may not be used on {location}."),
        }
    }

    pub(crate) fn within_itself(self, name: &str, via: &[&str]) -> String {
        let via = match (via, self) {
            ([], _) => String::new(),
            (via, Core2) => format!(" via {}", via.join(", ")),
            (via, Js16) => {
                format!(" via {}", via.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", "))
            }
        };
        format!("Cannot spread fragment \"{name}\" within itself{via}.")
    }

    pub(crate) fn variable_of_other_type(self, name: &str, declared: &str, expected: &str) -> String {
        let mark = if self == Core2 { "" } else { "$" };
        format!(
            "Variable \"{mark}{name}\" of type \"{declared}\" used in position expecting type \"{expected}\"."
        )
    }

    pub(crate) fn different_fields(self, first: &str, other: &str) -> String {
        match self {
            Core2 => format!("{first} and {other} are different fields"),
            Js16 => format!("\"{first}\" and \"{other}\" are different fields"),
        }
    }

    pub(crate) fn not_configured(self, operation: &str) -> String {
        match self {
            Core2 => format!("Schema is not configured for {operation}s"),
            Js16 => format!("Schema is not configured to execute {operation} operation."),
        }
    }
}
