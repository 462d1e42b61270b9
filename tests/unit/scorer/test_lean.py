"""The worker runs in environments that have no Modelyard: what it imports is counted."""

import subprocess
import sys

FOREIGN = ("pydantic", "httpx", "fastapi", "starlette", "uvicorn", "sqlalchemy", "mlflow", "pandas", "sklearn", "rich")


def test_worker_imports_little() -> None:
    program = f"""
import sys
import modelyard.scorer.process
print([name for name in {FOREIGN} if name in sys.modules])
print(sorted({{name.split(".")[1] for name in sys.modules if name.startswith("modelyard.")}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["[]", "['domain', 'kit', 'scorer']"]
