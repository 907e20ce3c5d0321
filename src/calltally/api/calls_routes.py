"""``POST /v1/calls``: the hot way in, straight on ASGI."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs

import msgspec
import structlog
from litestar.exceptions import MethodNotAllowedException

from calltally.api.bodies import ClientGoneError, read_body
from calltally.api.body_budget import BodyBudget
from calltally.api.body_threads import BodyThreads
from calltally.api.problems import PROBLEM_JSON, problem_of, reason_of
from calltally.api.unpacking import unpacked
from calltally.asgi import Receive, Scope, Send
from calltally.auth.caller import Authenticator, Caller
from calltally.control.permissions import ANY_ORGANIZATION, BACKFILL, SEND
from calltally.errors import CalltallyError, InvalidInputError, UnsupportedMediaTypeError
from calltally.ingest.calls_body import CallsBody
from calltally.ingest.intake import Intake
from calltally.ingest.json_form import JsonForm
from calltally.ingest.receipt import CallVerdict, Receipt
from calltally.ingest.sender import Sender

log = structlog.get_logger()

CALLS_PATH = "/v1/calls"
REJECTED_HEADER = "Calltally-Rejected"
"""Tells how many calls of a request were rejected, where any was."""

_FORMS = {
    "application/json": JsonForm.OBJECT_OR_ARRAY,
    "application/x-ndjson": JsonForm.LINES,
    "application/ndjson": JsonForm.LINES,
    "application/jsonl": JsonForm.LINES,
    "application/x-jsonlines": JsonForm.LINES,
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MAX_QUERY = 1000
_JSON_TYPE = (b"content-type", b"application/json")
_PROBLEM_TYPE = (b"content-type", PROBLEM_JSON.encode())
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The bounds of one request; ``body`` holds after unpacking as well as before."""

    body: int = 64 * 2**20
    call: int = 64 * 2**10
    calls: int = 100_000


class _Reply(msgspec.Struct, omit_defaults=True):
    accepted: int
    duplicate: int
    conflict: int
    rejected: int
    verdicts: list[CallVerdict]
    truncated: bool = False

    @classmethod
    def of(cls, receipt: Receipt) -> "_Reply":
        return cls(
            receipt.accepted,
            receipt.duplicate,
            receipt.conflict,
            receipt.rejected,
            receipt.verdicts,
            receipt.truncated,
        )


class _NothingCounted(_Reply, kw_only=True):
    """What is told of calls none of which is counted, as problem details too."""

    title: str
    status: int
    detail: str


class CallsRoute:
    """Answers ``POST /v1/calls``, with problem details for everything that is refused as a whole."""

    def __init__(
        self,
        intake: Intake,
        authenticator: Authenticator,
        budget: BodyBudget,
        threads: BodyThreads,
        limits: BodyLimits = BodyLimits(),
    ) -> None:
        """What bodies unpack to is counted in ``budget`` as the sender's, beside what arrived."""
        self._intake = intake
        self._authenticator = authenticator
        self._budget = budget
        self._threads = threads
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            receipt = await self._take(scope, receive)
        except ClientGoneError:
            return
        except (CalltallyError, MethodNotAllowedException) as error:
            await _refuse(send, error)
            return
        except Exception as error:
            log.exception("a request to count calls failed")
            await _refuse(send, error)
            return
        if receipt.rejected:
            await _tell_rejections(send, receipt)
        else:
            await _respond(send, 200, [_JSON_TYPE], _encoder.encode(_Reply.of(receipt)))

    async def _take(self, scope: Scope, receive: Receive) -> Receipt:
        if scope["method"] != "POST":
            raise MethodNotAllowedException(headers={"Allow": "POST"})
        headers: dict[bytes, bytes] = dict(scope["headers"])
        caller = await self._authenticator.authenticate(_text(headers.get(b"authorization")))
        try:
            return await self._take_from(caller, headers, scope, receive)
        except ClientGoneError:
            raise
        except CalltallyError as error:
            self._intake.refused(caller.organization, reason_of(error))
            raise

    async def _take_from(
        self, caller: Caller, headers: dict[bytes, bytes], scope: Scope, receive: Receive
    ) -> Receipt:
        caller.require(SEND)
        backfill = _wants_backfill(scope.get("query_string", b""))
        if backfill:
            caller.require(BACKFILL)
        sender = Sender(caller.organization, caller.may(ANY_ORGANIZATION), backfill)
        form = _form_of(_text(headers.get(b"content-type")) or "")
        announced = headers.get(b"content-length", b"")
        packed = await read_body(
            receive,
            announced=int(announced) if announced.isdigit() else None,
            limit=self._limits.body,
        )
        encoding = _text(headers.get(b"content-encoding")) or ""
        work = self._threads.worker(caller.organization, receive)
        with self._budget.share(caller.organization) as share:
            body = await unpacked(packed, encoding, self._limits.body, share, work)
            body = body.removeprefix(_BYTE_ORDER_MARK)
            calls = CallsBody(body, form, self._limits.calls, self._limits.call)
            if calls.may_be_copied:
                share.grow_to(share.size + len(body))
            if not calls.is_cut_quickly:
                await work(calls.cut, lambda: None)
            return await self._intake.take_body(sender, calls, list_duplicates=not _wants_less(headers))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _wants_backfill(query: bytes) -> bool:
    """Tells no value of a parameter that is not known: it may be a secret that went astray."""
    if not query:
        return False
    parameters = parse_qs(query[:_MAX_QUERY].decode("latin-1"), keep_blank_values=True)
    accepted = "backfill=true or backfill=false"
    for name, values in parameters.items():
        if name != "backfill":
            reason = f"there is no query parameter {name[:80]!r}; accepted is {accepted}"
            raise InvalidInputError(reason, field=name[:80], accepted=accepted)
        if values[-1] not in ("true", "false"):
            received = values[-1][:80]
            reason = f"query parameter backfill={received} is not known; accepted is {accepted}"
            raise InvalidInputError(reason, field=name, received=received, accepted=accepted)
    return parameters.get("backfill", ["false"])[-1] == "true"


def _wants_less(headers: dict[bytes, bytes]) -> bool:
    """Whether the sender prefers an answer without verdicts on duplicates (RFC 7240)."""
    preferences = headers.get(b"prefer", b"").lower().split(b",")
    return b"return=minimal" in map(bytes.strip, preferences)


def _form_of(content_type: str) -> JsonForm | None:
    """The form that a content type promises; None when there is none and the body must tell."""
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type:
        return None
    form = _FORMS.get(media_type)
    if form is None:
        raise UnsupportedMediaTypeError(
            f"content type {content_type[:80]!r}; accepted are application/json and application/x-ndjson"
        )
    return form


async def _tell_rejections(send: Send, receipt: Receipt) -> None:
    """A success where any call is counted, by this request or before; else a status that is none."""
    reply = _Reply.of(receipt)
    rejected = (REJECTED_HEADER.lower().encode(), str(receipt.rejected).encode())
    if receipt.accepted or receipt.duplicate:
        await _respond(send, 200, [_JSON_TYPE, rejected], _encoder.encode(reply))
        return
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    detail = f"no call was counted, and {receipt.rejected} were rejected; verdicts says why"
    told = _NothingCounted(
        **msgspec.structs.asdict(reply), title=status.phrase, status=status.value, detail=detail
    )
    await _respond(send, status, [_PROBLEM_TYPE, rejected], _encoder.encode(told))


async def _refuse(send: Send, error: Exception) -> None:
    problem = problem_of(error)
    await _respond(send, problem.status, problem.headers, problem.body)


async def _respond(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
