"""The modules that travel with a model: complete, renamed, told apart by their content."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from modelyard.automl.models.catalogue import models
from modelyard.automl.outcome.shipped_code import shipped_code

ENTRIES = ("modelyard.automl.outcome.pyfunc_model", "modelyard.automl.models.lightgbm")


def test_nothing_of_the_shipped_code_imports_the_installed_one():
    code = shipped_code(ENTRIES)
    for name, text in code.files.items():
        for node in ast.walk(ast.parse(text)):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [module for module in modules if module.split(".")[0] == "modelyard"], name


def test_every_import_of_its_own_is_there():
    code = shipped_code(ENTRIES)
    for text in code.files.values():
        tree = ast.parse(text)
        for_types = {id(node) for one in tree.body if isinstance(one, ast.If) for node in one.body}
        for node in ast.walk(tree):
            if id(node) in for_types:
                continue
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(code.package):
                path = (node.module or "").replace(".", "/")
                assert f"{path}.py" in code.files or f"{path}/__init__.py" in code.files


def test_the_name_is_that_of_the_content():
    code = shipped_code(ENTRIES)
    assert code.package.startswith("modelyard_model_")
    assert code.renamed("modelyard.automl.task") == f"{code.package}.automl.task"
    assert shipped_code(ENTRIES) is code
    assert shipped_code(ENTRIES[:1]).package != code.package


def test_it_is_small_and_says_what_it_needs():
    code = shipped_code(ENTRIES)
    assert sum(map(len, code.files.values())) < 400_000
    assert {"numpy", "lightgbm"} <= code.libraries
    assert not {"fastapi", "sqlalchemy", "optuna", "mlflow"} & code.libraries


IMPORT_ALL = """
import importlib, pkgutil, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("modelyard", "sklearn", "pandas", "lightgbm", "catboost", "xgboost", "mlflow"):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
sys.path.insert(0, sys.argv[1])
package = importlib.import_module(sys.argv[2])
for found in pkgutil.walk_packages(package.__path__, sys.argv[2] + "."):
    importlib.import_module(found.name)
"""


def test_every_candidate_can_travel(tmp_path: Path):
    """All that is shipped is imported where neither Modelyard nor any learner's library is installed."""
    candidates = tuple(sorted({kind.__module__ for kind in models().values()}))
    code = shipped_code((*ENTRIES, "modelyard.automl.outcome.estimator", *candidates))
    code.write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(tmp_path), code.package], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
