"""Threads of numpy's matrix products.

The products of these models are small: more threads than one wait for each other, and on a machine whose cores are all
taken by other trials they spin for hundreds of times the product's own duration.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from modelyard.domain.extras import LazyModule

threadpoolctl: Any = LazyModule("threadpoolctl", extra="automl", what="bounds on threads")


@contextmanager
def one_thread() -> Iterator[None]:
    """Matrix products of this process run in the calling thread alone."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


@contextmanager
def bounded_threads(count: int) -> Iterator[None]:
    """Libraries of this process that bring no setting of their own use at most so many threads."""
    with _controller().limit(limits=count):
        yield


@cache
def _controller() -> Any:
    return threadpoolctl.ThreadpoolController()
