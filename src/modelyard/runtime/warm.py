"""Entry by file path of the process that has a list of modules imported and forks tasks: `python .../warm.py <json>`.

It is started by the interpreter of a task's environment, without any option, so that what it forks has the flags and
the search path of a plain `python script.py`. A forked script runs at the top of this module: when it ends, the
interpreter ends as it always does, with its threads joined, its exit functions called and its files closed.
"""

import os
import sys

if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
    del sys.path[0]
if not __package__:
    _package = type(sys)("modelyard_runtime")
    _package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
    sys.modules["modelyard_runtime"] = _package
    __package__ = "modelyard_runtime"

from .fork_server import serve
from .forked import Begun

try:
    serve(sys.argv)
    script = None
except Begun as begun:
    script = begun.script
if script is None:
    os._exit(0)
script.run()
