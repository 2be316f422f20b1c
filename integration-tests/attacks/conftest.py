"""A commons of one's own to attack, with two users who have nothing of each other's (user.yaml).

`town` is shared by the whole suite and must survive it: an attack that ends it fails its test. An attack that is meant
to break the process (a killed database, a full disk) starts a commons of its own with `build_town`.

The attempts are bounded: the suite takes minutes. ATTACKS_LONG=1 runs them longer, where a test says how.
"""

import uuid

import pytest

from attacks.town import USERS, build_town
from harness.commons import Commons


@pytest.fixture(scope="session")
def town():
    with Commons.up("--user-yaml", str(USERS)) as commons:
        yield build_town(commons)


@pytest.fixture(autouse=True)
def still_there(request):
    """After each attack on the shared town: it lives and serves its owner."""
    yield
    if "town" in request.fixturenames:
        request.getfixturevalue("town").alive()


@pytest.fixture
def unique():
    """A name that no other test uses."""
    return uuid.uuid4().hex[:8]
