"""A meter, built stage by stage in the direction of the data."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from calltally.apply.applier import Applier
from calltally.apply.compactor import Compactor
from calltally.apply.lag import Lag
from calltally.call_batch import NameUpdate
from calltally.clock import Clock
from calltally.ingest.batcher import Batcher
from calltally.ingest.body_decoder import BodyDecoder, TimeLimits
from calltally.ingest.corrector import Corrector
from calltally.ingest.identities.rebuild_seen_ids import rebuild_seen_ids
from calltally.ingest.identities.run_folder import RunFolder
from calltally.ingest.identities.seen_ids import SeenIds
from calltally.ingest.identities.spiller import Spiller
from calltally.ingest.identities.stored_identities import StoredIdentities
from calltally.ingest.identity_lookup import IdentityLookup
from calltally.ingest.intake import MAX_QUEUED_BYTES, Intake
from calltally.ingest.intake_throttle import IntakeThrottle
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.overload import Overload
from calltally.ingest.round_robin import RoundRobin
from calltally.ingest.routes import RouteNamer
from calltally.ingest.text_bounds import USUAL_LIMITS, TextLimits
from calltally.journal.journal import Journal
from calltally.maintenance import Maintenance
from calltally.maintenance.control_data import ControlData, NoControlData
from calltally.maintenance.meter_parts import MeterParts, open_from_ms
from calltally.maintenance.retention import Retention
from calltally.meter import Meter
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.store.usage_store import UsageStore

_LOOKUP_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOptions:
    """The limits of a `Meter`; sizes in bytes."""

    seen_ids_memory: int = 10**9
    times: TimeLimits = field(default_factory=TimeLimits)
    max_queued: int = MAX_QUEUED_BYTES  # waiting to be written to the disk
    route_patterns: tuple[str, ...] = ()
    max_derived_routes: int = 10_000
    text_limits: TextLimits = USUAL_LIMITS
    minimum_free_disk: int = 0
    max_journal: int = 4 * 2**30
    uncounted_freely: int = 500_000  # calls that the store may lack before senders have to wait
    uncounted_at_most: int = 1_000_000
    retain_calls_days: int = 0
    retain_counts_days: int = 0
    answer_timeout: float = 30.0
    question_threads: int = 4  # an organization has at most half of them
    waiting_questions: int = 100  # of an organization


def assemble_meter(
    store: UsageStore,
    journal_folder: Path,
    clock: Clock,
    options: MeterOptions = MeterOptions(),
    *,
    record_names: Callable[[Sequence[tuple[int, NameUpdate]]], None] = lambda _: None,
    control: ControlData | None = None,
    on_failure: Callable[[Exception], None] = lambda _: None,
) -> Meter:
    """Recovers what the disk holds and builds a meter that is yet to be started.

    A torn end of the journal is cut off and recorded, the seen ids and the dictionary are rebuilt. Runs of
    identities lie beside the journal's folder, in ``seen``. Raises `DamagedDataError`, having changed
    nothing, when the directory must be restored from a backup.
    """
    control = control or NoControlData()
    journal = Journal(journal_folder, after=store.position, on_failure=on_failure, now_ms=clock.now_ms)
    seen_ids = SeenIds(options.seen_ids_memory)
    spiller = _rebuilt_seen_ids(store, journal_folder, journal, seen_ids, clock, options, on_failure)
    step = OrderedStep(
        journal,
        store.dictionary,
        seen_ids,
        RouteNamer(options.route_patterns, options.max_derived_routes),
        store.identity_key,
        open_from_ms=open_from_ms(store.calls_from),
        text_limits=options.text_limits,
    )
    applier = Applier(
        journal,
        store,
        record_names=record_names,
        erase_elsewhere=control.erase,
        on_failure=on_failure,
        answer_timeout=options.answer_timeout,
    )
    compactor = Compactor(
        store,
        lambda: applier.applied_at,
        checkpoint=applier.checkpoint,
        checkpoint_is_due=lambda: applier.checkpoint_is_due,
        on_failure=on_failure,
    )
    lag = Lag()
    overload = Overload(
        journal,
        journal_folder,
        lambda: lag.behind(applier.applied.position, step.rows_appended)[1],
        max_journal=options.max_journal,
        minimum_free_disk=options.minimum_free_disk,
    )
    throttle = IntakeThrottle(options.uncounted_freely, options.uncounted_at_most)
    decoder = BodyDecoder(step, clock, options.times)
    lookups = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="lookup")
    stored = StoredIdentities(store, clock, options.times.late_ms)
    round_robin = RoundRobin()
    intake = Intake(
        decoder,
        Batcher(step, clock, journal.durable, IdentityLookup(step, stored, lookups), decoder, round_robin),
        step,
        journal,
        clock,
        round_robin,
        max_queued_bytes=options.max_queued,
        refuse=overload.refusal,
        throttle=throttle.seconds,
    )
    questions = FairThreads(
        options.question_threads,
        "question",
        waiting=options.waiting_questions,
        patience=options.answer_timeout,
        interrupt=store.interrupt,
    )
    corrector = Corrector(step, clock, future_ms=options.times.future_ms)
    maintenance = Maintenance(
        MeterParts(store, journal, applier, step, corrector, clock),
        control,
        patience=options.answer_timeout,
    )
    retention = Retention(
        maintenance, clock, calls_days=options.retain_calls_days, counts_days=options.retain_counts_days
    )
    return Meter(
        clock=clock,
        store=store,
        journal=journal,
        seen_ids=seen_ids,
        spiller=spiller,
        step=step,
        decoder=decoder,
        lookups=lookups,
        overload=overload,
        throttle=throttle,
        intake=intake,
        applier=applier,
        compactor=compactor,
        lag=lag,
        questions=questions,
        engine=QueryEngine(store, applier, clock, questions),
        maintenance=maintenance,
        retention=retention,
    )


def _rebuilt_seen_ids(
    store: UsageStore,
    journal_folder: Path,
    journal: Journal,
    seen_ids: SeenIds,
    clock: Clock,
    options: MeterOptions,
    on_failure: Callable[[Exception], None],
) -> Spiller:
    """Fills the seen ids from runs, store and journal; what writes further runs."""
    horizon_ms, now_ms = options.times.late_ms, clock.now_ms()
    runs = RunFolder(
        journal_folder.with_name("seen"), store.identity_key, store.timelines, seen_ids.kind_of_run
    )
    spiller = Spiller(seen_ids, runs, horizon_ms, on_failure=on_failure)
    rebuild_seen_ids(
        store,
        runs.open(now_ms - horizon_ms),
        journal.reader(store.position),
        store.dictionary,
        seen_ids,
        now_ms - horizon_ms,
        lambda: spiller.spill_now(now_ms, store.position),
    )
    return spiller
