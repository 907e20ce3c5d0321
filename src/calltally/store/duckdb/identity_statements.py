"""The SQL that finds and lists identities."""
# ruff: noqa: S608 - formatted parts are constants from here; values are bound

from collections.abc import Sequence
from textwrap import indent

from calltally.store.duckdb.statements import TAKES_AN_IDENTITY, Statement


def received(received_from_ms: int, first_position: int, end_position: int) -> Statement:
    columns = "identity_high, identity_low, digest, received_ms, time_ms"
    return _accepted(columns, received_from_ms, first_position, end_position)


def tally(received_from_ms: int, first_position: int, end_position: int) -> Statement:
    """The number of identities in a span, and the exclusive or of their low halves."""
    columns = "COUNT(*), COALESCE(BIT_XOR(identity_low), 0)"
    return _accepted(columns, received_from_ms, first_position, end_position)


def _accepted(columns: str, received_from_ms: int, first_position: int, end_position: int) -> Statement:
    return Statement(
        f"""
        SELECT {columns}
        FROM   call
        WHERE  received_ms >= $received_from_ms
          AND  position >= $first_position
          AND  position <  $end_position
          AND  {TAKES_AN_IDENTITY}
        """,
        received_from_ms=received_from_ms,
        first_position=first_position,
        end_position=end_position,
    )


def last_before(received_ms: int) -> Statement:
    return Statement(
        """
        SELECT COALESCE(MAX(position), 0), COALESCE(MAX(received_ms), 0), COALESCE(MAX(time_ms), 0)
        FROM   call
        WHERE  received_ms < $received_ms
        """,
        received_ms=received_ms,
    )


def find(spans: Sequence[tuple[int, int]], up_to_position: int, received_from_ms: int) -> Statement:
    """Which rows of the registered table ``asked`` are stored: among the calls received since an instant, and
    among those of the row's day, which is in one of the spans of milliseconds."""
    same = "call.identity_low = asked.identity_low\n AND  call.identity_high = asked.identity_high"
    of_day = "call.time_ms >= asked.day * 86400000\n AND  call.time_ms <  (asked.day + 1) * 86400000"
    parts = [_found(same, "call.received_ms >= $received_from_ms")]
    bound = {"up_to_position": up_to_position, "received_from_ms": received_from_ms}
    for number, (start_ms, end_ms) in enumerate(spans):
        start, end = f"start_{number}_ms", f"end_{number}_ms"
        bound |= {start: start_ms, end: end_ms}
        span = f"call.time_ms >= ${start}\n  AND  call.time_ms <  ${end}"
        parts.append(_found(f"{same}\n AND  {of_day}", span))
    every = indent("\nUNION ALL\n".join(parts), "    ")
    return Statement(
        f"WITH stored AS (\n{every}\n)\n"
        "SELECT index, ARG_MIN(digest, position) AS digest\n"
        "FROM   stored\n"
        "GROUP BY index\n"
        "ORDER BY index",
        **bound,
    )


def _found(join: str, span: str) -> str:
    return (
        "SELECT asked.index, call.digest, call.position\n"
        "FROM   call\n"
        f"JOIN   asked ON {join}\n"
        "WHERE  call.position <= $up_to_position\n"
        f"  AND  {TAKES_AN_IDENTITY}\n"
        f"  AND  {span}"
    )
