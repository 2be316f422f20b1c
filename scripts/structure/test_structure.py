"""Tests of `scripts/check-structure`: python3 -m unittest discover scripts/structure -t scripts"""

import contextlib
import io
import tempfile
import textwrap
import unittest
from pathlib import Path

from . import rules
from . import tokens as rust
from .circles import circles
from .modules import arrows

WORKSPACE = """\
[workspace]
members = ["libs/*"]
[workspace.dependencies]
# theirs
bytes = "1"
rustix = { version = "1", features = ["std"] }
"""
MEMBER = """\
[package]
name = "small"
[dependencies]
bytes.workspace = true
[target.'cfg(unix)'.dependencies]
rustix = { workspace = true }
"""


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, files: dict[str, str]):
        for name, source in files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(source))

    def drawn(self, files: dict[str, str]) -> set[tuple[str, str, str]]:
        self.write({f"src/{name}": source for name, source in files.items()})
        base = self.folder / "src"
        return {
            (str(arrow.source.relative_to(base)), str(arrow.target.relative_to(base)), arrow.item)
            for arrow in arrows(base / "lib.rs")
        }

    def check(self, files: dict[str, str], *arguments: str) -> tuple[int, str]:
        self.write({"Cargo.toml": WORKSPACE, "libs/small/Cargo.toml": MEMBER} | files)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = rules.main(self.folder, list(arguments))
        return code, said.getvalue()


class Arrows(Tree):
    def test_imports_and_inline_paths_lead_to_the_file_that_defines_the_item(self):
        found = self.drawn({
            "lib.rs": "mod a; mod b;",
            "a.rs": "use crate::b::{Thing, other::{Other as Else}}; fn f() { super::b::make(); crate::b::other::MAX; }",
            "b/mod.rs": "pub mod other; pub struct Thing; pub fn make() {}",
            "b/other.rs": "pub struct Other; pub const MAX: u8 = 1;",
        })
        self.assertEqual(found, {("a.rs", "b/mod.rs", "Thing"), ("a.rs", "b/other.rs", "Other"),
                                 ("a.rs", "b/mod.rs", "make"), ("a.rs", "b/other.rs", "MAX")})

    def test_reexports_are_seen_through(self):
        found = self.drawn({
            "lib.rs": "mod a; mod b; pub use b::Thing; pub use b::deep::*;",
            "a.rs": "use crate::{Thing, Deep};",
            "b/mod.rs": "mod thing; pub mod deep; pub use thing::Thing;",
            "b/thing.rs": "pub struct Thing;",
            "b/deep.rs": "pub struct Deep;",
        })
        self.assertEqual(found, {("a.rs", "b/thing.rs", "Thing"), ("a.rs", "b/deep.rs", "Deep")})

    def test_a_reexport_is_an_arrow_where_the_file_itself_uses_the_name(self):
        found = self.drawn({"lib.rs": "mod a; pub use a::Thing; impl Thing {}", "a.rs": "pub struct Thing;"})
        self.assertEqual(found, {("lib.rs", "a.rs", "Thing")})

    def test_children_and_imported_modules_are_reached_by_their_names(self):
        found = self.drawn({
            "lib.rs": "mod a; mod store; fn f() { a::run() }",
            "a.rs": "use crate::store; pub fn run() { store::users::list() }",
            "store/mod.rs": "pub mod users; pub fn other() {}",
            "store/users.rs": "pub fn list() {}",
        })
        self.assertEqual(found, {("lib.rs", "a.rs", "run"), ("a.rs", "store/users.rs", "list")})

    def test_comments_text_and_tests_do_not_count(self):
        found = self.drawn({
            "lib.rs": "mod a; mod b;",
            "a.rs": """
                // crate::b::one()
                /* crate::b::one() /* crate::b::one() */ */
                const TEXT: &str = r#"crate::b::one() " "#;
                #[cfg(test)]
                mod tests { use crate::b::one; fn f() { let x = '"'; } }
                #[cfg(test)]
                pub(crate) fn only<'a>(x: [u8; 2]) { crate::b::one() }
                #[cfg(test)]
                use crate::b::one;
            """,
            "b.rs": "pub fn one() {} use other::b; fn f() { ::a::x(); serde::a::x(); x.a::<u8>(); }",
        })
        self.assertEqual(found, set())

    def test_paths_in_attributes_count(self):
        found = self.drawn({
            "lib.rs": "mod a; mod b;",
            "a.rs": 'struct A { #[serde(with = "crate::b::form")] field: u8 }',
            "b.rs": "pub mod form { pub fn serialize() {} }",
        })
        self.assertEqual({pair[:2] for pair in found}, {("a.rs", "b.rs")})

    def test_inline_modules_belong_to_their_file(self):
        found = self.drawn({
            "lib.rs": "mod a; mod b;",
            "a.rs": "pub mod inner { use super::super::b::Thing; pub struct Own; } use inner::Own;",
            "b.rs": "pub struct Thing;",
        })
        self.assertEqual(found, {("a.rs", "b.rs", "Thing")})


class Circles(Tree):
    def circles(self, files: dict[str, str]) -> list[list[str]]:
        self.write({f"src/{name}": source for name, source in files.items()})
        return [[arrow.source.name for arrow in circle] for circle in circles(arrows(self.folder / "src/lib.rs"))]

    def test_a_tree_without_a_circle_is_accepted(self):
        self.assertEqual(self.circles({
            "lib.rs": "mod a; mod b; mod c; pub use a::A;",
            "a.rs": "use crate::{b::B, c::C}; pub struct A;",
            "b.rs": "use crate::c::C; pub struct B;",
            "c.rs": "pub struct C;",
        }), [])

    def test_two_files_that_use_each_other_are_a_circle(self):
        self.assertEqual(self.circles({
            "lib.rs": "mod a; mod b;",
            "a.rs": "use crate::b::B; pub struct A;",
            "b.rs": "pub struct B; fn f() -> crate::a::A {}",
        }), [["a.rs", "b.rs"]])

    def test_a_parent_that_calls_the_children_which_use_its_types_is_a_circle(self):
        self.assertEqual(self.circles({
            "lib.rs": "mod room;",
            "room/mod.rs": "mod part; pub struct Room; pub fn run() { part::work() }",
            "room/part.rs": "use super::Room; pub fn work() {}",
        }), [["mod.rs", "part.rs"]])

    def test_a_longer_circle_is_named_whole(self):
        self.assertEqual(self.circles({
            "lib.rs": "mod a; mod b; mod c;",
            "a.rs": "use crate::b::B; pub struct A;",
            "b.rs": "use crate::c::C; pub struct B;",
            "c.rs": "use crate::a::A; pub struct C;",
        }), [["a.rs", "b.rs", "c.rs"]])


class Rules(Tree):
    def test_a_good_workspace_is_accepted(self):
        code, said = self.check({"libs/small/src/lib.rs": "pub struct A;\n"})
        self.assertEqual((code, said), (0, "structure: good (1 crates)\n"))

    def test_a_circle_is_refused_with_its_arrows(self):
        code, said = self.check({
            "libs/small/src/lib.rs": "mod a;\nmod b;\n",
            "libs/small/src/a.rs": "use crate::b::B;\npub struct A;\n",
            "libs/small/src/b.rs": "\nuse crate::a::A;\npub struct B;\n",
        }, "small")
        self.assertEqual(code, 1)
        self.assertIn("libs/small/src/a.rs:1 uses B of src/b.rs", said)
        self.assertIn("libs/small/src/b.rs:2 uses A of src/a.rs", said)

    def test_long_lines_and_files_are_refused_and_long_functions_named(self):
        code, said = self.check({
            "libs/small/src/lib.rs": "// " + "a " * 60 + "\nfn long() {\n" + "    one();\n" * 60 + "}\n",
            "libs/small/tests/it.rs": "\n" * 801,
        })
        self.assertEqual(code, 1)
        self.assertIn("libs/small/src/lib.rs:1: 123 columns", said)
        self.assertIn("libs/small/tests/it.rs: 801 lines", said)
        self.assertIn("fn long has 62 lines", said)

    def test_text_that_cannot_be_broken_may_be_wide(self):
        word, words = "x" * 120, "x " * 60
        self.assertEqual(rules.too_wide(f'f("{word}");'), [])
        self.assertEqual(rules.too_wide(f'f(r#"{words}"#);'), [])
        self.assertEqual(rules.too_wide(f'f("{words}");'), [1])
        self.assertEqual(rules.too_wide(f'f("a");\nlet {words} = "a";'), [2])

    def test_a_match_on_a_boolean_is_refused(self):
        self.assertEqual(rules.matches_on_booleans("match flag {\n true => a,\n false => b,\n}"), [2, 3])
        self.assertEqual(rules.matches_on_booleans("match pair {\n (true, x) => a,\n _ if true => b\n}"), [])

    def test_a_workspace_dependency_without_a_user_is_refused(self):
        code, said = self.check({"Cargo.toml": WORKSPACE + 'csv = "1"\n', "libs/small/src/lib.rs": ""})
        self.assertEqual(code, 1)
        self.assertIn("no member uses the workspace dependency csv", said)


class Tokens(unittest.TestCase):
    def test_quotes_of_all_kinds(self):
        source = r"""'a' '\'' '"' b'\\' 'static "a\"b" r"a" br#"a"b"# 1.5 0..9 r#type"""
        values = [token.value for token in rust.read(source)]
        self.assertEqual(values, ["'a'", r"'\''", "'\"'", r"b'\\'", "'static", r'"a\"b"', 'r"a"', 'br#"a"b"#', "1.5",
                                  "0", ".", ".", "9", "type"])


if __name__ == "__main__":
    unittest.main()
