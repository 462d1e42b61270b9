"""Which steps a column gets in a view."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelyard.automl.featurize.coded import Coded
from modelyard.automl.featurize.design import View
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.purposes import Purpose
from modelyard.automl.featurize.steps.categories import Codes, Frequency, OneHot, Ordered
from modelyard.automl.featurize.steps.dates import Elapsed, Unfolded
from modelyard.automl.featurize.steps.numbers import Imputed, Plain, Scaled
from modelyard.automl.featurize.steps.step import Step, Values
from modelyard.automl.featurize.steps.target_means import TargetMeans
from modelyard.automl.featurize.steps.texts import Counted, Reduced, Weighted
from modelyard.automl.featurize.transformers import COUNTS, LABELS, ONE_HOT, TARGET, TF_IDF, TermSettings

KINDS: dict[str, type[Step]] = {
    kind.kind: kind
    for kind in (
        Plain, Imputed, Scaled, Codes, OneHot, Frequency, Ordered, TargetMeans, Unfolded, Elapsed,
        Counted, Reduced, Weighted,
    )
}  # fmt: skip
# A category of few levels is coded as it is; means of the target add nothing that a tree cannot find.
_FEW_LEVELS = 10
_MOST_INTEGER_LEVELS = 12
_MOST_CODES = {View.TREE: 500, View.CODES: 10_000}
_MOST_INDICATORS = {View.DENSE: 20, View.LINEAR: 200, View.COUNTS: 50}


def steps_of(plan: FeaturePlan, view: View, name: str, values: Values) -> list[Step]:
    """At least one. `values` are of the rows to fit to."""
    purpose = plan.purposes[name]
    trees = view in (View.TREE, View.CODES)
    if purpose is Purpose.NUMERIC:
        return list(_of_number(plan, view, name, values))
    if purpose is Purpose.DATE:
        return [Elapsed()] if view is View.COUNTS else [Unfolded(cyclic=not trees)]
    if purpose is Purpose.TEXT:
        return list(_of_text(plan, view, name)) or [Counted()]
    return list(_of_category(plan, view, name, values)) or [Frequency()]


def _of_number(plan: FeaturePlan, view: View, name: str, values: Values) -> Iterator[Step]:
    strategy, fill = plan.transformers.imputations.get(name, ("", 0.0))
    if view in (View.TREE, View.CODES):
        yield Imputed(strategy, fill) if strategy else Plain()
        return
    yield Scaled(strategy or "median", fill, positive=view is View.COUNTS)
    if view is View.LINEAR and ONE_HOT not in plan.transformers.blocked and _is_graded(values):
        yield OneHot(most=_MOST_INTEGER_LEVELS)


def _of_text(plan: FeaturePlan, view: View, name: str) -> Iterator[Step]:
    own = plan.transformers.terms.get(name, TermSettings())
    blocked = plan.transformers.blocked
    if view is View.COUNTS:
        if COUNTS not in blocked:
            yield Weighted(own.most, pieces=own.pieces, pairs=False, idf=False)
        return
    if TF_IDF not in blocked:
        if view is View.LINEAR:
            yield Weighted(own.most, pieces=own.pieces, pairs=own.pairs)
        else:
            yield Reduced(32, most=own.most, pieces=own.pieces, pairs=own.pairs)
            if not own.pieces:
                yield Reduced(12, most=own.most, pieces=True)
    if view in (View.TREE, View.CODES):
        yield Counted()


def _of_category(plan: FeaturePlan, view: View, name: str, values: Coded) -> Iterator[Step]:
    blocked = plan.transformers.blocked
    high = plan.purposes[name] is Purpose.HIGH_CARDINALITY
    encoded = TARGET not in blocked and view not in (View.CODES, View.COUNTS)
    if view in _MOST_CODES:
        if LABELS not in blocked:
            yield Codes(most=_MOST_CODES[view])
        if encoded and (high or LABELS in blocked or len(values.words) > _FEW_LEVELS):
            yield TargetMeans()
        if high:
            yield Frequency()
            yield Ordered()
    else:
        if ONE_HOT not in blocked:
            yield OneHot(most=plan.transformers.categories.get(name, _MOST_INDICATORS[view]))
        if encoded and (high or ONE_HOT in blocked or len(values.words) > _MOST_INDICATORS[view]):
            yield TargetMeans()
    if high and TF_IDF not in blocked and view is not View.COUNTS:
        yield from _pieces(view, values)


def _pieces(view: View, values: Coded) -> Iterator[Step]:
    """What labels have in common with others: beginnings of codes, words of names."""
    if view is View.LINEAR:
        yield Weighted(500, pieces=True)
    elif not all(word.isdigit() for word in values.words[:20]):
        yield Reduced(10, pieces=True)


def _is_graded(values: Values) -> bool:
    """Whole numbers of a few grades, whose effect need not be straight."""
    if isinstance(values, Coded):
        return False
    there = np.unique(values[np.isfinite(values)][:100_000])
    return 2 < len(there) <= _MOST_INTEGER_LEVELS and bool((there == np.floor(there)).all())
