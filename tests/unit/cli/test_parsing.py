import pytest

from modelyard.cli.completions import complete
from modelyard.cli.main import main
from modelyard.cli.parsing import UsageProblem, find_verb, load_entry, parse_options


def parsed(line: str) -> object:
    noun, verb, *words = line.split()
    group = load_entry(noun)
    return parse_options(f"modelyard {noun} {verb}", find_verb(group, verb), words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "message", "mend"),
    [
        ("jbo create", "no command 'jbo'", "did you mean 'job'?"),
        ("job craete", "has no command 'craete'", "did you mean 'create'?"),
        ("job create --stram", "does not take the option '--stram'", "did you mean '--stream'?"),
        ("job show --nmae x", "does not take the option '--nmae'", "did you mean '--name'?"),
        ("job show", "required: -n/--name", "see `modelyard job show --help`"),
        ("job show -n x y", "does not take the argument 'y'", "see `modelyard job show --help`"),
        ("job list -r many", "invalid int value", "see"),
        ("job list -o xml", "invalid choice", "see"),
    ],
)
def test_a_mistake_says_what_was_meant(line: str, message: str, mend: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parsed(line)
    assert message in caught.value.message
    assert mend in str(caught.value.mend)


@pytest.mark.parametrize(
    "line",
    ["--set a.b=1 --set c=2", "--set a.b=1 c=2", "--set=a.b=1 --set c=2"],
)
def test_several_values_may_follow_a_set_or_it_is_repeated(line: str) -> None:
    assert parsed(f"job create -f job.yml {line}").set == ["a.b=1", "c=2"]  # type: ignore[attr-defined]


def test_a_set_of_one_call_does_not_stay_for_the_next() -> None:
    parsed("job create -f x --set a=1")
    assert parsed("job create -f x").set == []  # type: ignore[attr-defined]


def test_flags_of_azure_scripts_are_taken_everywhere() -> None:
    args = parsed("job show -n x -w w -g g --subscription s --query status -o tsv")
    assert (args.workspace_name, args.resource_group) == ("w", "g")  # type: ignore[attr-defined]


def test_an_options_own_letter_wins_over_the_common_one() -> None:
    assert parsed("workspace create -n x -l west").location == "west"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["jo"], ["job"]),
        (["job", "st"], ["stream"]),
        (["job", "create", "--str"], ["--stream"]),
        (["data", "create", "--type", "uri"], ["uri_file", "uri_folder"]),
        (["up", "--por"], ["--port"]),
        (["lineage", "mo"], ["model"]),
        (["nothing", "x"], []),
        (["job", "create", "-f", ""], []),
    ],
)
def test_completion(words: list[str], found: list[str]) -> None:
    assert complete(words) == found


@pytest.mark.parametrize(("line", "code"), [(["--help"], 0), ([], 0), (["job", "--help"], 0), (["job"], 0)])
def test_help_is_an_answer(line: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == code
    assert "Usage: modelyard" in capsys.readouterr().out


def test_a_mistake_ends_with_2_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["job", "create", "--stram"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "did you mean '--stream'?" in shown.err
    assert "Traceback" not in shown.err


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--debug", "job", "craete"]) == 2
    assert "Traceback" in capsys.readouterr().err
