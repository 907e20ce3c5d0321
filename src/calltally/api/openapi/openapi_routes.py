"""``/openapi.json`` and the page to read it; open to everyone, telling nothing of any organization."""

import base64
import hashlib

import msgspec
from litestar import Response, Router, get

from calltally.api.openapi.page import STYLE, openapi_page
from calltally.api.openapi.parts import Data
from calltally.api.openapi.server import DOCUMENT_PATH, PAGE_PATH

_KEPT = {"Cache-Control": "public, max-age=300"}
_STYLE = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_LOADS_NOTHING = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
}


def openapi_router(document: Data) -> Router:
    """Both are written once, here."""
    encoded = msgspec.json.encode(document)
    page = openapi_page(document).encode()

    @get(DOCUMENT_PATH)
    async def show_document() -> Response[bytes]:
        return Response(encoded, media_type="application/json", headers=_KEPT)

    @get(PAGE_PATH)
    async def show_page() -> Response[bytes]:
        return Response(page, media_type="text/html", headers=_KEPT | _LOADS_NOTHING)

    return Router("/", route_handlers=[show_document, show_page])
