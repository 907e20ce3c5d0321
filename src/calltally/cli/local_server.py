"""A server for the duration of a command: holds the data directory, serves the owner API on its socket."""

import asyncio
import contextlib
import gc
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from calltally.data_directory import DataDirectory
from calltally.errors import CalltallyError
from calltally.process import collect_as_ever
from calltally.settings import Settings

if TYPE_CHECKING:
    from calltally.server.app_server import AppServer

# The server's modules are imported only when one is started: most commands find a running server.


class LocalServer(Protocol):
    """Holds a data directory for the lifetime of its context.

    Entering returns once the socket answers; it raises `DirectoryHeldError`, or the error of a failed start.
    Leaving flushes everything to the store and raises any error of the server.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class ThreadedServer:
    """Serves from a thread of this process: quick to start."""

    def __init__(self, directory: Path, settings: Settings, *, counting: bool) -> None:
        self._directory = DataDirectory(directory)
        self._settings = settings
        self._counting = counting
        self._up = threading.Event()
        self._stop: Callable[[], object] = lambda: None
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="holder", daemon=True)

    def __enter__(self) -> Self:
        self._directory.__enter__()
        self._thread.start()
        self._up.wait()
        if self._failure is not None:
            self._thread.join()
            self._directory.__exit__(None, None, None)
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._thread.join()
        self._directory.__exit__(None, None, None)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            from calltally.cli.local_serving import serve_owner

            asyncio.run(serve_owner(self._directory, self._settings, self._counting, self._is_up))
        except Exception as failure:  # noqa: BLE001 - raised again by the waiting thread
            self._failure = failure
        finally:
            self._up.set()

    def _is_up(self, serving: "AppServer") -> None:
        loop = asyncio.get_running_loop()
        self._stop = lambda: loop.is_closed() or loop.call_soon_threadsafe(serving.stop)
        self._up.set()


class ForkedServer:
    """Serves from a separate process, so that the command and the counting can use different processors.

    That process shuts down cleanly when this one ends. Call `begin` first; work done before entering the
    context runs in parallel with its start.
    """

    def __init__(self, directory: Path, settings: Settings) -> None:
        context = get_context("fork")  # no thread runs yet
        self._pipe, theirs = context.Pipe()
        ends = (theirs, self._pipe)
        self._process = context.Process(target=_hold, args=(directory, settings, *ends), name="holder")
        self._theirs = theirs

    def begin(self) -> None:
        """Starts the process; call before any thread starts. `end` or leaving the context stops it."""
        self._process.start()
        self._theirs.close()

    def end(self) -> None:
        """Shuts the process down cleanly, also if the context was not entered."""
        self._pipe.close()
        self._process.join()

    def __enter__(self) -> Self:
        try:
            failure = self._pipe.recv()
        except EOFError:
            failure = CalltallyError("the counting process ended before it was ready")
        if failure is not None:
            self._process.join()
            raise failure
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        if self._process.exitcode:
            raise CalltallyError(f"the counting process ended with exit code {self._process.exitcode}")


def _hold(directory: Path, settings: Settings, pipe: Connection, commands_end: Connection) -> None:
    """Serves until the other end of the pipe is closed; first sends None once ready, or the failure."""
    commands_end.close()  # a copy, which would keep the pipe open
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which then closes the pipe
    os.umask(0o077)

    def is_up(serving: "AppServer") -> None:
        gc.freeze()  # loaded modules stay; thresholds of the collector are set before the fork
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.remove_reader(pipe.fileno())  # a closed pipe stays readable
            serving.stop()

        loop.add_reader(pipe.fileno(), stop)
        with contextlib.suppress(BrokenPipeError):  # the command has already ended
            pipe.send(None)

    try:
        with DataDirectory(directory) as held:
            from calltally.cli.local_serving import serve_owner, uvloop

            uvloop.run(serve_owner(held, settings, True, is_up))
        collect_as_ever()
    except (CalltallyError, OSError) as failure:
        pipe.send(failure)
