"""The programs that ``calltally demo`` prints run as they are printed, and their numbers are right."""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from calltally.call import Call
from calltally.demo.demo_story import RUNAWAY_CLIENT
from tests.dialects.genesys import purecloud_sdk
from tests.dialects.segment import typescript_sdk
from tests.end_to_end.running_demo import PrintedProgram, RunningDemo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with RunningDemo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def calls(demo: RunningDemo) -> list[Call]:
    return [call for each in demo.story().slices() for call in each]


@pytest.fixture(scope="module")
def this_month(demo: RunningDemo, calls: list[Call]) -> list[Call]:
    month = f"{demo.story().until:%Y-%m}"
    return [call for call in calls if call.time[:7] == month]


def program(demo: RunningDemo, title: str) -> PrintedProgram:
    found = [each for each in demo.programs if each.title.startswith(title)]
    assert len(found) == 1, [each.title for each in demo.programs]
    return found[0]


def busiest(names: Iterable[str]) -> list[tuple[str, int]]:
    """The five most frequent, ties by name."""
    return sorted(Counter(names).items(), key=lambda each: (-each[1], each[0]))[:5]


def active_days(calls: list[Call], account_id: str) -> list[str]:
    """An account's months, newest first, as the program writes them."""
    days = {call.time[:10] for call in calls if call.account_id == account_id}
    months = Counter(day[:7] for day in days)
    return [f"  {month} {count:>3}" for month, count in sorted(months.items(), reverse=True)]


def running_totals(this_month: list[Call], today: date) -> list[str]:
    """The calls of a month through each of its last five days, as the programs write them."""
    days = [today.replace(day=day) for day in range(1, today.day + 1)][-5:]
    return [f"{sum(call.time[:10] <= str(day) for call in this_month):>9}  {day}" for day in days]


def test_there_is_one_for_each_vendor_in_python_and_one_in_javascript(demo: RunningDemo) -> None:
    assert [(each.title, each.file.suffix) for each in demo.programs] == [
        ("SailPoint's Python SDK, unmodified", ".py"),
        ("Genesys Cloud's Python SDK, unmodified", ".py"),
        ("Segment's API in Python", ".py"),
        ("Segment's JavaScript SDK, unmodified", ".mjs"),
    ]


def test_the_command_above_each_runs_the_same_program(demo: RunningDemo) -> None:
    saved = [(demo.folder / each.file).read_text("utf-8") for each in demo.programs]

    assert saved == [each.text for each in demo.programs]


def test_only_what_may_read_is_in_them(demo: RunningDemo) -> None:
    for each in demo.programs:
        assert demo.token not in each.text
        assert re.findall(r"client_secret {2}(\S+)", demo.printed)[0] not in each.text


def test_sailpoints_sdk_prints_what_a_naive_count_gives(
    demo: RunningDemo, calls: list[Call], this_month: list[Call], tmp_path: Path
) -> None:
    story, printed = demo.story(), program(demo, "SailPoint's Python")
    busy, dormant = re.findall(r'account", "([0-9a-f]+)"', printed.text)
    routes = busiest(call.route.replace("{id}", "<id>") for call in this_month)

    assert printed.output(tmp_path, sys.executable) == [
        f"calls since {story.story.first_day}: {len(calls)}",
        f"calls this month: {len(this_month)}",
        "this month's busiest routes:",
        *(f"{count:>9}  {route}" for route, count in routes),
        f"active days of a busy account, {busy}:",
        *active_days(calls, busy),
        f"active days of a dormant account, {dormant}:",
        *active_days(calls, dormant),
    ]
    assert len(active_days(calls, busy)) > 6
    assert active_days(calls, dormant)[0][:9] < f"  {story.until - timedelta(days=90):%Y-%m}"


def test_genesyss_sdk_prints_what_a_naive_count_gives(
    demo: RunningDemo, calls: list[Call], tmp_path: Path
) -> None:
    clients, printed = demo.story().organization.clients, program(demo, "Genesys Cloud's Python")
    names = dict(zip(clients.ids, clients.names, strict=True))
    first, last = re.findall(r'"(\S+-01)/(\S+)"', printed.text)[0]
    asked = [call for call in calls if first <= call.time[:10] <= last]
    refused = Counter(call.client_id for call in asked if call.status == 429)
    expected = [
        f"{count:>9} {refused[client_id]:>7}  {names[client_id]}"
        for client_id, count in busiest(call.client_id for call in asked)
    ]

    lines = printed.output(tmp_path, purecloud_sdk.installed())

    title = f"who called most from {first} through {last}, and how often it was told 429:"
    assert lines == [title, *expected]
    assert lines[1].endswith(RUNAWAY_CLIENT)
    assert refused.total() > 100


def test_segments_operations_print_what_a_naive_count_gives(
    demo: RunningDemo, this_month: list[Call], tmp_path: Path
) -> None:
    today = demo.story().story.today
    sources = busiest(call.source_id for call in this_month if call.source_id)

    lines = program(demo, "Segment's API").output(tmp_path, sys.executable)

    assert lines == [
        f"calls since {today:%Y-%m}-01, through each of the latest days:",
        *running_totals(this_month, today),
        "the busiest sources through today:",
        *(f"{count:>9}  {source}" for source, count in sources),
    ]


@pytest.mark.parametrize("kind", ["", ".js"])
def test_segments_javascript_sdk_prints_what_a_naive_count_gives(
    demo: RunningDemo, this_month: list[Call], kind: str
) -> None:
    today = demo.story().story.today

    with tempfile.TemporaryDirectory(dir=typescript_sdk.installed().home) as folder:
        lines = program(demo, "Segment's JavaScript").output(Path(folder), "node", kind)

    assert lines == [
        f"calls since {today:%Y-%m}-01, through each of the latest days:",
        *running_totals(this_month, today),
    ]
