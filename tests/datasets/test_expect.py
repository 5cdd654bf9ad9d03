"""Expected counts: where they come from, and what is wrong with them."""

import json

import pytest

from datasets import DatasetError
from datasets.preparation.expect import load_expectation


def test_counts_come_from_text_from_a_file_or_from_a_renderers_description(tmp_path):
    counts = {"test": {"train": {"identities": 3}}}
    file = tmp_path / "counts.json"
    for content in (counts, {"images": 7, "counts": counts}):
        file.write_text(json.dumps(content))
        assert load_expectation(str(file)) == load_expectation(json.dumps(str(file))) == counts
    assert load_expectation(json.dumps(counts)) == counts
    assert load_expectation("null") is None and load_expectation(None) is None


@pytest.mark.parametrize(
    ("expect", "complaint"),
    [
        ("7", "expect: found '7', expected a mapping"),
        ('{"tset": {}}', "expect: unknown key 'tset', did you mean 'test'?"),
        ('{"test": {"query": {}}}', r"expect\.test: unknown key 'query'; keys: train, validation, test"),
        ('{"test": {"train": {"visable": 1}}}', "unknown key 'visable', did you mean 'visible'?"),
        ('{"test": {"train": {"visible": "1"}}}', r"expect\.test\.train\.visible: found '1', expected a whole number"),
        ("nowhere.json", "nowhere.json: no such file, named as the expected counts"),
    ],
)
def test_a_malformed_expectation_is_refused(expect, complaint):
    with pytest.raises(DatasetError, match=complaint):
        load_expectation(expect)


def test_malformed_cells_are_refused(rendered, complain):
    for cells in ({"1": 5}, {"one": {"1": 1}}):
        message = complain("sysu_mm01", rendered["sysu_mm01"], expect=json.dumps({"cells": cells}))
        assert "expect.cells" in message and "camera -> identity -> number" in message
