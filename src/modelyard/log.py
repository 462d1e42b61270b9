"""Log metrics from a job at next to no cost: `python -m modelyard.log loss=0.3 --step 2`, or `log_metric("loss", 0.3)`.

Both write to the run of the job by MLflow's protocol, as `mlflow.log_metric` does, with the job's own token. The
command line serves every language. Importing this takes milliseconds, where `import mlflow` takes a second or more.
"""

from __future__ import annotations

import os
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE_SECONDS = 120.0
_FIRST_PAUSE_SECONDS = 0.1
_TIMEOUT_SECONDS = 30.0
_PASSING = frozenset({429, 500, 502, 503, 504})
_MILLISECONDS = 1000
_MOST_METRICS = 1000


class NotLogged(RuntimeError):
    """The metrics could not be logged; the message says why and what to do."""


def log_metric(name: str, value: float, step: int = 0) -> None:
    """Log one value. A server that is away is waited for, up to two minutes; NotLogged when it refuses, or beyond."""
    log_metrics({name: value}, step)


def log_metrics(values: Mapping[str, float], step: int = 0) -> None:
    """Log up to 1,000 values of the same step in one call, all or none. Repeating a call after a failure is safe."""
    if len(values) > _MOST_METRICS:
        raise NotLogged(f"{len(values)} metrics in one call are more than {_MOST_METRICS}: log them in several.")
    moment = int(time.time() * _MILLISECONDS)
    metrics = ",".join(
        f'{{"key":{_text(name)},"value":{_number(value)},"timestamp":{moment},"step":{int(step)}}}'
        for name, value in values.items()
    )
    body = f'{{"run_id":{_text(_variable("MLFLOW_RUN_ID"))},"metrics":[{metrics}]}}'
    _post(f"{_variable('MLFLOW_TRACKING_URI')}/api/2.0/mlflow/runs/log-batch", body.encode())


def main(arguments: Sequence[str]) -> int:
    """`name=value ... [--step N]`; 0, 1 when it could not be logged, 2 for a call that makes no sense."""
    try:
        values, step = _parsed(list(arguments))
    except ValueError as error:
        sys.stderr.write(f"{error}; usage: python -m modelyard.log name=value [name=value ...] [--step N]\n")
        return 2
    try:
        log_metrics(values, step)
    except NotLogged as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parsed(arguments: list[str]) -> tuple[dict[str, float], int]:
    step = 0
    if "--step" in arguments:
        place = arguments.index("--step")
        if place + 1 == len(arguments):
            raise ValueError("--step needs a number")
        step = int(arguments[place + 1])
        del arguments[place : place + 2]
    values: dict[str, float] = {}
    for argument in arguments:
        name, equals, value = argument.rpartition("=")
        if not name or not equals:
            raise ValueError(f"'{argument}' is not name=value")
        values[name] = float(value)
    if not values:
        raise ValueError("nothing to log")
    return values, step


def _variable(name: str) -> str:
    found = os.environ.get(name, "")
    if not found:
        raise NotLogged(f"{name} is not set: metrics are logged from within a job.")
    return found


def _text(text: str) -> str:
    """JSON's form of a text, without the module `json`, which takes longer than everything else here."""
    plain = text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else '"' + "".join(f"\\u{unit:04x}" for unit in _units(text)) + '"'


def _units(text: str) -> list[int]:
    raw = text.encode("utf-16-be", "surrogatepass")
    return [raw[place] << 8 | raw[place + 1] for place in range(0, len(raw), 2)]


def _number(value: float) -> str:
    number = float(value)
    if number != number:
        return '"NaN"'
    if number in (float("inf"), float("-inf")):
        return '"Infinity"' if number > 0 else '"-Infinity"'
    return repr(number)


def _post(url: str, body: bytes) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            status, answer = _exchange(url, body)
            if status == 200:
                return
            problem = f"The server answered {status}: {answer[:500]}"
            if status not in _PASSING:
                raise NotLogged(problem)
        except OSError as error:
            problem = f"The server at {url} cannot be reached: {error}"
        if time.monotonic() + pause > deadline:
            raise NotLogged(problem)
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def _exchange(url: str, body: bytes) -> tuple[int, str]:
    """Status and text of one POST."""
    scheme, _, rest = url.partition("://")
    place, _, path = rest.partition("/")
    headers = {
        "Host": place,
        "Authorization": f"Bearer {os.environ.get('MLFLOW_TRACKING_TOKEN', '')}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    head = f"POST /{path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    with _connection(scheme, place) as connection:
        connection.sendall(head.encode() + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    first, _, text = answer.partition(b"\r\n\r\n")
    words = first.split(b" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        raise ConnectionResetError("it ended without an answer")
    return int(words[1]), text.decode("utf-8", "replace")


def _connection(scheme: str, place: str) -> socket.socket:
    host, colon, port = place.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = place, "443" if scheme == "https" else "80"
    plain = socket.create_connection((host.strip("[]"), int(port)), timeout=_TIMEOUT_SECONDS)
    if scheme != "https":
        return plain
    import ssl  # noqa: PLC0415  (jobs beside their server do not need it)

    return ssl.create_default_context().wrap_socket(plain, server_hostname=host.strip("[]"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
