from statistics import median
from time import process_time

from calltally.control.secrets import SecretHasher, VerifiedSecrets


def usual_time_of(stored: str | None, hasher: SecretHasher) -> float:
    """The processor time of one comparison, the median of ten."""
    times = []
    for _ in range(10):
        start = process_time()
        hasher.matches(stored, "wrong")
        times.append(process_time() - start)
    return median(times)


def test_a_secret_matches_its_own_hash_only() -> None:
    hasher = SecretHasher()
    stored = hasher.hash("s3cret/+=")

    assert stored.startswith("$argon2id$")
    assert hasher.matches(stored, "s3cret/+=")
    assert not hasher.matches(stored, "s3cret/+")
    assert not hasher.matches(None, "s3cret/+=")


def test_two_hashes_of_one_secret_differ() -> None:
    hasher = SecretHasher()

    assert hasher.hash("s3cret") != hasher.hash("s3cret")


def test_a_hash_that_cannot_be_read_matches_nothing() -> None:
    assert not SecretHasher().matches("damaged", "s3cret")


def test_a_missing_hash_costs_as_much_as_a_wrong_secret() -> None:
    hasher = SecretHasher()

    missing = usual_time_of(None, hasher)

    wrong = usual_time_of(hasher.hash("s3cret"), hasher)
    assert 0.5 < missing / wrong < 2


def test_a_remembered_secret_is_known_for_its_client_and_its_hash() -> None:
    verified = VerifiedSecrets()

    verified.remember("client-1", "hash", "secret")

    assert verified.knows("client-1", "hash", "secret")
    assert not verified.knows("client-2", "hash", "secret")
    assert not verified.knows("client-1", "another hash", "secret")
    assert not verified.knows("client-1", "hash", "another secret")


def test_the_clients_that_came_last_are_remembered() -> None:
    verified = VerifiedSecrets(size=2)
    verified.remember("client-1", "hash", "secret")
    verified.remember("client-2", "hash", "secret")
    verified.remember("client-1", "hash", "secret")

    verified.remember("client-3", "hash", "secret")

    assert verified.knows("client-1", "hash", "secret")
    assert not verified.knows("client-2", "hash", "secret")
    assert verified.knows("client-3", "hash", "secret")
