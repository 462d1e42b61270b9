"""The modules that travel with a model: complete, renamed, told apart by their content."""

from __future__ import annotations

import ast

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
