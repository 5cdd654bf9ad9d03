"""A made-up experiment in a temporary folder, in the files and schemas of a real one: random scores."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from safetensors.numpy import save_file

PROTOCOLS = {
    "demo-sysu": ["sysu-mm01-all-single", "sysu-mm01-indoor-single"],
    "demo-regdb": ["regdb-visible-to-infrared", "regdb-infrared-to-visible"],
    "sysu-mm01": ["sysu-mm01-all-single", "sysu-mm01-indoor-single"],
    "regdb": ["regdb-visible-to-infrared", "regdb-infrared-to-visible"],
}
METRICS = ["rank-1", "rank-5", "rank-10", "rank-20", "mAP", "mINP"]
LEVELS = {"chance": 8.0, "untrained": 15.0, "Baseline^G": 48.0, "Baseline^P": 54.0, "MAUM^G": 60.0, "MAUM^P": 66.0}
RUNS = {
    "chance": "chance",
    "untrained": "baseline_g@demo+schedule.epochs=0",
    "Baseline^G": "baseline_g@demo",
    "Baseline^P": "baseline_p@demo",
    "MAUM^G": "maum@demo",
    "MAUM^P": "maum@demo+head.parts=6",
}
DROPS = {"full": 0.0, "ir_per_id=15": 6.0, "ir_per_id=5": 12.0, "ir_per_id=1": 25.0}


def make(
    root: Path,
    *,
    datasets=("demo-sysu", "demo-regdb"),
    settings=("full", "ir_per_id=5"),
    seeds=2,
    splits=1,
    features=False,
) -> dict:
    """Write run folders under `root`/results and return the experiment's description (paths below `root`)."""
    generator = np.random.default_rng(7)
    rows = []
    for setting in settings:
        for label, run in RUNS.items():
            runs = []
            for dataset in datasets:
                for split in range(1, splits + 1):
                    for seed in range(1 if label == "chance" else seeds):
                        folder = f"results/{dataset}/{setting}/{run}/split{split}_seed{seed}"
                        names = {"dataset": dataset, "setting": setting, "run": run, "split": split, "seed": seed}
                        runs.append({**names, "folder": folder})
                        write_run(root / folder, names, label, generator, features=features)
            reference = label in ("chance", "untrained")
            rows.append({"label": label, "dataset": None, "setting": setting, "run": run, "runs": runs})
            rows[-1] |= {"published": None, "reference": reference}
    columns = [
        {"dataset": dataset, "protocol": protocol, "metrics": ["rank-1", "mAP"]}
        for dataset in datasets
        for protocol in PROTOCOLS[dataset]
    ]
    return {
        "name": "demo",
        "title": "Demo: two baselines and MAUM",
        "paper": "maum",
        "source": "Table 1",
        "note": "Scores of a rendered dataset; they say nothing of the real ones.",
        "budget": "demo",
        "baseline": "Baseline^G",
        "columns": columns,
        "rows": rows,
        "figures": [],
        "datasets": write_datasets(root, datasets),
        "provenance": {"snakemake": "snakemake --cores 2"},
    }


def write_run(folder: Path, names: dict, label: str, generator: np.random.Generator, *, features: bool) -> None:
    """One run folder: trials.csv, cmc.csv, history.csv, run.json and, if asked, features.npz."""
    folder.mkdir(parents=True, exist_ok=True)
    reference = label in ("chance", "untrained")
    level = LEVELS[label] - (0 if reference else DROPS[names["setting"]]) + generator.normal(0, 1.0)
    trials, curves = [], []
    for protocol in PROTOCOLS[names["dataset"]]:
        count = 10 if "sysu" in protocol else 1
        for trial in range(count):
            draw = generator.normal(0, 0.5)
            ranks = np.arange(1, 21)
            cmc = np.clip(level + draw + (98 - level) * (1 - ranks**-0.6), 0, 100)
            values = {f"rank-{k}": cmc[k - 1] for k in (1, 5, 10, 20)} | {"mAP": cmc[0] - 3, "mINP": cmc[0] / 2}
            gallery = "official" if "sysu" in protocol else ""
            for metric in METRICS:
                trials.append((protocol, gallery, trial, metric, repr(float(values[metric])), 100, 98))
            curves += [(protocol, gallery, trial, int(k), repr(float(v))) for k, v in zip(ranks, cmc, strict=True)]
    columns = ["protocol", "gallery", "trial", "metric", "value", "queries", "valid_queries"]
    pd.DataFrame(trials, columns=columns).to_csv(folder / "trials.csv", index=False)
    pd.DataFrame(curves, columns=["protocol", "gallery", "trial", "rank", "value"]).to_csv(
        folder / "cmc.csv", index=False
    )
    if label == "chance":
        return
    write_history(folder, names["run"], 0 if label == "untrained" else 12, generator)
    (folder / "run.json").write_text(json.dumps(run_json(names, level)))
    if features:
        write_features(folder / "features.npz", names["dataset"], level / 100, generator)
        save_file({"memory.visible": generator.normal(size=(2, 5, 8))}, folder / "weights.safetensors")
        write_watched(folder / "watched.npz", generator)
        write_attention(folder / "attention.npz", names["dataset"], generator)
        write_robustness(folder / "robustness.csv", names["dataset"], level)


def run_json(names: dict, level: float) -> dict:
    """A run.json with the keys that a training writes."""
    return {
        **names,
        "recipe": {"schedule.epochs": 12, "batch.identities": 8},
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "clean": True,
        "index_sha256": "ab" * 32,
        "subset_sha256": "cd" * 32,
        "fingerprint": "ef" * 32,
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:01:00+00:00",
        "train_seconds": 20.0 + level,
        "embed_seconds": 1.5,
        "resumed_after_epoch": None,
        "identities": 8,
        "training_images": {"visible": 80, "infrared": 40},
        "parameters": 1_000_000 + 10_000 * int(level),
        "feature_dimension": 3072 if "parts" in names["run"] else 2048,
        "test_images_per_second": 300.0,
        "peak_memory_mb": {"host": 800.0},
        "command": "python -m training ...",
        "host": "somewhere",
        "device": "cpu: x86_64",
        "threads": 1,
        "python": "3.11.7",
        "packages": {"torch": "2.11.0", "numpy": "2.0.0"},
    }


def write_history(folder: Path, run: str, epochs: int, generator: np.random.Generator) -> None:
    """Losses that fall, five steps an epoch."""
    losses = ["id", "triplet"] + (["uni_visible", "uni_infrared"] if run.startswith("maum") else [])
    rows = []
    for step in range(5 * epochs):
        epoch = step // 5
        values = {
            name: (3 + i) * np.exp(-epoch / (3 + i)) + abs(generator.normal(0, 0.05)) for i, name in enumerate(losses)
        }
        extra = {"total": sum(values.values()), "lr": 0.1 * min(1, (epoch + 1) / 3), "images_per_second": 200.0}
        rows.append({"step": step, "epoch": epoch, **values, **extra, "memory_mb": np.nan, "bank_fill": 1.0})
    columns = ["step", "epoch", "total", "lr", "images_per_second", "memory_mb"]
    table = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
    table.to_csv(folder / "history.csv", index=False)


def images_table(dataset: str, identities: int = 12, each: int = 4) -> pd.DataFrame:
    """The index of a tiny dataset: `identities` test identities, `each` images per camera."""
    cameras = (
        {1: "visible", 2: "visible", 3: "infrared", 6: "infrared"}
        if "sysu" in dataset
        else {1: "visible", 2: "infrared"}
    )
    rows = []
    for identity in range(1, identities + 1):
        for camera, modality in cameras.items():
            for image in range(each):
                path = f"cam{camera}/{identity:04d}/{image + 1:04d}.jpg"
                rows.append(
                    {"path": path, "identity": identity, "camera": camera, "modality": modality, "split1": "test"}
                )
    table = pd.DataFrame(rows).sort_values("path", ignore_index=True)
    return table.assign(sha256="0" * 64, greyscale=False)


def write_features(path: Path, dataset: str, quality: float, generator: np.random.Generator) -> None:
    """Features of every test image: the better the run, the closer an identity's images."""
    table = images_table(dataset)
    centres = np.random.default_rng(3).normal(size=(table.identity.max() + 1, 32))
    noise = generator.normal(size=(len(table), 32)) * (1.6 - quality)
    offset = np.where(table.modality == "infrared", 1.2 - quality, 0)[:, None]
    np.savez(
        path,
        features=(centres[table.identity] + noise + offset).astype(np.float32),
        identities=table.identity.to_numpy(np.int64),
        cameras=table.camera.to_numpy(np.int64),
        modalities=table.modality.to_numpy(np.str_),
        names=table.path.to_numpy(np.str_),
    )


def write_watched(path: Path, generator: np.random.Generator) -> None:
    """Features of four identities before and after training, whose modalities and people move together."""
    labels = np.repeat(np.arange(4), 5)
    people, modalities = generator.normal(size=(4, 1, 16)), generator.normal(size=(3, 1, 16))
    epochs = [
        people[labels, 0] * person + modalities * modality + 0.3 * generator.normal(size=(3, len(labels), 16))
        for person, modality in ((0.1, 2.0), (2.0, 0.2))
    ]
    streams = np.array(["visible", "infrared", "auxiliary"])
    np.savez(path, epochs=np.array([0, 5]), streams=streams, labels=labels, features=np.stack(epochs))


def write_attention(path: Path, dataset: str, generator: np.random.Generator) -> None:
    """A bright spot in the first visible and the first infrared image of three identities."""
    table = images_table(dataset).groupby(["identity", "modality"]).head(1)
    table = table[table.identity <= 3].sort_values(["identity", "modality"], ascending=[True, False])
    maps = np.zeros((len(table), 6, 3), np.float32)
    maps[np.arange(len(table)), generator.integers(0, 6, len(table)), 1] = 0.1
    arrays = {"identities": table.identity.to_numpy(), "modalities": table.modality.to_numpy(np.str_)}
    np.savez(path, maps=maps, names=table.path.to_numpy(np.str_), **arrays)


def write_robustness(path: Path, dataset: str, level: float) -> None:
    """Fewer right matches with every severity; one kind is never drawn at the last."""
    lines = []
    for protocol in PROTOCOLS[dataset]:
        lines.append((protocol, "none", 0, 200, 2 * int(level)))
        for k, kind in enumerate(("gaussian_noise", "fog", "jpeg_compression")):
            for severity in range(1, 6):
                count = 0 if (kind, severity) == ("fog", 5) else 100
                lines.append((protocol, kind, severity, count, int(count * level * (1 - 0.05 * severity * k) / 100)))
    columns = ["protocol", "kind", "severity", "matches", "right"]
    pd.DataFrame(lines, columns=columns).to_csv(path, index=False)


def write_datasets(root: Path, datasets) -> dict:
    """The index, a contact sheet and packed pictures of each dataset; returns the experiment's `datasets`."""
    described = {}
    for dataset in datasets:
        folder = root / "results" / dataset
        table = images_table(dataset)
        table.to_csv(folder / "images.csv", index=False)
        shade = (table.identity.to_numpy()[:, None, None, None] * 20 % 255).astype(np.uint8)
        pixels = np.broadcast_to(shade, (len(table), 3, 48, 24)).copy()
        pixels[:, 0, :24] = 200
        np.save(folder / "images_48x24_lanczos.npy", pixels)
        Image.new("RGB", (240, 120), (120, 160, 200)).save(folder / "contact_sheet.png")
        described[dataset] = {
            "index": f"results/{dataset}/images.csv",
            "contact_sheet": f"results/{dataset}/contact_sheet.png",
            "arrays": f"results/{dataset}/images_48x24_lanczos.npy",
            "real": False,
        }
    return described
