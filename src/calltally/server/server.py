"""A server from start to end."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from calltally.data_directory import DataDirectory
from calltally.server.garbage import collect_as_ever, collect_less
from calltally.server.serving import Serving, listening_socket, owner_socket
from calltally.settings import Settings
from calltally.wiring import Installation

log = structlog.get_logger()

_SWITCH_SECONDS = 0.001
"""After how long the roller's thread lets the event loop on, which senders wait for; five times as often as
Python would."""

Ready = Callable[[str, Installation], Awaitable[None]]


async def _nothing(_address: str, _installation: Installation) -> None:
    return


def serve(directory: DataDirectory, settings: Settings, ready: Ready = _nothing) -> int:
    """Runs a server on a held directory until SIGINT or SIGTERM; returns the process's exit code.

    ``ready`` is called with the address once requests are answered. When the journal fails, nothing may be
    acknowledged any more: the process ends at once with code 70, and the next start recovers.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    return uvloop.run(_serve(directory, settings, ready))


async def _serve(directory: DataDirectory, settings: Settings, ready: Ready) -> int:
    listener = listening_socket(settings.host, settings.port)
    address = f"http://{_host(settings.host)}:{listener.getsockname()[1]}"
    installation = Installation(directory, settings)
    log.info("opening", directory=str(directory.path))
    meter = await installation.open_meter(on_failure=_end_at_once)
    owners = owner_socket(directory.socket())
    public = await installation.public_application()
    serving = Serving(
        [(public, listener), (installation.owner_application(), owners)],
        forwarded_from=",".join(settings.forwarded_from),
        head_seconds=settings.body_timeout_seconds,
    )
    running = asyncio.create_task(serving.run([signal.SIGINT, signal.SIGTERM]))
    await serving.started()
    collect_less()
    log.info("serving", address=address, seen_ids=meter.seen_ids.count, position=meter.store.position)
    await ready(address, installation)
    await running
    log.info("stopping")
    await installation.close()
    collect_as_ever()
    log.info("stopped")
    return 0


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _end_at_once(failure: Exception) -> None:
    """What is on disk is unknown, so nothing in memory may be believed: not even an orderly end."""
    log.critical("ending, because the journal failed", reason=str(failure))
    sys.stderr.flush()
    os._exit(os.EX_SOFTWARE)
