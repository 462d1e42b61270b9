"""Inputs of pipelines and nodes: held against their ports, and named for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from modelyard.domain.errors import InvalidInput, ModelyardError
from modelyard.domain.job_io import Input
from modelyard.domain.references import AssetRef, parse_reference
from modelyard.kinds.components import ComponentInput, value_problems
from modelyard.kinds.pipeline_bindings import whole_target
from modelyard.services import assets, models
from modelyard.services.pipeline_types import flows
from modelyard.store.records import AssetKind
from modelyard.store.transaction import Transaction


@dataclass
class Findings:
    """Everything that is wrong with a pipeline, collected so that it is told at once."""

    found: list[dict[str, Any]] = field(default_factory=list)

    def guard(self, place: str, act: Callable[[], None]) -> None:
        """One node's refusal does not hide those of the others."""
        try:
            act()
        except ModelyardError as error:
            if error.status >= 500:
                raise
            found = error.details or [{"field": error.field or "", "message": error.message, "mend": error.mend}]
            self.found += [
                {**item, "field": ".".join(part for part in (place, item.get("field") or "") if part)} for item in found
            ]

    def refuse(self) -> None:
        """InvalidInput with all of them, if there are any."""
        if self.found:
            first = self.found[0]
            count = len(self.found)
            text = first["message"] if count == 1 else f"{count} problems; the first: {first['message']}"
            raise InvalidInput(text, field=first["field"], mend=first.get("mend"), details=self.found)

    def wrong(self, place: str, message: str, mend: str | None = None) -> None:
        self.found.append({"field": place, "message": message} | ({"mend": mend} if mend else {}))


@dataclass(frozen=True)
class Inputs:
    """Reads what inputs are given."""

    tx: Transaction
    workspace: str
    _findings: Findings

    def filled(self, name: str, port: ComponentInput, value: Any, place: str) -> Any:
        """The value of a declared port: what was given, its default, or unset."""
        if value is None:
            if port.default is None and not port.optional:
                self._findings.wrong(f"{place}.{name}", f"the input '{name}' is required", "set its value")
            return Input(type=port.type, default=port.default) if port.default is not None else _unset(port)
        kind = _type_of(value)
        if port.type.literal:
            text = value.value if isinstance(value, Input) else value
            text = value.default if isinstance(value, Input) and text is None else text
            for found in value_problems(port, text):
                self._findings.wrong(f"{place}.{name}", found["message"], found.get("mend"))
        elif not flows(kind, port.type.value):
            mend = f"give something of type {port.type}, or change the type of the port"
            self._findings.wrong(f"{place}.{name}", f"a {kind} does not go into an input of type {port.type}", mend)
        return value

    def pinned(self, value: Any, place: str) -> Any:
        """An input whose asset is named for good, so that all nodes read the same version."""
        if not isinstance(value, Input) or value.path is None or whole_target(value.path) is not None:
            return value
        reference = parse_reference(value.path, field=f"{place}.path")
        if not isinstance(reference, AssetRef) or reference.version is not None:
            return value
        if reference.kind == "model" or value.type.value.endswith("_model"):
            found: Any = models.resolve(self.tx, self.workspace, reference, field=f"{place}.path")
        else:
            found = assets.resolve(self.tx, self.workspace, reference, AssetKind.DATA, field=f"{place}.path")
        return value.model_copy(update={"path": str(found.id)})


def _unset(port: ComponentInput) -> Input | None:
    return Input(type=port.type, optional=True) if port.optional else None


def _type_of(value: Any) -> str:
    if isinstance(value, Input):
        return value.type.value
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "number" if isinstance(value, float) else "string"
