"""The base address of a vendor's paths."""

from urllib.parse import urlsplit

import httpx


def base_url(text: str) -> str:
    """The address without trailing slashes.

    Raises `ValueError` unless it is an http or https address without user, query and fragment. The message
    does not repeat the address, which may contain a password.
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
        raise ValueError(f"the base URL must not contain a user, query or fragment; {accepted}")
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(f"the base URL contains invalid characters; {accepted}")
    return text.rstrip("/")
