"""Real installations: one shared by the tests of a worker, which use names of their own; fresh ones on demand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .installation import Installation, new_installation


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running platform. Shared: use names of your own, stop nothing."""
    installation = new_installation(tmp_path_factory.mktemp("platform") / "home")
    try:
        installation.up()
        yield installation
    finally:
        installation.down()


@pytest.fixture
def installations(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Makes installations that are not started yet, by settings; all are stopped at the end."""
    made: list[Installation] = []
    numbers = itertools.count()

    def make(home: Path | None = None, **settings: str) -> Installation:
        made.append(new_installation(home or tmp_path / f"home-{next(numbers)}", **settings))
        return made[-1]

    yield make
    for installation in made:
        installation.down()


@pytest.fixture
def fresh(installations: Callable[..., Installation]) -> Installation:
    """A running platform of one's own: stop it, kill it, fill it."""
    installation = installations()
    installation.up()
    return installation
