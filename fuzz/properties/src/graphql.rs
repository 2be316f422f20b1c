//! Bodies of `POST /graphql`, without a database.

use std::sync::{Arc, LazyLock};

use graphql::{Limits, ast};
use peregrine::{Checker, Config, Error};
use serde_json::{Value, json};

use crate::dictionary;

static CHECKER: LazyLock<Checker> =
    LazyLock::new(|| Checker::new(Config::default(), Arc::clone(dictionary())));

/// Nesting that the language tolerates.
const DEPTH: usize = 50;
/// Stands between a query and its variables; no query needs it.
const SEPARATOR: u8 = 0;

/// A query and, after a zero byte, its variables as JSON.
///
/// # Panics
/// When something does not hold: a query that parses is printed and parses again to the same; what is refused
/// is refused with messages of limited length, and never as a fault of ours.
pub fn graphql(input: &[u8]) {
    let _ = CHECKER.check(input).map_err(|error| refused(&error, input));
    let mut parts = input.splitn(2, |byte| *byte == SEPARATOR);
    let Ok(query) = std::str::from_utf8(parts.next().unwrap_or_default()) else { return };
    parsed_twice(query);
    let variables = parts.next().and_then(|json| serde_json::from_slice(json).ok()).unwrap_or(Value::Null);
    let body = json!({ "query": query, "variables": variables }).to_string();
    let _ = CHECKER.check(body.as_bytes()).map_err(|error| refused(&error, body.as_bytes()));
}

fn refused(error: &Error, body: &[u8]) {
    let messages = match error {
        Error::Queries(messages) => messages.clone(),
        Error::Query(message) | Error::BadRequest(message) => vec![message.clone()],
        // A list is answered with the original's recorded 500.
        Error::ListBody if body.trim_ascii_start().starts_with(b"[") => return,
        other => panic!("{other:?} is the fault of no query"),
    };
    assert!(!messages.is_empty(), "a refusal has a reason");
    assert!(messages.len() <= Limits::default().errors + 1, "{} messages", messages.len());
    // An error may show what it is about: a value, or three lines of the query, and that with escapes.
    let length: usize = messages.iter().map(String::len).sum();
    assert!(length <= 16 * body.len() + (64 << 10), "{length} bytes about {}", body.len());
}

fn parsed_twice(query: &str) {
    let document = match graphql::parse(query, DEPTH) {
        Ok(document) => document,
        Err(error) => return assert!(!error.0.is_empty(), "a refusal has a reason"),
    };
    let printed = Printer::document(&document);
    match graphql::parse(&printed, DEPTH) {
        Ok(again) => assert_eq!(without_places(document), without_places(again), "{printed}"),
        Err(error) => panic!("{error}\n{printed}"),
    }
}

/// A document that does not tell where its parts stood.
fn without_places(mut document: ast::Document<'_>) -> ast::Document<'_> {
    for definition in &mut document.definitions {
        match definition {
            ast::Definition::Operation(operation) => {
                operation.at = 0;
                operation.variables.iter_mut().for_each(|variable| variable.at = 0);
                forget_directives(&mut operation.directives);
                forget_selections(&mut operation.selections);
            }
            ast::Definition::Fragment(fragment) => {
                fragment.at = 0;
                forget_directives(&mut fragment.directives);
                forget_selections(&mut fragment.selections);
            }
        }
    }
    document
}

fn forget_selections(selections: &mut [ast::Selection<'_>]) {
    for selection in selections {
        match selection {
            ast::Selection::Field(field) => {
                field.at = 0;
                forget_arguments(&mut field.arguments);
                forget_directives(&mut field.directives);
                forget_selections(field.selections.as_deref_mut().unwrap_or_default());
            }
            ast::Selection::Spread { at, directives, .. } => {
                *at = 0;
                forget_directives(directives);
            }
            ast::Selection::Inline { at, directives, selections, .. } => {
                *at = 0;
                forget_directives(directives);
                forget_selections(selections);
            }
        }
    }
}

fn forget_directives(directives: &mut [ast::Directive<'_>]) {
    for directive in directives {
        directive.at = 0;
        forget_arguments(&mut directive.arguments);
    }
}

fn forget_arguments(arguments: &mut [ast::Argument<'_>]) {
    arguments.iter_mut().for_each(|argument| argument.at = 0);
}

/// Prints documents; values and types print themselves.
#[derive(Default)]
struct Printer(String);

impl Printer {
    fn document(document: &ast::Document<'_>) -> String {
        let mut printer = Self::default();
        for definition in &document.definitions {
            match definition {
                ast::Definition::Operation(operation) => printer.operation(operation),
                ast::Definition::Fragment(fragment) => {
                    printer.text(&format!("fragment {} on {}", fragment.name, fragment.on));
                    printer.directives(&fragment.directives);
                    printer.selections(&fragment.selections);
                }
            }
        }
        printer.0
    }

    fn text(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push(' ');
    }

    fn operation(&mut self, operation: &ast::Operation<'_>) {
        self.text(match operation.kind {
            ast::OperationKind::Query => "query",
            ast::OperationKind::Mutation => "mutation",
            ast::OperationKind::Subscription => "subscription",
        });
        self.text(operation.name.unwrap_or_default());
        if !operation.variables.is_empty() {
            self.text("(");
            for variable in &operation.variables {
                self.text(&format!("${}: {}", variable.name, variable.ty));
                if let Some(default) = &variable.default {
                    self.text(&format!("= {default}"));
                }
            }
            self.text(")");
        }
        self.directives(&operation.directives);
        self.selections(&operation.selections);
    }

    fn directives(&mut self, directives: &[ast::Directive<'_>]) {
        for directive in directives {
            self.text(&format!("@{}", directive.name));
            self.arguments(&directive.arguments);
        }
    }

    fn arguments(&mut self, arguments: &[ast::Argument<'_>]) {
        if arguments.is_empty() {
            return;
        }
        self.text("(");
        for argument in arguments {
            self.text(&format!("{}: {}", argument.name, argument.value));
        }
        self.text(")");
    }

    fn selections(&mut self, selections: &[ast::Selection<'_>]) {
        self.text("{");
        for selection in selections {
            self.selection(selection);
        }
        self.text("}");
    }

    fn selection(&mut self, selection: &ast::Selection<'_>) {
        match selection {
            ast::Selection::Field(field) => {
                if let Some(alias) = field.alias {
                    self.text(&format!("{alias}:"));
                }
                self.text(field.name);
                self.arguments(&field.arguments);
                self.directives(&field.directives);
                if let Some(selections) = &field.selections {
                    self.selections(selections);
                }
            }
            ast::Selection::Spread { name, directives, .. } => {
                self.text(&format!("...{name}"));
                self.directives(directives);
            }
            ast::Selection::Inline { on, directives, selections, .. } => {
                self.text("...");
                self.text(&on.map(|on| format!("on {on}")).unwrap_or_default());
                self.directives(directives);
                self.selections(selections);
            }
        }
    }
}
