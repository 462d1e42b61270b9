"""`python -m modelyard.automl <job file>`: the task of an AutoML job."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from modelyard.automl.job_file import JobFile
from modelyard.automl.job_log import JobLog
from modelyard.automl.job_run import JobRun
from modelyard.automl.trial_reporter import ServerAddress, TrialReporter
from modelyard.domain.automl_choices import LogVerbosity
from modelyard.domain.errors import ModelyardError

_QUIET = frozenset({LogVerbosity.WARNING, LogVerbosity.ERROR, LogVerbosity.CRITICAL})
_USAGE = 64


def main(arguments: list[str]) -> int:
    """0 when the search ended by itself or, stopped, left a model; the launcher knows that it was stopped."""
    if len(arguments) != 1:
        print("usage: python -m modelyard.automl <job file>", file=sys.stderr)
        return _USAGE
    file = JobFile.read(Path(arguments[0]), os.environ)
    log = JobLog(quiet=file.job.log_verbosity in _QUIET)
    address = ServerAddress.of(os.environ)
    reporter = None if address is None else TrialReporter(address, log.message)
    JobRun(file, Path("outputs"), log, reporter).run()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ModelyardError as error:
        # As an exception looks, so that the launcher finds it: the job's error is this text.
        mend = f" Mend: {error.mend}" if error.mend else ""
        print(f"Traceback (most recent call last):\n{type(error).__name__}: {error.message}{mend}", file=sys.stderr)
        sys.exit(1)
