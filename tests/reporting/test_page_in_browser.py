"""The report in a real browser: opens without a network, fits a phone, follows light and dark, works by keyboard."""

import re
import shutil
from itertools import pairwise

import pytest

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package `chromium`"),
]
LEAST_CONTRAST, LEAST_CONTRAST_OF_MARKS = 4.5, 3.0
"""Of text and of what a chart draws (WCAG 2.1, 1.4.3 and 1.4.11)."""

CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = colour => { const [r, g, b] = rgb(colour).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const ground = one => { for (let e = one; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor; if (rgb(colour)[3] === 255) return colour; } return '#fff'; };
  const seen = e => e.checkVisibility() && !e.closest('.hidden, .skip');
  const found = [];
  const words = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  for (const e of document.querySelectorAll('body *')) {
    if (!seen(e) || e.closest('svg') || !words(e)) continue;
    found.push(['text', e.tagName + '.' + e.className, ratio(getComputedStyle(e).color, ground(e))]);
  }
  for (const e of document.querySelectorAll('svg text')) {
    if (!seen(e)) continue;
    const part = e.classList.contains('part-name') && document.querySelector('rect.' + e.classList[1]);
    const below = part ? getComputedStyle(part).fill : ground(e);
    found.push(['text', 'text.' + e.getAttribute('class'), ratio(getComputedStyle(e).fill, below)]);
  }
  const marks = 'svg .bar, svg .dot, svg .curve, svg .cat:not(.cat-plain), svg .whisker';
  for (const e of document.querySelectorAll(marks)) {
    if (!seen(e)) continue;
    const style = getComputedStyle(e);
    const colour = style.stroke === "none" ? style.fill : style.stroke;
    found.push(["mark", e.getAttribute("class"), ratio(colour, ground(e))]);
  }
  return found;
}"""
OVERLAPS = """() => {
  const box = e => e.getBoundingClientRect();
  return [...document.querySelectorAll('svg.chart')].flatMap(svg => {
    const frame = box(svg);
    return [...svg.querySelectorAll('text')].filter(t => box(t).left < frame.left - 2 || box(t).right > frame.right + 2)
      .map(t => svg.getAttribute('aria-labelledby') + ': ' + t.textContent);
  });
}"""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def opened(browser, page_file, width: int, height: int, scheme: str, **more):
    """The page and a list of everything that went wrong or was asked of a network."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, **more)
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("request", lambda request: wrong.append(request.url) if not _own(request.url, page_file) else None)
    page.goto(page_file.as_uri())
    return page, wrong


def _own(address: str, page_file) -> bool:
    return address.split("#")[0] == page_file.as_uri() or address == "data:,"


@pytest.fixture(params=[(1280, 900), (360, 740)], ids=["desktop", "phone"])
def size(request):
    return request.param


@pytest.fixture(params=["light", "dark"])
def page(request, browser, page_file, size):
    """The page at two widths, in light and dark."""
    page, wrong = opened(browser, page_file, *size, request.param)
    yield page
    page.close()
    assert wrong == []


def test_it_fits_and_can_be_read(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(
        "[...document.querySelectorAll('svg.chart')].every(s => s.getBoundingClientRect().height > 80)"
    )
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    least = {"text": LEAST_CONTRAST, "mark": LEAST_CONTRAST_OF_MARKS}
    weak = {(name, round(value, 2)) for kind, name, value in page.evaluate(CONTRASTS) if value < least[kind]}
    assert not weak


def test_light_and_dark_differ(browser, page_file) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page, wrong = opened(browser, page_file, 800, 600, scheme)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
        assert wrong == []
    brightness = [sum(map(int, re.findall(r"\d+", ground)[:3])) for ground in grounds]
    assert brightness[0] > 600 > 150 > brightness[1]


def test_it_needs_no_script(browser, page_file) -> None:
    page, wrong = opened(browser, page_file, 800, 600, "light", java_script_enabled=False)
    assert page.get_by_role("heading", level=2).count() == 10
    page.close()
    assert wrong == []


def test_the_keyboard_reaches_everything(browser, page_file) -> None:
    page, wrong = opened(browser, page_file, 1280, 900, "light")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0, "seen when it has the focus"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#content"
    figure = page.locator("figure").first
    figure.locator("summary").focus()
    page.keyboard.press("Enter")
    assert figure.locator("table").is_visible()
    scrolling = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth && e.tabIndex < 0).length"
    )
    assert scrolling == 0
    page.close()
    assert wrong == []


def test_one_category_can_be_shown_by_keyboard(browser, page_file) -> None:
    page, wrong = opened(browser, page_file, 1280, 900, "light")
    page.locator("input[name=category]").first.focus()
    page.keyboard.press("ArrowDown")
    marks = "e => [...e.querySelectorAll('.cat')].map(m => [m.getAttribute('class'), getComputedStyle(m).opacity])"
    shown = dict(page.locator("#space svg.chart").first.evaluate(marks))
    assert shown["cat cat-0"] == "1"
    assert {opacity for name, opacity in shown.items() if name != "cat cat-0"} == {"0.07"}
    page.close()
    assert wrong == []


def test_a_screen_reader_finds_landmarks_and_headings_in_order(browser, page_file) -> None:
    page, wrong = opened(browser, page_file, 1280, 900, "light")
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    charts = page.get_by_role("img")
    assert charts.count() >= 12
    words = "e => e.getAttribute('aria-labelledby').split(' ').map(i => document.getElementById(i).innerText)"
    names = [chart.evaluate(words) for chart in page.locator("svg.chart").all()]
    assert all(title and told for title, told in names)
    page.close()
    assert wrong == []
