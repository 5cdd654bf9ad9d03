"""The same bytes whatever the threads, the blocks, the order of the file or the company a protocol is scored in."""

import os
import subprocess
import sys

import numpy as np
import pytest

from eval import counting, placing, similarity
from eval.features import FeatureSet, save
from eval.protocols import PROTOCOLS
from eval.score import score
from tests.eval.conftest import forced, small_features

SYSU = [name for name in PROTOCOLS if name.startswith("sysu-mm01")]
SINGLE = ["sysu-mm01-all-single", "sysu-mm01-indoor-single"]


def tied_features(seed: int) -> FeatureSet:
    """Few distinct directions with irrational entries: products of equal pairs differ by rounding only."""
    generator = np.random.default_rng(seed)
    data = small_features(generator, identities=40, per_cell=6)
    directions = generator.normal(size=(30, 70))
    features = directions[generator.integers(0, 30, len(data))]
    return FeatureSet(features, data.identities, data.cameras, data.modalities, data.names)


def permuted(data: FeatureSet, seed: int) -> FeatureSet:
    order = np.random.default_rng(seed).permutation(len(data))
    parts = (data.features, data.identities, data.cameras, data.modalities, data.names)
    return FeatureSet(*(part[order] for part in parts))


@pytest.mark.parametrize("seed", range(3))
def test_order_of_the_file(seed):
    data = tied_features(seed)
    assert score(data, SINGLE) == score(permuted(data, seed), SINGLE)


@pytest.mark.parametrize("data", [tied_features(0), tied_features(1)], ids=["0", "1"])
@pytest.mark.parametrize(("block", "chunk", "tile"), [(3, 40, 1), (7, 13, 300), (64, 5, 2**17)])
def test_chunked_equals_whole(monkeypatch, data, block, chunk, tile):
    whole = score(data, SINGLE, threads=1)
    monkeypatch.setattr(placing, "_BLOCK_ROWS", block)
    monkeypatch.setattr(counting, "_BLOCK_ROWS", block)
    monkeypatch.setattr(placing, "_TILE_ENTRIES", tile)
    monkeypatch.setattr(similarity, "_CACHE_BYTES", 0)
    monkeypatch.setattr(similarity, "_CHUNK", chunk)
    assert score(data, SINGLE, threads=1) == whole
    assert score(data, SINGLE, threads=3) == whole


@pytest.mark.parametrize("case", ["tied", "sysu"])
def test_both_ways_give_the_same_bits(sysu, case):
    data = tied_features(1) if case == "tied" else sysu
    found = []
    for way in ("counting", "placing"):
        with forced(way):
            found.append(score(data, SINGLE, trials=3))
    assert found[0] == found[1]


def test_alone_equals_together(sysu):
    together = score(sysu, SYSU, trials=2)
    for name in SYSU:
        alone = score(sysu, [name], trials=2)
        assert alone.trials == [row for row in together.trials if row["protocol"] == name]
        assert alone.cmc == [row for row in together.cmc if row["protocol"] == name]


def test_more_galleries_than_one_batch_holds():
    data = tied_features(0)
    many = score(data, SINGLE[:1], trials=70).trials
    assert [row for row in many if row["trial"] < 10] == score(data, SINGLE[:1], trials=10).trials
    assert len(many) == 70 * 6


@pytest.mark.parametrize("case", ["tied", "sysu"])
def test_threads_give_equal_files(tmp_path, sysu, case):
    save(tmp_path / "features.npz", tied_features(2) if case == "tied" else sysu)
    written = []
    for threads in ("1", "2"):
        out, cmc = tmp_path / f"{threads}.csv", tmp_path / f"cmc{threads}.csv"
        command = [sys.executable, "-m", "eval", str(tmp_path / "features.npz"), "--protocol", *SINGLE]
        command += ["--trials", "3", "--out", str(out), "--cmc", str(cmc)]
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        written.append((out.read_bytes(), cmc.read_bytes()))
    assert written[0] == written[1]


def test_float32_file_scores_as_its_float64_copy(sysu):
    copy = FeatureSet(sysu.features.astype(np.float64), sysu.identities, sysu.cameras, sysu.modalities, sysu.names)
    assert score(copy, SINGLE, trials=2) == score(sysu, SINGLE, trials=2)


def test_scoring_imports_neither_pandas_nor_scipy_nor_torch():
    code = "import sys, eval.score, eval.__main__; print([m for m in ('pandas', 'scipy', 'torch') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
