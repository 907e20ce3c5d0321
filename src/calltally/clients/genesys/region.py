"""The regions of Genesys Cloud."""

import re

_DOMAINS = {
    "us-east-1": "mypurecloud.com",
    "us-east-2": "use2.us-gov-pure.cloud",
    "us-west-2": "usw2.pure.cloud",
    "ca-central-1": "cac1.pure.cloud",
    "sa-east-1": "sae1.pure.cloud",
    "eu-west-1": "mypurecloud.ie",
    "eu-west-2": "euw2.pure.cloud",
    "eu-central-1": "mypurecloud.de",
    "eu-central-2": "euc2.pure.cloud",
    "me-central-1": "mec1.pure.cloud",
    "ap-south-1": "aps1.pure.cloud",
    "ap-southeast-2": "mypurecloud.com.au",
    "ap-northeast-1": "mypurecloud.jp",
    "ap-northeast-2": "apne2.pure.cloud",
    "ap-northeast-3": "apne3.pure.cloud",
}
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII | re.IGNORECASE)


def api_of_region(region: str) -> str:
    """The address of the API of a region, given by its AWS name or its domain.

    Any domain is accepted, so that new regions work. Raises `ValueError` for anything else.
    """
    domain = _DOMAINS.get(region, region)
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(
            f"region is {region!r}; accepted are a domain such as mypurecloud.ie, and {', '.join(_DOMAINS)}"
        )
    return f"https://api.{domain}"


def login_of_api(api: str) -> str:
    """The address of the login; equal to the API's if that does not begin with ``api.``."""
    return api.replace("://api.", "://login.", 1)
