"""The server of a command: imports everything that serving the owner API needs."""

import asyncio
from collections.abc import Callable

import uvloop

from calltally.data_directory import DataDirectory
from calltally.server.app_server import AppServer, owner_socket
from calltally.settings import Settings
from calltally.wiring import Installation

__all__ = ["serve_owner", "uvloop"]


async def serve_owner(
    directory: DataDirectory, settings: Settings, counting: bool, is_up: Callable[[AppServer], None]
) -> None:
    """Serves the owner API of a held directory until stopped; calls ``is_up`` once it answers."""
    installation = Installation(directory, settings)
    try:
        if counting:
            await installation.open_meter()
        serving = AppServer([(installation.owner_application(), owner_socket(directory.socket()))])
        running = asyncio.create_task(serving.run())
        await serving.started()
        is_up(serving)
        await running
    finally:
        await installation.close()
