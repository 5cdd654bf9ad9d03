"""A file of features, made by any code base: what it holds, how it is read, written and checked."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from files import write_whole

MODALITIES = ("visible", "infrared")
COLUMNS = ("features", "identities", "cameras", "modalities", "names")
_CHUNK = 4096


class FeatureError(ValueError):
    """A feature file that cannot be scored; the message names what was found and the remedy."""


@dataclass(frozen=True)
class FeatureSet:
    """Features of N test images, queries and gallery pool alike, each image once.

    `features`: (N, D) float32 or float64, not normalised by need; `identities`, `cameras`: (N,) integers;
    `modalities`: (N,) "visible" or "infrared"; `names`: (N,) distinct strings (SYSU-MM01: `cam1/0006/0001.jpg`);
    `recipe`: how the features were made (layer, flip averaging), carried into the scores as it is.
    Construction checks everything and raises FeatureError.
    """

    features: np.ndarray
    identities: np.ndarray
    cameras: np.ndarray
    modalities: np.ndarray
    names: np.ndarray
    recipe: str = ""
    source: str = field(default="features", compare=False)

    def __post_init__(self) -> None:
        for name in COLUMNS:
            object.__setattr__(self, name, _native(np.asarray(getattr(self, name))))
        _check_shapes(self)
        _check_labels(self)
        _check_values(self)
        for name in ("identities", "cameras"):
            object.__setattr__(self, name, getattr(self, name).astype(np.int64, copy=False))

    def __len__(self) -> int:
        return len(self.names)


def load(path: str | Path) -> FeatureSet:
    """Read `.npz` (never pickled), `.safetensors` or `.parquet`; raises FeatureError for a bad file."""
    path = Path(path)
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise FeatureError(f"{path}: unknown kind {path.suffix!r}; write one of {', '.join(readers)}")
    if not path.is_file():
        raise FeatureError(f"{path}: no such file")
    columns = readers[path.suffix](path)
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise FeatureError(
            f"{path}: {missing} missing, found {sorted(columns)}; write the file with eval.features.save"
        )
    features, identities, cameras, modalities, names = (columns[name] for name in COLUMNS)
    recipe = str(columns.get("recipe", ""))
    return FeatureSet(features, identities, cameras, modalities, names, recipe=recipe, source=str(path))


def save(path: str | Path, features: FeatureSet) -> None:
    """Write a feature set; the kind follows from the suffix (`.npz`, `.safetensors`, `.parquet`)."""
    path = Path(path)
    writers = {".npz": _write_npz, ".safetensors": _write_safetensors, ".parquet": _write_parquet}
    if path.suffix not in writers:
        raise FeatureError(f"{path}: unknown kind {path.suffix!r}; choose one of {', '.join(writers)}")
    with write_whole(path) as temporary:
        writers[path.suffix](temporary, features)


def _native(values: np.ndarray) -> np.ndarray:
    """The values in this machine's byte order; `np.lexsort` puts strings of the other one in a wrong order."""
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _check_shapes(data: FeatureSet) -> None:
    shape, source = data.features.shape, data.source
    if len(shape) != 2 or 0 in shape:
        raise FeatureError(f"{source}: features have shape {shape}; expected (images, dimensions), both above 0")
    lengths = {
        name: len(getattr(data, name)) if getattr(data, name).ndim == 1 else "not one column" for name in COLUMNS[1:]
    }
    if any(length != shape[0] for length in lengths.values()):
        raise FeatureError(
            f"{source}: unequal lengths, {shape[0]} features but {lengths}; one entry an image is needed"
        )
    if data.features.dtype not in (np.float32, np.float64):
        raise FeatureError(f"{source}: features are {data.features.dtype}; store float32 or float64")


def _check_labels(data: FeatureSet) -> None:
    for name in ("identities", "cameras"):
        kind = getattr(data, name).dtype
        if not np.issubdtype(kind, np.integer):
            raise FeatureError(f"{data.source}: {name} are {kind}; store integers")
        if getattr(data, name).max() > np.iinfo(np.int64).max:
            raise FeatureError(f"{data.source}: {name} reach {getattr(data, name).max()}; store what fits int64")
    for name in ("modalities", "names"):
        kind = getattr(data, name).dtype
        if kind.kind != "U":
            raise FeatureError(f"{data.source}: {name} are {kind}; store plain strings (numpy dtype 'U')")
    unknown = sorted(set(np.unique(data.modalities).tolist()) - set(MODALITIES))
    if unknown:
        raise FeatureError(f"{data.source}: unknown modalities {unknown[:5]}; use {' or '.join(MODALITIES)}")
    names, counts = np.unique(data.names, return_counts=True)
    if len(names) < len(data.names):
        worst = names[counts.argmax()]
        raise FeatureError(
            f"{data.source}: {len(data.names) - len(names)} names repeat, for example {str(worst)!r} occurs "
            f"{counts.max()} times; every image is listed once, queries and gallery together"
        )


def _check_values(data: FeatureSet) -> None:
    for start in range(0, len(data), _CHUNK):
        rows = data.features[start : start + _CHUNK]
        bad = ~np.isfinite(rows).all(axis=1)
        if bad.any():
            where = start + int(bad.argmax())
            raise FeatureError(
                f"{data.source}: the feature of {str(data.names[where])!r} holds NaN or infinity (row {where}); "
                "check the model's output in float32"
            )
        empty = ~rows.any(axis=1)
        if empty.any():
            where = start + int(empty.argmax())
            raise FeatureError(
                f"{data.source}: the feature of {str(data.names[where])!r} is a zero vector (row {where}), which has "
                "no direction; was this image embedded at all?"
            )


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name in (*COLUMNS, "recipe")}
    except Exception as error:
        raise FeatureError(
            f"{path}: not readable as an unpickled .npz ({error}); store strings with dtype 'U', not object"
        ) from error


def _write_npz(path: Path, data: FeatureSet) -> None:
    columns = {name: getattr(data, name) for name in COLUMNS}
    np.savez(path, recipe=np.array(data.recipe), **columns)


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import safe_open

    try:
        with safe_open(path, framework="np") as file:
            columns = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            texts = file.metadata() or {}
        lists = {name: json.loads(texts[name]) for name in ("modalities", "names") if name in texts}
        columns |= {name: np.array(values) for name, values in lists.items()}
    except Exception as error:
        raise FeatureError(f"{path}: not readable as safetensors ({error})") from error
    return columns | {"recipe": texts.get("recipe", "")}


def _write_safetensors(path: Path, data: FeatureSet) -> None:
    from safetensors.numpy import save

    numbers = {name: np.ascontiguousarray(getattr(data, name)) for name in COLUMNS[:3]}
    texts = {name: json.dumps(getattr(data, name).tolist()) for name in ("modalities", "names")}
    path.write_bytes(save(numbers, metadata=texts | {"recipe": data.recipe}))


def _read_parquet(path: Path) -> dict[str, np.ndarray]:
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
        recipe = (table.schema.metadata or {}).get(b"recipe", b"").decode()
    except Exception as error:
        raise FeatureError(f"{path}: not readable as Parquet ({error})") from error
    found = {name: table[name] for name in table.column_names if name in COLUMNS}
    empty = {name: column.null_count for name, column in found.items() if column.null_count}
    if empty:
        raise FeatureError(f"{path}: empty entries in {empty}; every image needs all of {', '.join(COLUMNS)}")
    columns = {name: column.to_numpy() for name, column in found.items()}
    if "features" in columns:
        lengths = {np.shape(row) for row in columns["features"]}
        if len(lengths) != 1:
            raise FeatureError(f"{path}: features have shapes {sorted(lengths)[:5]}; one length is needed")
        columns["features"] = np.stack(list(columns["features"]))
    for name in {"modalities", "names"} & set(columns):
        columns[name] = np.array(columns[name].tolist())
    return columns | {"recipe": recipe}


def _write_parquet(path: Path, data: FeatureSet) -> None:
    import pyarrow
    import pyarrow.parquet

    columns = {name: pyarrow.array(getattr(data, name).tolist()) for name in COLUMNS[1:]}
    values = pyarrow.array(data.features.ravel())
    features = pyarrow.FixedSizeListArray.from_arrays(values, data.features.shape[1])
    table = pyarrow.table({"features": features} | columns)
    pyarrow.parquet.write_table(table.replace_schema_metadata({"recipe": data.recipe}), path)
