"""A data directory with everything that serves it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from litestar import Router

from calltally.api.body_budget import BodyBudget
from calltally.api.body_threads import BodyThreads
from calltally.api.calls_routes import BodyLimits, CallsRoute
from calltally.api.corrections_routes import corrections_router
from calltally.api.directory_routes import directory_router
from calltally.api.health_routes import health_router
from calltally.api.inspection_routes import inspection_router
from calltally.api.owner.key_routes import owner_keys_router
from calltally.api.owner.maintenance_routes import owner_maintenance_router
from calltally.api.owner.owner_routes import owner_router
from calltally.api.owner.token_routes import owner_tokens_router
from calltally.api.owner.verify_routes import owner_verify_router
from calltally.api.request_share import RequestShares, SharingAuthenticator
from calltally.api.usage_routes import usage_router
from calltally.apply.applier import NICENESS
from calltally.auth.caller import Authenticator
from calltally.auth.owner import OwnerAuthenticator
from calltally.auth.token_endpoint import token_router
from calltally.auth.tokens import TokenAuthority
from calltally.clock import DAY_MS, Clock, SystemClock
from calltally.control.api_tokens import ApiTokens
from calltally.control.clients import ClientRegistry
from calltally.control.control_database import ControlDatabase
from calltally.control.control_maintenance import ControlMaintenance
from calltally.control.executions import Executions
from calltally.control.names import NameDirectory
from calltally.control.signing_keys import SigningKeys
from calltally.data_directory import DataDirectory
from calltally.dialects.genesys import GenesysDialect
from calltally.dialects.genesys import description as genesys
from calltally.dialects.sailpoint import SailPointDialect
from calltally.dialects.sailpoint import description as sailpoint
from calltally.dialects.segment import SegmentDialect
from calltally.dialects.segment import description as segment
from calltally.dictionary import Kind
from calltally.errors import CalltallyError
from calltally.ingest.body_decoder import TimeLimits
from calltally.ingest.text_bounds import TextLimits
from calltally.meter import Meter
from calltally.process import lower_priority
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.server.application import Application
from calltally.server.bounded_bodies import BodyTransferLimits
from calltally.settings import Settings
from calltally.shares import Shares
from calltally.store.duckdb.compaction import CompactionLimits
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.duckdb.rewriting import write_anew
from calltally.wiring.meter_assembly import MeterOptions, assemble_meter

log = structlog.get_logger()

_STRANGERS_BODIES = 16 * 2**20
"""For the bodies of all logins, and of whoever else has no token; a body of a login has at most 64 KiB."""

_CONTROL_THREADS = 4
"""For what organizations read and write of names and executions, apart from logins."""

_BODIES_OF_TWO = 4
"""So many of the largest bodies fit: one can be received while another organization holds its half."""


class Installation:
    """A data directory at work: control data always, the meter once it is opened.

    The directory must be held by this process.
    """

    def __init__(self, directory: DataDirectory, settings: Settings, clock: Clock | None = None) -> None:
        self._directory = directory
        self._settings = settings
        self._clock = clock or SystemClock()
        self._control = ControlDatabase.in_directory(directory.path)
        self.clients = ClientRegistry(self._control, self._clock)
        self.api_tokens = ApiTokens(self._control, self._clock)
        self.names = NameDirectory(self._control)
        self._token_lifetime = timedelta(hours=settings.token_hours)
        self.signing_keys = SigningKeys(self._control, self._clock, self._token_lifetime)
        self.control_maintenance = ControlMaintenance(
            self._control, [directory.settings_file], mark=directory.erased
        )
        self.meter: Meter | None = None
        self._body_threads = BodyThreads()
        self._control_threads = FairThreads(_CONTROL_THREADS, "control")
        self._genesys: GenesysDialect | None = None

    async def open_meter(self, on_failure: Callable[[Exception], None] = lambda _: None) -> Meter:
        """Recovers the counts and starts counting; may take seconds for tens of millions of identities."""
        with ThreadPoolExecutor(1, initializer=lower_priority, initargs=(NICENESS,)) as counting:
            opening = asyncio.get_running_loop().run_in_executor(counting, self._open_store)
            store = await opening  # its own threads stand behind as the one does that started them
        if not store.identity_key.withstands_senders:
            log.warning(
                "a sender who knows one identity of this directory can make others, since an earlier version "
                "made it; new directories withstand that, see docs/operating.md",
                directory=str(self._directory.path),
            )
        try:
            self.meter = await asyncio.to_thread(self._new_meter, store, on_failure)
        except BaseException:
            store.close()
            raise
        await self.meter.start()
        return self.meter

    async def close(self) -> None:
        """Brings everything durable into the store and closes all files."""
        self._body_threads.close()
        if self._genesys is not None:
            await self._genesys.stop()
        if self.meter is not None:
            await self.meter.stop()
        self._control_threads.close()
        self._control.close()

    async def public_application(self) -> Application:
        """Every door, for clients that log in; queries that a crash cut off are run again."""
        settings, meter = self._settings, self._opened_meter()
        authority = TokenAuthority(
            self._control,
            self.clients,
            self.api_tokens,
            self.signing_keys,
            self._clock,
            issuer=settings.issuer,
            lifetime=self._token_lifetime,
        )
        login = token_router(
            authority,
            self.clients,
            failures_per_client=settings.login_failures_per_minute,
        )
        keeper = SharingAuthenticator(authority)
        self._genesys = self._genesys_dialect(meter, keeper)
        await self._genesys.start()
        vendors = [
            self._sailpoint_dialect(meter.engine, keeper).router(),
            SegmentDialect(
                meter.engine, keeper, self._clock, requests=settings.segment_requests_per_minute
            ).router(),
            self._genesys.router(),
        ]
        return self._application(keeper, [login, *vendors], vendor_descriptions())

    def owner_application(self) -> Application:
        """Our own doors without login, and what only the owner may do; calls and usage with a meter only."""
        owners = [
            owner_router(self.clients, counting=self.meter is not None),
            owner_tokens_router(self.api_tokens),
            owner_keys_router(self.signing_keys),
        ]
        if self.meter is not None:
            maintenance, engine = self.meter.maintenance, self.meter.engine
            owners += [
                owner_verify_router(maintenance, engine),
                owner_maintenance_router(maintenance, engine),
            ]
        return self._application(SharingAuthenticator(OwnerAuthenticator()), owners, for_owner=True)

    def _application(
        self,
        authenticator: Authenticator,
        routers: list[Router],
        descriptions: Iterable[Mapping[str, Any]] = (),
        *,
        for_owner: bool = False,
    ) -> Application:
        settings = self._settings
        bodies = BodyBudget(max(settings.max_bodies, _BODIES_OF_TWO * settings.max_body))
        strangers = bodies if for_owner else BodyBudget(_STRANGERS_BODIES)
        shares = RequestShares(bodies, strangers, Shares(settings.max_connections))
        bounds = BodyTransferLimits(settings.body_timeout_seconds, settings.minimum_body_rate, shares)
        if self.meter is None:
            return Application(routers, None, descriptions, max_body=settings.max_body, bounds=bounds)
        limits = BodyLimits(settings.max_body, settings.max_call, settings.max_calls)
        own = [
            usage_router(self.meter.engine, authenticator, self._clock),
            inspection_router(self.meter.engine, authenticator, self._clock),
            corrections_router(
                self.meter.maintenance,
                self.meter.engine,
                authenticator,
                self._clock,
                bodies,
                self._body_threads,
                limits,
            ),
            directory_router(
                self.names, self.meter.engine, authenticator, self._clock, self._control_threads
            ),
            health_router(self.meter),
        ]
        calls_door = CallsRoute(self.meter.intake, authenticator, bodies, self._body_threads, limits)
        return Application(
            [*own, *routers], calls_door, descriptions, max_body=settings.max_body, bounds=bounds
        )

    def _sailpoint_dialect(self, engine: QueryEngine, authenticator: Authenticator) -> SailPointDialect:
        settings = self._settings
        return SailPointDialect(
            engine,
            authenticator,
            _SourcesInThreads(self.names, self._control_threads),
            self._clock,
            experimental_header="yearly" if settings.sailpoint_experimental_header == "required" else "never",
            requests=settings.sailpoint_requests,
            per_seconds=settings.sailpoint_request_seconds,
        )

    def _genesys_dialect(self, meter: Meter, authenticator: Authenticator) -> GenesysDialect:
        settings = self._settings
        kept = timedelta(hours=settings.execution_hours)
        return GenesysDialect(
            meter.engine,
            authenticator,
            _ClientsInThreads(self.names, self._control_threads),
            Executions(
                self._control,
                self._clock,
                kept=kept,
                max_kept=settings.max_executions,
                max_bytes=settings.max_execution_results,
            ),
            self._clock,
            self._control_threads,
            requests=settings.genesys_requests_per_minute,
            lag_days=settings.genesys_lag_days,
        )

    def _opened_meter(self) -> Meter:
        if self.meter is None:
            raise RuntimeError("open_meter comes first")
        return self.meter

    def _open_store(self) -> DuckDBUsageStore:
        settings = self._settings
        self._wipe_what_was_erased()
        return DuckDBUsageStore(
            self._directory.store,
            threads=settings.store_threads,
            memory_limit=f"{settings.store_memory}B",
            limits=CompactionLimits.within(settings.store_memory),
            most_groups=settings.max_groups,
        )

    def _new_meter(self, store: DuckDBUsageStore, on_failure: Callable[[Exception], None]) -> Meter:
        settings = self._settings
        options = MeterOptions(
            seen_ids_memory=settings.seen_ids_memory,
            times=TimeLimits(settings.future_seconds * 1000, settings.late_days * DAY_MS),
            route_patterns=tuple(settings.route_patterns),
            max_derived_routes=settings.max_derived_routes,
            text_limits=TextLimits(
                of_kind=settings.max_texts,
                methods=settings.max_methods,
                memory=settings.max_texts_memory,
                organizations=settings.max_organizations,
            ),
            minimum_free_disk=settings.minimum_free_disk,
            max_journal=settings.max_journal,
            retain_calls_days=settings.retain_calls_days,
            retain_counts_days=settings.retain_counts_days,
            answer_timeout=settings.answer_timeout_seconds,
            question_threads=settings.question_threads,
        )
        return assemble_meter(
            store,
            self._directory.journal,
            self._clock,
            options,
            record_names=self.names.record,
            control=ControlMaintenance(
                self._control, [self._directory.settings_file], mark=self._directory.erased
            ),
            on_failure=on_failure,
        )

    def _wipe_what_was_erased(self) -> None:
        """Has the files written anew if something was erased since that was done last."""
        settings, mark = self._settings, self._directory.erased
        if not mark.exists():
            return
        log.info("writing the store anew, without what was erased")
        try:
            write_anew(
                self._directory.store,
                threads=settings.store_threads,
                memory_limit=f"{settings.store_memory}B",
            )
            self.control_maintenance.wipe()
        except (CalltallyError, OSError) as error:
            log.warning("what was erased is in freed blocks of the store still", reason=str(error))
        else:
            mark.unlink()


def vendor_descriptions() -> list[dict[str, Any]]:
    """What each dialect says of itself, for the OpenAPI document."""
    return [sailpoint.description(), segment.description(), genesys.description()]


class _SourcesInThreads:
    """The directory's sources, asked off the event loop."""

    def __init__(self, names: NameDirectory, threads: FairThreads) -> None:
        self._names = names
        self._threads = threads

    async def has_source(self, organization: str, source_id: str) -> bool:
        return await self._threads.run(organization, partial(self._names.has_source, organization, source_id))


class _ClientsInThreads:
    """The directory's clients, asked off the event loop."""

    def __init__(self, names: NameDirectory, threads: FairThreads) -> None:
        self._names = names
        self._threads = threads

    async def names(self, organization: str, client_ids: Iterable[str]) -> Mapping[str, str]:
        return await self._threads.run(
            organization, partial(self._names.names, organization, Kind.CLIENT, client_ids)
        )

    async def ids(self, organization: str, names: Iterable[str]) -> frozenset[str]:
        return await self._threads.run(
            organization, partial(self._names.ids, organization, Kind.CLIENT, names)
        )
