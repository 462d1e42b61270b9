from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.models.target_form import IDENTITY, LOG, TargetForm


@pytest.mark.parametrize("kind", [IDENTITY, LOG])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("low", [0.0, -40.0])
def test_the_way_there_and_back(kind: str, scaled: bool, low: float) -> None:
    target = np.random.default_rng(0).exponential(20.0, 300) + low
    form = TargetForm.of(kind, target, scaled)
    np.testing.assert_allclose(form.backward(form.forward(target)), target, rtol=1e-9, atol=1e-9)
    assert TargetForm.restore(form.state()) == form


def test_a_logarithm_leads_back_to_the_mean() -> None:
    chance = np.random.default_rng(0)
    target = np.exp(chance.normal(3.0, 0.8, 20_000))
    form = TargetForm.of(LOG, target)
    middle = np.full(len(target), form.forward(target).mean())
    assert form.backward(middle)[0] < 0.8 * target.mean()
    assert form.smeared(target, middle).backward(middle)[0] == pytest.approx(target.mean(), rel=0.02)


def test_no_prediction_is_infinite() -> None:
    form = TargetForm.of(LOG, np.array([0.0, 1.0, 100.0]))
    assert np.isfinite(form.backward(np.array([1e9]))).all()
