"""Access logs in the combined format that look like a busy API's, made once."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.filled_directory import cached
from benchmarks.recent_calls import RecentCalls
from calltally.dictionary import Dictionary, Kind

_LINES_AT_ONCE = 200_000
_DAYS = 2.0
_AGENTS = (
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "Go-http-client/1.1",
    "axios/1.7.2",
    "curl/8.5.0",
    "Apache-HttpClient/5.3 (Java/17.0.11)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
)
_REFERRERS = ("-", "-", "-", "https://console.example.com/", "https://app.example.com/reports")


def combined_log(lines: int) -> Path:
    """A log of so many lines over two days, in the order of time.

    Addresses, paths and agents follow the habits of `RecentCalls`: few clients make most requests, each from
    a few addresses and with one program, and few things are asked for most.
    """
    path = cached(f"access-{lines}", "log")
    if path.exists():
        return path
    unfinished = path.with_suffix(".unfinished")
    dictionary = Dictionary()
    recent = RecentCalls(dictionary, now_ms=int(time.time() * 1000), days=_DAYS)
    sizes = [_LINES_AT_ONCE] * (lines // _LINES_AT_ONCE) + (
        [rest] if (rest := lines % _LINES_AT_ONCE) else []
    )
    with unfinished.open("w", encoding="ascii") as file:
        for batch in recent.batches(sizes):
            calls, paths = batch.calls, batch.paths.texts()
            columns = (
                calls[name].tolist() for name in ("time_ms", "client", "user", "method", "path", "status")
            )
            sizes_sent = np.maximum(calls["response_bytes"], 20).tolist()
            for ms, client, user, method, path_index, status, size in zip(*columns, sizes_sent, strict=True):
                verb = dictionary.text(Kind.METHOD, method)
                file.write(
                    f"{_address(user)} - {_user(user)} [{_at(ms)}] "
                    f'"{verb} {paths[path_index]} HTTP/1.1" {status} {size} '
                    f'"{_REFERRERS[client % len(_REFERRERS)]}" "{_AGENTS[client % len(_AGENTS)]}"\n'
                )
    unfinished.rename(path)
    return path


def _address(user: int) -> str:
    """A user's address, from the block that is kept for documentation and some private ones."""
    return f"10.{user % 13}.{user // 250 % 250}.{user % 250 + 1}"


def _user(user: int) -> str:
    return "-" if user % 3 else f"user-{user:05}"


def _at(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%d/%b/%Y:%H:%M:%S} +0000"
