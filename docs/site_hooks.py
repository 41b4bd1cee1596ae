"""What the site needs beyond its pages: files of the repository that pages link to, such as examples, are in it too."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
OUTSIDE = re.compile(r"\]\(\.\./([^)#\s]+)")
FOLDER = "repository"


def on_files(files: Files, config: Any) -> Files:
    """Add every file outside docs/ that a page links to."""
    linked: set[str] = set()
    for page in files.documentation_pages():
        linked.update(OUTSIDE.findall(page.content_string))
    for path in sorted(linked):
        content = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, f"{FOLDER}/{path}.txt", content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Lead links out of docs/ to these files; as text, so that a browser shows them."""
    return OUTSIDE.sub(rf"]({FOLDER}/\1.txt", markdown)
