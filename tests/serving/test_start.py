"""The command starts, says where it listens, answers over a real socket, and refuses what cannot work."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from sracl.errors import InputError, SraclError
from sracl.serving.start import check_address, token_from


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted(run_dir) -> None:
    port = free_port()
    environment = os.environ | {"SHOP_TOKEN": "s3cret"}
    command = [sys.executable, "-m", "sracl", "serve", run_dir, "--port", str(port), "--token-env", "SHOP_TOKEN"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
                    assert json.load(answer)["status"] == "ready"
                break
            except OSError:
                assert process.poll() is None, process.stdout.read()
                assert time.monotonic() < deadline
                time.sleep(0.2)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/recommendations",
            json.dumps({"history": ["i00"], "k": 2}).encode(),
            {"Content-Type": "application/json", "Authorization": "Bearer s3cret"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert len(json.load(answer)["items"]) == 2
    finally:
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}" in told
    assert "s3cret" not in told
    assert "Traceback" not in told


def test_an_address_in_use_is_told_before_anything_is_loaded() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SraclError, match=r"cannot listen on 127.0.0.1:\d+ .*another --port"):
            check_address("127.0.0.1", taken.getsockname()[1])


def test_an_empty_token_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", " ")
    with pytest.raises(InputError, match="SHOP_TOKEN"):
        token_from("SHOP_TOKEN")
    assert token_from(None) is None
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    assert token_from("SHOP_TOKEN") == "s3cret"
