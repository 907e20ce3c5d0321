"""The API that the demo's organization publishes."""

from enum import IntEnum
from typing import NamedTuple


class Area(IntEnum):
    """The parts of the API; a client uses mostly one of them."""

    BUSINESS = 0
    IDENTITY = 1
    CONTACT_CENTER = 2


class Touches(IntEnum):
    """What a call of a route is about, besides itself."""

    NOTHING = 0
    SOURCE = 1
    ACCOUNT = 2


class DemoRoute(NamedTuple):
    """One operation: how often it is called beside its neighbours, how long it takes, how much it returns."""

    method: str
    template: str
    area: Area
    weight: int
    milliseconds: int
    response_bytes: int
    touches: Touches = Touches.NOTHING


_B, _I, _C = Area
_SOURCE, _ACCOUNT = Touches.SOURCE, Touches.ACCOUNT

RUNAWAY_ROUTE = DemoRoute("POST", "/invoices/{id}/match", _B, 3, 140, 900)

DEMO_ROUTES = (
    DemoRoute("GET", "/orders", _B, 60, 45, 18_000),
    DemoRoute("POST", "/orders", _B, 22, 95, 1400),
    DemoRoute("GET", "/orders/{id}", _B, 90, 18, 2600),
    DemoRoute("PATCH", "/orders/{id}", _B, 14, 60, 1500),
    DemoRoute("DELETE", "/orders/{id}", _B, 2, 55, 0),
    DemoRoute("GET", "/orders/{id}/lines", _B, 35, 24, 5200),
    DemoRoute("POST", "/orders/{id}/lines", _B, 12, 70, 800),
    DemoRoute("GET", "/products", _B, 55, 38, 42_000),
    DemoRoute("GET", "/products/{id}", _B, 70, 12, 3100),
    DemoRoute("GET", "/products/{id}/stock", _B, 64, 15, 420),
    DemoRoute("PUT", "/products/{id}/price", _B, 5, 48, 300),
    DemoRoute("GET", "/suppliers", _B, 10, 40, 26_000),
    DemoRoute("GET", "/suppliers/{id}", _B, 15, 16, 2200),
    DemoRoute("GET", "/shipments", _B, 26, 52, 22_000),
    DemoRoute("POST", "/shipments", _B, 8, 120, 1600),
    DemoRoute("GET", "/shipments/{id}", _B, 44, 20, 2800),
    DemoRoute("GET", "/shipments/{id}/positions", _B, 58, 28, 7400),
    DemoRoute("POST", "/shipments/{id}/temperatures", _B, 75, 9, 60),
    DemoRoute("GET", "/invoices", _B, 16, 66, 31_000),
    DemoRoute("GET", "/invoices/{id}", _B, 24, 21, 3600),
    DemoRoute("GET", "/invoices/{id}/pdf", _B, 9, 380, 240_000),
    RUNAWAY_ROUTE,
    DemoRoute("GET", "/forecasts/{id}", _B, 6, 900, 64_000),
    DemoRoute("POST", "/labels", _B, 11, 210, 36_000),
    DemoRoute("GET", "/search", _B, 30, 85, 12_000),
    DemoRoute("GET", "/health", _B, 40, 2, 40),
    DemoRoute("GET", "/v2025/accounts", _I, 40, 70, 52_000, _SOURCE),
    DemoRoute("GET", "/v2025/accounts/{id}", _I, 95, 24, 2900, _ACCOUNT),
    DemoRoute("PATCH", "/v2025/accounts/{id}", _I, 18, 80, 2900, _ACCOUNT),
    DemoRoute("POST", "/v2025/accounts/{id}/enable", _I, 8, 150, 90, _ACCOUNT),
    DemoRoute("POST", "/v2025/accounts/{id}/disable", _I, 7, 150, 90, _ACCOUNT),
    DemoRoute("POST", "/v2025/accounts/{id}/unlock", _I, 12, 140, 90, _ACCOUNT),
    DemoRoute("GET", "/v2025/accounts/{id}/entitlements", _I, 48, 58, 9800, _ACCOUNT),
    DemoRoute("GET", "/v2025/sources", _I, 10, 60, 24_000),
    DemoRoute("GET", "/v2025/sources/{id}", _I, 16, 22, 4100, _SOURCE),
    DemoRoute("GET", "/v2025/sources/{id}/schemas", _I, 6, 35, 15_000, _SOURCE),
    DemoRoute("POST", "/v2025/sources/{id}/load-accounts", _I, 3, 1300, 420, _SOURCE),
    DemoRoute("GET", "/v2025/identities/{id}", _I, 36, 26, 5400),
    DemoRoute("GET", "/v2025/access-profiles", _I, 9, 64, 33_000),
    DemoRoute("GET", "/v2025/roles", _I, 9, 58, 29_000),
    DemoRoute("POST", "/v2025/access-requests", _I, 11, 190, 700),
    DemoRoute("GET", "/v2025/access-request-status", _I, 14, 90, 17_000),
    DemoRoute("GET", "/v2025/certifications/{id}", _I, 6, 44, 6900),
    DemoRoute("POST", "/v2025/search", _I, 20, 160, 48_000),
    DemoRoute("GET", "/v3/accounts", _I, 12, 75, 51_000, _SOURCE),
    DemoRoute("GET", "/v3/accounts/{id}", _I, 30, 27, 2800, _ACCOUNT),
    DemoRoute("GET", "/beta/tasks/{id}", _I, 7, 30, 1900),
    DemoRoute("GET", "/api/v2/users/me", _C, 34, 14, 3300),
    DemoRoute("GET", "/api/v2/users/{id}", _C, 28, 16, 3100),
    DemoRoute("GET", "/api/v2/users/{id}/presences", _C, 52, 11, 480),
    DemoRoute("GET", "/api/v2/conversations", _C, 38, 48, 14_000),
    DemoRoute("GET", "/api/v2/conversations/{id}", _C, 60, 30, 6100),
    DemoRoute("PATCH", "/api/v2/conversations/{id}/participants", _C, 18, 65, 1100),
    DemoRoute("POST", "/api/v2/conversations/calls", _C, 15, 130, 1700),
    DemoRoute("POST", "/api/v2/analytics/conversations/details/query", _C, 12, 720, 86_000),
    DemoRoute("GET", "/api/v2/routing/queues", _C, 16, 34, 20_000),
    DemoRoute("GET", "/api/v2/routing/queues/{id}/members", _C, 20, 46, 11_000),
    DemoRoute("GET", "/api/v2/outbound/campaigns", _C, 5, 50, 9000),
    DemoRoute("POST", "/api/v2/notifications/channels", _C, 7, 40, 600),
    DemoRoute("GET", "/api/v2/telephony/providers/edges/{id}", _C, 6, 37, 4400),
)
