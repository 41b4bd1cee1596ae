"""The page in a real browser: a history is built by searching, recommendations follow, two runs stand side by side."""

import shutil
import socket
import threading
import time

import pytest

from sracl.serving import start
from sracl.serving.app import make_app

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package `chromium`"),
]


@pytest.fixture(scope="module")
def address(models):
    """A service with two models on loopback, with a token that the page must ask for where a test says so."""
    import uvicorn

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = make_app(models, start.searches_of(models), start.explainers_of(models))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(params=[(1200, 800), (360, 740)], ids=["desktop", "phone"])
def page(request, address):
    """The page at two widths; any error in its console fails the test."""
    from playwright.sync_api import sync_playwright

    width, height = request.param
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(60_000)
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#models:has-text('30 items')")
        yield page
        browser.close()
        assert wrong == []


def add(page, words: str) -> None:
    """Search and take the first item found, by keyboard alone."""
    count = page.locator("#history li").count()
    page.fill("#search", words)
    page.wait_for_selector(f"#found-0:has-text('{words}')")
    page.press("#search", "ArrowDown")
    assert page.get_attribute("#search", "aria-activedescendant") == "found-0"
    page.press("#search", "Enter")
    page.wait_for_function(f"document.querySelectorAll('#history li').length === {count + 1}")


def test_a_history_is_built_and_recommendations_follow_in_two_columns(page) -> None:
    add(page, "soap number 4")
    page.wait_for_function("document.querySelectorAll('.recommended').length === 2")
    first = page.locator(".recommended").first.inner_text()
    assert page.locator(".recommended").first.locator("li").count() == 10
    assert "soap number 4\n" not in first
    add(page, "perfume number 2")
    page.wait_for_function("before => document.querySelector('.recommended').innerText !== before", arg=first)
    page.click("#history button >> nth=0")
    page.wait_for_function("document.querySelectorAll('#history li').length === 1")
    page.click("#clear")
    page.wait_for_function("document.querySelectorAll('.recommended').length === 0")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "nothing sticks out at the side"


def test_it_says_why(page) -> None:
    add(page, "soap number 4")
    page.click(".why >> nth=0")
    page.wait_for_selector("#why:not([hidden])")
    told = page.inner_text("#why")
    assert "had next" in told
    assert "likeness" in told
    assert "soap number 4" in told


def test_a_user_and_a_wrong_user(page) -> None:
    page.fill("#user", "u003")
    page.press("#user", "Enter")
    page.wait_for_function("document.querySelectorAll('.recommended li').length >= 10")
    page.fill("#user", "nobody")
    page.press("#user", "Enter")
    page.wait_for_selector("#problem:has-text('unknown user id')")
