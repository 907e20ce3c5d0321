"""What identities are made of, and what can be learnt from them."""

import pytest
from blake3 import blake3
from xxhash import xxh3_128_intdigest

from calltally.identity_key import IdentityKey, IdentityScheme
from tests.support.identity_keys import ANOTHER_KEY, FORMER_KEY, KEY

_64_BITS = 2**64 - 1
_MULTIPLIER = 0x9E3779B185EBCA87 + (6 << 2)  # XXH3's for texts of six bytes
_SECRET_BITS = 0xDB979083E96DD4DE ^ 0x1F67B3B7A4A44072  # of the secret that everybody's XXH3 has


def seed_of(identity: bytes, text: bytes) -> int:
    """The seed under which XXH3 gives a text of six bytes this hash: each of its steps can be undone."""
    low = int.from_bytes(identity[8:])
    low = low ^ low >> 28 ^ low >> 56
    low = low * pow(0x9FB21C651E98DF25, -1, 2**64) & _64_BITS
    low ^= low >> 35
    high = int.from_bytes(identity[:8])
    high ^= high >> 32
    high = high * pow(0x165667919E3779F9, -1, 2**64) & _64_BITS
    high ^= high >> 37
    product = low ^ high >> 3
    keyed = product * pow(_MULTIPLIER, -1, 2**64) & _64_BITS
    value = int.from_bytes(text[:4], "little") | int.from_bytes(text[-4:], "little") << 32
    seed = (value ^ keyed) - _SECRET_BITS & _64_BITS
    return seed ^ int.from_bytes((seed & 0xFFFFFFFF).to_bytes(4, "little")) << 32


def test_one_identity_of_a_former_store_gives_its_seed_away() -> None:
    seed = 0x1234_5678_9ABC_DEF0
    identity = IdentityKey.of_seed(seed).hashing("a", "")("1")

    assert seed_of(identity, b"1:a0:1") == seed
    assert not IdentityKey.of_seed(seed).withstands_senders


def test_an_identity_is_keyed_blake3_of_the_texts_behind_their_lengths() -> None:
    message = b"\x05\x00\xc3\xa4cme\x03\x00web\x03\x00c-1"

    identity = KEY.hashing("äcme", "web")("c-1")

    assert identity == blake3(message.ljust(64, b"\0"), key=bytes(range(32))).digest(16)
    assert identity.hex() == "4b795f94a0245db74f94b4d4b4c72677"
    assert KEY.withstands_senders


def test_an_identity_of_a_former_store_is_xxh3_of_the_texts_behind_their_numbers_of_characters() -> None:
    identity = FORMER_KEY.hashing("äcme", "web")("c-1")

    assert int.from_bytes(identity) == xxh3_128_intdigest("4:äcme3:webc-1".encode(), 2**63 + 17)


@pytest.mark.parametrize("key", [KEY, FORMER_KEY])
def test_texts_that_are_the_same_together_have_different_identities(key: IdentityKey) -> None:
    texts = [
        ("a", "b", "c"),
        ("ab", "", "c"),
        ("", "ab", "c"),
        ("a", "", "bc"),
        ("abc", "", ""),
        ("", "", "abc"),
        ("a", "b", "c" * 60),
        ("a", "b" * 60, "c"),
        ("ä", "b", "c"),
        ("a1:b", "", "c"),
        ("a", "", "0:c"),
    ]

    identities = {key.hashing(organization, origin)(id_) for organization, origin, id_ in texts}

    assert len(identities) == len(texts)


def test_identities_of_one_id_differ_between_organizations_and_depend_on_the_key() -> None:
    identities = {
        key.hashing(organization, "")("c-1")
        for key in (KEY, ANOTHER_KEY, IdentityKey.generate(), IdentityKey.generate())
        for organization in ("acme", "globex")
    }

    assert len(identities) == 8


@pytest.mark.parametrize("size", [1, 57, 58, 121, 122, 200, 1024])
def test_texts_of_any_length_are_hashed_in_whole_blocks(size: int) -> None:
    id_ = "x" * size
    message = b"\x01\x00a\x00\x00" + size.to_bytes(2, "little") + id_.encode()
    filled = message + bytes(-len(message) % 64)

    assert KEY.hashing("a", "")(id_) == blake3(filled, key=KEY.secret).digest(16)


def test_keys_have_marks_of_their_own_that_hold_nothing_of_an_identity() -> None:
    keys = [KEY, ANOTHER_KEY, FORMER_KEY, IdentityKey.of_seed(2**63 + 18)]

    assert len({key.mark for key in keys}) == 4
    assert KEY.mark == IdentityKey(IdentityScheme.BLAKE3, bytes(range(32))).mark
    assert KEY.mark.to_bytes(8) not in KEY.secret
    assert FORMER_KEY.mark.to_bytes(8) != FORMER_KEY.secret


@pytest.mark.parametrize(("scheme", "size"), [("blake3", 8), ("blake3", 0), ("xxh3", 32)])
def test_a_key_of_another_length_is_refused(scheme: str, size: int) -> None:
    with pytest.raises(ValueError, match="bytes, not"):
        IdentityKey(IdentityScheme(scheme), bytes(size))


def test_a_key_is_not_shown_where_it_is_printed() -> None:
    for key in (KEY, FORMER_KEY):
        assert repr(key) == f"IdentityKey(scheme={key.scheme!r})"
        assert key.secret.hex() not in f"{key} {key!r}"
