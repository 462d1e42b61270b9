"""The committed figures are what the platform's rules draw today."""

import runpy
from pathlib import Path

FIGURES = Path(__file__).parents[3] / "docs" / "figures"


def test_figures_of_the_policies_are_current() -> None:
    drawn = runpy.run_path(str(FIGURES / "policies.py"))["figures"]()
    kept = {path.name: path.read_text("utf-8") for path in FIGURES.glob("policy-*.svg")}
    assert kept == drawn, "write them again: python docs/figures/policies.py"
