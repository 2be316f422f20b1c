"""The client suite of versitygw: what concerns the embedded object store passes."""

from __future__ import annotations

import pytest

from .versitygw import WANTED, suite, verdicts


def test_the_cases_of_versitygw_pass_that_concern_what_the_store_offers():
    if suite() is None:
        pytest.skip("versitygw is missing: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0")
    wrong = {case: said for case, said in verdicts(WANTED.read_text().split()) if said}
    assert not wrong, "\n".join(f"{case}: {said}" for case, said in wrong.items())
