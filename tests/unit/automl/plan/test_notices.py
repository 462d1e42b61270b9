"""What cannot be followed is said."""

from __future__ import annotations

from modelyard.automl.plan.notices import notices
from modelyard.automl.plan.settings import Settings, Training


def test_defaults_and_linear_stacks_need_no_word() -> None:
    assert list(notices(Settings("y"))) == []
    assert list(notices(Settings("y", training=Training(stack_meta_learner="LogisticRegressionCV")))) == []


def test_what_is_not_followed_is_said() -> None:
    training = Training(
        stack_meta_learner="light_gbm_classifier",
        stack_meta_learner_params={"num_leaves": 3},
        stack_meta_learner_train_fraction=0.5,
        neural=True,
    )
    assert len(list(notices(Settings("y", training=training)))) == 4
