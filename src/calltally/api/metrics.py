"""What Prometheus may know of a server. No label names an organization, a client or a path."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from calltally import __version__
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
        yield _counter("journal_syncs", "Syncs of the journal since the start.", journal.syncs)
        yield _counter(
            "journal_sync_seconds",
            "Seconds spent in syncs of the journal since the start.",
            journal.sync_seconds,
        )
        yield _gauge("journal_queued_bytes", "Bytes taken in and not yet on disk.", journal.queued_bytes)
        yield _gauge("journal_position", "The last journal position on disk.", journal.durable.position)
        yield _gauge(
            "rolled_position", "The last journal position in the store.", meter.roller.rolled.position
        )
        yield _gauge("seen_ids", "Identities in memory.", meter.seen_ids.count)
        yield _gauge("seen_ids_memory_bytes", "Memory held for identities.", meter.seen_ids.memory_bytes)
        yield _gauge(
            "seen_ids_forgotten_position",
            "Identities received up to this position are looked up in the store.",
            meter.seen_ids.forgotten_position,
        )
        info = GaugeMetricFamily("calltally_info", "The version that runs.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"calltally_{name}", help_text, value=value)


def _counter(name: str, help_text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"calltally_{name}", help_text, value=value)
