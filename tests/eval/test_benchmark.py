"""The benchmark's own reference code is right, and its command prints a line per case."""

import numpy as np
import pytest

from benchmarks import evaluation
from benchmarks.__main__ import names
from benchmarks._others import field, plain
from eval.protocols import PROTOCOLS
from tests.eval.reference import score_query


@pytest.mark.parametrize("loop", [plain, field])
@pytest.mark.parametrize("name", ["sysu-mm01-all-single", "regdb-visible-to-infrared"])
def test_the_loops_compute_the_definition(loop, name):
    generator = np.random.default_rng(0)
    rules = PROTOCOLS[name]
    for _ in range(50):
        similarity = generator.permutation(np.linspace(0, 1, 30))
        identities, cameras = np.sort(generator.integers(1, 6, 30)), np.full(30, 1)
        cameras[::3] = 2
        order = np.lexsort((cameras, identities))
        arguments = similarity, 3, 3, identities[order], cameras[order], rules
        expected, found = score_query(*arguments), loop(*arguments)
        assert (found is None) == (expected is None)
        if found:
            assert found == pytest.approx([float(part) for part in expected], abs=1e-12)


def test_command(capsys):
    assert names() and "evaluation" in names()
    arguments = ["--dimensions", "4", "--repeats", "1", "--only", "regdb, one split"]
    assert evaluation.main([*arguments, "--cython", "tests.eval.test_benchmark"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| regdb")]
    cells = [[float(cell) for cell in row.split("|")[2:-1]] for row in rows]
    assert [len(row) for row in cells] == [6, 8]
    assert all(value >= 0 for row in cells for value in row)


def evaluate_cy(distance, query_identities, gallery_identities, query_cameras, gallery_cameras, most):
    """Stands for a Cython evaluator: what the benchmark hands to one."""
    assert distance.dtype == np.float32
    assert distance.shape == (len(query_identities), len(gallery_identities))
    assert (len(query_cameras), len(gallery_cameras), most) == (*distance.shape, 20)
