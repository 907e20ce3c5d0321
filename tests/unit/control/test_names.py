import pytest

from calltally.call_batch import NameUpdate
from calltally.dictionary import Kind
from calltally.errors import InvalidInputError
from tests.installations import Installation
from tests.support.seeds import luck


def source(name: str, *, id: str = "s-1", organization: str = "acme") -> NameUpdate:  # noqa: A002
    return NameUpdate(Kind.SOURCE, organization, id, name)


def name_of(installation: Installation, source_id: str = "s-1", organization: str = "acme") -> str | None:
    return installation.names.names(organization, Kind.SOURCE, [source_id]).get(source_id)


def test_the_name_of_the_latest_call_counts(installation: Installation) -> None:
    installation.names.record([(1, source("Old")), (2, source("New"))])
    installation.names.record([(3, source("Newest"))])

    assert name_of(installation) == "Newest"


def test_names_recorded_again_change_nothing(installation: Installation) -> None:
    installation.names.record([(1, source("Old")), (2, source("New"))])

    installation.names.record([(1, source("Old"))])

    assert name_of(installation) == "New"


def test_the_order_in_which_names_are_recorded_does_not_matter(installation: Installation) -> None:
    updates = [(position, source(f"name {position}")) for position in range(1, 50)]
    luck("order of names").shuffle(updates)

    installation.names.record(updates[:25])
    installation.names.record(updates[25:])

    assert name_of(installation) == "name 49"


def test_of_two_names_at_one_position_the_later_one_counts(installation: Installation) -> None:
    installation.names.record([(1, source("First")), (1, source("Second"))])

    assert name_of(installation) == "Second"


def test_a_name_set_by_the_api_counts_more_than_any_calls(installation: Installation) -> None:
    installation.names.record([(1, source("By a call"))])
    installation.names.set("acme", Kind.SOURCE, "s-1", "By us")

    installation.names.record([(2, source("By a later call"))])

    assert name_of(installation) == "By us"


def test_a_name_set_by_the_api_can_be_set_again(installation: Installation) -> None:
    installation.names.set("acme", Kind.SOURCE, "s-1", "First")
    installation.names.set("acme", Kind.SOURCE, "s-1", "Second")

    assert name_of(installation) == "Second"


def test_a_source_is_in_the_directory_once_it_has_a_name(installation: Installation) -> None:
    installation.names.record([(1, source("Payroll"))])

    assert installation.names.has_source("acme", "s-1")
    assert not installation.names.has_source("acme", "s-2")


def test_no_organization_sees_the_names_of_another(installation: Installation) -> None:
    installation.names.record([(1, source("Ours")), (2, source("Theirs", organization="globex"))])

    assert name_of(installation) == "Ours"
    assert name_of(installation, organization="globex") == "Theirs"
    assert not installation.names.has_source("initech", "s-1")
    assert installation.names.ids("acme", Kind.SOURCE, ["Theirs"]) == frozenset()


def test_a_source_and_an_account_of_one_id_have_names_of_their_own(installation: Installation) -> None:
    installation.names.record(
        [(1, source("A source")), (1, NameUpdate(Kind.ACCOUNT, "acme", "s-1", "An account"))]
    )

    assert installation.names.names("acme", Kind.SOURCE, ["s-1"]) == {"s-1": "A source"}
    assert installation.names.names("acme", Kind.ACCOUNT, ["s-1"]) == {"s-1": "An account"}


def test_names_are_found_for_many_ids_at_once(installation: Installation) -> None:
    ids = [f"s-{number}" for number in range(25_000)]
    installation.names.record([(1, source(f"name of {id_}", id=id_)) for id_ in ids])

    found = installation.names.names("acme", Kind.SOURCE, [*ids, "unknown"])

    assert found == {id_: f"name of {id_}" for id_ in ids}


def test_ids_are_found_by_name(installation: Installation) -> None:
    installation.names.record([(1, source("Payroll", id="s-1")), (1, source("Payroll", id="s-2"))])

    assert installation.names.ids("acme", Kind.SOURCE, ["Payroll", "Unknown"]) == {"s-1", "s-2"}


def test_nothing_to_record_is_no_error(installation: Installation) -> None:
    installation.names.record([])

    assert installation.names.names("acme", Kind.SOURCE, []) == {}


def test_a_name_set_by_the_api_must_be_printable(installation: Installation) -> None:
    with pytest.raises(InvalidInputError, match="without control characters"):
        installation.names.set("acme", Kind.SOURCE, "s-1", "a\nb")


def test_what_has_no_names_is_given_none(installation: Installation) -> None:
    with pytest.raises(
        InvalidInputError, match="a route has no name; names are kept for: client, source, account"
    ):
        installation.names.set("acme", Kind.ROUTE, "/users", "Users")
