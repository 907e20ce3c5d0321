"""The SQL that writes export files."""

from calltally.call_batch import Entry
from calltally.dictionary import Kind
from calltally.harmless_text import FORMULA_STARTS
from calltally.store.duckdb.ledger_statements import active_rows
from calltally.store.duckdb.marginals import COUNTS, MARGINALS
from calltally.store.duckdb.statements import WEIGHT, Bound, Statement
from calltally.store.duckdb.usage.resolved_query import COLUMNS, KINDS, ResolvedQuery
from calltally.store.export import CALL_FIELDS, Form
from calltally.usage_query import Dimension

_FORMATS: dict[Form, str] = {
    "csv": "FORMAT csv, HEADER true",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}

_DIMENSIONS = {str(dimension): (KINDS[dimension], COLUMNS[dimension]) for dimension in KINDS}
_TEXTS = {
    "organization": (Kind.ORGANIZATION, "organization"),
    "origin": (Kind.ORIGIN, "origin"),
    **_DIMENSIONS,
}
"""The text fields, with their dictionaries and columns."""

_FORMULA = "^[{}]".format(FORMULA_STARTS.replace("\t", r"\t").replace("\r", r"\r").replace("\n", r"\n"))
_AFTER_APOSTROPHE = r"''\0"

_ENTRY_NAME = "CASE entry {} END".format(
    " ".join(f"WHEN {entry:d} THEN '{entry.name.lower()}'" for entry in Entry)
)
_EXPRESSIONS = {
    "time": "strftime(make_timestamp(time_ms * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')",
    "received": "strftime(make_timestamp(received_ms * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')",
    "entry": _ENTRY_NAME,
    "weight": WEIGHT,
}


def export_calls(question: ResolvedQuery, form: Form, path: str, *, every_entry: bool) -> Statement:
    """Active calls, or every row of the ledger."""
    if every_entry:
        source = Statement(
            """
            WITH active AS (
                FROM   call
                WHERE  organization = $organization
                  AND  time_ms >= $start_ms
                  AND  time_ms <  $end_ms
            )
            """,
            organization=question.organization,
            start_ms=question.start_ms,
            end_ms=question.end_ms,
        )
    else:
        source = active_rows(question)
    shown = [_shown(field, form) for field in CALL_FIELDS]
    texts = [field for field in CALL_FIELDS if field in _TEXTS]
    lines = [source.sql, _select(shown), "FROM   active", *map(_dictionary, texts)]
    return _copy("\n".join(lines), form, path, **source.parameters)


def export_counts(
    organization: int, first_day: int, end_day: int, dimensions: tuple[Dimension, ...], form: Form, path: str
) -> Statement:
    """The counts by day and some dimensions, from the narrowest marginal that has them."""
    keys = [COLUMNS[dimension] for dimension in dimensions]
    marginal = next(one for one in MARGINALS if set(keys) <= set(one.columns))
    sums = ", ".join(f"CAST(SUM({count}) AS BIGINT) AS {count}" for count in COUNTS)
    shown = [
        "strftime(DATE '1970-01-01' + CAST(day AS INTEGER), '%Y-%m-%d') AS day",
        *(_shown(str(dimension), form) for dimension in dimensions),
        *(f"active.{count}" for count in COUNTS),
    ]
    lines = [
        "WITH active AS (",
        f"    SELECT day, {', '.join(keys)}, {sums}",
        f"    FROM   {marginal.name}",
        "    WHERE  organization = $organization",
        "      AND  day >= $first_day",
        "      AND  day <  $end_day",
        f"    GROUP BY day, {', '.join(keys)}",
        f"    HAVING SUM({marginal.name}.calls) > 0",
        ")",
        _select(shown),
        "FROM   active",
        *(_dictionary(str(dimension)) for dimension in dimensions),
        f"ORDER BY {', '.join(['active.day', *(_text(str(dimension)) for dimension in dimensions)])}",
    ]
    return _copy(
        "\n".join(lines), form, path, organization=organization, first_day=first_day, end_day=end_day
    )


def _copy(sql: str, form: Form, path: str, **parameters: Bound) -> Statement:
    if form == "csv":
        parameters["formula"] = _FORMULA
    return Statement(f"COPY (\n{sql}\n) TO $path ({_FORMATS[form]})", **parameters, path=path)


def _select(shown: list[str]) -> str:
    return "SELECT " + ",\n       ".join(shown)


def _shown(field: str, form: Form) -> str:
    value = _text(field) if field in _TEXTS else _EXPRESSIONS.get(field, f"active.{field}")
    foreign = field in _TEXTS or field == "path"
    return f"{_cell(value) if foreign and form == 'csv' else value} AS {field}"


def _text(field: str) -> str:
    return f"COALESCE({field}_text.text, '')"


def _cell(text: str) -> str:
    """A text as `for_spreadsheet` writes it."""
    return f"regexp_replace({text}, $formula, '{_AFTER_APOSTROPHE}')"


def _dictionary(field: str) -> str:
    kind, column = _TEXTS[field]
    return (
        f"LEFT JOIN dictionary AS {field}_text\n"
        f"       ON {field}_text.kind = {kind:d} AND {field}_text.id = active.{column}"
    )
