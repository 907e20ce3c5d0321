"""Secrets: made here, shown once, and kept only as hashes."""

import base64
import hashlib
import hmac
import os
import secrets
import threading
from collections import OrderedDict

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

API_TOKEN_PREFIX = "ct_"  # noqa: S105 - tells our tokens from others, also to scanners for leaked secrets


def new_secret() -> str:
    """256 random bits in characters that need no escaping in URLs, forms and headers."""
    return secrets.token_urlsafe(32)


def new_api_token() -> str:
    """256 random bits behind a prefix that tells where the token belongs."""
    return API_TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What an API token is stored and found as. A fast hash is enough for 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class SecretHasher:
    """Argon2id with OWASP's parameters for servers, about 20 ms and 19 MiB a hash."""

    def __init__(self, time_cost: int = 2, memory_kib: int = 19_456, parallelism: int = 1) -> None:
        self._argon2 = PasswordHasher(time_cost, memory_kib, parallelism, type=Type.ID)
        salt, digest = (_unpadded_base64(os.urandom(size)) for size in (16, 32))
        self._nobodys_hash = f"$argon2id$v=19$m={memory_kib},t={time_cost},p={parallelism}${salt}${digest}"

    def hash(self, secret: str) -> str:
        return self._argon2.hash(_bytes(secret))

    def matches(self, stored: str | None, secret: str) -> bool:
        """Whether the secret is the one whose hash is stored.

        Without a stored hash the answer is no, after the same work, so that the time it takes does not tell
        whether there is one.
        """
        try:
            matched = self._argon2.verify(stored or self._nobodys_hash, _bytes(secret))
        except (VerificationError, InvalidHashError):
            return False
        return matched and stored is not None


class VerifiedSecrets:
    """Remembers which secrets matched which stored hashes, to save the work of checking them again.

    What it holds is no secret: a keyed hash of both, under a key that never leaves this object. As the
    stored hash is part of it, a new secret makes the old one unknown, whatever other threads are about.
    Keeps the ``size`` clients used last. Safe for threads.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._key = os.urandom(32)
        self._digests: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, client_id: str, stored: str, secret: str) -> None:
        digest = self._digest(stored, secret)
        with self._lock:
            self._digests[client_id] = digest
            self._digests.move_to_end(client_id)
            if len(self._digests) > self._size:
                self._digests.popitem(last=False)

    def knows(self, client_id: str, stored: str, secret: str) -> bool:
        digest = self._digest(stored, secret)
        with self._lock:
            return hmac.compare_digest(self._digests.get(client_id, b""), digest)

    def _digest(self, stored: str, secret: str) -> bytes:
        return hashlib.blake2b(
            f"{stored}\0".encode() + _bytes(secret), key=self._key, digest_size=32
        ).digest()


def _bytes(secret: str) -> bytes:
    """Any text there can be, also one that is not Unicode and so was never a secret of ours."""
    return secret.encode("utf-8", "surrogatepass")


def _unpadded_base64(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()
