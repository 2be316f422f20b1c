import pytest

from harness.commons import Commons

from .stand import Stand


@pytest.fixture(scope="module")
def stand():
    with Commons.up() as commons:
        yield Stand(commons)
