"""The secret key of identities, and their only hash implementation in Python."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from blake3 import blake3
from xxhash import xxh3_128_digest

IDENTITY_BYTES = 16
_KEY_BYTES = {"blake3": 32, "xxh3": 8}
_BLOCK_BYTES = 64
_LENGTH_BYTES = 2
_MARK = "calltally 2026 mark of an identity key"


class IdentityScheme(StrEnum):
    """How identities are computed from organization, origin and id."""

    BLAKE3 = "blake3"  # keyed BLAKE3, which cannot be predicted or inverted without the key
    XXH3 = "xxh3"  # XXH3 with a secret seed, which one identity suffices to compute


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """A secret of the installation, created once with its store, and its scheme.

    An identity is 128 bits for a call's organization, origin and id. Predictable identities would allow ids
    that collide with those of another organization, so neither a key nor an identity may leave the
    installation. `calltally._native` computes the same bits.
    """

    scheme: IdentityScheme
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != _KEY_BYTES[self.scheme]:
            raise ValueError(
                f"a key of {self.scheme} has {_KEY_BYTES[self.scheme]} bytes, not {len(self.secret)}"
            )

    @staticmethod
    def generate() -> "IdentityKey":
        """A key for a new store."""
        return IdentityKey(IdentityScheme.BLAKE3, os.urandom(_KEY_BYTES["blake3"]))

    @staticmethod
    def of_seed(seed: int) -> "IdentityKey":
        """The key of a store that was created before keys were recorded."""
        return IdentityKey(IdentityScheme.XXH3, seed.to_bytes(_KEY_BYTES["xxh3"], "big"))

    @property
    def withstands_senders(self) -> bool:
        """Whether even a sender that has some identities cannot predict others."""
        return self.scheme is IdentityScheme.BLAKE3

    @property
    def mark(self) -> int:
        """64 bits that identify a key and do not reveal it."""
        material = f"{self.scheme}:".encode() + self.secret
        return int.from_bytes(blake3(material, derive_key_context=_MARK).digest(8))

    def hashing(self, organization: str, origin: str) -> Callable[[str], bytes]:
        """The function from a call's id to its identity, for an organization and an origin.

        The hashed bytes separate the three texts: each but the last is preceded by its length, and with
        BLAKE3 also the last, since zeros fill the last block.
        """
        if self.scheme is IdentityScheme.XXH3:
            return self._former(organization, origin)
        prefix, key = _with_length(organization) + _with_length(origin), self.secret

        def identity(id_: str) -> bytes:
            message = prefix + _with_length(id_)
            filled = message.ljust(-(-len(message) // _BLOCK_BYTES) * _BLOCK_BYTES, b"\0")
            return blake3(filled, key=key).digest(IDENTITY_BYTES)

        return identity

    def _former(self, organization: str, origin: str) -> Callable[[str], bytes]:
        prefix = f"{len(organization)}:{organization}{len(origin)}:{origin}"
        seed = int.from_bytes(self.secret)
        return lambda id_: xxh3_128_digest((prefix + id_).encode(), seed)


def _with_length(text: str) -> bytes:
    """A text of less than 64 KiB, preceded by its length in bytes."""
    encoded = text.encode()
    return len(encoded).to_bytes(_LENGTH_BYTES, "little") + encoded
