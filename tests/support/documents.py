"""What a reader copies from the documents: blocks of code, and the commands in them."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = ("sracl", "python", "make", "pip", "curl", "tensorboard", "source", "docker", "chromium")
BEFORE = re.compile(r"^(?:\w+=\S+ |nice (?:-n -?\d+ )?|taskset -c \S+ )*")
"""Variables, and programs that start another."""


@dataclass(frozen=True)
class Block:
    """A block of code: what language its fence names, `sh` for indented commands."""

    page: str
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A command line of a block, without what stands before the program. words: as a shell splits it."""

    place: str
    text: str
    words: tuple[str, ...]

    @property
    def program(self) -> str:
        return self.words[0]


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Fenced blocks, and indented ones that hold commands, in their order."""
    text, name = page.read_text(encoding="utf-8"), str(page.relative_to(ROOT))
    found = [
        Block(name, _line(text, match), match[1], match[2])
        for match in re.finditer(r"^```(\w*)[^\n]*\n(.*?)^```", text, re.S | re.M)
    ]
    fenced = re.sub(r"^```.*?^```", lambda match: "\n" * match[0].count("\n"), text, flags=re.S | re.M)
    for match in re.finditer(r"(?:^    .*\n)+", fenced, re.M):
        inner = "".join(line[4:] for line in match[0].splitlines(keepends=True))
        if BEFORE.sub("", inner).split(maxsplit=1)[0] in PROGRAMS:
            found.append(Block(name, _line(fenced, match), "sh", inner))
    return sorted(found, key=lambda block: block.line)


def commands(page: Path) -> list[Command]:
    """Every command line of a page's shell blocks."""
    found = []
    for block in blocks(page):
        if block.language == "sh":
            whole = re.sub(r"\\\n\s*", " ", block.text)
            for line in whole.splitlines():
                words = tuple(shlex.split(BEFORE.sub("", line), comments=True))
                if words:
                    found.append(Command(block.place, line.strip(), words))
    return found


def _line(text: str, match: re.Match[str]) -> int:
    return text[: match.start()].count("\n") + 1
