"""Why no token was issued."""

from calltally.errors import CalltallyError


class TokenRefusalError(CalltallyError):
    """A request for a token that is answered in the words of RFC 6749, section 5.2.

    ``description`` repeats nothing of what was sent: a secret may stand in the wrong place.
    """

    def __init__(
        self, error: str, description: str, *, status: int = 400, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.headers = headers or {}


def invalid_request(description: str, *, status: int = 400) -> TokenRefusalError:
    """The request cannot be read."""
    return TokenRefusalError("invalid_request", description, status=status)


def invalid_client(description: str) -> TokenRefusalError:
    """The client did not prove who it is. Says how it could, as every 401 must (RFC 9110, 15.5.2)."""
    challenge = {"WWW-Authenticate": 'Basic realm="calltally", charset="UTF-8"'}
    return TokenRefusalError("invalid_client", description, status=401, headers=challenge)


def too_many_failures(retry_after: int) -> TokenRefusalError:
    """Too many logins have failed."""
    return TokenRefusalError(
        "temporarily_unavailable",
        f"Too many logins have failed. Try again in {retry_after} seconds.",
        status=429,
        headers={"Retry-After": str(retry_after)},
    )


def unavailable(retry_after: int) -> TokenRefusalError:
    """The server has more to do than it can; nothing is wrong with the request."""
    return TokenRefusalError(
        "temporarily_unavailable",
        f"The server is busy. Try again in {retry_after} seconds.",
        status=503,
        headers={"Retry-After": str(retry_after)},
    )
