"""Tokens, bodies and names of calls of the MLflow protocol."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from modelyard.domain.errors import InvalidInput, TooLarge, Unauthenticated
from modelyard.domain.permissions import Role
from modelyard.server.mlflow.messages import bearer, read_body
from modelyard.server.mlflow.workspace_names import split_path, wanted_workspace
from modelyard.services.tokens import Caller

ANN = Caller(name="ann", role=Role.ADMIN)
JOB = Caller(name="job", role=Role.JOB, workspace="team-b")


@pytest.mark.parametrize("header", [b"Bearer t0ken", b"bearer  t0ken", b"Basic " + base64.b64encode(b"any:t0ken")])
def test_a_token_comes_as_bearer_or_as_password(header: bytes) -> None:
    assert bearer(header) == "t0ken"


@pytest.mark.parametrize("header", [None, b"", b"Bearer", b"Basic !!", b"Basic " + base64.b64encode(b"alone"), b"X y"])
def test_anything_else_is_no_token(header: bytes | None) -> None:
    with pytest.raises(Unauthenticated):
        bearer(header)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/mlflow/team-b/api/2.0/mlflow/runs/get", ("team-b", "/api/2.0/mlflow/runs/get")),
        ("/api/2.0/mlflow/runs/get", (None, "/api/2.0/mlflow/runs/get")),
        ("/mlflow/x", (None, "/mlflow/x")),
        ("/mlflow//api", (None, "/mlflow//api")),
    ],
)
def test_a_path_may_name_a_workspace(path: str, expected: tuple[str | None, str]) -> None:
    assert split_path(path) == expected


def test_the_workspace_of_a_call() -> None:
    assert wanted_workspace("a", None, ANN) == "a"
    assert wanted_workspace(None, b" b ", ANN) == "b"
    assert wanted_workspace("a", b"a", ANN) == "a"
    assert wanted_workspace(None, None, ANN) == "default"
    assert wanted_workspace(None, b"", JOB) == "team-b"
    with pytest.raises(InvalidInput):
        wanted_workspace("a", b"b", ANN)


def test_bodies_are_bounded_however_they_come() -> None:
    assert _read([b"ab", b"cd"], 4) == b"abcd"
    for pieces in ([b"abcde"], [b"abc", b"de"], [b"a"] * 9):
        with pytest.raises(TooLarge):
            _read(pieces, 4)


def _read(pieces: list[bytes], limit: int) -> bytes:
    waiting = list(pieces)

    async def receive() -> dict[str, Any]:
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    return asyncio.run(read_body(receive, limit))
