"""`python -m modelyard.server`: one process, until SIGTERM or SIGINT. Jobs and endpoints go on without it."""

from __future__ import annotations

import gc
import os
import sys

# Nothing that is imported becomes garbage: looking for some costs a tenth of the start.
gc.disable()
# Before anything else is imported: no dependency calls home.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

from modelyard.domain.errors import ModelyardError  # noqa: E402
from modelyard.server.process import serve  # noqa: E402
from modelyard.server.settings import Settings  # noqa: E402


def main() -> int:
    """Serve until told to stop. 0 after a clean stop, 2 when the server cannot start, with the reason on stderr."""
    try:
        serve(Settings.from_environment())
    except ModelyardError as error:
        # lint: bare-print: this is the command line of the process
        print(f"modelyard server: {error.message}" + (f" ({error.mend})" if error.mend else ""), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
