"""Figures for Prometheus, counted so that a scan hardly notices.

The hot path adds to a reader's dictionary and list of buckets (0.4 µs together; a labelled
histogram of the client library costs more than 1 µs); a collector turns them into metrics when
somebody asks.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import override

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from gateway.venue.tally import BUCKETS, Tally, added


class Metrics(Collector):
    """The figures of one process.

    ``gauges`` are named functions that other rooms add: stores up (0 or 1), the streamer's lag.
    """

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        """Scans answered, by reader."""
        self.requests: dict[tuple[str, int], int] = {}
        """Other requests, by route and status."""
        self.dropped: Mapping[tuple[str, str], int] = {}
        """What devices on wires said and nobody took, by device and word."""
        self.loop_lag_s = 0.0
        self.live_clients = 0
        self.stream_clients = 0
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def scanned(self, reader: str, reason: str | None, took_s: float, persons: int) -> None:
        """Count one scan: where, why it was refused, how long it took, whom it let in."""
        tally = self.tallies.get(reader)
        if tally is None:
            tally = self.tallies[reader] = Tally()
        tally.scanned(reason, took_s, persons)

    def answered(self, route: str, status: int) -> None:
        """Count one answer that is not a scan's."""
        key = (route, status)
        self.requests[key] = self.requests.get(key, 0) + 1

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Add a figure that is read when somebody asks."""
        self.gauges[name] = (help_text, read)

    def expose(self) -> bytes:
        """Write all figures in the text format of Prometheus."""
        return generate_latest(self._registry)

    @override
    def collect(self) -> Iterator[Metric]:
        scans = CounterMetricFamily(
            "composteur_scans", "Scans answered.", labels=["decision", "reason"]
        )
        whole = added(list(self.tallies.values()))
        for reason, count in sorted(whole.decisions.items(), key=lambda item: item[0] or ""):
            scans.add_metric(["denied" if reason else "granted", reason or ""], count)
        yield scans
        yield _histogram(whole)
        requests = CounterMetricFamily(
            "composteur_http_requests", "Requests other than scans.", labels=["route", "status"]
        )
        for (route, status), count in sorted(self.requests.items()):
            requests.add_metric([route, str(status)], count)
        yield requests
        dropped = CounterMetricFamily(
            "composteur_wire_dropped",
            "What devices on wires said and nobody took.",
            labels=["device", "what"],
        )
        for (device, what), count in sorted(self.dropped.items()):
            dropped.add_metric([device, what], count)
        yield dropped
        figures: dict[str, tuple[str, Callable[[], float]]] = {
            "loop_lag_seconds": ("How late the event loop ran a timer.", lambda: self.loop_lag_s),
            "live_clients": ("Dashboards listening.", lambda: float(self.live_clients)),
            "stream_clients": ("WebSockets open.", lambda: float(self.stream_clients)),
            **self.gauges,
        }
        for name, (help_text, read) in figures.items():
            gauge = GaugeMetricFamily(f"composteur_{name}", help_text)
            gauge.add_metric([], read())
            yield gauge


def _histogram(whole: Tally) -> Metric:
    counted, buckets = 0, []
    for exponent in range(BUCKETS):
        counted += whole.latency[exponent]
        buckets.append((repr((1 << exponent) / 1_000_000), counted))
    buckets.append(("+Inf", counted + whole.latency[BUCKETS]))
    return HistogramMetricFamily(
        "composteur_scan_seconds",
        "How long the store took to decide.",
        buckets=buckets,
        sum_value=whole.latency_sum_us / 1_000_000,
    )
