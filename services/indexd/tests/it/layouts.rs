//! The tests once more, on a database whose records are in the single-table layout.

use std::process::Command;

use indexd::Layout;

/// Names the layout that the tests of a process run on, if it is not the multi-table one.
const VARIABLE: &str = "INDEXD_TEST_LAYOUT";

/// Modules whose tests do not depend on it, or look at both layouts anyway.
const ONCE: [&str; 4] = ["adoption::", "layouts::", "migration::", "transfer::"];

/// The layout that the tests of this process run on.
pub(crate) fn layout() -> Layout {
    if std::env::var_os(VARIABLE).is_some_and(|name| name == Layout::Single.name()) {
        Layout::Single
    } else {
        Layout::Multi
    }
}

/// In a process of their own, so that they need not be compiled once more.
#[test]
fn what_holds_in_the_multi_table_layout_holds_in_the_other_one() {
    let mut tests = Command::new(std::env::current_exe().expect("the program of these tests"));
    tests.env(VARIABLE, Layout::Single.name());
    for module in ONCE {
        tests.args(["--skip", module]);
    }
    let done = tests.output().expect("the tests have run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{}\n{}", text(&done.stdout), text(&done.stderr));
    assert!(text(&done.stdout).contains("bulk::"), "there were tests: {}", text(&done.stdout));
}
