"""A raw file, wherever it lies: alone, in a folder, compressed, or in the archive that the publisher gives out."""

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import cast

from sracl.datasets.raw.blocks import ByteStream
from sracl.errors import InputError

_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError, zipfile.BadZipFile)
_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")


@contextmanager
def opened(path: Path, name: str) -> Iterator[ByteStream]:
    """Open the raw file `name` for reading as bytes, decompressed.

    path: a folder that holds `name` or `name.gz` (also one folder further down), a zip or tar archive with such a
        member in any of its folders (a tar inside a zip too), or the file itself. Nothing is unpacked to disk.
    Raises InputError where there is no such file, or where it turns out damaged while it is read.
    """
    try:
        with ExitStack() as stack:
            yield _find(path, name, stack)
    except _DAMAGE as error:
        raise InputError(f"{path} is damaged or cut off ({error}); delete it and get it again") from error


def _find(path: Path, name: str, stack: ExitStack) -> ByteStream:
    stream: ByteStream | None = None
    if path.is_dir():
        stream = _in_folder(path, name, stack)
    elif not path.is_file():
        raise InputError(f"{path} does not exist; give the folder or the archive that holds {name}")
    elif path.suffix == ".zip":
        stream = _in_zip(path, name, stack)
    elif path.name.endswith(_TAR_ENDINGS):
        stream = _in_tar(stack.enter_context(path.open("rb")), name, stack)
    else:
        stream = _plain(path, stack)
    if stream is None:
        raise InputError(f"{path} holds no {name}; is it the publisher's whole archive?")
    return stream


def _plain(path: Path, stack: ExitStack) -> ByteStream:
    if path.suffix == ".gz":
        return stack.enter_context(gzip.open(path, "rb"))
    return stack.enter_context(path.open("rb"))


def _in_folder(folder: Path, name: str, stack: ExitStack) -> ByteStream | None:
    for file_name in (name, f"{name}.gz"):
        for found in (folder / file_name, *sorted(folder.glob(f"*/{file_name}"))):
            if found.is_file():
                return _plain(found, stack)
    return None


def _in_zip(path: Path, name: str, stack: ExitStack) -> ByteStream | None:
    archive = stack.enter_context(zipfile.ZipFile(path))
    members = sorted((m for m in archive.infolist() if not _is_clutter(m.filename)), key=lambda m: len(m.filename))
    for member in members:
        if PurePosixPath(member.filename).name == name:
            return stack.enter_context(archive.open(member))
    for member in members:
        if member.filename.endswith(_TAR_ENDINGS):
            inner = cast(BufferedIOBase, stack.enter_context(archive.open(member)))
            found = _in_tar(inner, name, stack)
            if found is not None:
                return found
    return None


def _in_tar(file: BufferedIOBase, name: str, stack: ExitStack) -> ByteStream | None:
    # A stream (`r|*`) reads on to the member without seeking, so that it works inside a zip archive too.
    archive = stack.enter_context(tarfile.open(fileobj=file, mode="r|*"))  # noqa: SIM115 - the stack closes it
    for member in archive:
        if member.isfile() and PurePosixPath(member.name).name == name and not _is_clutter(member.name):
            return archive.extractfile(member)
    return None


def _is_clutter(name: str) -> bool:
    """Whether an archive's member is a file that a Mac left beside the real one."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith("._")
