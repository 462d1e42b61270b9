"""The winner as a Python script that trains it again from a table, with its settings in plain sight."""

from __future__ import annotations

import pprint
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any

from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.metadata import hyperparameters
from modelyard.automl.outcome.requirements import version_of
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.plan.settings import Featurization, Settings, Validation

_WIDTH = 110
_SCRIPT = '''"""Trains the winner of an AutoML search again: {summary}.

    python train.py TRAINING_TABLE [--validation TABLE] [--test TABLE] [--output FOLDER]

{origin}
A table is a csv or parquet file, or an MLTable folder. The same table gives the same model, up to the rounding of
parallel sums. Change what you like: this is all there is to it.
"""

import argparse

from modelyard.automl.ensemble.combiner import restore_combiner
from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble, Member
from modelyard.automl.featurize.featurizer import Featurizer
from modelyard.automl.featurize.reading import read
from modelyard.automl.models.catalogue import find
from modelyard.automl.models.tabular_model import Means, Part
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.predictor import Predictor
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.plan.settings import Featurization, Settings, Validation
from modelyard.automl.search.listening import Record
from modelyard.automl.search.preparation import prepare
from modelyard.automl.task import Task

{settings}

# Members of the ensemble. Each fit names its design: a view of the columns, of all rows (`tree`), or of the rows of one
# fold (`tree/0`), which the rest of that fold watched. Parameters are those that were learnt with.
MEMBERS = {members}

# How their predictions become one.
COMBINER = {combiner}


def train(frame, validation=None):
    """The fitted model of a pandas frame that has the target and every column."""
    table = prepare(frame, SETTINGS, Record([]), validation=validation).table
    featurizers, designs, members = {{}}, {{}}, []
    for member in MEMBERS:
        kind = find(member["algorithm"])
        fitted = []
        for number, fit in enumerate(member["fits"]):
            name = fit["design"]
            fold = int(name.partition("/")[2] or -1)
            rows = table.fold(fold)
            # Fits to all rows differ by their seed alone; the fits of folds have the fold's.
            seed = SETTINGS.seed + (fold if fold >= 0 else 1000 * number)
            if name not in designs:
                featurizers[name] = Featurizer(table.plan, kind.view)
                designs[name] = featurizers[name].fit_transform(
                    table.frame.iloc[rows.train], table.target[rows.train], SETTINGS.seed
                )
            learnt = part(table, designs[name], rows.train)
            watched = None
            if len(rows.valid):
                watched = part(table, featurizers[name].transform(table.frame.iloc[rows.valid]), rows.valid)
            model = kind(table.task, table.classes, fit["params"])
            fitted.append(model.fit(learnt, watched, Means(seed=seed, metric=table.metric)))
        members.append(Member(tuple(fitted), tuple(fit["design"] for fit in member["fits"])))
    ensemble = FittedEnsemble(table.task, table.classes, members, restore_combiner(COMBINER))
    return FittedModel(table.task, table.columns, table.labels, featurizers, ensemble)


def part(table, design, rows):
    return Part(design, table.target[rows], None if table.weight is None else table.weight[rows])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("--validation", help="rows that are judged on but not learnt from{validation}")
    parser.add_argument("--test", help="rows to score the model on")
    parser.add_argument("--output", default="model")
    given = parser.parse_args()
    model = train(read(given.table), read(given.validation) if given.validation else None)
    predictor = Predictor(model, SearchRecord(SETTINGS.target, SETTINGS.metric))
    print("saved in", predictor.save(given.output))
    if given.test:
        for name, value in predictor.score(read(given.test)).items():
            print(f"{{name:40}} {{value:.6g}}")
'''


def script(model: FittedModel, record: SearchRecord) -> str:
    """Python source. It trains what `model` was before any member was told in ONNX."""
    members = hyperparameters(model)
    given = record.validation.get("scheme") == "given validation set"
    return _SCRIPT.format(
        summary=", ".join(f"{one['algorithm']} ({one['weight']:.2g})" for one in members),
        origin=_origin(record),
        settings="SETTINGS = " + _settings(model, record),
        members=_literal([{name: one[name] for name in ("algorithm", "fits")} for one in members]),
        combiner=_literal({"kind": model.ensemble.combiner.kind, **model.ensemble.combiner.state()}),
        validation="; the search had such a table" if given else "",
    )


def _origin(record: SearchRecord) -> str:
    made = f"Written by modelyard {version_of('modelyard') or ''}".rstrip()
    if record.ended_at:
        made += f" on {datetime.fromtimestamp(record.ended_at, UTC):%Y-%m-%d}"
    known = record.data.get("hash")
    score = record.metrics.get("validation", {}).get(record.metric)
    told = f"; {record.metric} {score:.6g} in validation" if score is not None else ""
    return f"{made}{told}." + (f" Data {known[:16]}." if known else "")


def _settings(model: FittedModel, record: SearchRecord) -> str:
    """`Settings(...)` with what is not as by default and matters to the model."""
    stored = record.settings
    lines = [f"target={record.target!r}", f"task=Task({model.task.value!r})", f"metric={record.metric!r}"]
    lines += [
        f"{name}={stored[name]!r}"
        for name in ("weight_column", "positive_label", "seed")
        if stored.get(name) not in (None, Settings.__dataclass_fields__[name].default)
    ]
    for name, kind in (("featurization", Featurization), ("validation", Validation)):
        changed = _changed(kind, stored.get(name) or {})
        if changed:
            lines.append(f"{name}={kind.__name__}({', '.join(f'{key}={value!r}' for key, value in changed.items())})")
    return "Settings(\n" + "".join(f"    {line},\n" for line in lines) + ")"


def _changed(kind: Any, stored: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for one in fields(kind):
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        value = _tuples(stored.get(one.name, default))
        if value != default:
            found[one.name] = value
    return found


def _tuples(value: Any) -> Any:
    """Lists as tuples, as settings have them: JSON knows lists alone."""
    if isinstance(value, list | tuple):
        return tuple(_tuples(one) for one in value)
    if isinstance(value, Mapping):
        return {key: _tuples(one) for key, one in value.items()}
    return value


def _literal(value: Any) -> str:
    return pprint.pformat(value, width=_WIDTH, sort_dicts=False)
