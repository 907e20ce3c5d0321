"""The address that a vendor's paths are below."""

from urllib.parse import urlsplit

import httpx


def base_url(text: str) -> str:
    """The address without slashes at its end.

    Raises `ValueError` for what is no http or https address, and for one with a user, a query or a fragment;
    the address is not repeated then, for it may hold a password.
    """
    accepted = "accepted is an address such as https://api.example.com"
    try:
        parts = urlsplit(text)
        port_is_right = parts.port is None or parts.port > 0
        httpx.URL(text)
    except (ValueError, httpx.InvalidURL):
        raise ValueError(f"the base URL cannot be read; {accepted}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_right:
        raise ValueError(f"the base URL must begin with http:// or https:// and a host; {accepted}")
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise ValueError(f"the base URL must hold no user, query or fragment; {accepted}")
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(f"the base URL holds characters that no address has; {accepted}")
    return text.rstrip("/")
