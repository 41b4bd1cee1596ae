"""What goes wrong between us and a server, and what may be told of it: never the key."""

import email.utils
import os
import socket
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from sracl.errors import SraclError
from sracl.printable import without_control

LONGEST_TOLD = 200
"""Characters of a server's message that an error repeats."""
HIDDEN = "(key)"


class FatalError(SraclError):
    """Nothing else would be answered either: a wrong key, an unknown model, no server."""


class RetryableError(Exception):
    """Worth another try. wait: seconds that the server asks for, or None; throttled: it has too much to do."""

    def __init__(self, reason: str, wait: float | None = None, throttled: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.throttled = throttled


class RejectedError(Exception):
    """The server refuses this one request, such as a prompt that is too long; another try would end alike."""


def place_of(base_url: str) -> str:
    """A server's address, without the name and password that it may hold."""
    address = urlsplit(base_url)
    return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl().rstrip("/")


def shown(text: str, key: str) -> str:
    """What a server says, on one line, without the key and characters that steer a terminal, cut."""
    hidden = text.replace(key, HIDDEN)
    return " ".join(without_control(hidden).split())[:LONGEST_TOLD]


def worth_another_try(status: int) -> bool:
    """Whether a server that answers so may answer otherwise later."""
    return status in (408, 409, 429) or status >= 500


def unreached(error: BaseException, place: str, timeout: float, timed_out: bool) -> str:
    """Why no answer came from `place`: the network, by the system's own word, or the time of `timeout` seconds.

    timed_out: what the client says; it calls a refused connection a timeout too, and the cause tells them apart.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionError) and cause.errno:
            return f"no connection to {place}: {os.strerror(cause.errno)}"
        if isinstance(cause, socket.gaierror):
            return f"no connection to {place}: {cause.strerror}"
        cause = cause.__cause__ or cause.__context__
    return f"no answer within {timeout:g} s from {place}" if timed_out else f"the connection failed ({place})"


def out_of_credit(status: int, text: str) -> bool:
    """Whether the account has nothing left to spend, which waiting does not mend. text: the answer's body."""
    return status == 402 or (status == 429 and "insufficient_quota" in text)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the header `Retry-After`, seconds or a date, or OpenAI's `retry-after-ms`; None without."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
        except (TypeError, ValueError, OverflowError):
            return None
