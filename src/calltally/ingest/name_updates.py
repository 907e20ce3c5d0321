"""Names from calls for the directory."""

from collections.abc import Iterable

from calltally.call_batch import Int64s, NameUpdate
from calltally.dictionary import Kind
from calltally.ingest.prepared_calls import PreparedCalls

_FIELDS = (
    (Kind.CLIENT, "client_id", "client_name"),
    (Kind.SOURCE, "source_id", "source_name"),
    (Kind.ACCOUNT, "account_id", "account_name"),
)
_MOST_BYTES = 128 * 2**20
_BYTES_PER_NAME = 400
"""Memory of a name besides its characters, with its key tuple."""


class NameUpdates:
    """Filters new names, so that a name that every call repeats is journaled once.

    Journaling a name twice is harmless: the directory sets it again.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Kind, str, str], str] = {}
        self._bytes = 0  # upper bound of the memory; replaced names are counted too

    def of(self, calls: PreparedCalls, rows: Int64s) -> list[NameUpdate]:
        """The new names of some accepted calls; of several names for one thing, the last."""
        if not calls.has_names:
            return []
        organizations = calls.texts["organization"]
        names: dict[tuple[Kind, str, str], str] = {}
        for row in rows.tolist():
            call = calls.calls[row]
            for kind, id_field, name_field in _FIELDS:
                name, id_ = getattr(call, name_field), getattr(call, id_field)
                if name and id_:
                    names[kind, organizations.distinct[organizations.codes[row]], id_] = name
        return self.among(NameUpdate(*key, name) for key, name in names.items())

    def among(self, names: Iterable[NameUpdate]) -> list[NameUpdate]:
        """The new ones among names of distinct things."""
        if self._bytes > _MOST_BYTES:
            self._known.clear()
            self._bytes = 0
        news = [name for name in names if self._known.get(name[:3]) != name.name]
        self._known.update((name[:3], name.name) for name in news)
        self._bytes += sum(_BYTES_PER_NAME + 4 * (len(name.id) + len(name.name)) for name in news)
        return news

    def forget(self, kind: Kind, organization: str, id: str) -> None:  # noqa: A002 - the standard name
        """Forget a name, so that the next one counts as new."""
        self._known.pop((kind, organization, id), None)
