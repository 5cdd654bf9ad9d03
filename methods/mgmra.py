"""MG-MRA: a memory of prototypes, read by every place of the last map, regulates a host while it trains.

Paper: Chen, Wu, Wu, Wan. "Memory Regulation and Alignment toward Generalizer RGB-Infrared Person Re-identification",
arXiv 2109.08843. Official code: Chenfeng1271/MGMRA.

New there: prototypes on three levels (part, instance, semantic), the upper ones derived from the lower. What the map
reads from them is added to it in a branch of its own, with an identity loss, a triplet loss and a loss that makes parts
read alike. The branch is left out of the test: the feature is the host's.

Printed, RegDB visible to infrared, rank-1 and mAP (Table 3, which does not fit Table 1's 94.59 88.18):
    AGW 71.21 68.37, SG 73.96 67.46, MG 75.59 75.38    DDAG 68.78 61.02, SG 72.44 65.98, MG 73.20 66.00
    HCT 90.14 80.31, SG 90.93 81.80, MG 91.65 83.31

Which run is which: `mgmra` is MG-MRA on HCT; `host=agw` or `host=ddag` on another; `memory.kind=sg` SG-MRA, one level
of as many rows. A host without memory is that host's own run. The defaults are what the official code does; the
paper's equations as printed are `instance.level=instance+memory.chain=on+memory.score=cosine+memory.shrink=0`.

Departures and decisions:
    code or paper   the code's reading is the default although the paper's equations differ: a softmax of cosines over
                    thousands of rows (Eq. 5) is nearly the same for every query, and three in a row (Eq. 8) more so
    L_M             not defined in the paper; the branch's identity loss, whose weight in the code is lambda 1
    L_ins           a mean squared error, as in the code; its constant offset there has no gradient and is left out
    L_sem           the hetero-centre triplet on the branch's pooled feature, as in the code; others by `semantic.rule`
    groups          an instance's parts are the rows of its own block; the code mixes them up (`memory.scramble=on`)
    modalities      one memory for both, as in the code; Figure 2's doubled levels are `memory.private=on`
    shrink          the code cuts weights of 0.0025 and less with 206 semantic rows, elsewhere it is the same share of
                    1 / rows. Random features pass it on no part row, so that L_ins, and SG-MRA's only read, may start
                    at 0 and stay there; the history's `surviving` columns tell
    size            by the training identities; the code has 206 on both datasets (`memory.identities=206`)
    beta            0.05 stands in no equation and is not used
    learning rate   memory, branch norm and branch classifier learn at the backbone's rate (code); the code's README
                    lowers the rate on SYSU-MM01
    host            its settings are its own; the code trains HCT's RegDB settings on both datasets
    global hosts    AGW and DDAG: the same six strips of the last map, the same branch

Cost: the branch needs only the mean of what a map reads, which is the mean of its weights times the rows, so no read is
laid out place by place; and L_ins subtracts weights before it looks up rows. What is left on SYSU-MM01 (96 images of
162 places) is to score 15,552 queries against 11,850 part rows of 2,048 channels, 0.75 TFLOP forward, and to look up
half as many differences, 0.38 TFLOP, with 0.7 GB for each copy of the weights; both for L_ins alone. The semantic read
scores 395 rows, 0.025 TFLOP.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.blocks.centres import hetero_centre_triplet
from methods.blocks.distances import euclidean
from methods.blocks.heads import classifier
from methods.blocks.hierarchy import Hierarchy, prototypes
from methods.blocks.pooling import average
from methods.blocks.reading import scores, weights
from methods.blocks.triplet import batch_hard
from methods.contract import Batch, Host, Method, TrainingSet
from methods.recipes import Recipe


class Branch(nn.Module):
    """The memory, and the norm and classifier behind it; it exists in training only."""

    def __init__(self, recipe: Recipe, channels: int, identities: int):
        super().__init__()
        self.recipe = recipe
        semantics = recipe["memory.semantics"] * (recipe["memory.identities"] or identities)
        instances, parts = recipe["memory.instances"], recipe["memory.parts"]
        self.threshold = recipe["memory.shrink"] / semantics
        self.hierarchical = recipe["memory.kind"] == "mg"
        self.top = "semantic" if self.hierarchical else "part"
        if self.hierarchical:
            sets = 2 if recipe["memory.private"] else 1
            self.memory = Hierarchy(sets, semantics, instances, parts, channels, recipe["memory.scramble"])
        else:
            self.rows = prototypes(1, semantics * instances * parts, channels)
        self.norm = nn.BatchNorm1d(channels)
        nn.init.normal_(self.norm.weight, 1.0, 0.01)
        self.classifier = classifier(channels, identities)

    def read(self, maps: Tensor, wanted: set[str]) -> dict[str, tuple[Tensor, Tensor]]:
        """Weights (B, h * w, M) of every place of maps (B, C, h, w), and rows (S, M, C), of the wanted levels.

        With `memory.chain` what is read on one level is the query of the next (Eq. 8), and every level is read.
        """
        query, found = maps.flatten(2).transpose(1, 2), {}  # (B, h * w, C)
        chain = self.recipe["memory.chain"]
        for level, rows in self.memory.levels().items() if self.hierarchical else [("part", self.rows)]:
            if chain or level in wanted:
                found[level] = self._address(query, rows), rows
            if chain and level != self.top:
                query = look_up(*found[level])
        return found

    def _address(self, query: Tensor, rows: Tensor) -> Tensor:
        """Eq. 5; block s of the batch reads set s."""
        matches = scores(query.reshape(len(rows), -1, query.shape[2]), rows, 1.0, self.recipe["memory.score"])
        return weights(matches, self.threshold).reshape(*query.shape[:2], -1)


def look_up(found: Tensor, rows: Tensor) -> Tensor:
    """What weights (B, L, M) read from rows (S, M, C), (B, L, C)."""
    return (found.reshape(len(rows), -1, found.shape[2]) @ rows).reshape(*found.shape[:2], -1)


def pooled_sum(maps: Tensor, found: Tensor, rows: Tensor) -> Tensor:
    """Mean over places of maps (B, C, h, w) plus what weights (B, h * w, M) read from rows (1, M, C), (B, C)."""
    return average(maps) + found.mean(1) @ rows[0]


def halves_apart(x: Tensor, order: list[int]) -> Tensor:
    """Strips in this order, first half minus second half: (B, h * w, D) -> (B, h * w / 2, D)."""
    strips = x.unflatten(1, (len(order), -1))  # (B, strips, places, D)
    half = len(order) // 2
    pairs = zip(order[:half], order[half:], strict=True)
    return torch.cat([strips[:, a] - strips[:, b] for a, b in pairs], dim=1)


def random_triplet(x: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Triplet loss of each row of (B, D) with one positive and one negative drawn at random, a scalar."""
    distance, same = euclidean(x, x), labels[:, None] == labels[None, :]
    draw = torch.rand_like(distance)
    terms = []
    for allowed in (same & ~torch.eye(len(x), dtype=torch.bool, device=x.device), ~same):
        drawn = draw.masked_fill(~allowed, -1.0)
        terms.append(distance.masked_fill(drawn != drawn.amax(1, keepdim=True), 0).sum(1))
    return (margin + terms[0] - terms[1]).relu().mean()


class MGMRA(Method):
    """MG-MRA or SG-MRA on a host, as the recipe says."""

    def __init__(self, recipe: Recipe, training_set: TrainingSet, host: Host):
        super().__init__()
        self.recipe, self.host, self.steps = recipe, host, training_set.steps_per_epoch
        names = ("memory", "instance", "semantic") if recipe["memory.kind"] == "mg" else ("memory", "semantic")
        self.weights = host.weights | {name: recipe[f"loss.{name}"] for name in names}
        self.branch = Branch(recipe, host.backbone.channels[-1], training_set.identities)
        self.surviving: dict[str, Tensor] = {}
        self.TRAINING_ONLY = ("branch", *(f"host.{name}" for name in host.TRAINING_ONLY))

    def parameter_groups(self) -> list[dict]:
        branch = {"params": list(self.branch.parameters()), "scale": self.recipe["optimizer.backbone_scale"]}
        return [*self.host.parameter_groups(), branch]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        batch.require_pairs("mgmra")
        maps = self.host.maps(batch)  # (2*P*K, C, h, w)
        losses = self.host.losses_of(maps, batch)
        top, level = self.branch.top, self.recipe["instance.level"]
        pooled = self.active("memory") or self.active("semantic")
        apart = "instance" in self.weights and self.active("instance")
        if not (pooled or apart):
            return losses
        read = self.branch.read(maps, {*[top] * pooled, *[level] * apart})
        if batch.step % self.steps == 0:
            self.surviving = {name: found.detach().count_nonzero() / found.numel() for name, (found, _) in read.items()}
        if pooled:
            losses |= self._pooled_losses(pooled_sum(maps, *read[top]), batch)
        if apart:
            losses["instance"] = self._instance_loss(*read[level], batch.step)
        return losses

    def _pooled_losses(self, x: Tensor, batch: Batch) -> dict[str, Tensor]:
        """L_M and L_sem (Eq. 11) on the branch's pooled features (2*P*K, C)."""
        losses, margin = {}, self.recipe["semantic.margin"]
        if self.active("memory"):
            logits, smoothing = self.branch.classifier(self.branch.norm(x)), self.recipe["loss.smoothing"]
            losses["memory"] = F.cross_entropy(logits, batch.labels, label_smoothing=smoothing)
        if self.active("semantic"):
            if self.recipe["semantic.rule"] == "centre":
                losses["semantic"] = hetero_centre_triplet(x, batch.identities, batch.images, margin)
            else:
                rule = {"batch_hard": batch_hard, "random": random_triplet}[self.recipe["semantic.rule"]]
                losses["semantic"] = rule(x, batch.labels, margin)
        return losses

    def _instance_loss(self, found: Tensor, rows: Tensor, step: int) -> Tensor:
        """L_ins (Eq. 10): mean square between what two random halves of the strips read, place by place.

        The step seeds the draw: in the common stream it and a host's dropout would shift one another.
        """
        generator = torch.Generator().manual_seed(step)
        order = torch.randperm(self.recipe["memory.strips"], generator=generator).tolist()
        return look_up(halves_apart(found, order), rows).square().mean()

    def after_step(self, step: int) -> None:
        self.host.after_step(step)

    def diagnostics(self) -> dict[str, float]:
        """Share of reading weights that the shrink leaves, by level, at the first step of the epoch."""
        return {f"surviving_{level}": share.item() for level, share in self.surviving.items()}

    def embed(self, images: Tensor, modality: str) -> Tensor:
        return self.host.embed(images, modality)


METHOD = MGMRA
