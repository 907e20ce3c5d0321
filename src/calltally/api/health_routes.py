"""Is the server alive, and can it keep its promises?"""

from typing import Any

from litestar import Response, Router, get

from calltally.api.metrics import CONTENT_TYPE, MeterMetrics
from calltally.meter import Meter


def health_router(meter: Meter) -> Router:
    """``/healthz``, ``/readyz`` and ``/metrics``; open to everyone, telling nothing of any organization."""
    metrics = MeterMetrics(meter)

    @get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answers as long as the process does."""
        return {"status": "alive"}

    @get("/readyz")
    async def readyz() -> Response[dict[str, Any]]:
        """200 while calls are taken in and counted, else 503; says why, and how far counting lags behind."""
        problems = meter.problems()
        lag = meter.journal.durable.position - meter.applier.applied.position
        calls_behind, seconds_behind = meter.behind
        body: dict[str, Any] = {
            "status": "unready" if problems else "ready",
            "problems": problems,
            "lag": lag,
            "lag_calls": calls_behind,
            "lag_seconds": round(seconds_behind, 1),
        }
        return Response(body, status_code=503 if problems else 200)

    @get("/metrics", media_type=CONTENT_TYPE)
    async def show_metrics() -> bytes:
        """The state of the server in Prometheus's text format."""
        return metrics.exposition()

    return Router("/", route_handlers=[healthz, readyz, show_metrics])
