"""What `jobs.validate` answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelyard.domain.errors import ModelyardError


@dataclass(frozen=True)
class ValidationResult:
    """`error_messages` by the path of the field, as in Azure ML."""

    error_messages: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[ModelyardError, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.error_messages

    def to_dict(self) -> dict[str, Any]:
        problems = [{"path": path, "message": message} for path, message in self.error_messages.items()]
        return {"result": "Succeeded" if self.passed else "Failed"} | ({"errors": problems} if problems else {})


def refused(error: ModelyardError) -> ValidationResult:
    """The result that `error` stands for: one message for each of its problems."""
    problems = [item for item in error.details if item.get("message")] or [error.to_dict()]
    messages = {str(item.get("field") or "*"): _message(item) for item in problems}
    return ValidationResult(messages, (error,))


def _message(item: Mapping[str, Any]) -> str:
    mend = item.get("mend")
    return f"{item['message']} ({mend})" if mend else str(item["message"])
