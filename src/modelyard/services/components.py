"""Components: what must hold before one is kept, and how a reference to one is read."""

from __future__ import annotations

from typing import TypeVar

from modelyard.domain.asset import Asset
from modelyard.domain.errors import InvalidInput
from modelyard.kinds.components import CommandComponent, Component, SparkComponent
from modelyard.kinds.pipeline_nodes import PipelineComponent
from modelyard.services import assets
from modelyard.services.asset_contents import check_uri
from modelyard.store.records import AssetKind
from modelyard.store.transaction import Transaction

C = TypeVar("C", bound=Component)


def create(tx: Transaction, workspace: str, component: Component) -> Asset:
    """A new version of a component; everything it points at must be there."""
    if component.name is None:
        raise InvalidInput("A component needs a name.", field="name")
    check_component(tx, workspace, component)
    return assets.create(tx, workspace, AssetKind.COMPONENT, component)


def check_component(tx: Transaction, workspace: str, component: Component, *, field: str = "") -> None:
    """InvalidInput or NotFound unless everything that the component points at is there, at any depth."""
    prefix = f"{field}." if field else ""
    if isinstance(component, CommandComponent | SparkComponent):
        if component.code is not None:
            _check_code(tx, workspace, component.code, f"{prefix}code")
        if isinstance(component.environment, str):
            assets.resolve(tx, workspace, component.environment, AssetKind.ENVIRONMENT, field=f"{prefix}environment")
    if isinstance(component, PipelineComponent):
        for name, node in component.jobs.items():
            for part in ("component", "trial"):
                held = getattr(node, part, None)
                if isinstance(held, str):
                    component_of(tx, workspace, held, Component, field=f"{prefix}jobs.{name}.{part}")
                elif isinstance(held, Component):
                    check_component(tx, workspace, held, field=f"{prefix}jobs.{name}.{part}")


def component_of(tx: Transaction, workspace: str, given: str | C, wanted: type[C], *, field: str) -> C:
    """The component that a node names or holds; InvalidInput when it is of another type than the node needs."""
    found = assets.resolve(tx, workspace, given, AssetKind.COMPONENT, field=field) if isinstance(given, str) else given
    if not isinstance(found, wanted):
        kind = getattr(found, "type", "component")
        raise InvalidInput(
            f"'{given}' is a {kind} component, and a {wanted.own_type()} component is needed here.",
            field=field,
            mend=f"write type: {kind} on the node, or name another component",
        )
    return found


def _check_code(tx: Transaction, workspace: str, code: str, field: str) -> None:
    if code.startswith(("azureml:", "modelyard:")) and not code.startswith(("azureml://", "modelyard://")):
        assets.resolve(tx, workspace, code, AssetKind.CODE, field=field)
    else:
        check_uri(tx, workspace, code, field=field)
