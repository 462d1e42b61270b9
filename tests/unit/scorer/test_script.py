"""Scoring scripts as Azure ML runs them, with the modules they import offered where the packages are absent."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from modelyard.kit.http_message import Request, Response
from modelyard.scorer.scoring import ScriptScoring
from modelyard.scorer.script import ScoringScript, ScriptError
from modelyard.scorer.shims.offering import offer_shims


@pytest.fixture(autouse=True)
def clean_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("azureml", "inference_schema", "modelyard_scoring_script")):
            del sys.modules[name]


def loaded(folder: Path, text: str) -> ScriptScoring:
    (folder / "score.py").write_text(dedent(text))
    offer_shims()
    script = ScoringScript(folder, "score.py")
    script.init()
    return ScriptScoring(script)


def post(scoring: ScriptScoring, body: bytes, target: bytes = b"/score", method: str = "POST") -> Response:
    return scoring.answer(Request(method, target, [(b"content-type", b"application/json"), (b"x-a", b"1")], body))


def test_init_and_run(tmp_path: Path) -> None:
    scoring = loaded(
        tmp_path,
        """
        import json
        import numpy as np
        def init():
            global factor
            factor = 2
        def run(raw_data):
            assert isinstance(raw_data, str)
            return {"scores": np.array(json.loads(raw_data)["data"]) * factor}
        """,
    )

    response = post(scoring, b'{"data": [1, 2.5]}')
    assert (response.status, json.loads(response.body)) == (200, {"scores": [2, 5.0]})


def test_failure_is_a_424_with_its_message_and_no_stack(tmp_path: Path) -> None:
    scoring = loaded(tmp_path, "def init(): pass\ndef run(raw): raise KeyError('colour')")

    response = post(scoring, b"{}")
    assert response.status == 424
    assert dict(response.headers)[b"x-ms-run-function-failed"] == b"True"
    message = json.loads(response.body)["error"]["message"]
    assert "KeyError: 'colour'" in message
    assert "Traceback" not in response.body.decode()
    assert str(tmp_path) not in response.body.decode()


def test_script_that_exits_does_not_take_the_worker_along(tmp_path: Path) -> None:
    scoring = loaded(tmp_path, "import sys\ndef init(): pass\ndef run(raw): sys.exit(3)")

    assert post(scoring, b"{}").status == 424


def test_answer_without_a_json_form(tmp_path: Path) -> None:
    scoring = loaded(tmp_path, "def init(): pass\ndef run(raw): return object()")

    assert post(scoring, b"{}").status == 424


def test_raw_http(tmp_path: Path) -> None:
    scoring = loaded(
        tmp_path,
        """
        from azureml.contrib.services.aml_request import AMLRequest, rawhttp
        from azureml.contrib.services.aml_response import AMLResponse
        def init(): pass
        @rawhttp
        def run(request):
            assert isinstance(request, AMLRequest)
            if request.method == "GET":
                return AMLResponse(request.args, 201, json_str=True)
            return AMLResponse(request.get_data(False)[::-1], 200, {"X-Seen": request.headers["X-A"]})
        """,
    )

    assert scoring.takes_any_method
    got = post(scoring, b"", b"/score?a=1&b=", method="GET")
    assert (got.status, json.loads(got.body)) == (201, {"a": "1", "b": ""})
    posted = post(scoring, b"\x00\xff")
    assert (posted.status, posted.body) == (200, b"\xff\x00")
    assert (b"x-seen", b"1") in posted.headers


def test_input_schema(tmp_path: Path) -> None:
    scoring = loaded(
        tmp_path,
        """
        import numpy as np
        import pandas as pd
        from inference_schema.schema_decorators import input_schema, output_schema
        from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
        from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
        from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
        def init(): pass
        @input_schema("data", PandasParameterType(pd.DataFrame({"a": [1], "b": [0.5]})))
        @input_schema("weights", NumpyParameterType(np.array([1.0, 2.0])))
        @input_schema("GlobalParameters", StandardPythonParameterType({"scale": 1.0}))
        @output_schema(NumpyParameterType(np.array([1.0])))
        def run(data, weights, GlobalParameters):
            return (data[["a", "b"]].to_numpy() @ weights * GlobalParameters["scale"]).tolist()
        """,
    )
    good = {"data": [{"a": 2, "b": 3}], "weights": [1, 10], "GlobalParameters": {"scale": 2}}

    assert json.loads(post(scoring, json.dumps(good).encode()).body) == [64.0]
    missing = post(scoring, json.dumps({**good, "weights": None} | {"data": "?"}).encode())
    assert missing.status == 400
    without = post(scoring, b'{"data": [{"a": 2, "b": 3}], "weights": [1, 10]}')
    assert (without.status, json.loads(without.body)["error"]["field"]) == (400, "GlobalParameters")
    assert post(scoring, b"[1]").status == 400
    assert post(scoring, b"{").status == 400


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("def init(): pass", ScriptError, "no function 'run'"),
        ("def run(x): pass", ScriptError, "no function 'init'"),
        ("async def run(x): pass\ndef init(): pass", ScriptError, "async"),
        ("import a_module_that_is_not_there", ModuleNotFoundError, "a_module"),
        ("def run(:", SyntaxError, "score.py"),
    ],
)
def test_script_that_cannot_be_loaded(tmp_path: Path, text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        loaded(tmp_path, text)


def test_script_outside_the_code_folder(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "score.py").write_text("")

    with pytest.raises(ScriptError, match="outside"):
        ScoringScript(tmp_path / "code", "../score.py")


def test_body_that_is_no_text(tmp_path: Path) -> None:
    scoring = loaded(tmp_path, "def init(): pass\ndef run(raw): return raw")

    assert post(scoring, b"\xff\xfe").status == 400
