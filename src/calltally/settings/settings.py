"""Every setting in one table: name, default, kind, one line of help. Read once at start.

Not from a library: all faults are reported together, each with its file or variable and the accepted values,
and docs/settings.md is generated from the same table.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from calltally.errors import CalltallyError
from calltally.settings.setting_kinds import (
    SettingKind,
    addresses,
    bytes_of,
    days_or_for_ever,
    one_of,
    patterns,
    plain_text,
    size,
    whole_number,
)

T = TypeVar("T")

PREFIX = "CALLTALLY_"
"""The prefix of environment variables; the name of the setting in capitals follows."""


class SettingFault(NamedTuple):
    """One wrong setting: its name, its file or variable, its value, and the accepted values."""

    name: str
    origin: str
    value: object
    accepted: str


class SettingsError(CalltallyError):
    """The settings in ``faults`` are wrong; an operator must correct them before anything runs."""

    def __init__(self, faults: tuple[SettingFault, ...]) -> None:
        lines = (f"{f.name} from {f.origin} is {f.value!r}; accepted is {f.accepted}" for f in faults)
        super().__init__("\n".join(lines))
        self.faults = faults


def _setting(default: T, kind: SettingKind[T], unit: str, text: str) -> T:
    setting: T = field(default=default, metadata={"kind": kind, "unit": unit, "help": text})
    return setting


def _size(default: str, lowest: str, highest: str, text: str) -> int:
    setting: int = field(
        default=bytes_of(default),
        metadata={"kind": size(lowest, highest), "unit": "bytes", "help": text, "default": default},
    )
    return setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of an operator. Classes receive single values, never this object."""

    host: str = _setting("127.0.0.1", plain_text(), "", "The address to listen on.")
    port: int = _setting(8080, whole_number(0, 65_535), "", "The port to listen on; 0 for any free port.")
    seen_ids_memory: int = _size(
        "1GB", "1MB", "1TB", "Memory for the identities of recent calls; the oldest are spilled to disk."
    )
    max_body: int = _size(
        "64MiB", "1KiB", "1GiB", "Maximum size of a request body, as sent and decompressed."
    )
    max_call: int = _size("64KiB", "1KiB", "16MiB", "Maximum size of a single call in a request body.")
    max_calls: int = _setting(
        100_000, whole_number(1, 10_000_000), "calls", "Maximum number of calls in one request."
    )
    future_seconds: int = _setting(
        300, whole_number(0, 86_400), "seconds", "How far in the future the time of a call may be."
    )
    late_days: int = _setting(
        35,
        whole_number(0, 36_500),
        "days",
        "How late a call may be received, unless it is declared as a backfill.",
    )
    body_timeout_seconds: int = _setting(
        30, whole_number(1, 3600), "seconds", "Timeout for the next part of a request."
    )
    write_timeout_seconds: int = _setting(
        30,
        whole_number(1, 3600),
        "seconds",
        "Timeout after which a client that reads nothing of a response is disconnected.",
    )
    minimum_body_rate: int = _size(
        "1KiB",
        "1B",
        "1GiB",
        "Minimum rate per second at which a body must arrive, after `body_timeout_seconds`.",
    )
    max_bodies: int = _size(
        "512MiB",
        "1MiB",
        "1TB",
        "Memory for the bodies of all concurrent requests, as sent and decompressed, and for responses that"
        " clients have not read yet; at least four times `max_body`. An organization may use as much of it"
        " as remains free.",
    )
    max_connections: int = _setting(
        2000,
        whole_number(1, 1_000_000),
        "connections",
        "Maximum number of connections; an address may have as many as remain free, unless it is in"
        " `forwarded_from`. It is also the maximum of concurrent requests; an organization may have as many"
        " as remain free.",
    )
    keep_alive_seconds: int = _setting(
        30, whole_number(1, 3600), "seconds", "How long a connection may be idle between requests."
    )
    route_patterns: tuple[str, ...] = _setting(
        (),
        patterns(),
        "",
        "Regular expressions; a path segment that fully matches one becomes `{id}` in its route.",
    )
    max_derived_routes: int = _setting(
        10_000,
        whole_number(0, 10_000_000),
        "routes",
        "Maximum number of routes derived from paths, per organization.",
    )
    max_texts: int = _setting(
        1_000_000,
        whole_number(1, 1_000_000_000),
        "texts",
        "Maximum number of different clients, users, sources, accounts, origins and named routes, each, in"
        " an organization's calls.",
    )
    max_methods: int = _setting(
        2000,
        whole_number(1, 1_000_000),
        "methods",
        "Maximum number of different methods in an organization's calls.",
    )
    max_texts_memory: int = _size("512MB", "1MB", "1TB", "Maximum memory for all texts of an organization.")
    max_organizations: int = _setting(
        10_000,
        whole_number(0, 10_000_000),
        "organizations",
        "Maximum number of organizations; beyond it, calls cannot name an organization without any calls.",
    )
    token_hours: int = _setting(24, whole_number(1, 8760), "hours", "How long an access token is valid.")
    issuer: str = _setting("calltally", plain_text(), "", "The issuer named in access tokens.")
    store_threads: int = _setting(2, whole_number(1, 1024), "threads", "Number of threads of the store.")
    store_memory: int = _size("1GB", "64MB", "100TB", "Maximum memory of the store.")
    minimum_free_disk: int = _size(
        "256MiB", "0", "100TB", "Minimum free disk space; below it, calls are refused."
    )
    max_journal: int = _size(
        "4GiB",
        "1MiB",
        "100TB",
        "Maximum size of the journal not yet in the store; above it, calls are refused.",
    )
    retain_calls_days: int = _setting(
        0, whole_number(0, 36_500), "days", "How long calls are kept before they are pruned; 0 for no limit."
    )
    retain_counts_days: int = _setting(
        0,
        days_or_for_ever(400, 36_500),
        "days",
        "How long counts are kept after their calls; 0 for no limit.",
    )
    answer_timeout_seconds: int = _setting(
        30, whole_number(1, 3600), "seconds", "Timeout of a query, for waiting and running."
    )
    question_threads: int = _setting(
        4,
        whole_number(2, 1024),
        "threads",
        "Maximum number of concurrent queries; an organization may run as many as remain free, at most half.",
    )
    max_groups: int = _setting(
        1_000_000, whole_number(1000, 1_000_000_000), "groups", "Maximum number of groups in a query."
    )
    log_format: str = _setting("console", one_of("json", "console"), "", "Format of log messages.")
    log_level: str = _setting("info", one_of("debug", "info", "warning", "error"), "", "Minimum log level.")
    sailpoint_experimental_header: str = _setting(
        "required",
        one_of("required", "optional"),
        "",
        "Whether SailPoint's yearly paths require `X-SailPoint-Experimental: true`.",
    )
    sailpoint_requests: int = _setting(
        100,
        whole_number(1, 1_000_000),
        "requests",
        "Maximum number of requests of a client to SailPoint's paths in `sailpoint_request_seconds`.",
    )
    sailpoint_request_seconds: int = _setting(
        10, whole_number(1, 86_400), "seconds", "The interval to which `sailpoint_requests` applies."
    )
    segment_requests_per_minute: int = _setting(
        200,
        whole_number(1, 1_000_000),
        "requests",
        "Maximum number of requests per minute of a client to Segment's paths.",
    )
    genesys_requests_per_minute: int = _setting(
        300,
        whole_number(1, 1_000_000),
        "requests",
        "Maximum number of requests per minute of a client to Genesys's paths.",
    )
    genesys_lag_days: int = _setting(
        0,
        whole_number(0, 31),
        "days",
        "Number of most recent days, today included, that Genesys's responses omit.",
    )
    execution_hours: int = _setting(
        24, whole_number(1, 8760), "hours", "How long the results of Genesys's executions are kept."
    )
    max_executions: int = _setting(
        10_000,
        whole_number(1, 1_000_000),
        "executions",
        "Maximum number of Genesys executions kept per organization; beyond it, requests get a 429.",
    )
    max_execution_results: int = _size(
        "256MiB",
        "1MiB",
        "1TB",
        "Maximum disk space for the results of an organization's executions; beyond it, 429.",
    )
    login_failures_per_minute: int = _setting(
        20,
        whole_number(1, 1_000_000),
        "failures",
        "Maximum number of failed logins per minute before further logins are delayed.",
    )
    tls_certificate: str = _setting(
        "", plain_text(), "", "The PEM file of the certificate and its chain, for HTTPS."
    )
    tls_key: str = _setting(
        "", plain_text(), "", "The PEM file of the certificate's private key, unencrypted."
    )
    forwarded_from: tuple[str, ...] = _setting(
        (), addresses(), "", "Proxies whose `X-Forwarded-` headers are trusted."
    )


def load_settings(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """The settings from defaults, file, environment and flags; a later source overrides an earlier one.

    Variables without `PREFIX` are ignored, and so is a flag that is None. Raises `SettingsError`, which names
    every fault of all sources.
    """
    values: dict[str, Any] = {}
    faults: list[SettingFault] = []
    for source in (_from_file(file), _from_environment(environment), _from_flags(flags)):
        for item in source:
            if isinstance(item, SettingFault):
                faults.append(item)
            else:
                values.update([item])
    if faults:
        raise SettingsError(tuple(faults))
    return Settings(**values)


_Items = Iterator[tuple[str, object] | SettingFault]
"""The items of a source: names with valid values, and faults."""


def _from_file(file: Path | None) -> _Items:
    if file is None:
        return
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        yield SettingFault("the file", str(file), str(error), "a readable TOML file in UTF-8")
        return
    for name, value in table.items():
        yield _checked(name, str(file), value, parse=False)


def _from_environment(environment: Mapping[str, str]) -> _Items:
    names = {variable_of(setting.name): setting.name for setting in fields(Settings)}
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            name = names.get(variable, variable)
            yield _checked(name, f"the environment variable {variable}", text, parse=True)


def _from_flags(flags: Mapping[str, object]) -> _Items:
    for name, value in flags.items():
        if value is not None:
            yield _checked(name, "the command line", value, parse=True)


def _checked(name: str, origin: str, value: object, *, parse: bool) -> tuple[str, object] | SettingFault:
    settings = {setting.name: setting for setting in fields(Settings)}
    if name not in settings:
        return SettingFault(name, origin, value, f"one of these settings: {', '.join(settings)}")
    kind = kind_of(settings[name])
    try:
        return name, kind.read(value) if parse else kind.check(value)
    except ValueError:
        return SettingFault(name, origin, value, kind.accepted)


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def kind_of(setting: "Field[Any]") -> SettingKind[Any]:
    """The kind of a field of `Settings`."""
    kind: SettingKind[Any] = setting.metadata["kind"]
    return kind
