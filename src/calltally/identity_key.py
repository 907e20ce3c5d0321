"""The secret that identities are hashed with, and the one place in Python that hashes them."""

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
    """How identities are made of organization, origin and id."""

    BLAKE3 = "blake3"  # keyed BLAKE3, which nobody can predict or invert without the key
    XXH3 = "xxh3"  # XXH3 under a secret seed, which one identity is enough to compute


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """A secret of the installation, made once with its store, and the scheme that it is used with.

    An identity names a call by 128 bits of its organization, origin and id. Whoever can predict identities
    can choose ids that collide with those of another organization, so neither a key nor an identity may leave
    the installation. `calltally_native` computes the same bits.
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
        """The key of a store that was made before keys were recorded."""
        return IdentityKey(IdentityScheme.XXH3, seed.to_bytes(_KEY_BYTES["xxh3"], "big"))

    @property
    def withstands_senders(self) -> bool:
        """Whether identities cannot be predicted even by a sender who knows some of them."""
        return self.scheme is IdentityScheme.BLAKE3

    @property
    def mark(self) -> int:
        """64 bits that tell keys apart and from which none can be computed."""
        material = f"{self.scheme}:".encode() + self.secret
        return int.from_bytes(blake3(material, derive_key_context=_MARK).digest(8))

    def hashing(self, organization: str, origin: str) -> Callable[[str], bytes]:
        """The identity of each call of an organization and an origin, by its id.

        Which bytes are hashed tells the three texts apart: the length of each but the last stands before it,
        and with BLAKE3 also the last one's, since zeros fill up the last block.
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
    """A text of less than 64 KiB behind the number of its bytes."""
    encoded = text.encode()
    return len(encoded).to_bytes(_LENGTH_BYTES, "little") + encoded
