from __future__ import annotations

import subprocess
import sys

import pytest

from modelyard.automl.models.catalogue import candidates, canonical, find, models
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput

AZURE = ["LogisticRegression", "SGD", "MultinomialNaiveBayes", "BernoulliNaiveBayes", "SVM", "LinearSVM", "KNN",
         "DecisionTree", "RandomForest", "ExtremeRandomTrees", "LightGBM", "GradientBoosting", "XGBoostClassifier",
         "ElasticNet", "LassoLars", "XGBoostRegressor"]  # fmt: skip


@pytest.mark.parametrize("name", AZURE)
def test_every_algorithm_of_azure_is_found_in_both_spellings(name: str) -> None:
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).strip("_")
    assert find(name) is find(snake) is find(name.upper())


def test_names_are_unique() -> None:
    spellings = [name for model in models().values() for name in (model.name, *model.aliases)]
    assert len({name.lower() for name in spellings}) == len(spellings)


def test_a_name_that_is_none_is_refused_with_those_that_are() -> None:
    assert canonical("Perceptron2000") is None
    with pytest.raises(InvalidInput, match="Perceptron2000") as caught:
        find("Perceptron2000")
    assert "LightGBM" in str(caught.value.mend)


def test_each_task_has_its_candidates() -> None:
    assert "LogisticRegression" not in candidates(Task.REGRESSION)
    assert {"LightGBM", "CatBoost", "XGBoost"} <= set(candidates(Task.REGRESSION))


def test_the_catalogue_loads_no_library_of_models() -> None:
    code = "import sys, modelyard.automl.models.catalogue as c; c.models();"
    heavy = "{'sklearn', 'lightgbm', 'xgboost', 'catboost', 'scipy', 'pandas'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", f"{code} print({heavy})"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
