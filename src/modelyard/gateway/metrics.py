"""Counters and latency histograms of the gateway, in Prometheus' text form."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

_BOUNDS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Histogram:
    __slots__ = ("counts", "total_seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS_SECONDS) + 1)
        self.total_seconds = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(_BOUNDS_SECONDS, seconds)] += 1
        self.total_seconds += seconds


class GatewayMetrics:
    """Label values are names from the routing table, never text from a request, so their number is bounded."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.latency: dict[tuple[str, str], Histogram] = {}
        self.refused: Counter[str] = Counter()
        self.retries: Counter[tuple[str, str]] = Counter()
        self.mirrored: Counter[tuple[str, str, str]] = Counter()

    def answered(self, endpoint: str, deployment: str, status: int, seconds: float) -> None:
        self.requests[endpoint, deployment, status] += 1
        key = (endpoint, deployment)
        histogram = self.latency.get(key)
        if histogram is None:
            histogram = self.latency[key] = Histogram()
        histogram.observe(seconds)

    def render(self, in_flight: dict[tuple[str, str], int], routing_version: int) -> str:
        lines = [
            *_family(
                "modelyard_gateway_requests_total",
                "counter",
                ((_labels(endpoint=e, deployment=d, status=s), n) for (e, d, s), n in sorted(self.requests.items())),
            ),
            *_family(
                "modelyard_gateway_refused_total",
                "counter",
                ((_labels(reason=reason), count) for reason, count in sorted(self.refused.items())),
            ),
            *_family(
                "modelyard_gateway_retries_total",
                "counter",
                ((_labels(endpoint=e, deployment=d), n) for (e, d), n in sorted(self.retries.items())),
            ),
            *_family(
                "modelyard_gateway_mirrored_total",
                "counter",
                ((_labels(endpoint=e, deployment=d, result=r), n) for (e, d, r), n in sorted(self.mirrored.items())),
            ),
            *_family(
                "modelyard_gateway_in_flight",
                "gauge",
                ((_labels(endpoint=e, deployment=d), n) for (e, d), n in sorted(in_flight.items())),
            ),
            *_family("modelyard_gateway_routing_version", "gauge", [("", routing_version)]),
            *self._latency_lines(),
        ]
        return "\n".join(lines) + "\n"

    def _latency_lines(self) -> Iterable[str]:
        name = "modelyard_gateway_request_seconds"
        yield f"# TYPE {name} histogram"
        for (endpoint, deployment), histogram in sorted(self.latency.items()):
            seen = 0
            for bound, count in zip((*map(str, _BOUNDS_SECONDS), "+Inf"), histogram.counts, strict=True):
                seen += count
                yield f"{name}_bucket{_labels(endpoint=endpoint, deployment=deployment, le=bound)} {seen}"
            labels = _labels(endpoint=endpoint, deployment=deployment)
            yield f"{name}_sum{labels} {histogram.total_seconds:.6f}"
            yield f"{name}_count{labels} {seen}"


def _family(name: str, kind: str, samples: Iterable[tuple[str, int]]) -> Iterable[str]:
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{labels} {value}"


def _labels(**labels: object) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
