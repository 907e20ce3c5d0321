"""The calls that the reader of access logs finds, as objects in the order of their lines."""

from collections.abc import Iterable

import msgspec

from calltally.call import Call
from calltally.imports.access_log import AccessLog
from calltally.imports.log_part import LogPart
from tests.reference.access_log import LogSlice


def read_blocks(log: AccessLog, blocks: Iterable[bytes]) -> LogSlice:
    whole = LogPart()
    for block in blocks:
        whole.add(log.part(block))
    calls = [msgspec.json.decode(line, type=Call) for line in b"".join(whole.body).splitlines()]
    by_number = dict(sorted(zip(whole.line_numbers, calls, strict=True), key=lambda pair: pair[0]))
    return LogSlice(list(by_number.values()), list(by_number), sorted(whole.skipped))
