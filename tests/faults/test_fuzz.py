"""Whatever the readers are given, they return something sound or raise their own error."""

import io
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets import DatasetError
from datasets.preparation.config import read_entry
from datasets.preparation.expect import load_expectation
from datasets.preparation.rows import read_index
from eval.features import FeatureError, load
from eval.report.experiment import load_experiment
from training import checkpoint
from workflow import plan
from workflow.plan import PlanError

SEVERAL = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
INDEX = """path,identity,camera,modality,split1,sha256,greyscale
cam1/0001/0001.jpg,1,1,visible,train,aa,0
cam3/0001/0001.jpg,1,3,infrared,train,bb,1
cam1/0002/0001.jpg,2,1,visible,test,cc,0
"""
KEYS = st.sampled_from(
    [
        "datasets",
        "experiments",
        "weights",
        "gallery",
        "a",
        "layout",
        "root",
        "holdout",
        "expect",
        "render",
        "rows",
        "run",
    ]
)
WORDS = st.sampled_from(["papers", "demo", "regdb", "x", "test", "", "seeded", "maum", "full"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4)
)


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """`data` cut off, or with some bytes replaced, inserted or taken out."""
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        piece = draw(st.binary(max_size=3) | st.sampled_from([b",", b"\n", b'"', b"\0", b"-1", b"../", b"infrared"]))
        data = data[:place] + piece + data[place + draw(st.sampled_from([0, len(piece), 40])) :]
    return data


@SEVERAL
@given(data=mutated(INDEX.encode()) | st.binary(max_size=200))
def test_an_index_is_rows_within_the_folder_or_a_message(tmp_path, data):
    file = tmp_path / "images.csv"
    file.write_bytes(data)
    try:
        rows = read_index(file)
    except DatasetError as error:
        assert str(file) in str(error)
    else:
        assert all(row.modality in ("visible", "infrared") for row in rows)
        assert not any(row.path.startswith("/") or ".." in Path(row.path).parts for row in rows)


@SEVERAL
@given(tree=TREES)
def test_a_configuration_is_checked_or_refused(tree):
    for schema in ("config", "experiment"):
        try:
            plan.check(tree, schema, "here")
        except PlanError as error:
            assert str(error).startswith("here, ")
        else:
            assert isinstance(tree, dict)


@SEVERAL
@given(data=mutated(b"datasets:\n  a:\n    layout: regdb\n    root: x\n    holdout: test\n    expect: null\n"))
def test_the_datasets_file_is_an_entry_or_a_message(tmp_path, data):
    file = tmp_path / "datasets.yaml"
    file.write_bytes(data)
    try:
        entry = read_entry(file, "a")
    except DatasetError as error:
        assert str(file) in str(error)
    else:
        assert {"layout", "root", "holdout", "expect"} <= set(entry)


@SEVERAL
@given(tree=TREES)
def test_an_expectation_is_counts_or_a_message(tree):
    try:
        found = load_expectation(json.dumps(tree))
    except DatasetError:
        return
    assert found is None or isinstance(found, dict)


@SEVERAL
@given(tree=TREES)
def test_a_description_of_another_form_is_a_message(tmp_path, tree):
    file = tmp_path / "experiment.json"
    file.write_text(json.dumps({"rows": tree, "columns": tree, "name": "n", "title": "t", "note": "", "budget": "b"}))
    with pytest.raises((ValueError, KeyError), match=r"experiment\.json"):
        load_experiment(file)


def features() -> bytes:
    columns = {
        "features": np.eye(4, dtype=np.float32),
        "identities": np.arange(4),
        "cameras": np.arange(4),
        "modalities": np.array(["visible", "infrared"] * 2),
        "names": np.array(list("abcd")),
    }
    out = io.BytesIO()
    np.savez(out, **columns)
    return out.getvalue()


@SEVERAL
@given(data=mutated(features()))
def test_features_are_the_ones_written_or_a_message(tmp_path, data):
    """A .npz carries a checksum of each array, so that a damaged one is never read as another."""
    file = tmp_path / "f.npz"
    file.write_bytes(data)
    try:
        found = load(file)
    except FeatureError as error:
        assert str(file) in str(error)
    else:
        assert np.array_equal(found.features, np.eye(4))
        assert found.names.tolist() == list("abcd")


@SEVERAL
@given(data=st.data())
def test_a_damaged_checkpoint_is_never_loaded(tmp_path, data):
    for old in checkpoint.found(tmp_path):
        old.unlink()
    path = checkpoint.save(tmp_path, 1, {"fingerprint": "x", "epochs_done": 1})
    before = path.read_bytes()
    path.write_bytes(data.draw(mutated(before)))
    state = checkpoint.load(tmp_path, "x", "cpu")
    assert state is None or path.read_bytes() == before


def test_the_schemas_are_schemas():
    for name in ("config", "experiment"):
        schema = yaml.safe_load((plan.SCHEMAS / f"{name}.schema.yaml").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
