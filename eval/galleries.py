"""Which images stand in the gallery of a trial: the two families of published draws."""

import random
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from eval.features import FeatureError, FeatureSet
from eval.protocol import Protocol

FAMILIES = ("seeded", "official")
Permutations = Mapping[tuple[int, int], np.ndarray]


def draws(
    protocol: Protocol, data: FeatureSet, family: str, trials: int, permutations: Permutations | None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Query rows and gallery rows of every trial; the sampled side is in the order of its draw.

    A protocol that draws nothing has one trial. Raises ValueError when the family does not exist for the protocol.
    """
    queries, pool = protocol.queries(data), protocol.pool(data)
    if protocol.shots is None:
        return [(queries, pool)]
    cells = _cells(data, pool if protocol.drawn == "gallery" else queries)
    if family == "seeded":
        sampled = [seeded(cells, data, protocol.shots, trial) for trial in range(trials)]
    else:
        table = _require_official(protocol, permutations)
        sampled = [official(cells, data, protocol.shots, trial, table) for trial in range(trials)]
    if protocol.drawn == "gallery":
        return [(queries, rows) for rows in sampled]
    return [(rows, pool) for rows in sampled]


def seeded(cells: Mapping[tuple[int, int], np.ndarray], data: FeatureSet, shots: int, trial: int) -> np.ndarray:
    """The draw of the code base that most papers copy: Python's generator seeded with the trial number.

    For each identity, ascending, and each camera, ascending, `random.choice` or, for several shots, `random.sample` of
    the names in string order. Both take one shot alike from the stream; the generator is private.
    """
    generator = random.Random(trial)
    rows = []
    for (identity, camera), members in sorted(cells.items()):
        if len(members) < shots:
            raise FeatureError(
                f"{data.source}: identity {identity} has {len(members)} images of camera {camera}, fewer than the "
                f"{shots} shots; add the missing images or score the single-shot protocol"
            )
        rows += [generator.choice(members)] if shots == 1 else generator.sample(members.tolist(), shots)
    return np.array(rows)


def official(
    cells: Mapping[tuple[int, int], np.ndarray],
    data: FeatureSet,
    shots: int,
    trial: int,
    permutations: Permutations,
) -> np.ndarray:
    """The dataset authors' draw: the first `shots` numbers of row `trial` of each cell's permutation.

    Numbers are those in the file names (`cam1/0006/0001.jpg` is 1); the order is by camera, then identity.
    """
    rows = []
    for (identity, camera), members in sorted(cells.items(), key=lambda item: item[0][::-1]):
        table = permutations.get((identity, camera))
        by_number = {_number(str(data.names[row]), data.source): row for row in members.tolist()}
        if table is None or table.shape[1] != len(members) or set(by_number) != set(table[0].tolist()):
            expected = "none" if table is None else table.shape[1]
            raise FeatureError(
                f"{data.source}: identity {identity} has {len(members)} images of camera {camera}, the official lists "
                f"know {expected} (numbered from 1); score the complete test set, with names like cam1/0006/0001.jpg"
            )
        if len(members) < shots or trial >= len(table):
            raise FeatureError(
                f"{data.source}: trial {trial} with {shots} shots of identity {identity}, camera {camera} exceeds the "
                f"official lists of {len(table)} trials and {len(members)} images; lower --trials"
            )
        rows += [by_number[number] for number in table[trial, :shots].tolist()]
    return np.array(rows)


def load_permutations(path: str | Path) -> dict[tuple[int, int], np.ndarray]:
    """Read `rand_perm_cam.mat` of the SYSU-MM01 authors (needs SciPy).

    Returns for (identity, camera) the (10, n) permutations of 1..n; empty cells are left out.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if not Path(path).is_file():
        raise FeatureError(f"{path}: no such file")
    try:
        content = loadmat(path, variable_names=["rand_perm_cam"])
    except (OSError, ValueError, NotImplementedError, MatReadError) as error:
        raise FeatureError(f"{path}: not readable as a MATLAB file ({error})") from error
    if "rand_perm_cam" not in content:
        raise FeatureError(f"{path}: holds no variable rand_perm_cam; take the file of the SYSU-MM01 evaluation code")
    lists = {}
    for camera, column in enumerate(content["rand_perm_cam"].ravel(), start=1):
        for identity, table in enumerate(np.ravel(column), start=1):
            if not _are_permutations(table):
                raise FeatureError(
                    f"{path}: what it holds for identity {identity} and camera {camera} is no list of permutations; "
                    "copy the file anew"
                )
            if table.size:
                lists[identity, camera] = table.astype(np.int64)
    return lists


def _are_permutations(table: np.ndarray) -> bool:
    """Whether each row has the numbers from 1 once."""
    if not np.issubdtype(table.dtype, np.number) or table.ndim != 2:
        return False
    return bool((np.sort(table, axis=1) == np.arange(1, table.shape[1] + 1)).all())


def _cells(data: FeatureSet, rows: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Rows of each (identity, camera), in the string order of their names."""
    order = rows[np.lexsort((data.names[rows], data.cameras[rows], data.identities[rows]))]
    keys = np.stack([data.identities[order], data.cameras[order]], axis=1)
    edges = np.flatnonzero((keys[1:] != keys[:-1]).any(axis=1)) + 1
    first = keys[np.r_[0, edges]].tolist()
    return {tuple(key): cell for key, cell in zip(first, np.split(order, edges), strict=True)}


def _require_official(protocol: Protocol, permutations: Permutations | None) -> Permutations:
    if not protocol.official_draws:
        raise ValueError(f"{protocol.name} has no official gallery lists; use --gallery seeded")
    if permutations is None:
        raise ValueError(
            "the official galleries need --permutations rand_perm_cam.mat, a file of the SYSU-MM01 evaluation code "
            "(github.com/wuancong/SYSU-MM01, evaluation/data_split)"
        )
    return permutations


def _number(name: str, source: str) -> int:
    stem = PurePosixPath(name).stem
    if not stem.isdecimal():
        raise FeatureError(f"{source}: {name!r} does not end in an image number; names are like cam1/0006/0001.jpg")
    return int(stem)
