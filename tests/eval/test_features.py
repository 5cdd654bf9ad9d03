"""Feature files: what is written is read, and each kind of bad file gets one clear message."""

import json
import os
import sys
from dataclasses import replace

import numpy as np
import pytest

from eval.__main__ import main
from eval.features import FeatureError, FeatureSet, load, save
from eval.score import score
from tests.eval.conftest import forced, small_features

ONE = "sysu-mm01-all-single"


def columns(**changes) -> dict:
    names = ["cam1/0001/0001.jpg", "cam2/0002/0001.jpg", "cam3/0001/0001.jpg", "cam6/0002/0001.jpg"]
    good = {
        "features": np.array([[1.0, 0], [0, 1], [1, 0.1], [0.1, 1]], np.float32),
        "identities": np.array([1, 2, 1, 2]),
        "cameras": np.array([1, 2, 3, 6]),
        "modalities": np.array(["visible", "visible", "infrared", "infrared"]),
        "names": np.array(names),
    }
    return good | changes


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".parquet"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_round_trip(tmp_path, suffix, kind):
    data = FeatureSet(**columns(features=columns()["features"].astype(kind)), recipe="neck, flip")
    save(tmp_path / f"f{suffix}", data)
    back = load(tmp_path / f"f{suffix}")
    for name in columns():
        assert np.array_equal(getattr(back, name), getattr(data, name))
    assert back.features.dtype == kind
    assert back.recipe == "neck, flip"
    assert {row["recipe"] for row in score(back, [ONE]).trials} == {"neck, flip"}


BAD = {
    "NaN": (
        columns(features=np.array([[0, np.nan], [1, 0], [1, 1], [1, 1]])),
        r"'cam1/0001/0001.jpg' .*NaN.*\(row 0\)",
    ),
    "zero vector": (columns(features=np.array([[1.0, 0], [0, 1], [0, 0], [1, 1]])), r"cam3.*zero vector \(row 2\)"),
    "unequal lengths": (columns(identities=np.array([1, 2, 1])), "unequal lengths, 4 features.*'identities': 3"),
    "one dimension": (columns(features=np.ones(4)), "shape"),
    "empty": (columns(features=np.ones((0, 2))), "shape"),
    "integers": (columns(features=np.ones((4, 2), int)), "int64; store float32"),
    "half precision": (columns(features=np.ones((4, 2), np.float16)), "float16; store float32"),
    "float identities": (columns(identities=np.ones(4)), "identities are float64; store integers"),
    "huge identities": (columns(identities=np.array([1, 2, 1, 2**63], "u8")), "reach 9223372036854775808.*int64"),
    "byte names": (columns(names=np.array([b"a", b"b", b"c", b"d"])), "names are .*plain strings"),
    "modality": (columns(modalities=np.array(["visible", "rgb", "thermal", "ir"])), r"modalities \['ir', 'rgb'"),
    "repeated name": (columns(names=np.array(["a", "b", "b", "b"])), "2 names repeat.*'b' occurs 3 times"),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_columns(tmp_path, bad):
    content, message = BAD[bad]
    np.savez(tmp_path / "features.npz", **content)
    with pytest.raises(FeatureError, match=f"^{tmp_path}/features.npz: .*{message}"):
        load(tmp_path / "features.npz")


UNFIT = {
    "unknown camera": (columns(cameras=np.array([1, 7, 3, 6])), r"unknown visible cameras \[7\]"),
    "wrong modality": (columns(cameras=np.array([1, 3, 3, 6])), r"unknown visible cameras \[3\]"),
    "no query": (columns(modalities=np.full(4, "visible"), cameras=np.array([1, 2, 4, 5])), "no query image"),
    "no gallery": (columns(modalities=np.full(4, "infrared"), cameras=np.array([3, 3, 6, 6])), "no gallery image"),
    "no match": (columns(identities=np.array([1, 2, 3, 4])), "no query with a match"),
    "all matches skipped": (
        columns(cameras=np.array([2, 2, 3, 3])),
        "no query with a match in trial 0",
    ),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_features_that_a_protocol_cannot_score(unfit):
    content, message = UNFIT[unfit]
    with pytest.raises(ValueError, match=message):
        score(FeatureSet(**content), [ONE])


@pytest.mark.parametrize("value", [0, np.inf])
def test_a_bad_row_is_named_wherever_it_lies(value):
    features = np.ones((9000, 2))
    features[5000] = value
    names = np.array([f"{row}.jpg" for row in range(9000)])
    with pytest.raises(FeatureError, match=r"'5000.jpg' .*\(row 5000\)"):
        FeatureSet(features, np.ones(9000, int), np.ones(9000, int), np.full(9000, "visible"), names)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".parquet"])
def test_a_file_that_is_not_what_its_suffix_says(tmp_path, suffix):
    path = tmp_path / f"f{suffix}"
    path.write_bytes(b"something else")
    with pytest.raises(FeatureError, match=rf"^{path}: not readable as .* \([^~]+\)"):
        load(path)


def test_a_kind_that_cannot_be_written(tmp_path):
    with pytest.raises(FeatureError, match=r"f.mat: unknown kind '.mat'; choose one of .npz, .safetensors, .parquet"):
        save(tmp_path / "f.mat", FeatureSet(**columns()))
    assert not list(tmp_path.iterdir())


def test_other_bad_files(tmp_path):
    np.savez(tmp_path / "pickled.npz", **columns(names=np.array(["a", "b", "c", "d"], object)))
    with pytest.raises(FeatureError, match="not readable as an unpickled"):
        load(tmp_path / "pickled.npz")
    few = columns()
    del few["cameras"]
    np.savez(tmp_path / "few.npz", **few)
    with pytest.raises(FeatureError, match=r"few.npz: \['cameras'\] missing, found \['features', 'identities', "):
        load(tmp_path / "few.npz")
    with pytest.raises(FeatureError, match="unknown kind"):
        load(tmp_path / "features.mat")
    with pytest.raises(FeatureError, match=r"absent[.]npz: no such file"):
        load(tmp_path / "absent.npz")


PARQUET = {
    "null feature": ({"features": [None, [1.0], [1.0], [1.0]]}, "empty entries in {'features': 1}"),
    "null name": ({"names": [None, "b", "c", "d"]}, "empty entries in {'names': 1}"),
    "flat features": ({"features": [1.0, 1.0, 1.0, 1.0]}, r"features have shape \(4,\)"),
    "ragged": ({"features": [[1.0], [1.0, 2], [1.0], [1.0]]}, r"features have shapes \[\(1,\), \(2,\)\]"),
    "numbers as names": ({"names": [1, 2, 3, 4]}, "names are int64; store plain strings"),
    "bytes as names": ({"names": [b"a", b"b", b"c", b"d"]}, "names are .*; store plain strings"),
}


@pytest.mark.parametrize("bad", PARQUET)
def test_bad_parquet(tmp_path, bad):
    pyarrow = pytest.importorskip("pyarrow")
    content, message = PARQUET[bad]
    lists = {name: values.tolist() for name, values in columns().items()} | content
    pyarrow.parquet.write_table(pyarrow.table(lists), tmp_path / "f.parquet")
    with pytest.raises(FeatureError, match=f"f.parquet: {message}"):
        load(tmp_path / "f.parquet")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ('["a",', "not readable as safetensors"),
        ('[["a"], ["b", "c"]]', "not readable as safetensors"),
        ("[1, 2, 3, 4]", "names are int64; store plain strings"),
    ],
)
def test_bad_safetensors(tmp_path, names, message):
    safetensors = pytest.importorskip("safetensors.numpy")
    numbers = {name: columns()[name] for name in ("features", "identities", "cameras")}
    texts = {"modalities": json.dumps(columns()["modalities"].tolist()), "names": names}
    safetensors.save_file(numbers, tmp_path / "f.safetensors", texts)
    with pytest.raises(FeatureError, match=f"f.safetensors: {message}"):
        load(tmp_path / "f.safetensors")


def test_a_kind_whose_library_is_not_installed_is_one_message(tmp_path, monkeypatch, capsys):
    (tmp_path / "f.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert main([str(tmp_path / "f.parquet"), "--protocol", ONE, "--out", str(tmp_path / "o.csv")]) == 2
    assert "pyarrow" in capsys.readouterr().err


def test_single_queries_without_match_are_dropped_and_counted():
    rows = score(FeatureSet(**columns(identities=np.array([1, 2, 1, 9]))), [ONE]).trials
    assert {(row["queries"], row["valid_queries"]) for row in rows} == {(2, 1)}


@pytest.mark.parametrize("way", ["counting", "placing"])
@pytest.mark.parametrize("kind", ["i1", "u1", "i4", "i8", "u8", ">i4"])
def test_the_kind_of_integer_does_not_change_scores(way, kind):
    data = small_features(np.random.default_rng(0), identities=5, per_cell=3)
    largest = min(np.iinfo(kind).max, np.iinfo(np.int64).max)
    identities = np.where(data.identities == 5, largest, data.identities).astype(kind)
    with forced(way):
        found = score(replace(data, identities=identities, cameras=data.cameras.astype("i8")), [ONE])
        assert found == score(data, [ONE])


def test_the_order_of_bytes_does_not_change_scores():
    data = small_features(np.random.default_rng(0), identities=5, per_cell=3)
    swapped = {name: getattr(data, name).astype(getattr(data, name).dtype.newbyteorder("S")) for name in columns()}
    assert score(FeatureSet(**swapped), [ONE]) == score(data, [ONE])


def test_extreme_lengths_do_not_change_scores():
    plain = score(FeatureSet(**columns()), [ONE])
    for factor in (1e-200, 1e200):
        features = columns()["features"].astype(np.float64) * np.array([[factor], [1], [1], [factor]])
        assert score(FeatureSet(**columns(features=features)), [ONE]) == plain


def test_command_line(tmp_path, capsys):
    save(tmp_path / "features.npz", FeatureSet(**columns()))
    out, cmc = tmp_path / "scores.csv", tmp_path / "cmc.csv"
    arguments = [str(tmp_path / "features.npz"), "--protocol", ONE, "sysu-mm01-indoor-single", "--trials", "2"]
    assert main([*arguments, "--out", str(out), "--cmc", str(cmc)]) == 0
    header, *rows = out.read_text().splitlines()
    assert header.startswith("protocol,gallery,trial,metric,value,queries,valid_queries,shots,drawn,skip_rule")
    assert len(rows) == 2 * 2 * 6
    assert rows[0] == f"{ONE},seeded,0,rank-1,100.0,2,2,1,gallery,camera-pairs,identity,cosine,none,"
    assert len(cmc.read_text().splitlines()) == 1 + 2 * 2 * 20
    assert "mAP" in capsys.readouterr().out


def test_command_line_says_what_is_wrong_in_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "absent.npz"), "--protocol", "sysu", "--out", "x.csv"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "unknown protocols ['sysu']" in error
    assert main([]) == 0
    assert "usage: python -m eval" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--k-reciprocal", "x", "6", "0.3"], "--k-reciprocal x 6 0.3"),
        (["--k-reciprocal", "0", "6", "0.3"], "k1 and k2 are at least 1"),
        (["--k-reciprocal", "20", "6", "nan"], "lambda lies between 0 and 1"),
        (["--gallery", "official", "--permutations", "absent.mat"], "absent.mat: no such file"),
    ],
)
def test_options_that_cannot_be_meant(tmp_path, capsys, option, words):
    save(tmp_path / "features.npz", FeatureSet(**columns()))
    out = tmp_path / "scores.csv"
    assert main([str(tmp_path / "features.npz"), "--protocol", ONE, "--out", str(out), *option]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_scores_and_curves_are_two_files(tmp_path, capsys):
    out = str(tmp_path / "scores.csv")
    with pytest.raises(SystemExit):
        main(["features.npz", "--protocol", ONE, "--out", out, "--cmc", out])
    assert "--cmc and --out name one file" in capsys.readouterr().err


def test_variants_are_labelled(tmp_path):
    save(tmp_path / "features.npz", FeatureSet(**columns()))
    out = tmp_path / "scores.csv"
    arguments = [str(tmp_path / "features.npz"), "--protocol", ONE, "--trials", "1", "--out", str(out)]
    assert main([*arguments, "--cmc-level", "image", "--distance", "euclidean", "--k-reciprocal", "2", "1", "0.3"]) == 0
    assert 'image,euclidean,"k-reciprocal(k1=2,k2=1,lambda=0.3)",' in out.read_text().splitlines()[1]


def test_what_is_no_regular_file_is_not_replaced(tmp_path, capsys):
    save(tmp_path / "features.npz", FeatureSet(**columns()))
    os.mkfifo(tmp_path / "pipe.csv")
    assert main([str(tmp_path / "features.npz"), "--protocol", ONE, "--out", str(tmp_path / "pipe.csv")]) == 2
    assert "pipe.csv" in capsys.readouterr().err
    assert (tmp_path / "pipe.csv").is_fifo()
