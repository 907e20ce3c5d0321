from dataclasses import fields
from datetime import timedelta

import pytest

from calltally.control.signing_keys import LONGEST_LIFETIME, SigningKeys
from calltally.settings.settings import Settings, kind_of
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
    installation.clock.move_to(NOON - timedelta(days=365))
    second = installation.keys.rotate()
    installation.clock.move_to(NOON)
    third = installation.keys.rotate()

    installation.clock.move_to(NOON - timedelta(days=365))

    assert key_ids(reopened(installation)) == [third.key_id, second.key_id]
    assert installation.keys.find(first.key_id) is None


def test_a_rotation_by_a_command_that_knows_of_shorter_lives_ends_no_token(
    installation: Installation,
) -> None:
    long_lived = SigningKeys(installation.database, installation.clock, timedelta(hours=48))
    old = long_lived.active()
    SigningKeys(installation.database, installation.clock, timedelta(hours=1)).rotate()
    installation.clock.move_to(NOON + timedelta(hours=47))
    SigningKeys(installation.database, installation.clock, timedelta(hours=1)).rotate()

    again = SigningKeys(installation.database, installation.clock, timedelta(hours=48))

    assert again.find(old.key_id) is not None


def test_a_key_can_be_forgotten_with_the_tokens_it_signed(installation: Installation) -> None:
    old = installation.keys.active()
    access_version = installation.database.access_version

    new = installation.keys.rotate(forget=True)

    assert key_ids(installation.keys) == key_ids(reopened(installation)) == [new.key_id]
    assert installation.keys.find(old.key_id) is None
    assert installation.database.access_version > access_version


def test_no_token_can_be_told_to_outlive_the_time_for_which_keys_are_kept() -> None:
    (hours,) = (setting for setting in fields(Settings) if setting.name == "token_hours")
    longest = LONGEST_LIFETIME // timedelta(hours=1)

    assert kind_of(hours).check(longest) == longest
    with pytest.raises(ValueError, match=r"^$"):
        kind_of(hours).check(longest + 1)


def test_only_the_public_half_of_a_key_is_published(installation: Installation) -> None:
    (published,) = installation.keys.jwks()["keys"]

    assert set(published) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert (published["kty"], published["crv"], published["alg"], published["use"]) == (
        "EC",
        "P-256",
        "ES256",
        "sig",
    )
