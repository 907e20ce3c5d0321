"""Numbers and texts as the command line shows them."""

from pathlib import Path

import pytest

import calltally.cli
from calltally.cli.wording import counted, listing, print_csv, print_json, say, show

CLI = Path(calltally.cli.__file__).parent


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls"), (1_234_567, "1,234,567 calls")]
)
def test_a_number_of_things_is_said_in_words(number: int, said: str) -> None:
    assert counted(number, "call") == said


def test_what_stands_in_brackets_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    table = listing("day", numbers=("calls",), texts=("what",))
    table.add_row("2026-03-15", "7", "[bold]:smile:[/bold] [/x]")

    show(table)

    assert capsys.readouterr().out.split() == [
        *("day", "calls", "what", "2026-03-15", "7"),
        *("[bold]:smile:[/bold]", "[/x]"),
    ]


def test_a_cell_of_a_table_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    table = listing(texts=("what",))
    table.add_row("a\x1b[2Jb\u202e")

    show(table)

    assert capsys.readouterr().out.split() == ["what", "a\ufffd[2Jb\ufffd"]


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\nforged\x9b2J")

    assert capsys.readouterr().out == "a\ufffdforged\ufffd2J\n"


def test_json_is_printed_without_controls(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "\x9b2J\u202e\x7f"})
    print_json(b'{"name":"\xc2\x9b"}', indented=True)

    assert capsys.readouterr().out == '{"name":"\\u009b2J\\u202e\\u007f"}\n{\n  "name": "\\u009b"\n}\n'


def test_csv_is_printed_as_it_is_where_no_terminal_shows_it(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    print_csv(b"a\r\n\x1b[2J,\xe2\x80\xae\r\n")

    assert capfdbinary.readouterr().out == b"a\r\n\x1b[2J,\xe2\x80\xae\r\n"


def test_nothing_else_in_a_command_prints() -> None:
    printing = ("click.echo(", "Console(", "secho(", "print(")
    modules = [path for path in CLI.glob("*.py") if path.name not in ("wording.py", "waiting.py")]
    found = {
        (path.name, line.strip())
        for path in modules
        for line in path.read_text("utf-8").splitlines()
        if any(f"{before}{what}" in f" {line}" for what in printing for before in " .")
    }

    assert {name for name, _ in found} == {"main.py", "demo_command.py"}
    assert {line for name, line in found if name == "main.py"} == {
        'click.echo(f"calltally: {lines_for_terminal(message)}", err=True)'
    }
