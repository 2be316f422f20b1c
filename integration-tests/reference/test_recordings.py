"""The recorded answers of the original services: no cassette gets worse than its counts in counts.json."""

import json

import pytest

from harness.paths import reference
from reference.replay import CASSETTES, COUNTS, VERDICTS, replay, worse


@pytest.mark.reference
@pytest.mark.parametrize("cassette", CASSETTES)
def test_no_cassette_falls_behind_its_counts(cassette, capsys):
    recordings = reference("recordings")
    _, counts = replay(recordings, cassette)
    with capsys.disabled():
        print(f"\n{cassette}: " + ", ".join(f"{verdict} {counts[verdict]}" for verdict in VERDICTS))
    known = json.loads(COUNTS.read_text())
    assert cassette in known, f"{cassette} has no counts yet: python -m reference.replay {cassette} --update"
    assert worse(known[cassette], counts) == []
