"""A tenant of SailPoint's: its address and credentials."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec

from calltally.clients.base_url import base_url
from calltally.clients.grant import ClientCredentials, Grant, grant_of
from calltally.clients.sailpoint.questions import SailPointQuestions
from calltally.clients.vendor import VendorFault, fault_body
from calltally.dialects.sailpoint.contract import (
    OPERATIONS,
    ErrorResponseDto,
    GatewayError,
    RateLimitError,
)

_VERSIONS = tuple(dict.fromkeys(version for operation in OPERATIONS for version in operation.versions))
_ENVIRONMENT = ("SAIL_BASE_URL", "SAIL_CLIENT_ID", "SAIL_CLIENT_SECRET")
_FILE = ("BaseURL", "ClientId", "ClientSecret")


@dataclass(frozen=True, slots=True)
class SailPointTenant:
    """The address and credentials of a tenant, ``https://acme.api.identitynow.com`` or any compatible server.

    Credentials are an access token, or a client id and its secret, which are exchanged for tokens.
    ``version`` is that of the API: a yearly one, or ``v1`` for the paths of the service family. Not every
    operation exists in every version. Raises `ValueError` for invalid values. Its text shows no secret.
    """

    base_url: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    version: str = "v2025"

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", base_url(self.base_url))
        if self.version not in _VERSIONS:
            raise ValueError(f"version is {self.version!r}; accepted are {', '.join(_VERSIONS)}")
        _ = self.grant

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        directory: Path = Path(),
        *,
        version: str = "v2025",
    ) -> Self:
        """The tenant that SailPoint's SDKs would use.

        Reads ``SAIL_BASE_URL``, ``SAIL_CLIENT_ID`` and ``SAIL_CLIENT_SECRET``; without the first, the file
        ``config.json`` in the current directory with ``BaseURL``, ``ClientId`` and ``ClientSecret``. Raises
        `ValueError` if neither exists or a part is missing.
        """
        if environment.get(_ENVIRONMENT[0]):
            address, client_id, secret = _parts(environment, _ENVIRONMENT, "the environment")
            return cls(address, client_id, secret, version=version)
        file = directory / "config.json"
        try:
            found = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        except FileNotFoundError:
            raise ValueError(f"there is neither {_ENVIRONMENT[0]} in the environment nor a {file}") from None
        except msgspec.DecodeError as error:
            raise ValueError(f"{file} is not a JSON object: {error}") from None
        address, client_id, secret = _parts(found, _FILE, str(file))
        return cls(address, client_id, secret, version=version)

    @property
    def name(self) -> str:
        return "SailPoint"

    @property
    def grant(self) -> Grant:
        credentials = ClientCredentials(f"{self.base_url}/oauth/token", self.client_id, self.client_secret)
        return grant_of(credentials, self.access_token)

    @property
    def questions(self) -> SailPointQuestions:
        return SailPointQuestions(self.version)

    def read_fault(self, response: httpx.Response) -> VendorFault:
        match body := fault_body(response, ErrorResponseDto, GatewayError, RateLimitError):
            case ErrorResponseDto(detail_code=code, messages=messages):
                return VendorFault(body, f"{code}: {messages[0].text}" if messages else code)
            case GatewayError(error=text) | RateLimitError(message=text):
                return VendorFault(body, text.strip())
            case _:
                return VendorFault(body, "")


def _parts(found: Mapping[str, Any], names: tuple[str, ...], where: str) -> list[str]:
    missing = [name for name in names if not found.get(name)]
    if missing:
        raise ValueError(f"missing in {where}: {', '.join(missing)}")
    return [str(found[name]) for name in names]
