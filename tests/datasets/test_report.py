"""The report keeps the rules' order and describes the data by numbers that can be checked by hand."""

import numpy as np

from sracl.datasets.report import PrepareReport


def test_rows_come_in_the_order_they_were_added() -> None:
    report = PrepareReport()
    report.add("b", 2)
    report.describe("read", np.array([1, 2, 6]), 4)
    assert report.rows() == [
        ("b", 2),
        ("users read", 3),
        ("items read", 4),
        ("interactions read", 9),
        ("density read", "75.0000%"),
        ("interactions a user read: least / median / mean / most", "1 / 2 / 3.0 / 6"),
    ]


def test_rows_are_a_copy() -> None:
    report = PrepareReport()
    report.rows().append(("x", 1))
    assert report.rows() == []
