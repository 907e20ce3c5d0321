"""Every setting in one table: name, default, kind, one line of help. Read once at start.

No library reads them: every fault is reported at once, with the file or variable that has it and what would
be accepted, and docs/settings.md is made from the same table.
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
"""What the name of a setting, in capitals, has before it in the environment."""


class SettingFault(NamedTuple):
    """One wrong setting: its name, the file or variable that said it, the value, what is accepted."""

    name: str
    origin: str
    value: object
    accepted: str


class SettingsError(CalltallyError):
    """Settings are wrong, all of those in ``faults``; an operator must correct them before anything runs."""

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
    """What an operator can choose. Classes receive single values of it, never the whole."""

    host: str = _setting("127.0.0.1", plain_text(), "", "The address to listen on.")
    port: int = _setting(8080, whole_number(0, 65_535), "", "The port to listen on; 0 takes any free one.")
    seen_ids_memory: int = _size(
        "1GB", "1MB", "1TB", "Memory for the identities of recent calls; the oldest spill to disk."
    )
    max_body: int = _size("64MiB", "1KiB", "1GiB", "The largest request body, as sent and unpacked.")
    max_call: int = _size("64KiB", "1KiB", "16MiB", "The largest single call in a request body.")
    max_calls: int = _setting(100_000, whole_number(1, 10_000_000), "calls", "The most calls in one request.")
    future_seconds: int = _setting(
        300, whole_number(0, 86_400), "seconds", "How far ahead of the server's clock a call may be."
    )
    late_days: int = _setting(
        35, whole_number(0, 36_500), "days", "How late a call may come that is no declared backfill."
    )
    body_timeout_seconds: int = _setting(
        30, whole_number(1, 3600), "seconds", "How long to wait for the next part of a request."
    )
    write_timeout_seconds: int = _setting(
        30,
        whole_number(1, 3600),
        "seconds",
        "How long a client may read nothing of an answer before it is disconnected.",
    )
    minimum_body_rate: int = _size(
        "1KiB",
        "1B",
        "1GiB",
        "What a body must bring each second it is waited for, once `body_timeout_seconds` are over.",
    )
    max_bodies: int = _size(
        "512MiB",
        "1MiB",
        "1TB",
        "Memory for the bodies of all requests under way, as sent and unpacked, and for answers that"
        " clients have not read yet; at least four times `max_body`. An organization may hold as much of it"
        " as is free besides.",
    )
    max_connections: int = _setting(
        2000,
        whole_number(1, 1_000_000),
        "connections",
        "With more connections new ones are refused; of an address as many as are free besides, unless"
        " `forwarded_from` has it. As many requests may be under way, divided so among organizations.",
    )
    keep_alive_seconds: int = _setting(
        30, whole_number(1, 3600), "seconds", "How long a connection may rest between requests."
    )
    route_patterns: tuple[str, ...] = _setting(
        (), patterns(), "", "Regular expressions for a whole part of a path that becomes `{id}` in its route."
    )
    max_derived_routes: int = _setting(
        10_000, whole_number(0, 10_000_000), "routes", "Routes made from paths, for each organization."
    )
    max_texts: int = _setting(
        1_000_000,
        whole_number(1, 1_000_000_000),
        "texts",
        "Different clients, users, sources, accounts, origins and named routes, of each as many, that an"
        " organization's calls may bring.",
    )
    max_methods: int = _setting(
        2000,
        whole_number(1, 1_000_000),
        "methods",
        "Different methods that an organization's calls may bring.",
    )
    max_texts_memory: int = _size(
        "512MB", "1MB", "1TB", "Memory that all texts of an organization may take, at the most."
    )
    max_organizations: int = _setting(
        10_000,
        whole_number(0, 10_000_000),
        "organizations",
        "Organizations beyond which calls cannot name another that never sent or was sent any.",
    )
    token_hours: int = _setting(24, whole_number(1, 8760), "hours", "How long an access token is good.")
    issuer: str = _setting("calltally", plain_text(), "", "The issuer that access tokens name.")
    store_threads: int = _setting(2, whole_number(1, 1024), "threads", "Threads that the store works with.")
    store_memory: int = _size("1GB", "64MB", "100TB", "Memory that the store may use.")
    minimum_free_disk: int = _size("256MiB", "0", "100TB", "With less free disk no calls are taken in.")
    max_journal: int = _size(
        "4GiB", "1MiB", "100TB", "With more of the journal not yet safe in the store no calls are taken in."
    )
    retain_calls_days: int = _setting(
        0, whole_number(0, 36_500), "days", "How long calls are kept before they are pruned; 0 is for ever."
    )
    retain_counts_days: int = _setting(
        0, days_or_for_ever(400, 36_500), "days", "How long counts are kept after their calls; 0 is for ever."
    )
    answer_timeout_seconds: int = _setting(
        30, whole_number(1, 3600), "seconds", "How long a question may wait and run before it is given up."
    )
    question_threads: int = _setting(
        4,
        whole_number(2, 1024),
        "threads",
        "Questions answered at a time; of an organization as many as are free besides, so at most half.",
    )
    max_groups: int = _setting(
        1_000_000, whole_number(1000, 1_000_000_000), "groups", "The most groups an answer may be made of."
    )
    log_format: str = _setting("console", one_of("json", "console"), "", "For machines or for people.")
    log_level: str = _setting(
        "info", one_of("debug", "info", "warning", "error"), "", "The least weighty messages that are logged."
    )
    sailpoint_experimental_header: str = _setting(
        "required",
        one_of("required", "optional"),
        "",
        "Whether SailPoint's yearly paths demand `X-SailPoint-Experimental: true`.",
    )
    sailpoint_requests: int = _setting(
        100,
        whole_number(1, 1_000_000),
        "requests",
        "Requests a client may make of SailPoint's paths.",
    )
    sailpoint_request_seconds: int = _setting(
        10, whole_number(1, 86_400), "seconds", "The time for which `sailpoint_requests` are counted."
    )
    segment_requests_per_minute: int = _setting(
        200, whole_number(1, 1_000_000), "requests", "Requests a client may make of Segment's paths a minute."
    )
    genesys_requests_per_minute: int = _setting(
        300, whole_number(1, 1_000_000), "requests", "Requests a client may make of Genesys's paths a minute."
    )
    genesys_lag_days: int = _setting(
        0, whole_number(0, 31), "days", "How many days, today first, Genesys's answers leave out."
    )
    execution_hours: int = _setting(
        24, whole_number(1, 8760), "hours", "How long the results of Genesys's executions are kept."
    )
    max_executions: int = _setting(
        10_000,
        whole_number(1, 1_000_000),
        "executions",
        "The most executions of Genesys's that are kept of an organization; with more 429.",
    )
    max_execution_results: int = _size(
        "256MiB", "1MiB", "1TB", "Disk for the results of an organization's executions; with more 429."
    )
    login_failures_per_minute: int = _setting(
        20, whole_number(1, 1_000_000), "failures", "Failed logins a minute before further ones must wait."
    )
    tls_certificate: str = _setting(
        "", plain_text(), "", "The PEM file of the certificate, with its chain, to serve HTTPS with."
    )
    tls_key: str = _setting("", plain_text(), "", "The PEM file of that certificate's key, not encrypted.")
    forwarded_from: tuple[str, ...] = _setting(
        (), addresses(), "", "Proxies whose `X-Forwarded-` headers are believed."
    )


def load_settings(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """The settings: the defaults, over them the file, over it the environment, over it the flags.

    Variables without `PREFIX` are not looked at, and a flag that is None was not given. Raises
    `SettingsError`, which names everything that is wrong in any of them.
    """
    values: dict[str, Any] = {}
    faults: list[SettingFault] = []
    for source in (_from_file(file), _from_environment(environment), _from_flags(flags)):
        for said in source:
            if isinstance(said, SettingFault):
                faults.append(said)
            else:
                values.update([said])
    if faults:
        raise SettingsError(tuple(faults))
    return Settings(**values)


_Said = Iterator[tuple[str, object] | SettingFault]
"""What a source says: names with values that are right, and faults."""


def _from_file(file: Path | None) -> _Said:
    if file is None:
        return
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        yield SettingFault("the file", str(file), str(error), "a readable TOML file in UTF-8")
        return
    for name, value in table.items():
        yield _said(name, str(file), value, parse=False)


def _from_environment(environment: Mapping[str, str]) -> _Said:
    names = {variable_of(setting.name): setting.name for setting in fields(Settings)}
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            name = names.get(variable, variable)
            yield _said(name, f"the environment variable {variable}", text, parse=True)


def _from_flags(flags: Mapping[str, object]) -> _Said:
    for name, value in flags.items():
        if value is not None:
            yield _said(name, "the command line", value, parse=True)


def _said(name: str, origin: str, value: object, *, parse: bool) -> tuple[str, object] | SettingFault:
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
    """What the setting of a field of `Settings` takes."""
    kind: SettingKind[Any] = setting.metadata["kind"]
    return kind
