"""Entry by file path: `python -I -S .../runtime/__main__.py <task directory>`, with nothing installed.

This folder becomes a package of its own, so that it can be dropped into any image that has a Python.
"""

import os
import sys

if not __package__:
    _package = type(sys)("modelyard_runtime")
    _package.__path__ = [__file__.rpartition("/")[0]]
    sys.modules["modelyard_runtime"] = _package
    __package__ = "modelyard_runtime"

from .launcher import main

# Nothing is buffered and nothing is left to do: taking the interpreter down would cost as much as a fork.
os._exit(main(sys.argv))
