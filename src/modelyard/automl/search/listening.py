"""What a search tells, kept for its record and passed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.automl.trial import Listener, TrialResult


class Record(Listener):
    """Passes everything on to `others`, and keeps trials and messages."""

    def __init__(self, others: Sequence[Listener]) -> None:
        self._others = others
        self.trials: list[TrialResult] = []
        self.messages: list[str] = []
        self.facts: dict[str, Any] = {}

    def started(self, facts: Mapping[str, Any]) -> None:
        self.facts = dict(facts)
        for other in self._others:
            other.started(facts)

    def trial_started(self, number: int, algorithm: str, params: Mapping[str, Any]) -> None:
        for other in self._others:
            other.trial_started(number, algorithm, params)

    def trial_ended(self, result: TrialResult) -> None:
        self.trials.append(result)
        for other in self._others:
            other.trial_ended(result)

    def message(self, text: str) -> None:
        self.messages.append(text)
        for other in self._others:
            other.message(text)
