"""Counts and times of the service, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Monitoring:
    """A registry of its own, so that several services may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sracl_requests", "Requests by path and status.", ("path", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "sracl_request_seconds", "Time to answer.", ("path",), buckets=SECONDS, registry=self.registry
        )
        self.batch = Histogram(
            "sracl_batch_requests",
            "Requests scored together.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128),
            registry=self.registry,
        )
        self.models = Gauge(
            "sracl_model", "1 for the version of each model that answers.", ("name", "version"), registry=self.registry
        )
