"""Reading a memory by content: rows are weighed by how well they match a query."""

from torch import Tensor
from torch.nn import functional

SCORES = ("cosine", "dot")


def scores(query: Tensor, keys: Tensor, temperature: float, score: str) -> Tensor:
    """How well each query matches each key, over the temperature: (…, M, C) and (…, N, C) -> (…, M, N).

    Args:
        temperature: τ > 0.
        score: `cosine` or `dot`.

    Raises:
        ValueError: for any other score.
    """
    if score not in SCORES:
        raise ValueError(f"score {score!r} is none of {', '.join(SCORES)}")
    if score == "cosine":
        query, keys = functional.normalize(query, dim=-1), functional.normalize(keys, dim=-1)
    return query @ keys.transpose(-2, -1) / temperature


def weights(matches: Tensor, threshold: float) -> Tensor:
    """Reading weights (…, M, N): softmax of the scores over the rows; those not above `threshold` become 0.

    What is left is scaled to sum to 1. A query whose every weight is cut reads nothing: its weights are all 0. With
    threshold 0 this is the softmax.
    """
    soft = matches.softmax(-1)
    if threshold == 0:
        return soft
    kept = functional.threshold(soft, threshold, 0.0)
    return kept * kept.sum(-1, keepdim=True).clamp(min=threshold).reciprocal()  # a third of the time of a norm
