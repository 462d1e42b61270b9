"""What a search leaves in a folder: the model in two forms, the leaderboard, what was found out, pictures, a script."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from modelyard.automl.featurize.drawing import svg
from modelyard.automl.outcome.charts.pictures import draw
from modelyard.automl.trial_reporter import plain
from modelyard.domain.errors import ModelyardError

MLFLOW_MODEL = "mlflow-model"
PREDICTOR = "predictor"


@dataclass
class Results:
    """Writes below `folder`. What cannot be written beside the model is told by `say` and left out."""

    folder: Path
    say: Callable[[str], None]
    written: list[str] = field(default_factory=list)

    def write(self, predictor: Any, best_model: Path | None = None) -> None:
        """Everything; a copy of the MLflow model goes to `best_model`. Raises what keeps the model itself unwritten."""
        self.folder.mkdir(parents=True, exist_ok=True)
        model = self.folder / MLFLOW_MODEL
        shutil.rmtree(model, ignore_errors=True)
        predictor.export_mlflow(model)
        self.written.append(MLFLOW_MODEL)
        if best_model is not None:
            shutil.copytree(model, best_model, dirs_exist_ok=True)
        self._try(PREDICTOR, lambda place: predictor.save(place))
        self._try("leaderboard.csv", lambda place: predictor.leaderboard().to_csv(place, index=False))
        if hasattr(predictor, "script"):
            self._try("script/train.py", lambda place: place.write_text(predictor.script(), "utf-8"))
        self._write_facts(getattr(predictor, "record", None))
        self._draw_features(getattr(getattr(predictor, "model", None), "featurizers", {}))
        explanation = getattr(predictor, "explanation", None)
        if explanation is not None:
            self._json("explanation/importances.json", explanation.to_dict())

    def _write_facts(self, record: Any) -> None:
        if record is None:
            return
        for name in ("guardrails", "features", "metrics", "validation", "metadata"):
            value = getattr(record, name, None)
            if value:
                self._json(f"{name}.json", value)
        for split, several in getattr(record, "charts", {}).items():
            for name, chart in several.items():
                self._json(f"charts/{split}/{name}.json", chart)
                self._try(f"charts/{split}/{name}.png", partial(_draw, chart))

    def _draw_features(self, featurizers: Mapping[str, Any]) -> None:
        """One picture a view: designs of folds differ in what was learnt, not in their steps."""
        for view, featurizer in {name.partition("/")[0]: one for name, one in featurizers.items()}.items():
            self._try(f"features/{view}.svg", partial(_write_svg, featurizer))

    def _json(self, name: str, value: Any) -> None:
        text = json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n"
        self._try(name, lambda place: place.write_text(text, "utf-8"))

    def _try(self, name: str, write: Callable[[Path], Any]) -> None:
        """The model is what counts: what else cannot be written is named, and costs nothing but itself."""
        place = self.folder / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            write(place)
        except (ModelyardError, OSError, ValueError, NotImplementedError, AttributeError) as error:
            self.say(f"{name} was not written: {type(error).__name__}: {error}")
        else:
            self.written.append(name)


def _write_svg(featurizer: Any, place: Path) -> None:
    place.write_text(svg(featurizer), "utf-8")


def _draw(chart: Mapping[str, Any], place: Path) -> None:
    place.write_bytes(draw(chart))
