"""What every other attack relies on: the callers of the suite have what user.yaml says, and nothing else."""

import pytest

from attacks.town import SUBMISSION


def subject(name):
    return {"type": "subject", "submitter_id": name, "studies": {"submitter_id": "study-1"}}


@pytest.mark.parametrize("caller, own, foreign", [("attacker", "A/a1", "B/b1"), ("owner", "B/b1", "A/a1")])
def test_a_member_writes_in_the_own_project_only(town, unique, caller, own, foreign):
    client = getattr(town, caller)
    assert client.put(f"{SUBMISSION}/{own}", json=subject(unique)).status_code == 200
    assert client.put(f"{SUBMISSION}/{foreign}", json=subject(unique)).status_code == 403


@pytest.mark.parametrize("caller, status", [("reader", 403), ("stranger", 403), ("anonymous", 401)])
def test_who_may_not_write_is_refused(town, unique, caller, status):
    assert getattr(town, caller).put(f"{SUBMISSION}/A/a1", json=subject(unique)).status_code == status
