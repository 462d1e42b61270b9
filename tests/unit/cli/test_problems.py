import io

from modelyard.cli.problems import exit_code, report
from modelyard.domain.errors import InvalidInput, MissingExtra, ModelyardError, NotFound


def reported(error: ModelyardError) -> list[str]:
    stream = io.StringIO()
    report(error, stream)
    return stream.getvalue().splitlines()


def test_what_where_and_mend() -> None:
    error = InvalidInput(
        "unknown field 'comand'", file="job.yml", line=3, field="comand", mend="did you mean 'command'?"
    )
    assert reported(error) == [
        "Error: unknown field 'comand'",
        "  where: job.yml:3 comand",
        "  mend:  did you mean 'command'?",
    ]


def test_an_override_is_named_once() -> None:
    error = InvalidInput("unknown field 'timout'", file="--set limits.timout", field="limits.timout")
    assert reported(error)[1] == "  where: --set limits.timout"


def test_a_flag_is_named_once() -> None:
    error = InvalidInput("it is no name", file="--conda-file", field="conda_file")
    assert reported(error)[1] == "  where: --conda-file"


def test_several_problems_each_with_its_place() -> None:
    details = [
        {"message": "unknown field", "line": 3, "field": "comand", "mend": "did you mean 'command'?"},
        {"message": "not a number", "line": 9, "field": "limits.timeout"},
    ]
    assert reported(InvalidInput("2 problems", file="job.yml", details=details)) == [
        "Error: 2 problems in job.yml",
        "  job.yml:3 comand: unknown field",
        "      did you mean 'command'?",
        "  job.yml:9 limits.timeout: not a number",
    ]


def test_a_missing_extra_says_how_to_get_it() -> None:
    assert reported(MissingExtra("Running a server", "server"))[-1] == '  mend:  pip install "modelyard[server]"'


def test_exit_codes() -> None:
    assert exit_code(InvalidInput("x")) == 2
    assert exit_code(NotFound("x")) == 1
