"""What a store promises about counting: whose calls, which, and in what order."""

import pytest

from tests.call_batches import a_call, batch_of
from tests.contract.questions import Store, answer, apply, count, rows

EVERY_STATUS = ("status_200", "status_300", "status_400", "status_429", "status_500")


class CountingContract:
    """Tests that every store must pass; a subclass gives the fixture ``store``."""

    def test_a_call_is_counted(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:00:00Z"))

        assert count(store) == 1

    def test_calls_of_several_batches_add_up(self, store: Store) -> None:
        apply(store, a_call(), a_call())
        apply(store, a_call())

        assert count(store) == 3

    def test_an_empty_store_answers_a_total_with_one_row_of_zeros(self, store: Store) -> None:
        result = answer(store, metrics=["calls", *EVERY_STATUS, "active_days"])

        assert result.columns == ("calls", *EVERY_STATUS, "active_days")
        assert result.rows == ((0, 0, 0, 0, 0, 0, 0),)
        assert result.total_rows == 1

    def test_an_organization_without_calls_in_the_window_has_one_row_of_zeros(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:00:00Z"), a_call(time="2026-05-10T12:00:00Z"))

        assert rows(store, ("2026-04-01", "2026-05-01"), metrics=["calls", "active_days"]) == [(0, 0)]

    def test_somebody_without_calls_in_whole_months_has_one_row_of_zeros(self, store: Store) -> None:
        apply(store, a_call(client_id="a", time="2026-03-10T12:00:00Z"))
        apply(store, a_call(client_id="b", time="2026-05-10T12:00:00Z"))

        asked = {"where": {"client_id": ["a"]}, "metrics": ["calls", "active_days"]}
        assert rows(store, ("2026-04-01", "2026-06-01"), **asked) == [(0, 0)]

    def test_a_grouped_question_without_calls_has_no_rows(self, store: Store) -> None:
        result = answer(store, by=["client_id"])

        assert result.rows == ()
        assert result.total_rows == 0

    def test_a_day_without_calls_has_no_row(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:00:00Z"))

        assert rows(store, ("2026-03-11", "2026-03-20"), per="day") == []

    def test_an_empty_window_holds_no_call(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:00:00Z"))

        assert rows(store, ("2026-03-10T12:00:00", "2026-03-10T12:00:00")) == [(0,)]

    def test_the_start_of_a_window_is_in_it_and_its_end_is_not(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:00:00Z"), a_call(time="2026-03-11T12:00:00Z"))

        assert count(store, ("2026-03-10T12:00:00", "2026-03-11T12:00:00")) == 1
        assert count(store, ("2026-03-10T12:00:00", "2026-03-11T12:00:00.001")) == 2
        assert count(store, ("2026-03-10T12:00:00.001", "2026-03-11T12:00:00")) == 0

    def test_a_window_may_begin_and_end_between_milliseconds(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T12:00:00.001Z"))

        assert count(store, ("2026-03-10T12:00:00.000500", "2026-03-10T12:00:00.001500")) == 1
        assert count(store, ("2026-03-10T12:00:00.001500", "2026-03-10T12:00:00.002500")) == 0

    def test_a_window_that_cuts_days_counts_only_what_is_within(self, store: Store) -> None:
        apply(
            store,
            a_call(time="2026-03-10T05:59:59.999Z"),
            a_call(time="2026-03-10T06:00:00Z"),
            a_call(time="2026-03-11T12:00:00Z"),
            a_call(time="2026-03-12T17:59:59.999Z"),
            a_call(time="2026-03-12T18:00:00Z"),
        )

        assert count(store, ("2026-03-10T06:00:00", "2026-03-12T18:00:00")) == 3
        assert rows(store, ("2026-03-10T06:00:00", "2026-03-12T18:00:00"), per="day") == [
            ("2026-03-10T00:00Z", 1),
            ("2026-03-11T00:00Z", 1),
            ("2026-03-12T00:00Z", 1),
        ]

    def test_calls_before_1970_are_counted_on_their_day(self, store: Store) -> None:
        apply(store, a_call(time="1969-12-31T23:59:59.999Z"), a_call(time="1970-01-01T00:00:00Z"))

        assert rows(store, ("1969-12-01", "1970-02-01"), per="day") == [
            ("1969-12-31T00:00Z", 1),
            ("1970-01-01T00:00Z", 1),
        ]
        assert rows(store, ("1969-12-01", "1970-02-01"), per="hour") == [
            ("1969-12-31T23:00Z", 1),
            ("1970-01-01T00:00Z", 1),
        ]

    def test_organizations_are_apart_even_where_their_ids_are_the_same(self, store: Store) -> None:
        apply(store, a_call(), a_call(), a_call(organization="globex"))

        assert count(store) == 2
        assert count(store, organization="globex", where={"client_id": ["client-1"]}) == 1
        assert count(store, organization="initech") == 0
        assert rows(store, organization="globex", by=["client_id", "route"]) == [
            ("client-1", "/users/{id}", 1)
        ]

    def test_an_id_that_only_another_organization_has_finds_nothing(self, store: Store) -> None:
        apply(store, a_call(), a_call(organization="globex", client_id="secret"))

        assert count(store, where={"client_id": ["secret"]}) == 0

    # Statuses

    def test_statuses_are_counted_by_their_hundred_and_429_also_on_its_own(self, store: Store) -> None:
        statuses = (200, 204, 299, 301, 400, 404, 429, 429, 500, 599)
        apply(store, *(a_call(status=status) for status in statuses))

        assert rows(store, metrics=["calls", *EVERY_STATUS]) == [(10, 3, 1, 4, 2, 2)]

    def test_no_answer_and_1xx_count_in_the_total_and_in_no_class(self, store: Store) -> None:
        apply(store, a_call(status=0), a_call(status=100), a_call(status=199))

        assert rows(store, metrics=["calls", *EVERY_STATUS]) == [(3, 0, 0, 0, 0, 0)]
        assert rows(store, by=["status_class"]) == [("none", 3)]

    def test_the_status_is_a_dimension_of_whole_numbers(self, store: Store) -> None:
        apply(store, a_call(status=404), a_call(status=200), a_call(status=404), a_call(status=0))

        assert rows(store, by=["status"]) == [(0, 1), (200, 1), (404, 2)]
        assert rows(store, where={"status": ["404", "0"]}) == [(3,)]

    def test_a_status_that_is_none_finds_nothing(self, store: Store) -> None:
        apply(store, a_call(status=200))

        assert count(store, where={"status": ["0200", "2e2", "ok", "9" * 40, "\u0662\u0660\u0660"]}) == 0

    def test_the_status_class_is_a_dimension(self, store: Store) -> None:
        apply(store, *(a_call(status=status) for status in (200, 201, 302, 429, 503, 0)))

        assert rows(
            store, by=["status_class"], metrics=["calls", "status_200", "status_429", "active_days"]
        ) == [
            ("2xx", 2, 2, 0, 1),
            ("3xx", 1, 0, 0, 1),
            ("4xx", 1, 0, 1, 1),
            ("5xx", 1, 0, 0, 1),
            ("none", 1, 0, 0, 1),
        ]

    def test_status_classes_filter_whatever_else_is_grouped(self, store: Store) -> None:
        apply(
            store,
            a_call(client_id="a", status=200),
            a_call(client_id="a", status=404),
            a_call(client_id="b", status=500),
            a_call(client_id="c", status=204),
        )

        assert rows(store, by=["client_id"], where={"status_class": ["4xx", "5xx"]}) == [("a", 1), ("b", 1)]
        assert rows(store, where={"status_class": ["6xx"]}) == [(0,)]

    def test_the_class_of_a_window_that_cuts_days_is_exact(self, store: Store) -> None:
        for time in (
            "2026-03-10T05:00:00Z",
            "2026-03-10T07:00:00Z",
            "2026-03-11T00:00:00Z",
            "2026-03-12T01:00:00Z",
        ):
            apply(store, a_call(time=time, status=404), a_call(time=time, status=200))

        cut = ("2026-03-10T06:00:00", "2026-03-12T06:00:00")
        assert rows(store, cut, by=["status_class"], metrics=["calls", "active_days"]) == [
            ("2xx", 3, 3),
            ("4xx", 3, 3),
        ]

    # Dimensions

    @pytest.mark.parametrize(
        "dimension", ["client_id", "user_id", "source_id", "account_id", "route", "method"]
    )
    def test_calls_are_grouped_by_each_dimension(self, store: Store, dimension: str) -> None:
        apply(store, a_call(**{dimension: "b"}), a_call(**{dimension: "a"}), a_call(**{dimension: "b"}))

        assert rows(store, by=[dimension]) == [("a", 1), ("b", 2)]

    @pytest.mark.parametrize(
        "dimension", ["client_id", "user_id", "source_id", "account_id", "route", "method"]
    )
    def test_each_dimension_filters_by_one_several_and_unknown_values(
        self, store: Store, dimension: str
    ) -> None:
        apply(store, a_call(**{dimension: "a"}), a_call(**{dimension: "b"}), a_call(**{dimension: "c"}))

        assert count(store, where={dimension: ["a"]}) == 1
        assert count(store, where={dimension: ["a", "c", "never seen"]}) == 2
        assert count(store, where={dimension: ["never seen"]}) == 0
        assert count(store, where={dimension: []}) == 0

    def test_a_call_without_a_value_is_grouped_and_found_under_the_empty_text(self, store: Store) -> None:
        apply(store, a_call(client_id=""), a_call(client_id="a"))

        assert rows(store, by=["client_id"]) == [("", 1), ("a", 1)]
        assert count(store, where={"client_id": [""]}) == 1

    def test_several_filters_must_all_hold(self, store: Store) -> None:
        apply(
            store,
            a_call(client_id="a", method="GET"),
            a_call(client_id="a", method="PUT"),
            a_call(client_id="b", method="GET"),
        )

        assert count(store, where={"client_id": ["a"], "method": ["GET"]}) == 1

    @pytest.mark.parametrize(
        "dimensions",
        [
            ("client_id", "route", "method"),
            ("client_id", "user_id", "route", "method"),
            ("source_id", "account_id"),
            ("user_id", "source_id"),
            ("client_id", "account_id", "status"),
            ("method", "status_class"),
        ],
    )
    def test_dimensions_combine(self, store: Store, dimensions: tuple[str, ...]) -> None:
        apply(store, a_call(), a_call(), a_call(client_id="z", user_id="z", source_id="z", method="PUT"))

        expected = {
            "client_id": ("client-1", "z"),
            "user_id": ("user-1", "z"),
            "source_id": ("source-1", "z"),
            "account_id": ("account-1", "account-1"),
            "route": ("/users/{id}", "/users/{id}"),
            "method": ("GET", "PUT"),
            "status": (200, 200),
            "status_class": ("2xx", "2xx"),
        }
        assert rows(store, by=dimensions) == [
            (*(expected[dimension][0] for dimension in dimensions), 2),
            (*(expected[dimension][1] for dimension in dimensions), 1),
        ]

    def test_a_filter_may_be_on_a_dimension_that_is_not_grouped(self, store: Store) -> None:
        apply(
            store,
            a_call(user_id="u", source_id="s"),
            a_call(user_id="u", source_id="t"),
            a_call(user_id="v", source_id="s"),
        )

        assert rows(store, by=["source_id"], where={"user_id": ["u"]}) == [("s", 1), ("t", 1)]

    @pytest.mark.parametrize(
        "text",
        ["it's", '"quoted"', "; DROP TABLE call; --", "$limit", "ünï", "日本", "🦆", "a\tb", "%", "NULL"],
    )
    def test_any_text_is_kept_as_it_came(self, store: Store, text: str) -> None:
        apply(store, a_call(client_id=text, route=text, organization=text))

        found = rows(store, organization=text, by=["client_id", "route"], where={"client_id": [text]})
        assert found == [(text, text, 1)]

    # Active days

    def test_active_days_are_days_with_a_call(self, store: Store) -> None:
        apply(
            store,
            a_call(client_id="a", time="2026-03-10T00:00:00Z"),
            a_call(client_id="a", time="2026-03-10T23:59:59.999Z"),
            a_call(client_id="a", time="2026-03-12T12:00:00Z"),
            a_call(client_id="b", time="2026-03-12T12:00:00Z"),
        )

        assert rows(store, by=["client_id"], metrics=["active_days", "calls"]) == [("a", 2, 3), ("b", 1, 1)]
        assert rows(store, metrics=["active_days"]) == [(2,)]

    def test_active_days_are_counted_once_over_batches_and_at_cut_edges(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-10T06:00:00Z"), a_call(time="2026-03-11T06:00:00Z"))
        apply(store, a_call(time="2026-03-10T18:00:00Z"), a_call(time="2026-03-12T06:00:00Z"))

        assert rows(store, ("2026-03-10T05:00:00", "2026-03-12T07:00:00"), metrics=["active_days"]) == [(3,)]

    def test_active_days_per_month_are_days_of_that_month(self, store: Store) -> None:
        apply(
            store,
            a_call(account_id="x", time="2026-01-31T12:00:00Z"),
            a_call(account_id="x", time="2026-02-01T12:00:00Z"),
            a_call(account_id="x", time="2026-02-02T12:00:00Z"),
        )

        year = ("2026-01-01", "2027-01-01")
        assert rows(store, year, per="month", where={"account_id": ["x"]}, metrics=["active_days"]) == [
            ("2026-01-01T00:00Z", 1),
            ("2026-02-01T00:00Z", 2),
        ]

    # Order and pages

    def test_rows_come_in_the_order_of_their_texts_by_code_point(self, store: Store) -> None:
        texts = ["b", "B", "a", "ä", "Z", "", "10", "9", "🦆", "\uffee"]
        apply(store, *(a_call(client_id=text) for text in texts))

        assert [row[0] for row in rows(store, by=["client_id"])] == [
            "", "10", "9", "B", "Z", "a", "b", "ä", "\uffee", "🦆",
        ]  # fmt: skip

    def test_rows_come_in_the_order_asked_and_ties_by_text(self, store: Store) -> None:
        apply(store, *(a_call(client_id=client) for client in "baacbd"))

        assert rows(store, by=["client_id"], order=["-calls"]) == [("a", 2), ("b", 2), ("c", 1), ("d", 1)]
        assert rows(store, by=["client_id"], order=["calls"]) == [("c", 1), ("d", 1), ("a", 2), ("b", 2)]
        assert [r[0] for r in rows(store, by=["client_id"], order=["-client_id"])] == ["d", "c", "b", "a"]

    def test_ties_are_decided_by_start_and_then_by_all_grouped_texts(self, store: Store) -> None:
        apply(
            store,
            a_call(method="PUT", client_id="a", time="2026-03-10T00:00:00Z"),
            a_call(method="GET", client_id="b", time="2026-03-10T00:00:00Z"),
            a_call(method="PUT", client_id="a", time="2026-03-09T00:00:00Z"),
        )

        assert rows(store, per="day", by=["method", "client_id"], order=["-calls"]) == [
            ("2026-03-09T00:00Z", "PUT", "a", 1),
            ("2026-03-10T00:00Z", "GET", "b", 1),
            ("2026-03-10T00:00Z", "PUT", "a", 1),
        ]

    def test_the_start_can_descend(self, store: Store) -> None:
        apply(store, a_call(time="2026-03-09T00:00:00Z"), a_call(time="2026-03-10T00:00:00Z"))

        assert rows(store, per="day", order=["-start"]) == [
            ("2026-03-10T00:00Z", 1),
            ("2026-03-09T00:00Z", 1),
        ]

    def test_an_order_by_a_column_that_is_not_there_is_refused(self, store: Store) -> None:
        apply(store, a_call())

        with pytest.raises(ValueError, match="1; DROP TABLE call"):
            rows(store, by=["client_id"], order=["1; DROP TABLE call"])

    def test_pages_do_not_overlap_and_know_the_total(self, store: Store) -> None:
        apply(store, *(a_call(client_id=client) for client in "abcde"))

        pages = [answer(store, by=["client_id"], limit=2, offset=offset) for offset in (0, 2, 4)]
        assert [page.rows for page in pages] == [(("a", 1), ("b", 1)), (("c", 1), ("d", 1)), (("e", 1),)]
        assert [page.total_rows for page in pages] == [5, 5, 5]

    def test_a_page_behind_the_end_is_empty_and_still_knows_the_total(self, store: Store) -> None:
        apply(store, *(a_call(client_id=client) for client in "abcde"))

        behind = answer(store, by=["client_id"], limit=2, offset=10)
        assert behind.rows == ()
        assert behind.total_rows == 5
        assert answer(store, by=["client_id"], limit=0).total_rows == 5

    def test_an_offset_needs_no_limit(self, store: Store) -> None:
        apply(store, *(a_call(client_id=client) for client in "abc"))

        rest = answer(store, by=["client_id"], offset=1)
        assert rest.rows == (("b", 1), ("c", 1))
        assert rest.total_rows == 3

    def test_records_name_the_values_of_a_row(self, store: Store) -> None:
        apply(store, a_call())

        assert answer(store, by=["client_id", "status"], metrics=["calls", "active_days"]).records() == [
            {"client_id": "client-1", "status": 200, "calls": 1, "active_days": 1}
        ]

    # Applying

    def test_a_batch_out_of_order_is_refused_and_nothing_of_it_is_taken(self, store: Store) -> None:
        apply(store, a_call())

        for position in (1, 3):
            with pytest.raises(ValueError, match="cannot follow position 1"):
                store.apply(batch_of(store, a_call(), position=position))
        assert store.position == 1
        assert count(store) == 1

    def test_the_position_is_that_of_the_last_batch(self, store: Store) -> None:
        assert store.position == 0

        apply(store, a_call())
        apply(store)

        assert store.position == 2
        assert store.checkpoint() == 2

    def test_compacting_changes_no_answer(self, store: Store) -> None:
        apply(store, a_call(client_id="a"), a_call(client_id="b", time="2026-03-09T12:00:00Z"))
        before = rows(store, per="day", by=["client_id"])

        while store.compact():
            pass

        assert rows(store, per="day", by=["client_id"]) == before
