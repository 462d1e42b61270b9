"""The whole tree keeps the house rules."""

from pathlib import Path

import pytest

from .rules import SOURCE_RULES, TEST_RULES, Rule, Source, check

ROOT = Path(__file__).parents[2]
RULES: dict[str, tuple[Rule, ...]] = {
    "src": SOURCE_RULES,
    "examples": SOURCE_RULES[:2],
    "bench": TEST_RULES,
    "scripts": TEST_RULES,
    "tests": TEST_RULES,
}


@pytest.mark.parametrize("folder", RULES)
def test_no_finding(folder: str) -> None:
    found = [
        str(finding)
        for path in sorted((ROOT / folder).rglob("*.py"))
        for finding in check(Source(path.relative_to(ROOT), path.read_text("utf-8")), RULES[folder])
    ]
    assert not found, "\n" + "\n".join(found)
