"""Genesys's codes and messages for bad requests."""

from collections.abc import Iterable

import msgspec

from calltally.errors import InvalidInputError

_LONGEST_VALUE = 200


class BadRequestError(InvalidInputError):
    """An error with one of Genesys's codes; its message is the template with its parameters, if any."""

    def __init__(self, code: str, template: str, /, **params: str) -> None:
        super().__init__(template.format(**params) if params else template)
        self.code = code
        self.template = template
        self.params = params


def malformed() -> BadRequestError:
    """The request is unreadable."""
    return BadRequestError(
        "bad.request", "The request could not be understood by the server due to malformed syntax."
    )


def invalid_value(value: object, field: str, allowed: Iterable[str]) -> BadRequestError:
    """A field of the body has an invalid value."""
    template = "Value [{value}] is not valid for field type [{field}]. Allowable values are: {allowed}"
    return BadRequestError(
        "invalid.value", template, value=shown(value), field=field, allowed=", ".join(allowed)
    )


def invalid_parameter(value: object, parameter: str, allowed: str) -> BadRequestError:
    """A parameter of the query string has an invalid value."""
    template = "Value [{value}] is not valid for parameter [{parameter}]. Allowable values are: {allowed}"
    return BadRequestError(
        "invalid.query.param.value", template, value=shown(value), parameter=parameter, allowed=allowed
    )


def invalid_property(name: str, model: str) -> BadRequestError:
    """The body has a field that its model lacks."""
    template = "Value [{value}] is not a valid property for object [{object}]"
    return BadRequestError("invalid.property", template, value=shown(name), object=model)


def constraint(reason: str) -> BadRequestError:
    """The request is readable but violates a constraint."""
    return BadRequestError("constraint.validation", reason)


def query_too_long(values: int, limit: int) -> BadRequestError:
    """The filters of a job have too many values."""
    template = "The query is too long. Its filters have {values} values, of at most {limit}"
    return BadRequestError("query.too.long", template, values=str(values), limit=str(limit))


def page_too_large(size: int, limit: int) -> BadRequestError:
    """A page of a job is too large for one response."""
    template = "The response is too large: {bytes} bytes, of at most {limit}. Ask for a smaller pageSize"
    return BadRequestError("max.response.size.reached", template, bytes=str(size), limit=str(limit))


def bad_request_of(error: InvalidInputError) -> BadRequestError:
    """An error in a request, converted to Genesys's form."""
    if isinstance(error, BadRequestError):
        return error
    sentences = [error.reason[:1].upper() + error.reason[1:]]
    if error.received is not None:
        sentences.append(f"Received: {shown(error.received)}")
    if error.accepted:
        sentences.append(f"Accepted: {error.accepted}")
    return constraint(" ".join(f"{sentence}." for sentence in sentences))


def shown(value: object) -> str:
    """A value for a message: a text as it is, anything else as JSON, shortened."""
    try:
        text = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()
    except RecursionError:
        text = "…"
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
