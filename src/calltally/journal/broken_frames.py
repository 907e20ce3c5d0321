"""Analysis of a place where a frame must begin and none is complete."""

from calltally.journal.framing import (
    END,
    END_MAGIC,
    FAMILY,
    HEADER,
    MAGIC,
    FrameHeader,
    read_frame,
    read_header,
)

_SECTOR = 512
"""The smallest unit that a disk writes atomically."""


def next_whole(data: bytes, offset: int, first: int, last: int) -> tuple[int, int] | None:
    """The offset and position of the next complete frame after ``offset`` with a position in the range."""
    view = memoryview(data)
    broken = read_header(view, offset)
    places = [] if broken is None else [broken.end]
    place = data.find(FAMILY, offset + 1)
    while places or place != -1:
        tried = places.pop() if places else place
        header = read_frame(view, tried)
        if header is not None and first <= header.position <= last:
            return tried, header.position
        if tried == place:
            place = data.find(FAMILY, place + 1)
    return None


def proves_durable(data: bytes, offset: int, position: int) -> bool:
    """Whether a frame after an offset records that a position was durable when it was written."""
    return any(header.durable_position >= position for header in _headers(data, offset))


def last_announced(data: bytes, offset: int, position: int) -> int:
    """The last position, at least ``position``, that a frame after an offset has."""
    return max([position, *(header.position for header in _headers(data, offset))])


def why_unfinished(data: bytes, offset: int, position: int) -> str:
    """Why the frame of a position, which must begin at an offset, may not have been written to its end.

    Empty if it was: then its fault is damage. Data that were written and not synced are, after a power cut, a
    file that ends early, or one in which sectors that were never written are zeros. A flipped bit is neither.
    The first two formats do not distinguish the two.
    """
    view = memoryview(data)
    header = read_header(view, offset)
    if header is not None and header.magic == MAGIC and header.position == position:
        return _why_not_whole(view, offset, header)
    if _lacks_a_sector(view, offset, offset + HEADER.size):
        return "a write that never reached the disk"
    if _end_marker(data, offset, position):
        return ""
    return "a write that was not finished"


def _why_not_whole(view: memoryview, offset: int, header: FrameHeader) -> str:
    if header.end > len(view):
        return "a write that was not finished"
    if not any(view[header.payload_end : header.end]) or _lacks_a_sector(view, offset, header.end):
        return "a write of which parts never reached the disk"
    return ""


def _headers(data: bytes, offset: int) -> list[FrameHeader]:
    """All valid headers after an offset."""
    view = memoryview(data)
    found = []
    place = data.find(FAMILY, offset)
    while place != -1:
        header = read_header(view, place)
        if header is not None and header.magic != MAGIC:
            header = read_frame(view, place)
        if header is not None:
            found.append(header)
        place = data.find(FAMILY, place + 1)
    return found


def _lacks_a_sector(view: memoryview, start: int, end: int) -> bool:
    """Whether a sector of the given bytes is all zeros from where they begin."""
    for sector in range(start - start % _SECTOR, min(end, len(view)), _SECTOR):
        part = view[max(sector, start) : sector + _SECTOR]
        if part and not any(part):
            return True
    return False


def _end_marker(data: bytes, offset: int, position: int) -> bool:
    """Whether a frame of a position that begins at an offset or later ends after it."""
    place = data.find(END_MAGIC, offset)
    while place != -1:
        start = place + len(END_MAGIC) - END.size
        if start >= offset + HEADER.size:
            length, ended, _ = END.unpack_from(data, start)
            if ended == position and start - length - HEADER.size >= offset:
                return True
        place = data.find(END_MAGIC, place + 1)
    return False
