"""Schemathesis asks a real server for all that the document describes, rightly and wrongly.

Nothing may fail in the server, and no answer may have a status, a type or a body that is not described.
"""

from typing import Any

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.config import (
    CoveragePhaseConfig,
    ExamplesPhaseConfig,
    FuzzingPhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.openapi.closed_document import CLOSED_DOCUMENT
from tests.openapi.conftest import Served
from tests.support.seeds import DEEP, examples, seed

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SECONDS = 30


def api(count: int, *, coverage: bool) -> schemathesis.BaseSchema:
    """The document for Schemathesis, with so many random requests for each operation."""
    generation = GenerationConfig(max_examples=count, deterministic=not DEEP, database="none")
    phases = PhasesConfig(
        examples=ExamplesPhaseConfig(generation=generation),
        coverage=CoveragePhaseConfig(enabled=coverage, generation=generation),
        fuzzing=FuzzingPhaseConfig(generation=generation),
    )
    project = ProjectConfig(generation=generation, phases=phases)
    config = SchemathesisConfig(seed=seed(1), projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_dict(CLOSED_DOCUMENT, config=config)


@schemathesis.serializer(
    "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"
)
def lines(_context: Any, value: Any) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else repr(value).encode()


with_token = api(examples(25, deep=200), coverage=True)
without_token = api(examples(3), coverage=False)


@with_token.parametrize()
def test_a_client_gets_only_what_is_described(case: schemathesis.Case[Any], served: Served) -> None:
    case.call_and_validate(
        base_url=served.address,
        headers={"Authorization": f"Bearer {served.token}"},
        checks=CHECKS,
        timeout=SECONDS,
    )


@without_token.parametrize()
def test_a_stranger_gets_only_what_is_described(case: schemathesis.Case[Any], served: Served) -> None:
    case.call_and_validate(base_url=served.address, checks=CHECKS, timeout=SECONDS)
