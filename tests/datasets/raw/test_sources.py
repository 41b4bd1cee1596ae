"""A raw file is found alike in a folder, compressed, and in the archives publishers use."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from sracl.datasets.raw.sources import opened
from sracl.errors import InputError

CONTENT = b"one\ntwo\n"


def tar_bytes(name: str, mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for member, content in (("./._" + name, b"junk"), ("other.json", b"{}"), ("./" + name, CONTENT)):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_file(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(params=["folder", "nested", "gzip", "zip", "tar", "tgz", "tar in zip", "file"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "folder":
        (tmp_path / "u.data").write_bytes(CONTENT)
        return tmp_path
    if request.param == "nested":
        (tmp_path / "ml-100k").mkdir()
        (tmp_path / "ml-100k" / "u.data").write_bytes(CONTENT)
        return tmp_path
    if request.param == "gzip":
        (tmp_path / "u.data.gz").write_bytes(gzip.compress(CONTENT))
        return tmp_path
    if request.param == "zip":
        return zip_file(tmp_path / "a.zip", {"__MACOSX/u.data": b"junk", "ml-100k/u.data": CONTENT})
    if request.param == "tar in zip":
        return zip_file(tmp_path / "a.zip", {"Yelp/terms.pdf": b"%", "Yelp/a.tar": tar_bytes("u.data")})
    if request.param == "file":
        (tmp_path / "u.data").write_bytes(CONTENT)
        return tmp_path / "u.data"
    ending, mode = {"tar": (".tar", "w"), "tgz": (".tgz", "w:gz")}[request.param]
    path = tmp_path / f"a{ending}"
    path.write_bytes(tar_bytes("u.data", mode))
    return path


def test_a_raw_file_reads_the_same_wherever_it_lies(source: Path) -> None:
    with opened(source, "u.data") as stream:
        assert stream.read() == CONTENT


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no u\.data"), opened(tmp_path, "u.data"):
        pass
    with pytest.raises(InputError, match="does not exist"), opened(tmp_path / "absent.zip", "u.data"):
        pass
    with pytest.raises(InputError, match=r"no u\.data"), opened(zip_file(tmp_path / "a.zip", {"x": b""}), "u.data"):
        pass


def test_a_cut_archive_is_told_from_a_whole_one(tmp_path: Path) -> None:
    whole = gzip.compress(bytes(range(256)) * 1000)
    (tmp_path / "u.data.gz").write_bytes(whole[:-20])
    with pytest.raises(InputError, match="damaged or cut off"), opened(tmp_path, "u.data") as stream:
        stream.read()
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(InputError, match="damaged or cut off"), opened(tmp_path / "a.zip", "u.data"):
        pass
    (tmp_path / "a.tar").write_bytes(b"x" * 2000)
    with pytest.raises(InputError, match="damaged or cut off"), opened(tmp_path / "a.tar", "u.data"):
        pass
