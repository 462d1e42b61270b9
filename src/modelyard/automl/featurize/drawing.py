"""A fitted featurizer drawn: columns, what they are for, the steps they take, the features that come out."""

from __future__ import annotations

from html import escape

from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.featurizer import Featurizer

_SHOWN = 3
_ROW, _PAD = 30, 14
_PLACES = (_PAD, 260, 470, 690)
_WIDTHS = (220, 180, 190, 330)
_LONGEST = (28, 22, 24, 44)


def text(featurizer: Featurizer) -> str:
    """One line a step: `city (high_cardinality) -> target means -> city:mean`."""
    plan = featurizer.plan
    lines = [
        f"{column} ({plan.purposes[column]}) -> {kind} -> {_features(names)}"
        for column, kind, names in featurizer.described()
    ]
    return "\n".join([*lines, *(f"{column} (left out: {reason})" for column, reason in plan.reasons.items())])


def mermaid(featurizer: Featurizer) -> str:
    """A flow chart in Mermaid's language."""
    plan, lines, known = featurizer.plan, ["flowchart LR"], dict[str, str]()
    for number, (column, kind, names) in enumerate(featurizer.described()):
        if column not in known:
            known[column] = f"c{len(known)}"
            lines.append(f"  {known[column]}[{_quoted(column, str(plan.purposes[column]))}]")
        lines.append(f"  {known[column]} --> s{number}({_quoted(kind)}) --> f{number}[{_quoted(_features(names))}]")
    for number, (column, reason) in enumerate(plan.reasons.items()):
        lines.append(f"  o{number}[{_quoted(column)}] -.- r{number}({_quoted('left out: ' + reason)})")
    return "\n".join(lines)


def svg(featurizer: Featurizer) -> str:
    """A picture: one row a step."""
    rows = [
        (column, str(featurizer.plan.purposes[column]), kind, _features(names))
        for column, kind, names in featurizer.described()
    ]
    rows += [(column, *_left_out(featurizer.plan, column)) for column in featurizer.plan.reasons]
    height = _ROW * (len(rows) + 1) + _PAD
    parts = [_row(("column", "purpose", "step", "features"), 0, head=True)]
    parts += [_row(row, index + 1, again=index > 0 and rows[index - 1][0] == row[0]) for index, row in enumerate(rows)]
    width = _PLACES[-1] + _WIDTHS[-1] + _PAD
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _left_out(plan: FeaturePlan, column: str) -> tuple[str, str, str]:
    return str(plan.purposes[column]), "left out", plan.reasons[column]


def _row(cells: tuple[str, ...], place: int, *, head: bool = False, again: bool = False) -> str:
    """Column and purpose are not repeated from step to step."""
    top = place * _ROW + 20
    parts = []
    for index, cell in enumerate(cells):
        if again and index < 2:
            continue
        shown = cell if len(cell) <= _LONGEST[index] else cell[: _LONGEST[index] - 1] + "…"
        weight = ' font-weight="bold"' if head else ""
        parts.append(f'<text x="{_PLACES[index]}" y="{top}"{weight}>{_printable(shown)}</text>')
        if not head and index == 2:
            line = f'<path d="M{_PLACES[2] - 30} {top - 4}h20" stroke="#888"/>'
            parts.append(line + f'<path d="M{_PLACES[3] - 30} {top - 4}h20" stroke="#888"/>')
    return "".join(parts)


def _features(names: tuple[str, ...]) -> str:
    if len(names) <= _SHOWN + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"


def _quoted(*lines: str) -> str:
    return '"' + "<br/>".join(_printable(line).replace('"', "&quot;") for line in lines) + '"'


def _printable(line: str) -> str:
    """Without signs that XML does not allow."""
    return escape("".join(sign if sign.isprintable() else "?" for sign in line))
