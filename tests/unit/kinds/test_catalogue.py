from __future__ import annotations

import pytest

from modelyard.domain.errors import NotFound, Unsupported
from modelyard.domain.job import Job
from modelyard.kinds.catalogue import entity_class, parse, parse_stored
from modelyard.kinds.command import CommandJob


@pytest.mark.parametrize("kind", ["job", "command-job", "command_job"])
def test_a_job_without_a_type_is_a_command(kind: str) -> None:
    assert entity_class(kind, {}) is CommandJob
    assert isinstance(parse(kind, {"command": "echo"}), CommandJob)


def test_a_stored_job_of_a_later_kind_is_a_plain_job() -> None:
    found = parse_stored("job", {"type": "spark", "name": "s", "status": "Running", "trial": {}})
    assert type(found) is Job
    assert found.status == "Running"
    with pytest.raises(Unsupported):
        parse("job", {"type": "spark"})


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'datastore'"):
        parse("datastores", {})
