"""The C library's functions are found by name, or are not there."""

import os
import sys

import pytest

from sracl.c_library import c_function


@pytest.mark.skipif(sys.platform == "win32", reason="a process there has no C library to ask")
def test_a_function_is_found_and_can_be_called() -> None:
    found = c_function("getpid")
    assert found is not None
    assert found() == os.getpid()


def test_a_function_that_no_library_has_is_none() -> None:
    assert c_function("sracl_has_no_such_function") is None
