"""Every kind of figure is drawn, and what it shows is what the files hold."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from eval.features import FeatureSet
from eval.report import names, samples, style
from eval.report.__main__ import main
from eval.report.collect import read_results
from eval.report.experiment import parse_experiment
from eval.report.figures import (
    cmc,
    corruption,
    distances,
    drawer,
    failures,
    imbalance,
    kinds,
    memory,
    retrievals,
    stages,
    training,
    tsne,
)
from eval.report.kinds import describe, reads
from eval.score import score
from tests.report import synthetic

PROTOCOL = {"dataset": "demo-sysu", "protocol": "sysu-mm01-all-single"}
ENTRIES = {
    "ablation": {"metrics": ["mAP"], "setting": "full"},
    "attention": {"dataset": "demo-sysu", "rows": ["untrained", "MAUM^P"], "images": True},
    "cmc": {},
    "corruption": {**PROTOCOL, "rows": ["Baseline^G", "MAUM^P"]},
    "cost": {"metric": "mAP"},
    "curve": {"x": [1, 10, "all"], "rows": ["Baseline^G", "Baseline^P", "MAUM^G"], "xlabel": "parts"},
    "diagnostics": {"columns": ["bank_fill"], "ylabel": "", "dataset": "demo-sysu", "rows": ["MAUM^G", "MAUM^P"]},
    "distances": {"dataset": "demo-sysu", "rows": ["untrained", "MAUM^P"]},
    "failures": {**PROTOCOL, "rows": ["untrained", "MAUM^P"]},
    "imbalance": {"axis": "ir_per_id", "metric": "mAP"},
    "memory": {"dataset": "demo-sysu", "row": "MAUM^P", "tensors": {"visible": "memory.visible"}, "strip": 1},
    "retrievals": {**PROTOCOL, "row": "MAUM^P", "queries": 4, "top": 5, "images": True},
    "significance": {"metric": "mAP"},
    "stages": {"dataset": "demo-sysu", "row": "MAUM^P", "epochs": [0, 5], "seed": 0},
    "training": {"dataset": "demo-sysu"},
    "tsne": {"dataset": "demo-sysu", "rows": ["MAUM^P"], "identities": 4, "seed": 0},
    "variance": {"metric": "mAP"},
}


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """(root, description, results) of runs with features; the current folder is the root."""
    root = tmp_path_factory.mktemp("figures")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        description = synthetic.make(root, datasets=("demo-sysu",), features=True)
        (root / "experiment.json").write_text(json.dumps(description))
        assert main(["collect", "experiment.json", "--out", "results.csv"]) == 0
        yield root, description, read_results(root / "results.csv")


def test_every_kind_is_tried_and_described():
    assert sorted(ENTRIES) == kinds()
    assert all(describe(kind)["caption"] and describe(kind)["title"] for kind in kinds())
    assert reads("retrievals") == ["features.npz", "arrays"] and reads("imbalance") == []


@pytest.mark.parametrize("kind", ENTRIES)
def test_drawn(line, kind):
    _, description, results = line
    experiment = parse_experiment(description, "here")
    figure = drawer(kind)(experiment, results, {"kind": kind, **ENTRIES[kind]})
    assert figure.axes and all(axis.has_data() or not axis.axison for axis in figure.axes)
    figure.draw_without_rendering()
    plt.close(figure)


def test_the_command_writes_the_named_files_alike_each_time(line, tmp_path):
    root, description, _ = line
    specs = [{"kind": "variance", "name": "shares", **ENTRIES["variance"]}, {"kind": "cmc"}]
    (root / "two.json").write_text(json.dumps({**description, "figures": specs}))
    files = {}
    for folder in ("one", "other"):
        command = [
            "figures",
            "two.json",
            "--results",
            "results.csv",
            "--out",
            str(tmp_path / folder),
            "--name",
            "shares",
        ]
        assert main(command) == 0
        files[folder] = {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
    assert files["one"] == files["other"]
    assert sorted(files["one"]) == ["shares.png", "shares.svg"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "pie"}, "figure kind 'pie' is unknown"),
        ({"kind": "imbalance", "axis": "vis_ids", "metric": "mAP"}, "has nothing to show"),
        ({"kind": "curve", "x": [1], "rows": ["A", "B"], "xlabel": ""}, "1 values of x for 2 rows"),
        ({"kind": "memory", **ENTRIES["memory"], "tensors": {"a": "nothing"}}, "has no tensor 'nothing'"),
        ({"kind": "diagnostics", **ENTRIES["diagnostics"], "columns": ["drift"]}, "has no column 'drift'"),
        ({"kind": "stages", **ENTRIES["stages"], "epochs": [0, 7]}, r"has no epochs [7]; it has [0, 5]"),
        ({"kind": "corruption", **ENTRIES["corruption"], "protocol": "p"}, "robustness.csv has no protocol 'p'"),
        ({"kind": "tsne", **ENTRIES["tsne"], "rows": ["nobody"]}, "no row 'nobody' under 'full' on demo-sysu"),
    ],
)
def test_an_entry_that_cannot_be_drawn_says_why(line, capsys, spec, message):
    root, description, _ = line
    (root / "odd.json").write_text(json.dumps({**description, "figures": [spec]}))
    assert main(["figures", "odd.json", "--results", "results.csv", "--out", "none"]) == 1
    assert message in capsys.readouterr().err
    assert not (root / "none").exists()


def test_curves_average_draws_before_trainings(line):
    root, description, _ = line
    experiment = parse_experiment(description, "here")
    row = experiment.row(("MAUM^G", "full"), "demo-sysu")
    curves = cmc.read_curves(row, experiment.columns[0])
    table = pd.read_csv(root / row.runs[1].folder / "cmc.csv")
    expected = table[(table.protocol == "sysu-mm01-all-single") & (table["rank"] == 5)].value.mean()
    assert curves.shape == (2, 20) and curves.iloc[1][5] == pytest.approx(expected)


def test_shares_of_full_data_are_paired_by_seed(line):
    _, description, results = line
    experiment = parse_experiment(description, "here")
    labelled = imbalance.make_grid(experiment, results).labelled
    shares = imbalance.relative(labelled, "full").set_index(["method", "setting", "protocol", "metric"])
    key = ("MAUM^G", "ir_per_id=5", "sysu-mm01-all-single", "mAP")
    value = labelled[(labelled.protocol == key[2]) & (labelled.metric == "mAP") & (labelled.method == "MAUM^G")]
    means = value.groupby(["setting", "seed"]).value.mean()
    assert shares.loc[key, "mean"].item() == pytest.approx((100 * means["ir_per_id=5"] / means["full"]).mean())


def test_losses_are_the_columns_before_the_learning_rate(line):
    _, description, _ = line
    row = parse_experiment(description, "here").row(("MAUM^G", "full"), "demo-sysu")
    history = training.read_history(row, "demo-sysu")
    assert training.loss_names(history) == ["id", "triplet", "uni_visible", "uni_infrared", "total"]


def features(line) -> FeatureSet:
    _, description, _ = line
    experiment = parse_experiment(description, "here")
    return samples.features_of(samples.run_of(experiment, "Baseline^G", "demo-sysu", "full"))


@pytest.mark.parametrize("protocol", ["sysu-mm01-all-single", "regdb-visible-to-infrared"])
def test_the_ranking_is_the_one_that_is_scored(line, protocol):
    """Average precisions of the diagnosis agree with the evaluation's mAP of the same draw."""
    data = features(line)
    if protocol.startswith("regdb"):
        keep = np.isin(data.cameras, (1, 3))
        cameras = np.where(data.cameras[keep] == 3, 2, 1)
        data = FeatureSet(data.features[keep], data.identities[keep], cameras, data.modalities[keep], data.names[keep])
    precision = samples.rank(data, protocol).average_precision()
    expected = score(data, [protocol], trials=1).mean()
    assert np.nanmean(precision) == pytest.approx(next(v for k, v in expected.items() if k[2] == "mAP"), abs=1e-9)


def test_diagnosis_counts_only_what_the_protocol_considers(line):
    data = features(line)
    ranked = samples.rank(data, "sysu-mm01-all-single")
    cameras = failures.by_camera(data, ranked)
    assert np.isnan(cameras.loc[3, 2]) and cameras.loc[3, 1] <= 100 and cameras.loc[6, 2] <= 100
    by_identity = failures.by_identity(data, ranked)
    assert by_identity.is_monotonic_increasing and len(by_identity) == 12


def test_directions_are_the_protocols_where_nothing_is_drawn(line):
    data = features(line)
    keep = np.isin(data.cameras, (1, 3))
    cameras = np.where(data.cameras[keep] == 3, 2, 1)
    data = FeatureSet(data.features[keep], data.identities[keep], cameras, data.modalities[keep], data.names[keep])
    found = failures.by_direction(data, "regdb-visible-to-infrared")
    assert found.index.tolist() == ["visible to infrared", "infrared to visible"]
    for direction, value in found.items():
        (expected,) = (
            v for k, v in score(data, [f"regdb-{direction.replace(' ', '-')}"]).mean().items() if k[2] == "mAP"
        )
        assert value == pytest.approx(expected, abs=1e-9)


def test_a_camera_pair_is_left_out_both_ways(line):
    data = features(line)
    visible, infrared = (np.flatnonzero(data.modalities == m) for m in ("visible", "infrared"))
    for queries, gallery in ((visible, infrared), (infrared, visible)):
        ranked = samples.rank_all(data, "sysu-mm01-all-single", queries, gallery)
        shown = {
            (int(data.cameras[q]), int(c))
            for q, order, considered in zip(queries, ranked.order, ranked.considered, strict=True)
            for c in data.cameras[gallery[order[considered]]]
        }
        assert {tuple(sorted(pair)) for pair in shown} == {(1, 3), (1, 6), (2, 6)}


def test_pairs_of_one_identity_are_told_from_the_others(line):
    same, other = distances.distances(features(line))
    assert (len(same), len(other)) == (12 * 8 * 8, 12 * 11 * 8 * 8)
    assert same.mean() < other.mean()


@pytest.mark.parametrize("kind", ["retrievals", "attention"])
def test_photographs_are_left_out_unless_asked_for(line, kind, monkeypatch):
    root, description, results = line
    real = json.loads(json.dumps(description))
    real["datasets"]["demo-sysu"]["real"] = True
    experiment = parse_experiment(real, "here")
    spec = {"kind": kind, **ENTRIES[kind]}
    packed = set(np.unique(np.load(root / real["datasets"]["demo-sysu"]["arrays"]).astype(float)))
    opened = []
    monkeypatch.setattr(
        samples.Pictures, "of", lambda self, name, of=samples.Pictures.of: opened.append(name) or of(self, name)
    )
    shown = drawer(kind)(experiment, results, spec)
    assert opened and packed >= set(np.unique(shown.axes[0].images[0].get_array()).astype(float))
    opened.clear()
    hidden = drawer(kind)(experiment, results, {**spec, "images": False})
    assert not opened and len([a for a in hidden.axes if a.images]) == (12 if kind == "attention" else 0)
    plt.close("all")


def test_a_share_counts_matches_of_all_trainings(line):
    _, description, _ = line
    row = parse_experiment(description, "here").row(("MAUM^P", "full"), "demo-sysu")
    tables = [corruption.read_counts(Path(run.folder), "sysu-mm01-all-single") for run in row.runs]
    found = corruption.by_kind(pd.concat(tables))
    assert list(found.index) == ["gaussian_noise", "fog", "jpeg_compression", "all kinds"]
    both = [t.set_index(["kind", "severity"]).right["jpeg_compression", 3] for t in tables]
    assert found.loc["jpeg_compression", 3] == pytest.approx(100 * sum(both) / 200)
    assert np.isnan(found.loc["fog", 5]) and found.loc["all kinds", 5] > 0


def test_the_gap_is_one_where_people_cannot_be_told_apart():
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(40), 2)
    people, noise = generator.normal(size=(40, 64))[labels], generator.normal(size=(2, 80, 64))
    assert stages.modality_gap(*noise, labels) == pytest.approx(1, abs=0.05)
    assert stages.modality_gap(people, people + 0.01 * noise[0], labels) < 0.01


def test_likeness_is_the_cosine_of_one_strip():
    items = np.array([[[1.0, 0.0], [1.0, 0.0]], [[3.0, 0.0], [0.0, 2.0]]])
    assert memory.likeness(items, 1).tolist() == np.eye(2).tolist()
    assert memory.likeness(items[0], 0).tolist() == np.ones((2, 2)).tolist()


def test_two_methods_as_curves(line):
    _, description, results = line
    lines = [
        {"name": "baseline", "x": [1, 6], "rows": ["Baseline^G", "Baseline^P"]},
        {"name": "MAUM", "x": [1, 6], "rows": ["MAUM^G", "MAUM^P"]},
    ]
    spec = {"kind": "curve", "lines": lines, "metric": "mAP", "xlabel": "parts"}
    figure = drawer("curve")(parse_experiment(description, "here"), results, spec)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["baseline", "MAUM"]
    plt.close(figure)


def test_labels_do_not_cover_one_another():
    middles = np.random.default_rng(0).normal(0, 2, (10, 2))
    at = tsne.apart(middles, np.array([40.0, 30.0])) / [40, 30] / tsne.LABEL
    gaps = np.abs(at[:, None] - at[None]).max(axis=2) + 9 * np.eye(10)
    assert gaps.min() > 0.99
    far = 40.0 * np.eye(2)
    assert np.array_equal(tsne.apart(far, np.array([40.0, 40.0])), far)


def test_a_loss_that_vanishes_does_not_flatten_the_others(line, monkeypatch):
    _, description, results = line
    read = training.read_history
    monkeypatch.setattr(training, "read_history", lambda *a: read(*a).assign(triplet=lambda t: t.triplet * 1e-9))
    figure = drawer("training")(parse_experiment(description, "here"), results, {"dataset": "demo-sysu"})
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_ylim()
    assert high / low == pytest.approx(1e4)
    assert len([text for text in figure.axes[0].get_yticklabels() if text.get_text()]) >= 4
    plt.close(figure)


def test_queries_are_shown_from_the_best_to_the_worst():
    precision = np.append(np.linspace(0, 100, 100), np.nan)
    assert precision[retrievals.choose(precision, 3)].round().tolist() == [100, 49, 0]
    assert retrievals.choose(precision[:2], 5).tolist() == [1, 0]


def test_one_look_a_method(line):
    _, description, _ = line
    look = style.styles(parse_experiment(description, "here"))
    assert len({(kind["color"], kind["linestyle"], kind["marker"]) for kind in look.values()}) == len(look)
    series = [style.series(i) for i in range(24)]
    assert len({(kind["color"], kind["linestyle"]) for kind in series}) == 24


@pytest.mark.parametrize(
    ("text", "raised"), [("MAUM^G", "MAUMᴳ"), ("MAUM^-", "MAUM⁻"), ("plain", "plain"), ("D^V and D^I", "Dⱽ and Dᴵ")]
)
def test_raised_letters(text, raised):
    assert names.label(text) == raised
