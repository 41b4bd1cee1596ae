"""Draws docs/pictures/report.png, a look at a run's report: `python docs/make_report_picture.py runs/amazon-beauty`.

Needs Chromium, as the tests of pages do. The picture shows charts, and no title of an item.
"""

import base64
import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

TARGET = Path(__file__).parent / "pictures" / "report.png"
SHEET = """<style>
body {{ margin: 0; padding: 28px; background: #d9dce0; width: 1182px; }}
body {{ display: grid; grid-template-columns: 840px 318px; gap: 24px; }}
div {{ display: grid; gap: 24px; align-content: start; }}
img {{ display: block; width: 100%; border: 1px solid #8a8f96; box-sizing: border-box; }}
</style><div><img src="{top}"><img src="{map}"></div><div><img src="{phone}"></div>"""


def view(browser: Browser, report: Path, section: str, width: int, height: int, scheme: str) -> str:
    """What a screen of this size shows from a section on, as an address of data."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(report.as_uri())
    page.add_style_tag(content="html { scroll-behavior: auto !important; }")
    page.evaluate("name => name && document.getElementById(name).scrollIntoView()", section)
    shot = page.screenshot()
    page.close()
    return "data:image/png;base64," + base64.b64encode(shot).decode()


def main(report: Path) -> None:
    """Three views side by side: the beginning and the map on a desktop, metrics on a phone in the dark."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        views = {
            "top": view(browser, report, "", 1280, 850, "light"),
            "map": view(browser, report, "space", 1280, 930, "light"),
            "phone": view(browser, report, "groups", 375, 1428, "dark"),
        }
        page = browser.new_page(viewport={"width": 1238, "height": 800})
        page.set_content(SHEET.format(**views))
        shot = page.screenshot(full_page=True)
        browser.close()
    picture = Image.open(io.BytesIO(shot)).convert("RGB").quantize(256, kmeans=3, dither=Image.Dither.NONE)
    TARGET.parent.mkdir(exist_ok=True)
    picture.save(TARGET, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() / "report.html")
