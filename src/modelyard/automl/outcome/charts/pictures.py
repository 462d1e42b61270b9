"""Charts as pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

figures: Any = LazyModule("matplotlib.figure", extra="automl", what="pictures of charts")
agg: Any = LazyModule("matplotlib.backends.backend_agg", extra="automl", what="pictures of charts")

_INCHES = (6.0, 4.5)
_DOTS = 110
_MOST_NUMBERS = 12
_LONGEST_LABEL = 24
_AXES = {
    "roc": ("false positive rate", "true positive rate", "ROC"),
    "precision_recall": ("recall", "precision", "Precision and recall"),
    "calibration": ("predicted probability", "share of the class", "Calibration"),
    "gain": ("share of the rows", "share of the class found", "Cumulative gain"),
    "lift": ("share of the rows", "lift", "Lift"),
}


def draw(chart: Mapping[str, Any]) -> bytes:
    """A chart of `charts` as PNG. Uses no display and no state of matplotlib's.

    Raises:
        InvalidInput: a chart of no known kind.
    """
    kind = str(chart.get("schema_type"))
    if kind not in _DRAWN:
        raise InvalidInput(f"'{kind}' is no chart that can be drawn", field="schema_type")
    figure = figures.Figure(figsize=_INCHES, dpi=_DOTS, layout="constrained")
    agg.FigureCanvasAgg(figure)
    _DRAWN[kind](figure.add_subplot(), chart["data"], kind)
    written = io.BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()


def _curves(axes: Any, data: Mapping[str, Any], kind: str) -> None:
    for curve in data["curves"]:
        told = {"area": "area", "average_precision": "average"}
        extra = next((f" ({word} {curve[key]:.3f})" for key, word in told.items() if key in curve), "")
        mark = "o-" if kind == "calibration" else "-"
        axes.plot(curve["x"], curve["y"], mark, markersize=3, linewidth=1.4, label=_plain(curve["label"]) + extra)
    if kind in ("roc", "calibration", "gain"):
        axes.plot([0, 1], [0, 1], "--", color="grey", linewidth=0.8)
    if kind == "lift":
        axes.axhline(1.0, linestyle="--", color="grey", linewidth=0.8)
    x, y, title = _AXES[kind]
    _labelled(axes, x, y, title)
    if data["curves"]:
        axes.legend(fontsize=7)


def _confusion(axes: Any, data: Mapping[str, Any], kind: str) -> None:
    counts = np.array(data["matrix"], dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    labels = [_plain(label) for label in data["class_labels"]]
    size = 8 if len(labels) <= _MOST_NUMBERS else 5
    axes.set_xticks(range(len(labels)), labels, rotation=90 if len(labels) > 3 else 0, fontsize=size)
    axes.set_yticks(range(len(labels)), labels, fontsize=size)
    if len(labels) <= _MOST_NUMBERS:
        for (row, column), count in np.ndenumerate(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{int(count)}", ha="center", va="center", fontsize=7, color=color)
    _labelled(axes, "predicted", "true", "Confusion matrix")


def _predicted_true(axes: Any, data: Mapping[str, Any], kind: str) -> None:
    axes.scatter(data["true"], data["predicted"], s=8, alpha=0.5)
    ends = [min(data["true"]), max(data["true"])]
    axes.plot(ends, ends, "--", color="grey", linewidth=0.8)
    _labelled(axes, "true", "predicted", "Predicted and true")


def _residuals(axes: Any, data: Mapping[str, Any], kind: str) -> None:
    edges = np.array(data["bin_edges"])
    axes.bar(edges[:-1], data["bin_counts"], width=np.diff(edges), align="edge", edgecolor="white", linewidth=0.4)
    axes.axvline(0.0, linestyle="--", color="grey", linewidth=0.8)
    _labelled(axes, "predicted less true", "rows", "Residuals")


def _importance(axes: Any, data: Mapping[str, Any], kind: str) -> None:
    names = [_plain(name) for name in data["columns"]][::-1]
    axes.barh(range(len(names)), data["importances"][::-1])
    axes.set_yticks(range(len(names)), names, fontsize=7)
    _labelled(axes, "mean absolute contribution", "", "Importance of columns")


def _forecast(axes: Any, data: Mapping[str, Any], kind: str) -> None:
    for place, one in enumerate(data["series"]):
        color, steps = f"C{place}", np.arange(len(one["times"]))
        true = [np.nan if value is None else value for value in one["true"]]
        told = [np.nan if value is None else value for value in one["predicted"]]
        axes.plot(steps, true, color=color, linewidth=1.2, label=_plain(one["name"]))
        axes.plot(steps, told, "--", color=color, linewidth=1.2)
        levels = sorted(one.get("intervals", {}), key=float)
        if len(levels) >= 2:
            low, high = (
                np.array([np.nan if value is None else value for value in one["intervals"][level]], dtype=float)
                for level in (levels[0], levels[-1])
            )
            axes.fill_between(steps, low, high, color=color, alpha=0.15, linewidth=0)
        if place == 0 and len(steps):
            shown = steps[:: max(1, len(steps) // 6)]
            axes.set_xticks(shown, [_plain(one["times"][step])[:10] for step in shown], fontsize=7, rotation=30)
    _labelled(axes, "", "", "Forecast (dashed) and true values")
    if data["series"]:
        axes.legend(fontsize=7)


def _labelled(axes: Any, x: str, y: str, title: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title)


def _plain(text: Any) -> str:
    """Short, without marks that matplotlib reads as formulas, or signs that its font may lack."""
    shown = str(text)[:_LONGEST_LABEL].replace("$", r"\$").replace("\n", " ")
    return "".join(sign if sign.isprintable() and ord(sign) < 0x250 else "?" for sign in shown).lstrip("_") or " "


_DRAWN: Mapping[str, Callable[[Any, Mapping[str, Any], str], None]] = {
    **dict.fromkeys(_AXES, _curves),
    "confusion_matrix": _confusion,
    "predicted_true": _predicted_true,
    "residuals": _residuals,
    "feature_importance": _importance,
    "forecast": _forecast,
}
