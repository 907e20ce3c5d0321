"""How many connections there may be, and from one address."""

import ipaddress
from collections.abc import Iterable
from itertools import count

from calltally.auth.network import network_of
from calltally.shares import Shares


class ConnectionSlots:
    """Places for ``limit`` connections, divided among addresses as `Shares` says; of IPv6 among networks /64.

    Proxies, whose addresses and networks are in ``proxies``, speak for many: each of their connections counts
    as an address of its own, and so does one that has none. Belongs to one event loop.
    """

    def __init__(self, limit: int, proxies: Iterable[str] = ()) -> None:
        self._shares = Shares(limit)
        self._proxies = [ipaddress.ip_network(proxy) for proxy in proxies]
        self._numbers = count()

    def take(self, address: str | None) -> str | None:
        """The name of a place, to be given back; None where the address may have no more."""
        holder = network_of(address) if address else ""
        if not holder or self._is_proxy(holder):
            holder = f"{holder}#{next(self._numbers)}"
        return holder if self._shares.take(holder, 1) else None

    def give_back(self, holder: str) -> None:
        self._shares.give_back(holder, 1)

    def _is_proxy(self, holder: str) -> bool:
        if not self._proxies:
            return False
        try:
            network = ipaddress.ip_network(holder)
        except ValueError:
            return False
        return any(network.overlaps(proxy) for proxy in self._proxies if proxy.version == network.version)
