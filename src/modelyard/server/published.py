"""The OpenAPI document as it is committed: `python -m modelyard.server.published <file>` writes it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from modelyard.server.app import create_app
from modelyard.server.settings import Settings


def published() -> str:
    """The text of docs/reference/openapi.json. Drift from it fails the build."""
    return json.dumps(create_app(Settings()).openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(published(), encoding="utf-8")
