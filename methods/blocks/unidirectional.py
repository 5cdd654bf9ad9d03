"""The unidirectional metric: features of one modality against frozen proxies of the other (MAUM, Eq. 2)."""

import torch
from torch import Tensor
from torch.nn import functional as F


def unidirectional(x: Tensor, labels: Tensor, references: Tensor, valid: Tensor, scale: float, margin: float) -> Tensor:
    """Circle-style loss of features against references, mean over the features, sum over strips; a scalar.

    Eq. 2, `log(1 + sum_j sum_i exp(scale (v_j x - u_i x + margin)))` with positives u and negatives v, in its equal and
    stable form `softplus(LSE_j(scale v_j x) + LSE_i(-scale u_i x) + scale margin)`.

    Args:
        x: (B, K, D) features, normalised here.
        labels: (B,) identities of the features.
        references: (K, S, C, D) unit rows, S for each of C identities; no gradient reaches them.
        valid: (C,) identities that have references. The others are no negatives, and their features are left out of
            the mean.
        scale, margin: the paper's alpha and delta.
    """
    cosine = torch.einsum("bkd,kscd->bksc", F.normalize(x, dim=-1), references.detach())
    similarity = scale * cosine.to(references.dtype)  # (B, K, S, C); half precision would not carry the sums below
    own = F.one_hot(labels, len(valid)).bool()[:, None, None]  # (B, 1, 1, C)
    positive = (-similarity).masked_fill(~own, -torch.inf).logsumexp((2, 3))  # (B, K)
    negative = similarity.masked_fill(own | ~valid, -torch.inf).logsumexp((2, 3))  # (B, K)
    # beyond the default threshold of 20 softplus is cut to a line, which is off by 2e-9
    loss = F.softplus(negative + positive + scale * margin, threshold=40).sum(1)  # (B,)
    anchors = (own[:, 0, 0] & valid).any(1)  # (B,)
    return (loss * anchors).sum() / anchors.sum().clamp(min=1)
