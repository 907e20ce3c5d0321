"""What Prometheus may know of a server. No label names an organization, a client or a path."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from calltally import __version__
from calltally.dictionary import Kind
from calltally.meter import Meter

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MeterMetrics:
    """Reads a meter's state when it is scraped; nothing is measured in between."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def exposition(self) -> bytes:
        """The text that a scrape gets."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        meter, journal = self._meter, self._meter.journal
        calls = CounterMetricFamily(
            "calltally_calls", "Calls judged since the start, by verdict.", labels=["verdict"]
        )
        for verdict, count in meter.intake.totals.items():
            calls.add_metric([verdict.value], count)
        yield calls
        decoded = CounterMetricFamily(
            "calltally_decoded_calls",
            "Calls decoded since the start, by what decoded them.",
            labels=["by"],
        )
        decoded.add_metric(["native"], meter.decoder.by_native_code)
        decoded.add_metric(["reference"], meter.decoder.by_reference)
        yield decoded
        yield from journal.sync_seconds.collect()
        yield _gauge("journal_longest_sync_seconds", "The longest of them.", journal.longest_sync_seconds)
        yield _gauge("journal_queued_bytes", "Bytes taken in and not yet on disk.", journal.queued_bytes)
        yield _gauge("journal_bytes", "Bytes of the journal not behind a checkpoint.", journal.unsafe_bytes)
        yield _gauge("journal_position", "The last journal position on disk.", journal.durable.position)
        yield _gauge(
            "rolled_position", "The last journal position in the store.", meter.applier.applied.position
        )
        calls_behind, seconds_behind = meter.behind
        yield _gauge("lag_calls", "Calls taken in and not yet in the store.", calls_behind)
        yield _gauge("lag_seconds", "How long the oldest of them has waited.", seconds_behind)
        refused = CounterMetricFamily(
            "calltally_refused_requests",
            "Requests with calls refused as a whole, by reason.",
            labels=["reason"],
        )
        for reason, count in meter.intake.refusals.items():
            refused.add_metric([reason], count)
        yield refused
        turns = meter.questions.turns
        yield _gauge("questions_running", "Questions that are being answered.", turns.taken)
        yield _gauge("questions_waiting", "Questions that wait for a thread.", turns.waiting)
        yield _counter(
            "questions_refused",
            "Questions refused since the start, as too many of their organization waited.",
            turns.refused,
        )
        texts = CounterMetricFamily(
            "calltally_refused_texts",
            "Calls rejected since the start for a new text where no more were taken, by field.",
            labels=["field"],
        )
        for field, count in meter.refused_texts.items():
            texts.add_metric([field], count)
        yield texts
        dictionary = meter.store.dictionary
        held = GaugeMetricFamily(
            "calltally_texts", "Different texts of calls and counts, by kind.", labels=["kind"]
        )
        for kind in Kind:
            held.add_metric([kind.name.lower()], dictionary.count(kind))
        yield held
        yield _gauge("texts_memory_bytes", "Memory that all texts take, at the most.", dictionary.memory)
        yield _gauge("seen_ids", "Identities in memory.", meter.seen_ids.count)
        yield _gauge("seen_ids_spilled", "Identities on disk only.", meter.seen_ids.spilled)
        yield _gauge("seen_ids_memory_bytes", "Memory held for identities.", meter.seen_ids.memory_bytes)
        yield _gauge(
            "seen_ids_filter_bytes",
            "Memory of it that is held for those on disk.",
            meter.seen_ids.generations.filter_bytes,
        )
        yield _gauge(
            "seen_ids_evicted_position",
            "Identities received up to this position are looked up in the store, for calls of their days.",
            meter.seen_ids.forgotten.position,
        )
        info = GaugeMetricFamily("calltally_info", "The version that runs.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"calltally_{name}", help_text, value=value)


def _counter(name: str, help_text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"calltally_{name}", help_text, value=value)
