"""DDAG: attention between the parts of an image and between the images of a batch.

Paper: Ye, Shen, Crandall, Shao, Luo. "Dynamic Dual-Attentive Aggregation Learning for Visible-Infrared Person
Re-identification", ECCV 2020. Official code: mangye16/DDAG.

New there: an image's parts attend to one another and are added to its global feature (IWPA); in training, images of
one identity attend to one another across modalities in a graph (CGSA), whose loss gains weight as the others fall.
Here it is a method and a host.

Printed, SYSU-MM01 all-search / RegDB visible to infrared, rank-1 and mAP:
    DDAG 54.75 53.02 / 69.34 63.46

Written after the official code, so that equations are cited by the part of the paper and not by their number.

Departures and decisions:
    aggregation   the normalised global feature plus the weighted parts, through a second batch normalisation, as the
                  official code has it
    part weights  a softmax of learned values, equal at first (official code)
    classifier    one for the global and for the aggregated feature (official code)
    graph         only where an adjacency is positive matters to the attention, so labels are compared and nothing is
                  normalised; an image is always its own neighbour
    pairs         asked for, since without an identity in both blocks no edge of the graph crosses the modalities
    dynamic       the factor 1 / (1 + mean of the other losses over the previous epoch) is 0 in the first epoch
                  (official code); the loss called `graph` has it in
    test          the aggregated feature, which the official code selects by
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.blocks.backbone import TwoStream
from methods.blocks.heads import Neck, classifier
from methods.blocks.pooling import average, strip_average
from methods.blocks.triplet import batch_hard
from methods.contract import Batch, Host, TrainingSet, split_groups
from methods.recipes import Recipe


class PartAttention(nn.Module):
    """IWPA: parts attend to one another, and their weighted sum is added to the global feature."""

    def __init__(self, channels: int, parts: int):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(channels, channels) for _ in range(3))  # u, v, z
        self.importance = nn.Parameter(torch.zeros(parts))
        self.neck = Neck(channels)

    def forward(self, maps: Tensor, whole: Tensor) -> Tensor:
        """Maps (B, C, h, w) and their normalised global features (B, C) to aggregated features (B, C)."""
        x = strip_average(maps, len(self.importance))  # (B, p, C)
        attention = (self.query(x) @ self.key(x).transpose(1, 2)).softmax(2)  # (B, p, p)
        return self.neck(whole + self.importance.softmax(0) @ (attention @ self.value(x)))


class GraphAttention(nn.Module):
    """One head of CGSA over the images of a batch: each becomes a mean of its neighbours, (B, D) -> (B, E)."""

    def __init__(self, inputs: int, outputs: int, slope: float, dropout: float):
        super().__init__()
        self.reduce = nn.Linear(inputs, outputs, bias=False)  # h
        self.score = nn.Linear(outputs, 2, bias=False)  # the halves of w that see the one and the other image
        self.slope, self.dropout = slope, dropout
        gain = nn.init.calculate_gain("relu")
        nn.init.xavier_uniform_(self.reduce.weight, gain)
        bound = gain * (6 / (2 * outputs + 1)) ** 0.5  # Xavier's for the two halves as one vector
        nn.init.uniform_(self.score.weight, -bound, bound)

    def forward(self, x: Tensor, neighbours: Tensor) -> Tensor:
        reduced = self.reduce(x)
        of, to = self.score(reduced).unbind(1)
        logits = F.leaky_relu(of[:, None] + to[None, :], self.slope)
        attention = logits.masked_fill(~neighbours, -torch.inf).softmax(1)
        return F.elu(F.dropout(attention, self.dropout, self.training) @ reduced)


class Graph(nn.Module):
    """CGSA: several heads side by side, then one that ends in identities, (B, C) -> logits (B, identities)."""

    def __init__(self, recipe: Recipe, channels: int, identities: int):
        super().__init__()
        heads, width = recipe["graph.heads"], recipe["graph.width"]
        self.dropout = recipe["graph.dropout"]
        shape = (recipe["graph.slope"], self.dropout)
        self.heads = nn.ModuleList(GraphAttention(channels, width, *shape) for _ in range(heads))
        self.out = GraphAttention(heads * width, identities, *shape)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        neighbours = labels[:, None] == labels[None, :]
        x = F.dropout(x, self.dropout, self.training)
        x = torch.cat([head(x, neighbours) for head in self.heads], dim=1)
        return self.out(F.dropout(x, self.dropout, self.training), neighbours)


class DDAG(Host):
    """DDAG as the recipe says."""

    TRAINING_ONLY = ("classifier", "graph", "seen", "factor")
    latest: Tensor
    seen: Tensor
    factor: Tensor

    def __init__(self, recipe: Recipe, training_set: TrainingSet):
        super().__init__()
        self.recipe, self.steps = recipe, training_set.steps_per_epoch
        self.weights = {name: recipe[f"loss.{name}"] for name in ("identity", "triplet", "part", "graph")}
        self.backbone = TwoStream(recipe)
        width = self.backbone.channels[-1]
        self.neck = Neck(width)
        self.classifier = classifier(width, training_set.identities)
        self.parts = PartAttention(width, recipe["attention.parts"])
        self.graph = Graph(recipe, width, training_set.identities)
        self.register_buffer("latest", torch.zeros(()), persistent=False)  # L_P of the step under way
        self.register_buffer("seen", torch.zeros(()))  # sum of L_P over the steps of this epoch
        self.register_buffer("factor", torch.zeros(()))  # of the graph loss

    def parameter_groups(self) -> list[dict]:
        return split_groups(self, self.backbone, self.recipe["optimizer.backbone_scale"])

    def losses_of(self, maps: Tensor, batch: Batch) -> dict[str, Tensor]:
        batch.require_pairs(self.recipe.method)
        labels, pooled = batch.labels, average(maps)  # (2*P*K, C)
        normal, losses = self.neck(pooled), {}
        if self.active("identity"):
            losses["identity"] = self._cross_entropy(self.classifier(normal), labels)
        if self.active("triplet"):
            losses["triplet"] = batch_hard(pooled, labels, self.recipe["triplet.margin"])
        if self.active("part"):
            losses["part"] = self._cross_entropy(self.classifier(self.parts(maps, normal)), labels)
        self.latest = self.total({name: loss.detach() for name, loss in losses.items()})
        if self.active("graph"):
            losses["graph"] = self.factor * F.cross_entropy(self.graph(pooled, labels), labels)
        return losses

    def _cross_entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels, label_smoothing=self.recipe["loss.smoothing"])

    def after_step(self, step: int) -> None:
        self.seen += self.latest
        if (step + 1) % self.steps == 0:
            self.factor = 1 / (1 + self.seen / self.steps)
            self.seen = torch.zeros_like(self.seen)

    def embed(self, images: Tensor, modality: str) -> Tensor:
        maps = self.backbone.run(images, modality)
        return self.parts(maps, self.neck(average(maps)))


METHOD = DDAG
