"""`python -m modelyard.gateway`: the online data plane."""

from __future__ import annotations

import logging
import sys

import uvloop

from modelyard.gateway.process import allow_many_connections, run
from modelyard.gateway.settings import GatewaySettings


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        settings = GatewaySettings.from_environment()
        settings.home.mkdir(parents=True, exist_ok=True)
        allow_many_connections()
        uvloop.run(run(settings))
    except (ValueError, OSError) as error:
        logging.getLogger("modelyard.gateway").error("the gateway cannot start: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
