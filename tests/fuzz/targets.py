"""Everything that reads what strangers wrote, each as a function that may only read it or refuse it."""

import ast
import contextlib
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from calltally.api.usage_parameters import read_outcome_days, read_usage_question
from calltally.auth.token_refusal import TokenRefusalError
from calltally.auth.token_request import read_token_request
from calltally.clock import FixedClock, instant_ms
from calltally.dialects.genesys.bad_request import BadRequestError
from calltally.dialects.genesys.interval import Interval
from calltally.dialects.genesys.paging import from_genesys_page
from calltally.dialects.genesys.parameters import Parameters as GenesysParameters
from calltally.dialects.genesys.reading import QuestionReader
from calltally.dialects.sailpoint.date_literal import DateLiteral
from calltally.dialects.sailpoint.filters import from_sailpoint_filters
from calltally.dialects.sailpoint.paging import asks_for_total, from_sailpoint_page
from calltally.dialects.sailpoint.parameters import Parameters as SailPointParameters
from calltally.dialects.sailpoint.reading import from_sailpoint_api_usage, from_sailpoint_sorters
from calltally.dialects.segment.accept import from_segment_accept
from calltally.dialects.segment.contract import Operation
from calltally.dialects.segment.cursor import Cursor
from calltally.dialects.segment.reading import from_segment_query_string
from calltally.dialects.segment.usage_month import UsageMonth
from calltally.errors import CalltallyError, InvalidInputError
from calltally.imports.access_log import AccessLog
from calltally.imports.log_file import LogFile, LogLines
from calltally.imports.log_part import LogPart
from calltally.ingest.call_rules import Admission
from calltally.ingest.instants import parse_instant
from calltally.ingest.json_form import JsonForm
from calltally.ingest.native_calls import decode_slice
from calltally.ingest.prepared_calls import prepare
from calltally.journal.frame import decode_payload
from calltally.journal.framing import read_frame
from calltally.maintenance.manifest import Manifest, check
from calltally.settings.settings import load_settings
from tests.reference.access_log import ReferenceAccessLog
from tests.reference.json_bodies import decode_calls
from tests.support.identity_keys import KEY
from tests.support.ingest_chains import slices_of

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
_CLOCK = FixedClock(NOW)
_CORPUS = Path(__file__).parent / "corpus"
_ADMISSION = Admission(
    organization="acme",
    any_organization=False,
    earliest_ms=instant_ms(NOW - timedelta(days=35)),
    latest_ms=instant_ms(NOW + timedelta(minutes=5)),
    backfill=False,
)


@dataclass(frozen=True, slots=True)
class Target:
    """A reader, the errors it names, and inputs that are worth damaging."""

    name: str
    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]

    def corpus(self) -> list[bytes]:
        """The kept inputs: a file with one bytes literal of Python in each line."""
        lines = (_CORPUS / f"{self.name}.txt").read_text("ascii").splitlines()
        return [ast.literal_eval(line) for line in lines if line]

    def accepts(self, text: bytes) -> bool:
        """Whether an input is read or else refused by a named error; anything else is raised."""
        try:
            self.read(text)
        except ExceptionGroup as group:
            _, others = group.split(self.refusals)
            if others is not None:
                raise
            return False
        except self.refusals:
            return False
        return True


def _json_calls(text: bytes) -> None:
    for form in (None, JsonForm.LINES):
        received = taken = 0
        for slice_ in decode_calls(text, form, max_calls=50, max_call_bytes=4096):
            prepared, faults = prepare(slice_.calls, slice_.indexes, _ADMISSION, KEY)
            received += slice_.received
            taken += len(slice_.unreadable) + len(faults) + (len(prepared) if prepared else 0)
            msgspec.json.encode([rejected[1] for rejected in (*slice_.unreadable, *faults)])
        assert taken == received, f"{received} calls were received and {taken} judged"


def _native(text: bytes) -> None:
    """Native code gives what the reference gives, to the bit, or declines."""
    for lines in slices_of(text):
        taken = decode_slice(text, lines, _ADMISSION, KEY, max_call_bytes=4096, derive_routes=True)
        if taken is None:
            continue
        body = text[lines.start : lines.end]
        slices = decode_calls(body, JsonForm.LINES, max_calls=10_000, max_call_bytes=4096)
        prepared = [prepare(each.calls, each.indexes, _ADMISSION, KEY)[0] for each in slices]
        for column in ("identity_high", "identity_low", "digest", "time_ms"):
            wanted = [value for calls in prepared if calls for value in getattr(calls, column).tolist()]
            assert getattr(taken, column).tolist() == wanted, (
                f"the {column} of native code is not the reference's"
            )


def _access_log(text: bytes) -> None:
    lines = text.split(b"\n")
    found = ReferenceAccessLog("log").decode(LogLines(1, lines))
    assert len(found.calls) + len(found.skipped) == len(lines)
    prepare(found.calls, list(range(len(found.calls))), _ADMISSION, KEY)


def _native_log(text: bytes) -> None:
    """Native code finds the calls in a log that the reference finds, and skips what that skips."""
    told = []
    for reader in (AccessLog("log"), ReferenceAccessLog("log")):
        whole = LogPart()
        for block in LogFile(io.BytesIO(text)).blocks():
            whole.add(reader.part(block))
        calls = sorted(zip(whole.line_numbers, b"".join(whole.body).splitlines(), strict=True))
        told.append((calls, whole.skipped))
    assert told[0] == told[1], "the calls of native code are not the reference's"


def _sailpoint(text: bytes) -> None:
    parameters = SailPointParameters(text)
    for read in (from_sailpoint_page, asks_for_total, from_sailpoint_sorters):
        with contextlib.suppress(InvalidInputError):
            read(parameters)
    from_sailpoint_api_usage("acme", parameters, _CLOCK, by_route=True)


def _sailpoint_filters(text: bytes) -> None:
    from_sailpoint_filters(text.decode("utf-8", "replace"))


def _segment(text: bytes) -> None:
    for operation in Operation:
        from_segment_query_string(text, operation)


def _genesys_body(text: bytes) -> None:
    try:
        body = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return
    reader = QuestionReader(_CLOCK)
    for read in (
        reader.from_genesys_organization_query,
        reader.from_genesys_simplesearch,
        reader.from_genesys_organization_job,
    ):
        with contextlib.suppress(BadRequestError):
            read(body)
    reader.from_genesys_client_query(body, "client-1")


def _genesys_page(text: bytes) -> None:
    parameters = GenesysParameters(text)
    with contextlib.suppress(BadRequestError):
        from_genesys_page(parameters, "execution")
    QuestionReader(_CLOCK).from_genesys_summary("client-1", parameters.get("days"))


def _token_request(text: bytes) -> None:
    """An Authorization header, the query, a content type and the body, parted by NUL."""
    authorization, query, content_type, body = (text.split(b"\0", 3) + [b""] * 4)[:4]
    read_token_request(
        authorization=authorization.decode("latin-1") or None,
        query=query,
        content_type=content_type.decode("latin-1"),
        body=body,
    )


def _frame(text: bytes) -> None:
    view = memoryview(text)
    header = read_frame(view, 0)
    if header is not None:
        decode_payload(view[header.payload_start : header.payload_end], header.magic)


def _manifest(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "manifest.json").write_bytes(text)
        check(Path(folder), Manifest.read(Path(folder)).files)


def _settings_file(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "calltally.toml"
        file.write_bytes(text)
        load_settings(file, {}, {})


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda text: read(text.decode("utf-8", "replace"))


TARGETS = (
    Target("json_calls", _json_calls, (InvalidInputError,)),
    Target("native", _native, ()),
    Target("access_log", _access_log, ()),
    Target("native_log", _native_log, ()),
    Target("instant", _text(parse_instant), (ValueError,)),
    Target("usage", lambda text: read_usage_question(text, "acme", NOW), (InvalidInputError,)),
    Target("outcome_days", lambda text: read_outcome_days(text, NOW), (InvalidInputError,)),
    Target("sailpoint", _sailpoint, (InvalidInputError,)),
    Target("sailpoint_filters", _sailpoint_filters, (InvalidInputError,)),
    Target("sailpoint_date", _text(DateLiteral.from_text), (ValueError,)),
    Target("segment", _segment, (InvalidInputError,)),
    Target("segment_accept", _text(from_segment_accept), ()),
    Target("segment_cursor", _text(Cursor.from_text), (ValueError,)),
    Target("segment_month", _text(UsageMonth.from_text), (ValueError,)),
    Target("genesys_interval", _text(Interval.from_text), (BadRequestError,)),
    Target("genesys_body", _genesys_body, (BadRequestError,)),
    Target("genesys_page", _genesys_page, (BadRequestError,)),
    Target("token_request", _token_request, (TokenRefusalError,)),
    Target("frame", _frame, (CalltallyError,)),
    Target("manifest", _manifest, (CalltallyError,)),
    Target("settings_file", _settings_file, (CalltallyError,)),
)
