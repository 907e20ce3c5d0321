from datetime import timedelta

from calltally.control.signing_keys import SigningKeys
from tests.installations import NOON, Installation


def reopened(installation: Installation) -> SigningKeys:
    return SigningKeys(installation.database, installation.clock)


def key_ids(keys: SigningKeys) -> list[str]:
    return [key["kid"] for key in keys.jwks()["keys"]]


def test_the_first_key_is_made_once_and_stays(installation: Installation) -> None:
    key = installation.keys.active()

    again = reopened(installation).active()

    assert again.key_id == key.key_id
    assert again.public_key == key.public_key


def test_a_rotation_retires_the_active_key_for_good(installation: Installation) -> None:
    old = installation.keys.active()

    new = installation.keys.rotate()

    assert new.key_id != old.key_id
    assert installation.keys.active() == new
    assert reopened(installation).active().key_id == new.key_id


def test_a_retired_key_is_kept_until_its_last_token_has_expired(installation: Installation) -> None:
    old = installation.keys.active()
    new = installation.keys.rotate()
    assert key_ids(installation.keys) == [new.key_id, old.key_id]

    installation.clock.move_to(NOON + timedelta(hours=24) - timedelta(milliseconds=1))
    assert installation.keys.find(old.key_id) is not None

    installation.clock.move_to(NOON + timedelta(hours=24))
    assert installation.keys.find(old.key_id) is None
    assert key_ids(installation.keys) == [new.key_id]


def test_a_rotation_forgets_keys_that_nobody_needs(installation: Installation) -> None:
    first = installation.keys.active()
    second = installation.keys.rotate()
    installation.clock.move_to(NOON + timedelta(hours=24))
    third = installation.keys.rotate()

    installation.clock.move_to(NOON)

    assert key_ids(reopened(installation)) == [third.key_id, second.key_id]
    assert installation.keys.find(first.key_id) is None


def test_only_the_public_half_of_a_key_is_published(installation: Installation) -> None:
    (published,) = installation.keys.jwks()["keys"]

    assert set(published) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (published["kty"], published["crv"], published["alg"], published["use"]) == (
        "EC",
        "P-256",
        "ES256",
        "sig",
    )
