"""Who claims requests: a process by its machine and number, so that a dead one's claims need not be waited for."""

import os
import socket
import uuid


def new_owner() -> str:
    """A name of this process, different at every call."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex}"


def is_dead(owner: str) -> bool:
    """Whether the owner was a process of this machine that is no more; False where that cannot be told."""
    host, _, rest = owner.partition("/")
    number = rest.partition("/")[0]
    if os.name != "posix" or host != socket.gethostname() or not number.isdecimal():
        return False
    try:
        # Signal 0 is not sent: it asks whether it could be.
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
