from __future__ import annotations

from pathlib import Path

import pytest

from modelyard.domain.curated import REQUIREMENTS, curated
from modelyard.domain.errors import NotFound
from modelyard.domain.references import parse_asset_reference


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", "scikit-learn>=1.5"),
        ("azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu@latest", "scikit-learn>=1.5"),
        ("azureml:AzureML-lightgbm-3.2-ubuntu18.04-py37-cpu:44", "lightgbm>=4"),
        ("azureml://registries/azureml/environments/acpt-pytorch-2.2-cuda12.1/versions/3", "torch"),
        ("azureml://registries/azureml/environments/acft-hf-nlp-gpu/labels/latest", "transformers"),
    ],
)
def test_a_curated_name_has_a_local_equivalent(text: str, requirement: str) -> None:
    found = curated(parse_asset_reference(text, "environment"))
    assert found is not None
    assert isinstance(found.conda_file, dict)
    assert requirement in found.conda_file["dependencies"][0]["pip"]


def test_a_name_of_the_workspace_is_its_own() -> None:
    assert curated(parse_asset_reference("azureml:sklearn-mine:1", "environment")) is None


def test_an_unknown_curated_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(NotFound) as caught:
        curated(parse_asset_reference("azureml://registries/azureml/environments/zzz", "environment"))
    assert "sklearn" in (caught.value.mend or "")


def test_no_entry_is_hidden_by_a_shorter_one() -> None:
    for name, requirements in REQUIREMENTS.items():
        found = curated(parse_asset_reference(f"azureml:AzureML-{name}-1", "environment"))
        assert found is not None and isinstance(found.conda_file, dict)
        assert found.conda_file["dependencies"][0]["pip"] == list(requirements)


def test_the_table_in_the_documentation_is_this_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "curated-environments.md").read_text()
    for name, requirements in REQUIREMENTS.items():
        assert f"| `{name}` | {', '.join(f'`{item}`' for item in requirements) or 'none'} |\n" in page
