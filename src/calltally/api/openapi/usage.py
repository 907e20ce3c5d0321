"""What the OpenAPI document says of usage and outcomes, and of the directory of names."""

from calltally.api.directory_routes import Listed
from calltally.api.openapi.parts import (
    COUNT,
    INSTANT,
    TEXT,
    Data,
    answer,
    choice,
    listing,
    needs,
    operation,
    parameter,
    problems,
    record,
    ref,
)
from calltally.api.openapi.usage_schema import OutcomesOperation, UsageOperation
from calltally.call import MAX_ID_BYTES
from calltally.control.permissions import READ_USAGE, WRITE_DIRECTORY

_READ = needs(READ_USAGE)
_REFUSALS = problems(400, 401, 403, 500, 503)
_MOMENT = {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}


def usage_paths() -> Data:
    """``/v1/usage`` and ``/v1/outcomes``; their parameters and answers stand beside their doors."""
    usage, outcomes = _plain(UsageOperation().to_schema()), _plain(OutcomesOperation().to_schema())
    for told in usage["parameters"]:
        if told["name"] in ("from", "to", "as_of"):
            told["schema"] = _MOMENT
    usage["responses"]["200"]["content"]["application/json"]["schema"] = ref("Usage")
    outcomes["responses"]["200"]["content"]["application/json"]["schema"] = ref("Outcomes")
    usage["responses"]["200"]["headers"] = {
        "Calltally-Complete-Up-To": {
            "description": "CSV: what complete_up_to is in JSON.",
            "schema": INSTANT,
        },
        "Link": {"description": 'CSV: the next page, rel="next".', "schema": TEXT},
    }
    return {
        "/v1/usage": {
            "get": operation(
                "getUsage",
                "Usage",
                "Who called what, how often, over which days",
                {**usage["responses"], **_REFUSALS},
                security=_READ,
                parameters=usage["parameters"],
            )
        },
        "/v1/outcomes": {
            "get": operation(
                "getOutcomes",
                "Usage",
                "What became of the calls received, by day",
                {**outcomes["responses"], **_REFUSALS},
                security=_READ,
                parameters=outcomes["parameters"],
            )
        },
    }


def usage_schemas() -> Data:
    """What usage and outcomes answer in JSON."""
    usage, outcomes = (
        told.to_schema()["responses"]["200"]["content"]["application/json"]["schema"]
        for told in (UsageOperation(), OutcomesOperation())
    )
    row, day = usage["properties"]["rows"]["items"], outcomes["properties"]["days"]["items"]
    row["description"] = (
        "The grouped fields, the first instant of the bucket unless it is total, the metrics."
    )
    day["description"] = "What became of the calls that were received on a day."
    usage["properties"]["rows"]["items"] = ref("UsageRow")
    outcomes["properties"]["days"]["items"] = ref("OutcomesDay")
    return {"Usage": usage, "UsageRow": row, "Outcomes": outcomes, "OutcomesDay": day}


def directory_paths() -> Data:
    """``/v1/{listed}``, ``/v1/{listed}/{id}`` and ``/v1/dormant``."""
    paths = {"/v1/dormant": {"get": _dormant()}}
    for listed in Listed:
        one = listed.removesuffix("s")
        paths[f"/v1/{listed}"] = {
            "get": operation(
                f"list{listed.title()}",
                "Directory",
                f"The names of {listed}",
                {
                    "200": answer({"application/json": record({"rows": listing(ref("Named"))})}),
                    **problems(401, 403, 500),
                },
                security=_READ,
            )
        }
        paths[f"/v1/{listed}/{{id}}"] = {"put": _naming(one)}
    return paths


def directory_schemas() -> Data:
    name = {
        "type": "string",
        "minLength": 1,
        "maxLength": 256,
        "description": "On one line, without control characters.",
    }
    sleeper = record({"id": TEXT, "name": TEXT, "last_day": {"type": ["string", "null"], "format": "date"}})
    return {
        "NewName": {**record({"name": name}), "additionalProperties": False},
        "Named": record({"id": TEXT, "name": TEXT}),
        "Dormant": record({"complete_up_to": INSTANT, "total": COUNT, "rows": listing(sleeper)}),
    }


def _plain(told: Data) -> Data:
    """Without what parameters leave at its default."""
    parameters = [
        {key: value for key, value in parameter.items() if value is not False or key == "explode"}
        for parameter in told["parameters"]
    ]
    return {**told, "parameters": parameters}


def _naming(one: str) -> Data:
    id_ = {"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES}
    return operation(
        f"name{one.title()}",
        "Directory",
        f"Name one {one}",
        {"200": answer({"application/json": ref("Named")}), **problems(400, 401, 403, 408, 413, 500)},
        description="The name stays, whatever names calls bring.",
        security=needs(WRITE_DIRECTORY),
        parameters=[parameter("id", f"The {one}'s id; a slash in it is written %2F.", id_, place="path")],
        requestBody={"required": True, "content": {"application/json": {"schema": ref("NewName")}}},
    )


def _dormant() -> Data:
    days = {"type": "integer", "minimum": 1, "maximum": 36_500, "default": 90}
    limit = {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1000}
    return operation(
        "listDormant",
        "Directory",
        "Who has had no call for a while",
        {"200": answer({"application/json": ref("Dormant")}), **_REFUSALS},
        security=_READ,
        parameters=[
            parameter(
                "kind", "What to look at.", {**choice(tuple(Listed)), "default": Listed.ACCOUNTS.value}
            ),
            parameter("days", "Without a call for so many days, today being one.", days),
            parameter("limit", "The most rows.", limit),
        ],
    )
