"""The server's log: a file that turns over, never holding a token or a body."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_MAX_BYTES = 10 << 20


def configure_log(home: Path) -> None:
    """Send what our own code and the HTTP server say to `logs/server.log`."""
    folder = home / "logs"
    folder.mkdir(exist_ok=True)
    handler = RotatingFileHandler(folder / "server.log", maxBytes=_MAX_BYTES, backupCount=3, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORMAT))
    for name, level in (("modelyard", logging.INFO), ("uvicorn", logging.WARNING), ("asyncio", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.addHandler(handler)
