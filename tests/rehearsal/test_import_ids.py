"""What apply adopts by its name is found by that name in the simulated account."""

from __future__ import annotations

import pytest
from platformspec_aws.acting import ACTING
from platformspec_rehearsal.cloud.resources import entry

# The simulated account's words for what the forms of apply spell out.
SAME = {"{destination}": "{destination_cidr_block}", "{domain}": "amazonaws.com"}


@pytest.mark.parametrize(("type", "form"), sorted(ACTING.import_ids.items()))
def test_the_simulated_account_takes_the_documented_id(type: str, form: str) -> None:
    known = entry(type)
    simulated = known.get("import_id", known.get("id", form))
    for word, plain in SAME.items():
        simulated = simulated.replace(word, plain)
    assert simulated == form
