"""Numbers and texts as the command line shows them."""

import pytest

from calltally.cli.wording import counted, harmless, listing, show


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls"), (1_234_567, "1,234,567 calls")]
)
def test_a_number_of_things_is_said_in_words(number: int, said: str) -> None:
    assert counted(number, "call") == said


def test_a_text_of_a_sender_can_do_nothing_to_a_terminal() -> None:
    assert harmless("Zoë\x1b[2J\n\u202e ok") == "Zoë\ufffd[2J\ufffd\ufffd ok"


def test_what_stands_in_brackets_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    table = listing("day", numbers=("calls",), texts=("what",))
    table.add_row("2026-03-15", "7", "[bold]:smile:[/bold] [/x]")

    show(table)

    assert capsys.readouterr().out.split() == [
        *("day", "calls", "what", "2026-03-15", "7"),
        *("[bold]:smile:[/bold]", "[/x]"),
    ]
