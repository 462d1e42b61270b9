"""Names and tokens made by the platform."""

from __future__ import annotations

import secrets

# Short, neutral words; the shape (word_word_random) is the one Azure ML users know from their runs.
_FIRST = """
amber bold brave bright calm clever cool coral crisp eager fair gentle happy ivory jolly keen kind lively
lucid mellow nice olive plucky proud quiet rapid sharp silver sleek smart sunny teal tidy upbeat vivid
warm witty zesty
""".split()
_SECOND = """
apple arch beach bell bird boat brook cedar cloud cove crane dune fern field fig fox gate glade grove
hare hill island kite lake leaf lime maple moon oak owl pear pine plum pond reef ridge river rose sail
sand seed snow star stone sun tree vale wave wind wolf yard
""".split()
_ALPHABET = "0123456789bcdfghjklmnpqrstvwxyz"


def random_text(length: int) -> str:
    """Random lower-case letters and digits (no vowels, so no accidental words)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def job_name() -> str:
    """A readable, unique job name of at most 26 characters, such as `keen_fig_3wjzmcwqgp`."""
    return f"{secrets.choice(_FIRST)}_{secrets.choice(_SECOND)}_{random_text(10)}"


def secret_token(prefix: str) -> str:
    """A bearer token with 256 bits of randomness, with a prefix that secret scanners can find."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"
