"""What is loaded for what: the cost of the first keystroke."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "httpx", "rich", "yaml", "jmespath", "fastapi", "sqlalchemy", "mlflow", "pandas")


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('LOADED', *[name for name in {HEAVY} if sys.modules.get(name)])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize(
    "code",
    [
        "import modelyard",
        "from modelyard.cli.main import main; main(['--help'])",
        "from modelyard.cli.main import main; main(['job', 'create', '--help'])",
        "from modelyard.cli.main import main; main(['__complete', 'job', ''])",
    ],
)
def test_help_loads_nothing_heavy(code: str) -> None:
    assert loaded_by(code) == set()


def test_showing_needs_the_wire_alone() -> None:
    code = "import os; os.environ['MODELYARD_SERVER_URL'] = 'http://127.0.0.1:9'; os.environ['MODELYARD_TOKEN'] = 't'\n"
    # As main() does: httpx's own command line loads rich.
    code += "sys.modules['httpx._main'] = None\n"
    code += "from modelyard.cli.call import Call; import argparse\n"
    code += "Call(argparse.Namespace(server_url=None, workspace_name=None), '').scope.jobs"
    assert loaded_by(code) == {"httpx"}


def test_the_client_loads_no_server_library() -> None:
    assert not loaded_by("from modelyard import MLClient") & {"fastapi", "sqlalchemy", "mlflow", "pandas"}
