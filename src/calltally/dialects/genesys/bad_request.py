"""What Genesys calls the ways in which a request can be wrong."""

from collections.abc import Iterable

import msgspec

from calltally.errors import InvalidInputError

_LONGEST_VALUE = 200


class BadRequestError(InvalidInputError):
    """A refusal with one of Genesys's codes; its message is the template with its parameters, if any."""

    def __init__(self, code: str, template: str, /, **params: str) -> None:
        super().__init__(template.format(**params) if params else template)
        self.code = code
        self.template = template
        self.params = params


def malformed() -> BadRequestError:
    """What was sent cannot be read at all."""
    return BadRequestError(
        "bad.request", "The request could not be understood by the server due to malformed syntax."
    )


def invalid_value(value: object, field: str, allowed: Iterable[str]) -> BadRequestError:
    """A field of the body holds what it cannot hold."""
    template = "Value [{value}] is not valid for field type [{field}]. Allowable values are: {allowed}"
    return BadRequestError(
        "invalid.value", template, value=shown(value), field=field, allowed=", ".join(allowed)
    )


def invalid_parameter(value: object, parameter: str, allowed: str) -> BadRequestError:
    """A parameter of the query string holds what it cannot hold."""
    template = "Value [{value}] is not valid for parameter [{parameter}]. Allowable values are: {allowed}"
    return BadRequestError(
        "invalid.query.param.value", template, value=shown(value), parameter=parameter, allowed=allowed
    )


def invalid_property(name: str, model: str) -> BadRequestError:
    """The body has a field that its model does not know."""
    template = "Value [{value}] is not a valid property for object [{object}]"
    return BadRequestError("invalid.property", template, value=shown(name), object=model)


def constraint(reason: str) -> BadRequestError:
    """Everything is readable and yet cannot be asked."""
    return BadRequestError("constraint.validation", reason)


def query_too_long(values: int, limit: int) -> BadRequestError:
    """The filters of a job name too much."""
    template = "The query is too long. Its filters have {values} values, of at most {limit}"
    return BadRequestError("query.too.long", template, values=str(values), limit=str(limit))


def page_too_large(size: int, limit: int) -> BadRequestError:
    """What a page of a job holds is too much for one response."""
    template = "The response is too large: {bytes} bytes, of at most {limit}. Ask for a smaller pageSize"
    return BadRequestError("max.response.size.reached", template, bytes=str(size), limit=str(limit))


def bad_request_of(error: InvalidInputError) -> BadRequestError:
    """An error in a request, whoever found it, in Genesys's words."""
    if isinstance(error, BadRequestError):
        return error
    sentences = [error.reason[:1].upper() + error.reason[1:]]
    if error.received is not None:
        sentences.append(f"Received: {shown(error.received)}")
    if error.accepted:
        sentences.append(f"Accepted: {error.accepted}")
    return constraint(" ".join(f"{sentence}." for sentence in sentences))


def shown(value: object) -> str:
    """A value as a message shows it: texts as they are, everything else as JSON, and not too long."""
    try:
        text = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()
    except RecursionError:
        text = "…"
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
