"""A log may be imported as often as it likes, in any state, and each of its lines counts once."""

import gzip
from pathlib import Path
from typing import Any

import pytest
import zstandard

from calltally.imports.log_file import LogFile
from tests.end_to_end.command_line import calltally, cli_json
from tests.end_to_end.server_process import ServerProcess, ndjson
from tests.reference.access_log import ReferenceAccessLog

QUESTION = ("--organization", "acme", "--from", "2025-01-01", "--to", "2025-02-01", "--json")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def lines(first: int, last: int) -> bytes:
    """Lines of an access log, of which some are equal to each other to the byte."""
    return b"".join(
        b'192.0.2.%d - ann [31/Jan/2025:12:%02d:00 +0000] "GET /users/%d HTTP/1.1" 200 17 "-" "curl"\n'
        % (number % 2, number // 1000, number % 3)
        for number in range(first, last)
    )


def import_json(data: Path, *words: object) -> Any:
    return cli_json(
        *("import", "--data", data, "--organization", "acme", "--origin", "web-1", "--json"), *words
    )


def counted(data: Path) -> int:
    (row,) = cli_json("usage", "--data", data, *QUESTION)["rows"]
    calls: int = row["calls"]
    return calls


def test_a_log_that_grew_was_renamed_and_compressed_counts_no_line_twice(data: Path, tmp_path: Path) -> None:
    log, renamed = tmp_path / "access.log", tmp_path / "access.log.1"
    log.write_bytes(lines(0, 200))
    (first,) = import_json(data, log)
    log.write_bytes(lines(0, 250))
    (grown,) = import_json(data, log)
    log.rename(renamed)
    packed = tmp_path / "access.log.2.gz"
    packed.write_bytes(gzip.compress(lines(0, 260)))
    again = tmp_path / "access.log.3.zst"
    again.write_bytes(zstandard.compress(lines(0, 260)))
    reports = import_json(data, renamed, packed, again)

    found = [(one["lines"], one["accepted"], one["duplicate"]) for one in (first, grown, *reports)]
    assert found == [(200, 200, 0), (250, 50, 200), (250, 0, 250), (260, 10, 250), (260, 0, 260)]
    assert counted(data) == 260


def test_the_same_lines_of_two_servers_are_different_calls(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(lines(0, 40))
    import_json(data, log)
    (other,) = import_json(data, "--origin", "web-2", log)

    assert (other["accepted"], other["duplicate"]) == (40, 0)
    assert counted(data) == 80


def test_a_line_that_is_still_being_written_waits_for_the_next_import(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(lines(0, 3)[:-40])
    (early,) = import_json(data, log)
    log.write_bytes(lines(0, 3))
    (late,) = import_json(data, log)

    assert (early["accepted"], early["waiting"]) == (2, True)
    assert (late["accepted"], late["duplicate"], late["waiting"]) == (1, 2, False)


def test_bad_lines_are_told_by_their_numbers_and_the_others_count(data: Path, tmp_path: Path) -> None:
    good = {"id": "1", "time": "2025-01-31T12:00:00Z"}
    log = tmp_path / "calls.ndjson"
    log.write_bytes(
        b"\n".join(
            [
                ndjson([good]),
                b"",
                b"not json",
                ndjson([{**good, "id": "2", "status": 99}]),
                ndjson([{**good, "id": "3"}]),
                ndjson([{**good, "status": 500}]),
                b'{"id":"4","time":"2025-01-31T12:00:00Z"',
            ]
        )
    )

    done = calltally("import", "--data", data, "--organization", "acme", log)

    summary, waits, *problems = done.stdout.splitlines()
    assert done.returncode == 0
    assert summary == (
        f"{log}: 5 lines of NDJSON: 2 counted, 0 duplicates, 1 in conflict, 2 rejected, 0 skipped"
    )
    assert waits == "  the last line is incomplete and is left for the next import"
    assert [problem.split(":")[0] for problem in problems] == ["  line 3", "  line 4", "  line 6"]
    assert "is 99; accepted is 0 (no answer) or 100 to 599" in problems[1]
    assert counted(data) == 2


def test_a_file_whose_calls_are_all_rejected_is_told_call_by_call(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "calls.ndjson"
    log.write_bytes(ndjson({"id": f"{n}", "time": "2025-01-31T12:00:00Z", "status": 99} for n in range(3)))

    done = calltally("import", "--data", data, "--organization", "acme", log)

    summary, *problems = done.stdout.splitlines()
    assert done.returncode == 3
    assert summary.endswith("0 counted, 0 duplicates, 0 in conflict, 3 rejected, 0 skipped")
    assert [problem.split(":")[0] for problem in problems] == ["  line 1", "  line 2", "  line 3"]


def test_a_file_with_no_call_in_it_ends_with_3(data: Path, tmp_path: Path) -> None:
    garbage, empty = tmp_path / "garbage.log", tmp_path / "empty.log"
    garbage.write_bytes(b"\x00\xff\xfe\n" * 50)
    empty.write_bytes(b"")

    refused = calltally("import", "--data", data, "--organization", "acme", garbage, empty)

    assert refused.returncode == 3
    assert "50 lines" in refused.stdout
    assert "50 skipped" in refused.stdout
    assert calltally("import", "--data", data, "--organization", "acme", empty).returncode == 0


def test_a_server_at_work_takes_a_log_in_as_a_directory_at_rest_does(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(lines(0, 30_000))

    with ServerProcess(data):
        (first,) = import_json(data, log)
        (again,) = import_json(data, log)
    (later,) = import_json(data, log)

    found = [(one["accepted"], one["duplicate"]) for one in (first, again, later)]
    assert found == [(30_000, 0), (0, 30_000), (0, 30_000)]
    assert counted(data) == 30_000


def test_a_line_is_the_call_that_the_reference_makes_of_it(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    garbage = b'192.0.2.1 - - [31/Jan/2025:12:00:00 +0000] "\\x16\\x03" 400 157 "-" "-"\n'
    log.write_bytes(lines(0, 1500) + garbage * 2 + lines(0, 900))
    (imported,) = import_json(data, "--origin", "web-1", log)
    log.write_bytes(log.read_bytes() + lines(600, 1600))
    reference = tmp_path / "reference.ndjson"
    with LogFile.open(log) as file:
        reader = ReferenceAccessLog("web-1")
        reference.write_bytes(b"".join(b"".join(reader.part(block).body) for block in file.blocks()))
    (again,) = import_json(data, reference)

    assert (imported["accepted"], imported["skipped"]) == (2402, 0)
    assert (again["accepted"], again["duplicate"], again["conflict"]) == (1000, 2402, 0)


def test_odd_lines_among_plain_ones_count_or_are_told_by_their_numbers(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    plain = lines(0, 10_000)
    odd = b'192.0.2.1 - - [31/Jan/2025:12:00:00 +0000] "-" 400 157 "-" "-"\n'
    log.write_bytes(plain + odd + b"hello\n" + plain + odd + b"\n")

    (told,) = import_json(data, log)

    assert (told["lines"], told["accepted"], told["skipped"]) == (20_004, 20_002, 2)
    assert told["problems"] == [
        [10_002, "not in the common or combined log format"],
        [20_004, "empty line"],
    ]


@pytest.mark.parametrize("setting", ["max_calls=100", "max_body=64KiB"])
def test_a_log_is_sent_in_requests_that_the_settings_let_in(data: Path, tmp_path: Path, setting: str) -> None:
    log, calls = tmp_path / "access.log", tmp_path / "calls.ndjson"
    log.write_bytes(lines(0, 3000))
    calls.write_bytes(
        b"".join(b'{"id":"%d","time":"2025-01-31T12:00:00Z"}\n' % number for number in range(3000))
    )

    reports = import_json(data, "--set", setting, log, calls)

    assert [one["accepted"] for one in reports] == [3000, 3000]


def test_long_lines_of_json_fit_into_requests(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "calls.ndjson"
    path = "/" + "x" * 8000
    log.write_bytes(
        b"".join(
            ndjson([{"id": str(number), "time": "2025-01-31T12:00:00Z", "path": path + str(number)}]) + b"\n"
            for number in range(9000)
        )
    )

    (told,) = import_json(data, log)

    assert (told["accepted"], told["problems"]) == (9000, [])


def test_a_compressed_log_that_is_cut_off_counts_its_whole_lines_and_says_so(
    data: Path, tmp_path: Path
) -> None:
    log = tmp_path / "access.log.gz"
    whole = gzip.compress(lines(0, 50_000), mtime=0)
    log.write_bytes(whole[: len(whole) // 2])
    (cut,) = import_json(data, log)
    log.write_bytes(whole)
    (complete,) = import_json(data, log)

    assert cut["broken"]
    assert 0 < cut["accepted"] < 50_000
    assert (complete["broken"], complete["duplicate"]) == ("", cut["accepted"])
    assert cut["accepted"] + complete["accepted"] == 50_000
