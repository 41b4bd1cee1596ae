"""The service under a constant rate of requests: latency from the moment that each was due, failures, memory over time.

    python benchmarks/serving_load.py RUN_DIR [--rate 200] [--seconds 120] [--service-core 0] [--client-core 1]

Starts `sracl serve RUN_DIR` on one core and asks from another process. Requests are sent at their times whether earlier
ones are answered or not, and a latency counts from the time at which the request was due, so that a stall of the
service or of this program counts in full (no coordinated omission). Half of them name a user, half bring a history.
Also times the model alone, in a process of its own on the service's core, after the load. Prints a table and appends a
line of JSON to benchmarks/results/serving_load.jsonl.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sracl.datasets.dataset import Dataset

RESULTS = Path(__file__).parent / "results" / "serving_load.jsonl"
WARM_UP = 5.0
"""Seconds at the same rate before anything counts."""
MEMORY_EVERY = 5.0
ALONE = """
import json, sys, time
from pathlib import Path
import numpy as np, torch
from sracl.serving.served import Question, ServedModel
torch.set_num_threads(1)
model, found = ServedModel("model", Path(sys.argv[1])), {}
draw, data = np.random.default_rng(0), model.dataset
for size in (1, 16):
    times = []
    for _ in range(300):
        users = draw.integers(0, data.user_count, size)
        asked = [Question(data.histories[int(u)].astype(np.int64), 10, np.empty(0, np.int64)) for u in users]
        begin = time.perf_counter()
        model.best(asked)
        times.append((time.perf_counter() - begin) * 1e3)
    found[str(size)] = {"p50": float(np.median(times)), "p99": float(np.percentile(times, 99))}
print(json.dumps(found | {"scorer": model.choice.name, "why": model.choice.why}))
"""


@dataclass
class Seen:
    """Latencies in seconds of what was answered well, and what was not, by its status or error."""

    latencies: list[float] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)

    def failed(self, why: str) -> None:
        """Count a failure."""
        self.failures[why] = self.failures.get(why, 0) + 1


class Connections:
    """Open connections that wait for the next request; more are opened when all are busy."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, body: bytes) -> int:
        """POST a request; returns the answer's status."""
        head = b"POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        while self.idle and self.idle[-1][0].at_eof():  # closed since, for it was idle for long
            self.idle.pop()[1].close()
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = answer.split(b"content-length:")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        self.idle.append((reader, writer))
        return int(answer.split(b" ", 2)[1])


def bodies(run_dir: Path, count: int) -> list[bytes]:
    """Requests for known users, and with the histories of others."""
    data = Dataset.load(run_dir / "model" / "dataset")
    draw = np.random.default_rng(0)
    users, items = data.users["user_id"].to_list(), data.catalogue["item_id"].to_list()
    made: list[bytes] = []
    for number, user in enumerate(draw.integers(0, data.user_count, count).tolist()):
        history = [items[item] for item in data.histories[user].tolist()]
        asked: dict[str, Any] = {"user_id": users[user]} if number % 2 else {"history": history}
        made.append(json.dumps(asked | {"k": 10}).encode())
    return made


async def load(port: int, requests: list[bytes], rate: float, seconds: float) -> Seen:
    """Send requests at a constant rate for so long; returns what was seen of them."""
    connections, seen = Connections(port), Seen()

    async def one(due: float, body: bytes) -> None:
        try:
            status = await asyncio.wait_for(connections.ask(body), 10.0)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            seen.failed(type(error).__name__)
            return
        if status == 200:
            seen.latencies.append(time.perf_counter() - due)
        else:
            seen.failed(str(status))

    begin, under_way = time.perf_counter() + 0.05, set()
    for number in range(round(rate * seconds)):
        due = begin + number / rate
        # Sleeping ends a little late; the rest is waited for by yielding.
        if (left := due - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        task = asyncio.create_task(one(due, requests[number % len(requests)]))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return seen


async def watched(
    port: int, requests: list[bytes], given: argparse.Namespace, process: int
) -> tuple[Seen, list[float]]:
    """The load with the service's memory beside it, in MiB."""
    await load(port, requests, given.rate, WARM_UP)
    memory: list[float] = []

    async def watch() -> None:
        while True:
            memory.append(resident(process))
            await asyncio.sleep(MEMORY_EVERY)

    watching = asyncio.create_task(watch())
    seen = await load(port, requests, given.rate, given.seconds)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return seen, [*memory, resident(process)]


def resident(process: int) -> float:
    """Memory of a process in MiB, as Linux tells it."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def ready(port: int, service: "subprocess.Popen[bytes]") -> None:
    """Wait until the service answers."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and service.poll() is None:
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2).close()
            return
        time.sleep(0.2)
    raise SystemExit("the service did not start")


def measured(given: argparse.Namespace) -> dict[str, Any]:
    """Start the service, ask it, stop it, and time the model alone."""
    command = [sys.executable, "-m", "sracl", "serve", str(given.run_dir), "--port", str(given.port), "--no-explain"]
    on_core = ["nice", "-n", str(given.niceness), "taskset", "-c", str(given.service_core)]
    os.sched_setaffinity(0, {given.client_core})
    service = subprocess.Popen([*on_core, *command])
    if given.niceness < 0:
        os.setpriority(os.PRIO_PROCESS, 0, given.niceness)
    try:
        ready(given.port, service)
        requests = bodies(given.run_dir, 5_000)
        seen, memory = asyncio.run(watched(given.port, requests, given, service.pid))
    finally:
        service.terminate()
        service.wait()
    alone = subprocess.run([*on_core, sys.executable, "-c", ALONE, str(given.run_dir)], capture_output=True, check=True)
    at = np.percentile(np.array(seen.latencies) * 1e3, [50, 95, 99, 99.9, 100])
    names = ("p50", "p95", "p99", "p99.9", "most")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": given.run_dir.name,
        "rate": given.rate,
        "seconds": given.seconds,
        "niceness": given.niceness,
        "answered": len(seen.latencies),
        "failed": sum(seen.failures.values()),
        "failures": seen.failures,
        "milliseconds": dict(zip(names, at.round(2).tolist(), strict=True)),
        "memory_mib": {"first": memory[0], "last": memory[-1], "most": max(memory)},
        "memory_over_time_mib": [round(value, 1) for value in memory],
        "model_alone_milliseconds": json.loads(alone.stdout),
        "processor": platform.processor() or platform.machine(),
        "load_average": os.getloadavg(),
    }


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    table = Table(show_header=False)
    for name in ("rate", "seconds", "answered", "failed", "milliseconds", "memory_mib", "model_alone_milliseconds"):
        table.add_row(name, str(found[name]))
    Console().print(table)


def main() -> None:
    """Parse the command line, measure, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--service-core", type=int, default=0)
    parser.add_argument("--client-core", type=int, default=1)
    parser.add_argument("--niceness", type=int, default=0, help="below 0: before other programs on the same cores")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    found = measured(given)
    show(found)
    given.results.parent.mkdir(parents=True, exist_ok=True)
    with given.results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
