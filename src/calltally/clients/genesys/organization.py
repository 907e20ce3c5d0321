"""An organization of Genesys Cloud: its address and credentials."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import httpx

from calltally.clients.base_url import base_url
from calltally.clients.genesys.fault import ErrorBody
from calltally.clients.genesys.questions import GenesysQuestions
from calltally.clients.genesys.region import api_of_region, login_of_api
from calltally.clients.grant import ClientCredentials, Grant, grant_of
from calltally.clients.vendor import VendorFault, fault_body

_REGION = "GENESYSCLOUD_REGION"
_CLIENT_ID = "GENESYSCLOUD_OAUTHCLIENT_ID"
_CLIENT_SECRET = "GENESYSCLOUD_OAUTHCLIENT_SECRET"  # noqa: S105 - the name of a variable
_ACCESS_TOKEN = "GENESYSCLOUD_ACCESS_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class GenesysOrganization:
    """The address of an organization's API, and credentials.

    Credentials are an access token, or an OAuth client's id and secret, which are exchanged for tokens: at
    the login host if the address is ``https://api.…``, else at the address itself. Raises `ValueError` for
    invalid values. Its text shows no secret.
    """

    base_url: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", base_url(self.base_url))
        _ = self.grant

    @classmethod
    def in_region(
        cls, region: str, client_id: str = "", client_secret: str = "", *, access_token: str = ""
    ) -> Self:
        """An organization in a region, such as ``mypurecloud.ie`` or, by its AWS name, ``eu-west-1``."""
        return cls(api_of_region(region), client_id, client_secret, access_token)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The organization that Genesys's tools would use.

        Reads ``GENESYSCLOUD_REGION`` with ``GENESYSCLOUD_ACCESS_TOKEN``, or with
        ``GENESYSCLOUD_OAUTHCLIENT_ID`` and ``GENESYSCLOUD_OAUTHCLIENT_SECRET``. Raises `ValueError` if one is
        missing.
        """
        token = environment.get(_ACCESS_TOKEN, "")
        needed = (_REGION,) if token else (_REGION, _CLIENT_ID, _CLIENT_SECRET)
        missing = [name for name in needed if not environment.get(name)]
        if missing:
            raise ValueError(f"missing in the environment: {', '.join(missing)}")
        client_id, secret = environment.get(_CLIENT_ID, ""), environment.get(_CLIENT_SECRET, "")
        return cls.in_region(environment[_REGION], client_id, secret, access_token=token)

    @property
    def name(self) -> str:
        return "Genesys"

    @property
    def grant(self) -> Grant:
        token_url = f"{login_of_api(self.base_url)}/oauth/token"
        credentials = ClientCredentials(token_url, self.client_id, self.client_secret, basic=True)
        return grant_of(credentials, self.access_token)

    @property
    def questions(self) -> GenesysQuestions:
        return GenesysQuestions()

    def read_fault(self, response: httpx.Response) -> VendorFault:
        body = fault_body(response, ErrorBody)
        return VendorFault(body, f"{body.code}: {body.message}" if isinstance(body, ErrorBody) else "")
