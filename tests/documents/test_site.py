"""The documents build as a site without a warning, and what leads nowhere is a warning."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.documents import ROOT

pytestmark = pytest.mark.slow


def build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", source / "mkdocs.yml"]
    # MkDocs Material announces its successor.
    known = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run([*command, "--site-dir", site], capture_output=True, text=True, env=known, check=False)


def test_the_site_builds_and_has_every_page_and_the_files_that_pages_link_to(tmp_path) -> None:
    done = build(ROOT, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    for page in (ROOT / "docs").glob("*.md"):
        assert (tmp_path / "site" / f"{page.stem}.html").exists()
    assert (tmp_path / "site" / "repository" / "examples" / "own_backbone.py.txt").exists()
    reference = (tmp_path / "site" / "python_reference.html").read_text(encoding="utf-8")
    assert "recommend_histories" in reference
    for page in (tmp_path / "site").glob("*.html"):
        assert "fonts.googleapis" not in page.read_text(encoding="utf-8")


def test_a_link_that_leads_nowhere_fails(tmp_path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("src", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copyfile(ROOT / "mkdocs.yml", tmp_path / "mkdocs.yml")
    page = tmp_path / "docs" / "quick_start.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[gone](gone.md)\n", encoding="utf-8")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert "gone.md" in done.stderr
