"""Holding a data directory for the time of a command: its owner's doors, served on its socket."""

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

# What holding takes is loaded by whoever holds: most commands find a server that does.


class LocalServer(Protocol):
    """Holds a directory from entering to leaving its context.

    Entering returns once the socket answers, and raises `DirectoryHeldError` or whatever else is in the way;
    leaving brings everything into the store and raises what went wrong meanwhile.
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
        except Exception as failure:  # noqa: BLE001 - handed to the thread that waits
            self._failure = failure
        finally:
            self._up.set()

    def _is_up(self, serving: "AppServer") -> None:
        loop = asyncio.get_running_loop()
        self._stop = lambda: loop.is_closed() or loop.call_soon_threadsafe(serving.stop)
        self._up.set()


class ForkedServer:
    """Serves from a process of its own, so that the command's work and the counting share no processor.

    That process ends by itself, in good order, when this one is gone. To be begun first; what is done before
    the context is entered goes on beside its start.
    """

    def __init__(self, directory: Path, settings: Settings) -> None:
        context = get_context("fork")  # no thread runs yet
        self._pipe, theirs = context.Pipe()
        ends = (theirs, self._pipe)
        self._process = context.Process(target=_hold, args=(directory, settings, *ends), name="holder")
        self._theirs = theirs

    def begin(self) -> None:
        """Starts the process, which is to be done before any thread is; `end` or the context ends it."""
        self._process.start()
        self._theirs.close()

    def end(self) -> None:
        """Has the process end in good order; for one that was begun and not entered."""
        self._pipe.close()
        self._process.join()

    def __enter__(self) -> Self:
        try:
            failure = self._pipe.recv()
        except EOFError:
            failure = CalltallyError("the process that counts ended before it could begin")
        if failure is not None:
            self._process.join()
            raise failure
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        if self._process.exitcode:
            raise CalltallyError(f"the process that counted ended with code {self._process.exitcode}")


def _hold(directory: Path, settings: Settings, pipe: Connection, commands_end: Connection) -> None:
    """Serves until the other end of the pipe is closed; says first whether it can: None or the failure."""
    commands_end.close()  # a copy, which would keep the pipe open
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which then closes the pipe
    os.umask(0o077)

    def is_up(serving: "AppServer") -> None:
        gc.freeze()  # what was loaded just now is needed; how often to look was told before the fork
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.remove_reader(pipe.fileno())  # a closed pipe is readable for ever
            serving.stop()

        loop.add_reader(pipe.fileno(), stop)
        with contextlib.suppress(BrokenPipeError):  # the command is gone already
            pipe.send(None)

    try:
        with DataDirectory(directory) as held:
            from calltally.cli.local_serving import serve_owner, uvloop

            uvloop.run(serve_owner(held, settings, True, is_up))
        collect_as_ever()
    except (CalltallyError, OSError) as failure:
        pipe.send(failure)
