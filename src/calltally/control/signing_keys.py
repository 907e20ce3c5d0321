"""The keys that access tokens are signed with."""

import threading
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm
from sqlalchemy import Connection, Row, select

from calltally.clock import Clock
from calltally.control.access_rows import delete_access, insert_access, proved, update_access
from calltally.control.control_database import ControlDatabase
from calltally.control.tables import signing_keys
from calltally.errors import DamagedDataError

DEFAULT_LIFETIME = timedelta(hours=24)
LONGEST_LIFETIME = timedelta(hours=8760)
"""No setting lets a token live longer, so a key that was retired before that is of no use to anybody."""


_NEVER_MS = 2**63


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An ES256 key. One that was retired signs nothing more and verifies what it signed."""

    key_id: str
    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    created_ms: int
    retired_ms: int | None = None

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.private_key.public_key()


class SigningKeys:
    """One key that signs, and those before it for as long as a token of theirs may live.

    The first key is made with the object. Methods may be called from any thread; only construction and
    `rotate` touch the disk. Other processes' rotations are not seen.
    """

    def __init__(
        self, database: ControlDatabase, clock: Clock, token_lifetime: timedelta = DEFAULT_LIFETIME
    ) -> None:
        self._database = database
        self._clock = clock
        self._token_lifetime_ms = int(token_lifetime.total_seconds() * 1000)
        self._rotation = threading.Lock()
        with database.reading() as connection:
            keys = _load(connection)
        if not any(key.retired_ms is None for key in keys):
            with database.changing_access() as connection:
                _insert(connection, self._clock.now_ms())
                keys = _load(connection)
        self._keys = {key.key_id: key for key in keys}

    def active(self) -> SigningKey:
        """The key to sign with."""
        return next(key for key in self._keys.values() if key.retired_ms is None)

    def find(self, key_id: str) -> SigningKey | None:
        """The key of that id, if a token signed with it can still be valid."""
        key = self._keys.get(key_id)
        return key if key is not None and self._is_needed(key) else None

    def all(self) -> tuple[SigningKey, ...]:
        """The keys whose tokens may be good, the active one first, then those retired last."""
        keys = [key for key in self._keys.values() if self._is_needed(key)]
        return tuple(sorted(keys, key=lambda key: -(key.retired_ms or _NEVER_MS)))

    def needed_until_ms(self, key: SigningKey) -> int | None:
        """When the last token that a retired key signed expires."""
        return None if key.retired_ms is None else key.retired_ms + self._token_lifetime_ms

    def rotate(self, *, forget: bool = False) -> SigningKey:
        """Retires the active key and returns the new one; to ``forget`` all others ends their tokens at once.

        A key is deleted once no token of it can be good under any setting: the one that commands read may not
        be the one that a server runs with.
        """
        now_ms = self._clock.now_ms()
        with self._rotation:
            with self._database.changing_access() as connection:
                retired_ms = signing_keys.c.retired_ms
                update_access(connection, signing_keys, retired_ms.is_(None), retired_ms=now_ms)
                useless_ms = now_ms if forget else now_ms - int(LONGEST_LIFETIME.total_seconds() * 1000)
                delete_access(connection, signing_keys, retired_ms <= useless_ms)
                _insert(connection, now_ms)
                keys = _load(connection)
            self._keys = {key.key_id: key for key in keys}
        if forget:
            self._database.access_changed()
        return self.active()

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public halves as a JSON Web Key Set (RFC 7517), the active key first."""
        return {"keys": [_jwk(key) for key in self.all()]}

    def _is_needed(self, key: SigningKey) -> bool:
        until_ms = self.needed_until_ms(key)
        return until_ms is None or self._clock.now_ms() < until_ms


def _jwk(key: SigningKey) -> dict[str, str]:
    point = ECAlgorithm.to_jwk(key.public_key, as_dict=True)
    return {**point, "kid": key.key_id, "alg": "ES256", "use": "sig"}


def _insert(connection: Connection, now_ms: int) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    insert_access(
        connection, signing_keys, key_id=str(uuid.uuid4()), private_pem=pem.decode(), created_ms=now_ms
    )


def _load(connection: Connection) -> list[SigningKey]:
    rows = connection.execute(select(signing_keys).order_by(signing_keys.c.created_ms))
    return [_signing_key(proved(signing_keys, row)) for row in rows]


def _signing_key(row: Row[tuple[object, ...]]) -> SigningKey:
    try:
        private_key = load_pem_private_key(row.private_pem.encode(), password=None)
    except ValueError as error:
        raise DamagedDataError(f"signing key {row.key_id} in the control database cannot be read") from error
    if not isinstance(private_key, ec.EllipticCurvePrivateKey):
        raise DamagedDataError(f"signing key {row.key_id} in the control database is not of the kind ES256")
    return SigningKey(row.key_id, private_key, row.created_ms, row.retired_ms)
