"""Where the reference material is, and what to do when it is not there."""

import os
import pathlib

import pytest

from .commons import ROOT

SHARED = pathlib.Path(os.environ.get("GEN3_REFERENCE", ROOT.parent / "shared"))
REQUIRED = os.environ.get("CI_REQUIRE_REFERENCE") == "1"


def reference(*parts: str) -> pathlib.Path:
    """A path of the reference material. Skips the test, saying so, where there is none; fails where it is required."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        reason = f"skipped: no reference material at {SHARED} (name its folder with GEN3_REFERENCE)"
        if REQUIRED:
            pytest.fail(f"the reference suite is required here, but {path} does not exist")
        pytest.skip(reason)
    return path
