"""Installations for tests: a control database in a directory, and what stands on it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from calltally.auth.tokens import TokenAuthority
from calltally.clock import FixedClock
from calltally.control.api_tokens import ApiTokens
from calltally.control.clients import ClientRegistry, NewClient
from calltally.control.control_database import ControlDatabase
from calltally.control.names import NameDirectory
from calltally.control.organizations import Organizations
from calltally.control.secrets import SecretHasher
from calltally.control.signing_keys import SigningKeys

ISSUER = "https://calltally.example"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@dataclass
class Installation:
    """Everything about access; hashes are made cheaply and the clock stands at `NOON`."""

    clock: FixedClock
    database: ControlDatabase
    organizations: Organizations
    clients: ClientRegistry
    api_tokens: ApiTokens
    names: NameDirectory
    keys: SigningKeys
    authority: TokenAuthority

    def issue(self, client: NewClient) -> str:
        """The text of an access token for a client."""
        found = self.clients.find(client.client_id)
        assert found is not None
        return self.authority.issue(found).token


def open_installation(directory: Path, **authority: Any) -> Installation:
    """Opens the control database in a directory, or makes it; keywords go to the authority."""
    clock = FixedClock(NOON)
    database = ControlDatabase.in_directory(directory)
    clients = ClientRegistry(database, clock, SecretHasher(time_cost=1, memory_kib=8))
    api_tokens = ApiTokens(database, clock)
    keys = SigningKeys(database, clock)
    given: dict[str, Any] = {"issuer": ISSUER} | authority
    return Installation(
        clock=clock,
        database=database,
        organizations=Organizations(database, clock),
        clients=clients,
        api_tokens=api_tokens,
        names=NameDirectory(database),
        keys=keys,
        authority=TokenAuthority(database, clients, api_tokens, keys, clock, **given),
    )
