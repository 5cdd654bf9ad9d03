"""The benchmark's own reference code is right, and its command prints a line per case."""

import numpy as np
import pytest

from benchmarks import evaluation
from benchmarks.__main__ import names
from eval.protocols import PROTOCOLS
from tests.eval.reference import score_query


def test_the_plain_loop_computes_the_definition():
    generator = np.random.default_rng(0)
    rules = PROTOCOLS["sysu-mm01-all-single"]
    for _ in range(50):
        similarity = generator.choice(np.linspace(0, 1, 9), 30)
        identities, cameras = np.sort(generator.integers(1, 6, 30)), np.full(30, 1)
        cameras[::3] = 2
        order = np.lexsort((cameras, identities))
        arguments = similarity, 3, 3, identities[order], cameras[order], rules
        expected, found = score_query(*arguments), evaluation.plain(*arguments)
        assert (found is None) == (expected is None)
        if found:
            assert found == pytest.approx([float(part) for part in expected], abs=1e-12)


def test_command(capsys):
    assert names() and "evaluation" in names()
    assert evaluation.main(["--dimensions", "4", "--repeats", "1", "--only", "regdb, one split"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["case", "ours"]
    assert row.startswith("regdb, one split")
    assert all(float(number) >= 0 for number in row[32:].split())
