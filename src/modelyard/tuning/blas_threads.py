"""One thread for small matrices: with more, the library's threads wait for each other longer than they work."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

import numpy as np  # noqa: F401  # the controller knows the libraries that are loaded when it is made
from scipy import linalg  # noqa: F401
from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[object]:
    """Until it is left, linear algebra of this process runs in one thread."""
    return _controller().limit(limits=1, user_api="blas")  # type: ignore[no-any-return]


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
