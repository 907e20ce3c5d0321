"""The demo's columns of numbers as calls."""

from collections.abc import Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from calltally.call import Call
from calltally.demo.demo_route import DEMO_ROUTES, Touches
from calltally.demo.organization import Ints, Organization
from calltally.demo.traffic import NONE, DayOfCalls

ORIGIN = "demo"

_Texts = npt.NDArray[np.object_]


class CallWriter:
    """Writes days of calls, to be handed over from the first to the last: a client's, a source's or an
    account's name is on the first of its calls only."""

    def __init__(self, organization: Organization) -> None:
        clients, sources, accounts = organization.clients, organization.sources, organization.accounts
        self._clients = _texts(clients.ids)
        self._users = _texts(organization.users)
        self._sources = _texts(sources.ids)
        self._accounts = _texts(accounts.ids)
        self._client_names = _NamesToTell(clients.names)
        self._source_names = _NamesToTell(sources.names)
        self._account_names = _NamesToTell(accounts.names)
        self._methods = _texts([route.method for route in DEMO_ROUTES])
        self._templates = _texts([route.template for route in DEMO_ROUTES])
        self._seconds = _texts([f"T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(86_400)])
        self._fractions = _texts([f".{ms:03}Z" for ms in range(1000)])
        parts = [route.template.partition("{id}") for route in DEMO_ROUTES]
        self._path_starts = _texts([start for start, _, _ in parts])
        self._path_ends = _texts([end for _, _, end in parts])
        # What a path names: an account, a source, another thing by its number, or nothing.
        touches = np.array([route.touches for route in DEMO_ROUTES])
        has_id = np.array([bool(placeholder) for _, placeholder, _ in parts])
        self._names_account = has_id & (touches == Touches.ACCOUNT)
        self._names_source = has_id & (touches == Touches.SOURCE)
        self._names_nothing = ~has_id

    def written(self, day: str, columns: DayOfCalls) -> list[Call]:
        """A day's calls; their ids are made of the day and their place in it."""
        calls = list(
            map(
                Call,  # the columns stand in the order of its fields
                (f"demo-{day}-{number}" for number in range(len(columns))),
                self._times(day, columns.time_ms),
                repeat(ORIGIN),
                repeat(""),
                self._clients[columns.client].tolist(),
                self._users[columns.user].tolist(),
                self._sources[columns.source].tolist(),
                self._accounts[columns.account].tolist(),
                self._methods[columns.route].tolist(),
                self._templates[columns.route].tolist(),
                self._paths(columns),
                columns.status.tolist(),
                columns.duration_ms.tolist(),
                (size if size != NONE else None for size in columns.request_bytes.tolist()),
                columns.response_bytes.tolist(),
            )
        )
        for index, name in self._client_names.told_first(columns.client):
            calls[index].client_name = name
        for index, name in self._source_names.told_first(columns.source):
            calls[index].source_name = name
        for index, name in self._account_names.told_first(columns.account):
            calls[index].account_name = name
        return calls

    def _times(self, day: str, time_ms: Ints) -> list[str]:
        seconds = self._seconds[time_ms // 1000].tolist()
        fractions = self._fractions[time_ms % 1000].tolist()
        return [f"{day}{second}{fraction}" for second, fraction in zip(seconds, fractions, strict=True)]

    def _paths(self, columns: DayOfCalls) -> list[str]:
        route = columns.route
        named = columns.entity.astype(object)
        of_account, of_source = self._names_account[route], self._names_source[route]
        named[of_account] = self._accounts[columns.account[of_account]]
        named[of_source] = self._sources[columns.source[of_source]]
        named[self._names_nothing[route]] = ""
        starts, ends = self._path_starts[route].tolist(), self._path_ends[route].tolist()
        return [f"{start}{name}{end}" for start, name, end in zip(starts, named.tolist(), ends, strict=True)]


class _NamesToTell:
    """The names of one kind of thing, each of which is told once."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._told = np.zeros(len(names), np.bool_)

    def told_first(self, which: Ints) -> list[tuple[int, str]]:
        """Where in a column a thing stands whose name was never told, with its name; told from now on."""
        new = np.flatnonzero((which != NONE) & ~self._told[which])
        things, firsts = np.unique(which[new], return_index=True)
        self._told[things] = True
        return [
            (index, self._names[thing])
            for index, thing in zip(new[firsts].tolist(), things.tolist(), strict=True)
        ]


def _texts(texts: Sequence[str]) -> _Texts:
    """Texts to be taken by index; `NONE` finds the empty text behind the last."""
    return np.array([*texts, ""], dtype=object)
