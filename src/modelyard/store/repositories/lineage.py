"""Lineage: what was needed for what, walked both ways."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sqlalchemy import Row, and_, func, literal, or_, select
from sqlalchemy.sql.selectable import CTE

from modelyard.store.records import LineageEdge, LineageGraph, LineageNode
from modelyard.store.repository import Repository
from modelyard.store.rows.lineage import LINEAGE

Direction = Literal["up", "down", "both"]
MAX_DEPTH = 50
MAX_NODES = 2000


class LineageRepository(Repository):
    def add(self, workspace: str, source: LineageNode, target: LineageNode, relation: str) -> bool:
        """Record that `target` came of `source`; False when that was known."""
        values = {
            "workspace": workspace,
            "source": _key(source),
            "target": _key(target),
            "relation": relation,
            "created_at": self.tx.now,
        }
        return self.insert_new(LINEAGE, values)

    def graph(
        self, workspace: str, node: LineageNode, *, direction: Direction = "both", depth: int = 10
    ) -> LineageGraph:
        """Everything that `node` came of ("up") and that came of it ("down"), at most `depth` steps away.

        Cycles are walked once. Past `MAX_NODES` nodes the farthest are left out, and `truncated` says so.
        """
        depth = max(1, min(depth, MAX_DEPTH))
        found: dict[str, None] = {_key(node): None}
        edges: dict[tuple[str, str, str], LineageEdge] = {}
        truncated = False
        for upward in (True, False):
            if direction == ("down" if upward else "up"):
                continue
            reached, cut = self._reach(workspace, _key(node), upward=upward, depth=depth)
            truncated = truncated or cut
            found |= dict.fromkeys(reached)
            edges |= {_identity(edge): edge for edge in self._edges(workspace, reached, upward=upward, depth=depth)}
        return LineageGraph([_node(key) for key in found], list(edges.values()), truncated)

    def neighbours(self, workspace: str, node: LineageNode) -> list[LineageEdge]:
        """The edges that touch `node`."""
        touches = or_(LINEAGE.c.source == _key(node), LINEAGE.c.target == _key(node))
        statement = select(LINEAGE).where(LINEAGE.c.workspace == workspace, touches).order_by(LINEAGE.c.id)
        return [_edge(row) for row in self.connection.execute(statement)]

    def _reach(self, workspace: str, start: str, *, upward: bool, depth: int) -> tuple[dict[str, int], bool]:
        """Each node within `depth` steps, with its distance, nearest first."""
        reach = _reach_cte(workspace, start, upward=upward, depth=depth)
        nearest = func.min(reach.c.distance)
        statement = select(reach.c.node, nearest).group_by(reach.c.node).order_by(nearest, reach.c.node)
        rows = self.connection.execute(statement.limit(MAX_NODES + 1)).all()
        return {row[0]: row[1] for row in rows[:MAX_NODES]}, len(rows) > MAX_NODES

    def _edges(self, workspace: str, reached: dict[str, int], *, upward: bool, depth: int) -> Iterable[LineageEdge]:
        """The edges walked: both ends reached, and the near end with a step to spare."""
        near, far = (LINEAGE.c.target, LINEAGE.c.source) if upward else (LINEAGE.c.source, LINEAGE.c.target)
        walked = [node for node, distance in reached.items() if distance < depth]
        for start in range(0, len(walked), 500):
            part = walked[start : start + 500]
            statement = select(LINEAGE).where(LINEAGE.c.workspace == workspace, near.in_(part)).order_by(LINEAGE.c.id)
            for row in self.connection.execute(statement):
                if row._mapping[far] in reached:
                    yield _edge(row)


def _reach_cte(workspace: str, start: str, *, upward: bool, depth: int) -> CTE:
    near, far = (LINEAGE.c.target, LINEAGE.c.source) if upward else (LINEAGE.c.source, LINEAGE.c.target)
    reach = select(literal(start).label("node"), literal(0).label("distance")).cte("reach", recursive=True)
    step = and_(LINEAGE.c.workspace == workspace, near == reach.c.node, reach.c.distance < depth)
    # UNION, not UNION ALL: a node met again at the same distance is not walked again, and depth bounds cycles.
    return reach.union(select(far, reach.c.distance + 1).join_from(reach, LINEAGE, step))


def _key(node: LineageNode) -> str:
    return f"{node.kind}:{node.name}:{node.version}"


def _node(key: str) -> LineageNode:
    kind, rest = key.split(":", 1)
    name, version = rest.rsplit(":", 1)
    return LineageNode(kind, name, version)


def _identity(edge: LineageEdge) -> tuple[str, str, str]:
    return _key(edge.source), _key(edge.target), edge.relation


def _edge(row: Row[tuple[object, ...]]) -> LineageEdge:
    return LineageEdge(_node(row.source), _node(row.target), row.relation, row.created_at)
