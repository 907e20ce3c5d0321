"""Dictionary encoding of the texts of accepted calls."""

import numpy as np

from calltally.call_batch import Int64s
from calltally.dictionary import Dictionary, DictionaryValue, Kind, memory_of
from calltally.ingest.prepared_calls import Int32s, TextColumn
from calltally.ingest.routes import OTHER_ROUTE, RouteNamer


class DictionaryEncoder:
    """The ids that one ordered step assigns and uses.

    ``values`` has the new entries, in the order of their ids; they must be in the frame of this step. The
    caller has checked the limits on texts; only for derived routes this class checks that an organization's
    texts take at most ``most_memory``.
    """

    def __init__(self, dictionary: Dictionary, routes: RouteNamer, most_memory: int) -> None:
        self._dictionary = dictionary
        self._routes = routes
        self._most_memory = most_memory
        self.values: list[DictionaryValue] = []

    def id_of(self, kind: Kind, organization: int, text: str, *, derived: bool = False) -> int:
        known = self._dictionary.find(kind, organization, text)
        if known is not None:
            return known
        value = self._dictionary.intern(kind, organization, text, derived=derived)
        if value is None:
            raise AssertionError("a text that was not found is new")
        self.values.append(value)
        return value.id

    def ids_of(self, kind: Kind, organization: int, texts: list[str]) -> list[int]:
        """`id_of` for many texts at once."""
        self.values += self._dictionary.intern_all(kind, organization, texts)
        return self._dictionary.ids(kind, organization, texts)

    def derived_route_id(self, organization: int, route: str) -> int:
        """The id of a derived route: its own within the limits, else that of the shared other route."""
        known = self._dictionary.find(Kind.ROUTE, organization, route)
        if known is None and not self._has_room(organization, route):
            return self.id_of(Kind.ROUTE, organization, OTHER_ROUTE)
        return self.id_of(Kind.ROUTE, organization, route, derived=True)

    def _has_room(self, organization: int, route: str) -> bool:
        use = self._dictionary.use(organization)
        return use.derived < self._routes.max_derived and use.memory + memory_of(route) <= self._most_memory

    def organizations(self, texts: TextColumn) -> Int32s:
        """The organization of every row."""
        each = [self.id_of(Kind.ORGANIZATION, 0, text) for text in texts.distinct]
        return np.array(each, np.int32)[texts.codes]

    def ids(self, kind: Kind, organizations: Int32s, texts: TextColumn, rows: Int64s) -> Int32s:
        """The ids of a column's texts in some rows with the given organizations."""
        if texts.distinct == [""]:
            return np.zeros(len(rows), np.int32)
        codes = texts.codes[rows]
        owners = distinct(organizations).tolist()
        if len(owners) == 1:
            return self._ids_of_one(kind, owners[0], texts, codes)
        ids = np.zeros(len(rows), np.int32)
        for organization in owners:
            its = organizations == organization
            ids[its] = self._ids_of_one(kind, organization, texts, codes[its])
        return ids

    def route_ids(self, organizations: Int32s, routes: TextColumn, paths: TextColumn, rows: Int64s) -> Int32s:
        """The ids of given routes, and of derived routes for calls that have only a path."""
        ids = self.ids(Kind.ROUTE, organizations, routes, rows)
        if "" not in routes.distinct:
            return ids
        nameless = np.flatnonzero(ids == 0)
        for organization in distinct(organizations[nameless]).tolist():
            its = nameless[organizations[nameless] == organization]
            codes = paths.codes[rows[its]]
            used, texts = used_texts(paths, codes)
            of_code = np.zeros(len(paths.distinct), np.int32)
            of_code[used] = self._derived_routes(organization, texts)
            ids[its] = of_code[codes]
        return ids

    def _ids_of_one(self, kind: Kind, organization: int, texts: TextColumn, codes: Int32s) -> Int32s:
        used, wanted = used_texts(texts, codes)
        ids = self._dictionary.find_all(kind, organization, wanted)
        if None in ids:
            ids = [*self.ids_of(kind, organization, wanted)]
        of_code = np.zeros(len(texts.distinct), np.int32)
        of_code[used] = np.array(ids, np.int32)
        return of_code[codes]

    def _derived_routes(self, organization: int, paths: list[str]) -> Int64s:
        """The id of the derived route of each path."""
        routes = list(map(self._routes.derive, paths))
        ids = self._dictionary.find_all(Kind.ROUTE, organization, routes)
        if None in ids:
            ids = [
                self.derived_route_id(organization, route) if known is None else known
                for route, known in zip(routes, ids, strict=True)
            ]
        return np.array(ids, np.int64)


def distinct(numbers: Int32s) -> Int64s:
    """The distinct small numbers in a column, ascending."""
    return np.flatnonzero(np.bincount(numbers))


def used_texts(texts: TextColumn, codes: Int32s) -> tuple[Int64s, list[str]]:
    """The codes and texts of a column that some rows use."""
    used = distinct(codes)
    if len(used) == len(texts.distinct):
        return used, texts.distinct
    return used, [texts.distinct[code] for code in used.tolist()]
