"""A server from start to end."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from calltally.data_directory import DataDirectory
from calltally.process import collect_as_ever, collect_less, keep_freed_memory
from calltally.server.app_server import AppServer, listening_socket, owner_socket
from calltally.server.certificate import Certificate, CertificateError, certificate_of
from calltally.server.connection_limits import ConnectionLimits
from calltally.settings import Settings
from calltally.wiring import Installation

log = structlog.get_logger()

_SWITCH_SECONDS = 0.001
"""After how long the roller's thread lets the event loop on, which senders wait for; five times as often as
Python would."""

_ENDING = (signal.SIGINT, signal.SIGTERM)
_OTHER_FILES = 512
"""Files that are open besides connections."""

Ready = Callable[[str, Installation], Awaitable[None]]


async def _nothing(_address: str, _installation: Installation) -> None:
    return


def serve(directory: DataDirectory, settings: Settings, ready: Ready = _nothing) -> int:
    """Runs a server on a held directory until SIGINT or SIGTERM; returns the process's exit code.

    ``ready`` is called with the address once requests are answered. A signal that comes before that ends the
    process at once, with code 0: nothing was acknowledged, and the next start reads what is on disk. When the
    journal fails, nothing may be acknowledged any more: the process ends at once with code 70, and the next
    start recovers. With a certificate, SIGHUP reads its files again.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    keep_freed_memory()
    certificate = certificate_of(settings.tls_certificate, settings.tls_key)
    return uvloop.run(_serve(directory, settings, certificate, ready))


async def _serve(
    directory: DataDirectory, settings: Settings, certificate: Certificate | None, ready: Ready
) -> int:
    for number in _ENDING:
        asyncio.get_running_loop().add_signal_handler(number, _end_before_serving)
    listener = listening_socket(settings.host, settings.port)
    scheme = "https" if certificate else "http"
    address = f"{scheme}://{_host(settings.host)}:{listener.getsockname()[1]}"
    installation = Installation(directory, settings)
    log.info("opening", directory=str(directory.path))
    meter = await installation.open_meter(on_failure=_end_at_once)
    owners = owner_socket(directory.socket())
    public = await installation.public_application()
    serving = AppServer(
        [(public, listener), (installation.owner_application(), owners)],
        forwarded_from=settings.forwarded_from,
        bounds=ConnectionLimits(
            settings.max_connections,
            settings.body_timeout_seconds,
            settings.keep_alive_seconds,
            settings.write_timeout_seconds,
        ),
        tls=certificate.context if certificate else None,
    )
    _allow_files(settings.max_connections + _OTHER_FILES)
    running = asyncio.create_task(serving.run(_ENDING))
    await serving.started()
    if certificate:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _read_again, certificate)
    collect_less()
    log.info(
        "serving",
        address=address,
        seen_ids=meter.seen_ids.count + meter.seen_ids.spilled,
        position=meter.store.position,
    )
    await ready(address, installation)
    await running
    log.info("stopping")
    await installation.close()
    collect_as_ever()
    log.info("stopped")
    return 0


def _read_again(certificate: Certificate) -> None:
    try:
        not_after = certificate.read_again()
    except CertificateError as error:
        log.error("the certificate was not read again; the one before is served on", reason=str(error))
    else:
        log.info("the certificate was read again", not_after=not_after)


def _allow_files(wanted: int) -> None:
    """Raises how many files and connections the process may have open, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _end_before_serving() -> None:
    """The recovery under way cannot be interrupted, and need not be finished."""
    log.info("stopped before serving")
    sys.stderr.flush()
    os._exit(os.EX_OK)


def _end_at_once(failure: Exception) -> None:
    """What is on disk is unknown, so nothing in memory may be believed: not even an orderly end."""
    log.critical("ending, because nothing more can be kept", reason=str(failure), exc_info=failure.__cause__)
    sys.stderr.flush()
    os._exit(os.EX_SOFTWARE)
