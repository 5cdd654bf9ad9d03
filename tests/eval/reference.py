"""The definitions of docs/protocol.md, one query and one image at a time: slow and obvious."""

from fractions import Fraction

import numpy as np

from eval.protocol import Protocol


def rank_gallery(similarity, identities, cameras):
    """Columns by descending similarity; ties by identity, camera and column."""
    return sorted(range(len(similarity)), key=lambda g: (-similarity[g], identities[g], cameras[g], g))


def ignored(rules: Protocol, identity, camera, their_identity, their_camera):
    if rules.skip_rule == "camera-pairs":
        return (camera, their_camera) in rules.skip_pairs
    if rules.skip_rule == "same-identity-and-camera":
        return identity == their_identity and camera == their_camera
    return False


def score_query(similarity, identity, camera, identities, cameras, rules: Protocol):
    """(AP, INP, CMC rank) as exact fractions, or None for a query without a match."""
    ranked = [
        identities[g]
        for g in rank_gallery(similarity, identities, cameras)
        if not ignored(rules, identity, camera, identities[g], cameras[g])
    ]
    positions = [place for place, other in enumerate(ranked, start=1) if other == identity]
    if not positions:
        return None
    n = len(positions)
    precision = [Fraction(i, p) for i, p in enumerate(positions, start=1)]
    before = ranked[: positions[0] - 1]
    rank = 1 + (len(set(before)) if rules.cmc_level == "identity" else len(before))
    return sum(precision) / n, Fraction(n, positions[-1]), rank


def dot(a, b):
    """The similarity of two features as the evaluation defines it where rounding could decide."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    a, b = a / np.sqrt(np.add.reduce(a * a)), b / np.sqrt(np.add.reduce(b * b))
    return np.add.reduce(a * b)


def score_features(data, rules: Protocol, queries, gallery):
    """Percentages of one trial: rank-k, mAP, mINP, and the number of valid queries."""
    order = sorted(gallery, key=lambda g: (data.identities[g], data.cameras[g], data.names[g]))
    identities, cameras = data.identities[order], data.cameras[order]
    scores = []
    for q in queries:
        similarity = [dot(data.features[q], data.features[g]) for g in order]
        scores.append(score_query(similarity, data.identities[q], data.cameras[q], identities, cameras, rules))
    valid = [entry for entry in scores if entry is not None]
    result = {f"rank-{k}": 100 * sum(r <= k for _, _, r in valid) / len(valid) for k in (1, 5, 10, 20)}
    result["mAP"] = float(100 * sum(ap for ap, _, _ in valid) / len(valid))
    result["mINP"] = float(100 * sum(inp for _, inp, _ in valid) / len(valid))
    return result, len(valid)
