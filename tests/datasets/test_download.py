"""Downloads against a real server that supports ranges, cuts connections, changes its file and refuses."""

import hashlib
import http.server
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sracl.datasets.download import cache_folder, download
from sracl.errors import InputError, SraclError

CONTENT = bytes(range(256)) * 4000


@dataclass
class Site:
    """What the server has, how it behaves, and what it was asked."""

    content: bytes = CONTENT
    mark: str | None = '"v1"'
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)  # bytes to send before hanging up, a request each
    status: int = 200
    asked: list[str | None] = field(default_factory=list)
    url: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site, wanted = self.site, self.headers.get("Range")
        site.asked.append(wanted)
        if site.status != 200:
            self.send_error(site.status)
            return
        start = 0
        if wanted and site.ranges and self.headers.get("If-Range", site.mark) == site.mark:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
        if start and start >= len(site.content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(site.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(site.content) - 1}/{len(site.content)}")
        if site.mark:
            self.send_header("ETag", site.mark)
        self.send_header("Content-Length", str(len(site.content) - start))
        self.end_headers()
        body = site.content[start:]
        self.wfile.write(body[: site.cut_after.pop(0)] if site.cut_after else body)
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    state = Site()
    handler = type("BoundHandler", (Handler,), {"site": state})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/data.bin"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole_with_the_right_checksum(site: Site, tmp_path: Path) -> None:
    target = download(site.url, tmp_path / "deep" / "data.bin", sha256=digest(CONTENT).upper())
    assert target.read_bytes() == CONTENT
    assert names(target.parent) == ["data.bin"]


def test_a_cut_connection_is_continued_within_one_call(site: Site, tmp_path: Path) -> None:
    site.cut_after = [1000, 2000]
    download(site.url, tmp_path / "data.bin", progress=False)
    assert site.asked == [None, "bytes=1000-", "bytes=3000-"]
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


def test_what_came_before_a_break_is_kept_and_continued_by_the_next_call(site: Site, tmp_path: Path) -> None:
    site.cut_after = [1000]
    with pytest.raises(SraclError, match="broke off after 1000 bytes"):
        download(site.url, tmp_path / "data.bin", attempts=1, progress=False)
    assert names(tmp_path) == ["data.bin.part", "data.bin.part.json"]
    download(site.url, tmp_path / "data.bin", progress=False)
    assert site.asked == [None, "bytes=1000-"]
    assert names(tmp_path) == ["data.bin"]
    assert (tmp_path / "data.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("change", ["no ranges", "other file", "other url", "no mark", "damaged note"])
def test_it_starts_anew_where_the_part_may_not_fit(change: str, site: Site, tmp_path: Path) -> None:
    site.cut_after = [1000]
    site.mark = None if change == "no mark" else site.mark
    with pytest.raises(SraclError):
        download(site.url, tmp_path / "data.bin", attempts=1, progress=False)
    if change == "no ranges":
        site.ranges = False
    elif change == "other file":
        site.content, site.mark = CONTENT[::-1], '"v2"'
    elif change == "damaged note":
        (tmp_path / "data.bin.part.json").write_text("[")
    url = site.url + "?other" if change == "other url" else site.url
    assert download(url, tmp_path / "data.bin", progress=False).read_bytes() == site.content


def test_a_known_checksum_lets_it_continue_without_a_mark(site: Site, tmp_path: Path) -> None:
    site.cut_after, site.mark = [1000], None
    download(site.url, tmp_path / "data.bin", sha256=digest(CONTENT), progress=False)
    assert site.asked == [None, "bytes=1000-"]


@pytest.mark.parametrize("had", [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_is_whole_or_too_long_ends_well(had: int, site: Site, tmp_path: Path) -> None:
    site.cut_after = [1000]
    with pytest.raises(SraclError):
        download(site.url, tmp_path / "data.bin", attempts=1, progress=False)
    (tmp_path / "data.bin.part").write_bytes((CONTENT + b"extra")[:had])
    assert download(site.url, tmp_path / "data.bin", progress=False).read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing(site: Site, tmp_path: Path) -> None:
    with pytest.raises(SraclError, match="tampered") as raised:
        download(site.url, tmp_path / "data.bin", sha256="0" * 64, progress=False)
    assert digest(CONTENT) in str(raised.value)
    assert raised.value.exit_code == 1
    assert names(tmp_path) == []


def test_a_failed_download_leaves_the_old_file_alone(site: Site, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"old")
    with pytest.raises(SraclError):
        download(site.url, tmp_path / "data.bin", sha256="0" * 64, progress=False)
    assert (tmp_path / "data.bin").read_bytes() == b"old"


def test_a_refusal_is_told_with_its_status_and_not_repeated(site: Site, tmp_path: Path) -> None:
    site.status = 404
    with pytest.raises(SraclError, match=r"127\.0\.0\.1 refuses .* 404 Not Found"):
        download(site.url, tmp_path / "data.bin", progress=False)
    assert site.asked == [None]


def test_no_network_tells_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/data.bin"
        with pytest.raises(SraclError, match=r"cannot be reached(.|\n)*put it at .*data\.bin\.$"):
            download(url, tmp_path / "data.bin", progress=False)


def test_a_silent_server_is_given_up_after_the_timeout(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/data.bin"
        with pytest.raises(SraclError, match="timed out"):
            download(url, tmp_path / "data.bin", timeout=0.1, attempts=1, progress=False)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://host/x", "data.bin", "http://", ""])
def test_only_web_addresses_are_followed(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no address to download from"):
        download(url, tmp_path / "data.bin")


def test_a_target_that_cannot_be_written_is_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SraclError, match="cannot be written"):
        download(site.url, tmp_path / "file" / "data.bin", progress=False)
    (tmp_path / "data.bin.part").mkdir()
    with pytest.raises(SraclError, match="cannot be written"):
        download(site.url, tmp_path / "data.bin", progress=False)


def test_the_cache_is_where_the_variables_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SRACL_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "sracl"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "sracl"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "sracl"
    monkeypatch.setenv("SRACL_CACHE", "~/own")
    assert cache_folder() == tmp_path / "own"
