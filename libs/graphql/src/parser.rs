//! From tokens to a document, with the messages of the dialect.

use crate::{
    ast::{
        Argument, Definition, Directive, Document, Field, Fragment, Literal, Operation, OperationKind,
        Selection, Type, VariableDefinition,
    },
    dialect::Dialect,
    error::{Error, Problem},
    lexer::{Lexer, Refused, Token, TokenKind},
    syntax_error::syntax_error,
};

/// Operations and fragments in a document.
const MOST_DEFINITIONS: usize = 500;
/// Fields, fragments and directives in a document, each counted once.
const MOST_SELECTIONS: usize = 50_000;
/// Variables that a document declares.
const MOST_VARIABLES: usize = 1_000;

/// Parses `source`. Selections and values may be nested at most `max_depth` deep. What validation looks at
/// again and again (definitions, selections, variables) is bounded, so that its time grows with the text and
/// not with a power of it.
///
/// # Errors
/// One message: `Syntax Error GraphQL (line:column) ...` with the line and a mark below it.
pub fn parse(source: &str, max_depth: usize) -> Result<Document<'_>, Error> {
    parse_in(Dialect::Core2, source, max_depth).map_err(|problem| Error(problem.message))
}

/// As [`parse`], in a dialect.
///
/// # Errors
/// One problem, in the words of the dialect.
pub fn parse_in(dialect: Dialect, source: &str, max_depth: usize) -> Result<Document<'_>, Problem> {
    let mut parser = Parser {
        dialect,
        lexer: Lexer::new(dialect, source),
        token: Token { kind: TokenKind::End, start: 0 },
        depth_left: max_depth,
        selections_left: MOST_SELECTIONS,
        variables_left: MOST_VARIABLES,
    };
    let parsed = parser.advance().and_then(|_| parser.document());
    parsed.map_err(|refused| match (refused.at, dialect) {
        (usize::MAX, _) => Problem::new(refused.message),
        (at, Dialect::Core2) => Problem { message: syntax_error(source, at, &refused.message), at: Some(at) },
        (at, Dialect::Js16) => {
            Problem { message: format!("Syntax Error: {}", refused.message), at: Some(at) }
        }
    })
}

struct Parser<'a> {
    dialect: Dialect,
    lexer: Lexer<'a>,
    token: Token<'a>,
    depth_left: usize,
    selections_left: usize,
    variables_left: usize,
}

/// What a value may have in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    Constants,
    Variables,
}

/// Refuses what exceeds a limit, without a place to point at.
fn too_large(message: String) -> Refused {
    Refused { at: usize::MAX, message }
}

fn one_less(left: &mut usize, most: usize, what: &str) -> Parsed<()> {
    *left =
        left.checked_sub(1).ok_or_else(|| too_large(format!("The query has more than {most} {what}.")))?;
    Ok(())
}

type Parsed<T> = Result<T, Refused>;

impl<'a> Parser<'a> {
    /// Takes the current token and reads the next.
    fn advance(&mut self) -> Parsed<Token<'a>> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, mark: &str) -> bool {
        matches!(&self.token.kind, TokenKind::Mark(found) if *found == mark)
    }

    fn skip(&mut self, mark: &str) -> Parsed<bool> {
        let found = self.is(mark);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, mark: &str) -> Parsed<()> {
        if self.skip(mark)? { Ok(()) } else { Err(self.expected(mark)) }
    }

    fn expected(&self, what: &str) -> Refused {
        let found = self.token.kind.describe(self.dialect);
        let message = match self.dialect {
            Dialect::Core2 => format!("Expected {what}, found {found}"),
            Dialect::Js16 if what.starts_with(|c: char| c.is_ascii_punctuation() && c != '"') => {
                format!("Expected \"{what}\", found {found}.")
            }
            Dialect::Js16 => format!("Expected {what}, found {found}."),
        };
        Refused { at: self.token.start, message }
    }

    fn unexpected(&self) -> Refused {
        let found = self.token.kind.describe(self.dialect);
        let end = if self.dialect == Dialect::Core2 { "" } else { "." };
        Refused { at: self.token.start, message: format!("Unexpected {found}{end}") }
    }

    fn name(&mut self) -> Parsed<&'a str> {
        match self.token.kind {
            TokenKind::Name(name) => {
                self.advance()?;
                Ok(name)
            }
            _ => Err(self.expected("Name")),
        }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let Some(left) = self.depth_left.checked_sub(1) else {
            return Err(too_large("The query is nested too deeply.".to_owned()));
        };
        self.depth_left = left;
        let parsed = parse(self)?;
        self.depth_left += 1;
        Ok(parsed)
    }

    /// Reads at least one item between two marks.
    fn many<T>(&mut self, open: &str, item: impl Fn(&mut Self) -> Parsed<T>, close: &str) -> Parsed<Vec<T>> {
        self.expect(open)?;
        let mut items = vec![item(self)?];
        while !self.skip(close)? {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn document(&mut self) -> Parsed<Document<'a>> {
        let mut definitions = vec![self.definition()?];
        let mut left = MOST_DEFINITIONS - 1;
        while self.token.kind != TokenKind::End {
            one_less(&mut left, MOST_DEFINITIONS, "operations and fragments")?;
            definitions.push(self.definition()?);
        }
        Ok(Document { definitions })
    }

    fn definition(&mut self) -> Parsed<Definition<'a>> {
        if self.is("{") {
            let at = self.token.start;
            let selections = self.selections()?;
            return Ok(Definition::Operation(Operation {
                at,
                kind: OperationKind::Query,
                name: None,
                variables: Vec::new(),
                directives: Vec::new(),
                selections,
            }));
        }
        match self.token.kind {
            TokenKind::Name("query") => self.operation(OperationKind::Query),
            TokenKind::Name("mutation") => self.operation(OperationKind::Mutation),
            TokenKind::Name("subscription") => self.operation(OperationKind::Subscription),
            TokenKind::Name("fragment") => self.fragment(),
            _ => Err(self.unexpected()),
        }
    }

    fn operation(&mut self, kind: OperationKind) -> Parsed<Definition<'a>> {
        let at = self.advance()?.start;
        let name = match self.token.kind {
            TokenKind::Name(name) => {
                self.advance()?;
                Some(name)
            }
            _ => None,
        };
        let variables =
            if self.is("(") { self.many("(", Self::variable_definition, ")")? } else { Vec::new() };
        let directives = self.directives()?;
        let selections = self.selections()?;
        Ok(Definition::Operation(Operation { at, kind, name, variables, directives, selections }))
    }

    fn variable_definition(&mut self) -> Parsed<VariableDefinition<'a>> {
        one_less(&mut self.variables_left, MOST_VARIABLES, "variables")?;
        let at = self.token.start;
        let name = self.variable()?;
        self.expect(":")?;
        let ty = self.ty()?;
        let default = if self.skip("=")? { Some(self.literal(Parts::Constants)?) } else { None };
        Ok(VariableDefinition { at, name, ty, default })
    }

    fn variable(&mut self) -> Parsed<&'a str> {
        self.expect("$")?;
        self.name()
    }

    fn ty(&mut self) -> Parsed<Type<'a>> {
        let ty = if self.skip("[")? {
            let item = self.deeper(Self::ty)?;
            self.expect("]")?;
            Type::List(Box::new(item))
        } else {
            Type::Named(self.name()?)
        };
        Ok(if self.skip("!")? { Type::NonNull(Box::new(ty)) } else { ty })
    }

    fn fragment(&mut self) -> Parsed<Definition<'a>> {
        let at = self.advance()?.start;
        let name = self.fragment_name()?;
        if self.token.kind != TokenKind::Name("on") {
            return Err(self.expected("\"on\""));
        }
        self.advance()?;
        let on = self.name()?;
        let directives = self.directives()?;
        let selections = self.selections()?;
        Ok(Definition::Fragment(Fragment { at, name, on, directives, selections }))
    }

    fn fragment_name(&mut self) -> Parsed<&'a str> {
        if self.token.kind == TokenKind::Name("on") {
            return Err(self.unexpected());
        }
        self.name()
    }

    fn selections(&mut self) -> Parsed<Vec<Selection<'a>>> {
        self.deeper(|parser| parser.many("{", Self::selection, "}"))
    }

    fn selection(&mut self) -> Parsed<Selection<'a>> {
        one_less(&mut self.selections_left, MOST_SELECTIONS, "fields, fragments and directives")?;
        let at = self.token.start;
        if !self.skip("...")? {
            return self.field().map(Selection::Field);
        }
        let on = match self.token.kind {
            TokenKind::Name("on") => {
                self.advance()?;
                Some(self.name()?)
            }
            TokenKind::Name(_) => {
                let name = self.fragment_name()?;
                return Ok(Selection::Spread { at, name, directives: self.directives()? });
            }
            _ => None,
        };
        let directives = self.directives()?;
        Ok(Selection::Inline { at, on, directives, selections: self.selections()? })
    }

    fn field(&mut self) -> Parsed<Field<'a>> {
        let at = self.token.start;
        let first = self.name()?;
        let (alias, name) = if self.skip(":")? { (Some(first), self.name()?) } else { (None, first) };
        let arguments = self.arguments()?;
        let directives = self.directives()?;
        let selections = if self.is("{") { Some(self.selections()?) } else { None };
        Ok(Field { at, alias, name, arguments, directives, selections })
    }

    fn arguments(&mut self) -> Parsed<Vec<Argument<'a>>> {
        if self.is("(") { self.many("(", Self::argument, ")") } else { Ok(Vec::new()) }
    }

    fn argument(&mut self) -> Parsed<Argument<'a>> {
        let at = self.token.start;
        let name = self.name()?;
        self.expect(":")?;
        Ok(Argument { at, name, value: self.literal(Parts::Variables)? })
    }

    fn directives(&mut self) -> Parsed<Vec<Directive<'a>>> {
        let mut directives = Vec::new();
        loop {
            let at = self.token.start;
            if !self.skip("@")? {
                return Ok(directives);
            }
            one_less(&mut self.selections_left, MOST_SELECTIONS, "fields, fragments and directives")?;
            let name = self.name()?;
            directives.push(Directive { at, name, arguments: self.arguments()? });
        }
    }

    /// A value. `null` is one, as in today's GraphQL.
    fn literal(&mut self, parts: Parts) -> Parsed<Literal<'a>> {
        let literal = match self.token.kind.clone() {
            TokenKind::Mark("[") => return self.deeper(|parser| parser.list(parts)),
            TokenKind::Mark("{") => return self.deeper(|parser| parser.object(parts)),
            TokenKind::Mark("$") if parts == Parts::Variables => {
                return self.variable().map(Literal::Variable);
            }
            TokenKind::Int(text) => Literal::Int(text),
            TokenKind::Float(text) => Literal::Float(text),
            TokenKind::String(text) => Literal::String(text),
            TokenKind::Name("true") => Literal::Boolean(true),
            TokenKind::Name("false") => Literal::Boolean(false),
            TokenKind::Name("null") => Literal::Null,
            TokenKind::Name(name) => Literal::Enum(name),
            TokenKind::Mark(_) | TokenKind::End => return Err(self.unexpected()),
        };
        self.advance()?;
        Ok(literal)
    }

    fn list(&mut self, parts: Parts) -> Parsed<Literal<'a>> {
        self.expect("[")?;
        let mut items = Vec::new();
        while !self.skip("]")? {
            items.push(self.literal(parts)?);
        }
        Ok(Literal::List(items))
    }

    fn object(&mut self, parts: Parts) -> Parsed<Literal<'a>> {
        self.expect("{")?;
        let mut fields = Vec::new();
        while !self.skip("}")? {
            let name = self.name()?;
            self.expect(":")?;
            fields.push((name, self.literal(parts)?));
        }
        Ok(Literal::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(source: &str) -> String {
        parse(source, 64).unwrap_err().0
    }

    #[test]
    fn a_document_is_read_with_everything_in_it() {
        let source = "# c\nquery Q($s: [String!] = [\"x\"], $n: Int) @d {\n a: case(s: $s, o: {k: [1, \
                      -2.5e3, true, E]}) @include(if: $n) { ...F ... on case { id } }, }\nfragment F on case \
                      { id }";
        let document = parse(source, 64).unwrap();
        let operation = document.operations().next().unwrap();
        assert_eq!(operation.name, Some("Q"));
        assert_eq!(operation.variables[0].ty.to_string(), "[String!]");
        let Selection::Field(field) = &operation.selections[0] else { panic!("no field") };
        assert_eq!((field.key(), field.name), ("a", "case"));
        assert_eq!(field.arguments[1].value.to_string(), "{k: [1, -2.5e3, true, E]}");
        assert_eq!(document.fragments().count(), 1);
    }

    #[test]
    fn strings_resolve_their_escapes() {
        let document = parse(r#"{f(a: "q\"\\\n\u00fc\ud83d\ude00 ünï")}"#, 64).unwrap();
        let Selection::Field(field) = &document.operations().next().unwrap().selections[0] else { panic!() };
        assert_eq!(field.arguments[0].value, Literal::String("q\"\\\nü😀 ünï".into()));
    }

    #[test]
    fn messages_are_those_of_graphql_core() {
        assert_eq!(
            refused("{case {id}"),
            "Syntax Error GraphQL (1:11) Expected Name, found EOF\n\n1: {case {id}\n             ^\n"
        );
        assert_eq!(
            refused("{case {}}"),
            "Syntax Error GraphQL (1:8) Expected Name, found }\n\n1: {case {}}\n          ^\n"
        );
        assert_eq!(refused(""), "Syntax Error GraphQL (1:1) Unexpected EOF\n\n");
        assert_eq!(refused("  "), "Syntax Error GraphQL (1:3) Unexpected EOF\n\n1:   \n     ^\n");
        assert_eq!(
            refused("{\n  a(x: \"y)\n}"),
            "Syntax Error GraphQL (2:11) Unterminated string\n\n1: {\n2:   a(x: \"y)\n             ^\n3: }\n"
        );
        assert!(refused("{a(x: 01)}").contains("unexpected digit after 0: \"1\"."));
        assert!(refused("{a ü}").contains("Unexpected character \"\\u00FC\"."));
    }

    #[test]
    fn depth_is_bounded_before_the_stack_is() {
        let deep = format!("{}{}", "{a".repeat(100_000), "}".repeat(100_000));
        assert_eq!(refused(&deep), "The query is nested too deeply.");
        let list = format!("{{a(x: {}{})}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(refused(&list), "The query is nested too deeply.");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(source in "[{}()\\[\\]:$@!.|=\"a-c0-9 \\\\u#\nü,-]{0,60}") {
            let _ = parse(&source, 16);
        }
    }
}
