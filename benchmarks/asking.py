"""How well slots are used while a language model is asked: a server on loopback answers after a fixed time.

    python benchmarks/asking.py [--requests 5000] [--slots 64] [--seconds 0.2] [--folder FOLDER]

The server is a process of its own. `busy` is the share of slot time that waits for an answer; `of the ideal` compares
the whole time with the shortest possible, at which the server would always have as many requests as there are slots.
Prints a table and appends a line of JSON to benchmarks/results/asking.jsonl. Exit code 1 where a bound is broken.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import re
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import openai
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import sracl
from sracl.semantics.language_models.asking import AskSettings, Tally, ask_all
from sracl.semantics.language_models.client import ChatClient, Endpoint
from sracl.semantics.language_models.request import Answer, Message, Request
from sracl.semantics.language_models.store import AnswerStore
from support.chat_server import Reply, completion

RESULTS = Path(__file__).parent / "results" / "asking.jsonl"
LEAST_BUSY, MOST_MEMORY = 0.95, 300.0
SHARED = "Describe what follows in one paragraph. " * 20
TEXT = "mild rosewater shampoo " * 33


class TimedStore(AnswerStore):
    """Adds up the seconds that storing takes."""

    seconds = 0.0

    def put(self, request: Request, answer: Answer) -> None:
        begin = time.perf_counter()
        super().put(request, answer)
        self.seconds += time.perf_counter() - begin


def requests(count: int) -> Iterator[Request]:
    """Prompts of some 2,000 characters, of which 800 are shared."""
    for number in range(count):
        yield Request("m", (Message("system", SHARED), Message("user", f"{number} {TEXT}" * 2)), {"temperature": 0})


class FixedAnswer(asyncio.Protocol):
    """Reads requests and answers each after a fixed time, at so little cost that the client alone is measured."""

    def __init__(self, seconds: float, answer: bytes) -> None:
        self.seconds, self.answer, self.read = seconds, answer, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.read += data
        head, end, body = self.read.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head.lower())
        if end and length and len(body) >= int(length[1]):
            self.read.clear()
            asyncio.get_running_loop().call_later(self.seconds, self.transport.write, self.answer)


def serve(seconds: float, pipe: Connection) -> None:
    """Answer until the pipe's other end is closed."""
    body = completion({"model": "m"}, Reply(TEXT)).encode()
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: FixedAnswer(seconds, answer), "127.0.0.1", 0, backlog=256)
        pipe.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        await loop.run_in_executor(None, pipe.poll, None)

    asyncio.run(run())


@contextmanager
def served(seconds: float) -> Iterator[str]:
    """A server in its own process; gives its base URL."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(seconds, theirs))
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


async def ask(base_url: str, store: AnswerStore, count: int, slots: int) -> Tally:
    """Ask so many requests through so many slots."""
    client = ChatClient(Endpoint(base_url, None, 60.0))
    try:
        settings = AskSettings(concurrency=slots)
        return await ask_all(requests(count), client, store, lambda request, answer: None, settings)
    finally:
        await client.close()


def measured(folder: Path, count: int, slots: int, seconds: float) -> dict[str, float]:
    """The figures of one run. Ends the program where an answer is missing."""
    with served(seconds) as base_url, TimedStore(folder / "answers.sqlite") as store:
        processor = time.process_time()
        tally = asyncio.run(ask(base_url, store, count, slots))
        processor = time.process_time() - processor
    if (tally.answered, tally.asked) != (count, count):
        sys.exit(f"{count} requests were wanted, {tally.answered} answered with {tally.asked} calls")
    return {
        "seconds": tally.seconds,
        "slot time busy": tally.busy / (slots * tally.seconds),
        "of the ideal": count * seconds / slots / tally.seconds,
        "storing, ms a record": store.seconds * 1e3 / count,
        "processor, ms a request": processor * 1e3 / count,
        "peak memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=0.2, help="what an answer takes")
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        figures = measured(Path(folder), arguments.requests, arguments.slots, arguments.seconds)
    table = Table(title=f"{arguments.requests:,} requests, {arguments.slots} slots, {arguments.seconds:g} s an answer")
    table.add_column("what, unit")
    table.add_column("measured", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:.3f}")
    Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    facts = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "openai": openai.__version__,
        "sracl": sracl.__version__,
        "requests": arguments.requests,
        "slots": arguments.slots,
        **figures,
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")
    if figures["slot time busy"] < LEAST_BUSY or figures["peak memory, MB"] > MOST_MEMORY:
        sys.exit(f"bounds: slot time busy >= {LEAST_BUSY}, peak memory <= {MOST_MEMORY:g} MB")


if __name__ == "__main__":
    main()
