"""HCT: part features of two modalities, their centres drawn together by a hetero-centre triplet.

Paper: Liu, Tan, Zhou. "Parameter Sharing Exploration and Hetero-Center Triplet Loss for Visible-Thermal Person
Re-identification", IEEE Transactions on Multimedia 2020.
Official code: hijune6/Hetero-center-triplet-loss-for-VT-Re-ID.

New there: how many stages the two streams should share (all but the first two), and a triplet between the centres of
identities in place of images. Here it is a method and a host, and with Adam the baseline that MSMNet describes.

Printed, SYSU-MM01 all-search / RegDB visible to infrared, rank-1 and mAP:
    HCT 61.68 57.51 / 91.05 83.28

Departures and decisions:
    settings     those of the official code's README by dataset, which differ from that code's defaults
    LLCM         newer than HCT; trained as SYSU-MM01
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.blocks.backbone import TwoStream
from methods.blocks.centres import hetero_centre_triplet
from methods.blocks.heads import Reduction, classifier
from methods.blocks.pooling import strip_generalised_mean
from methods.contract import Batch, Host, TrainingSet, split_groups
from methods.recipes import Recipe


class HCT(Host):
    """HCT as the recipe says."""

    TRAINING_ONLY = ("classifiers",)

    def __init__(self, recipe: Recipe, training_set: TrainingSet):
        super().__init__()
        self.recipe = recipe
        self.weights = {name: recipe[f"loss.{name}"] for name in ("identity", "triplet", "part_triplet")}
        self.backbone = TwoStream(recipe)
        self.strips = recipe["head.parts"]
        width = recipe["head.width"]
        self.reduction = Reduction(self.strips, self.backbone.channels[-1], width)
        self.classifiers = nn.ModuleList(classifier(width, training_set.identities) for _ in range(self.strips))

    def parameter_groups(self) -> list[dict]:
        return split_groups(self, self.backbone, self.recipe["optimizer.backbone_scale"])

    def losses_of(self, maps: Tensor, batch: Batch) -> dict[str, Tensor]:
        batch.require_pairs(self.recipe.method)
        x = self._parts(maps)  # (2*P*K, S, D)
        blocks = (batch.identities, batch.images, self.recipe["triplet.margin"])
        losses = {}
        if self.active("identity"):
            logits = torch.cat([c(part) for c, part in zip(self.classifiers, x.unbind(1), strict=True)])
            labels = batch.labels.repeat(self.strips)
            mean = F.cross_entropy(logits, labels, label_smoothing=self.recipe["loss.smoothing"])
            losses["identity"] = self.strips * mean  # a sum over strips
        if self.active("triplet"):
            losses["triplet"] = hetero_centre_triplet(x.flatten(1), *blocks)
        if self.active("part_triplet"):
            losses["part_triplet"] = hetero_centre_triplet(x, *blocks).sum()
        return losses

    def _parts(self, maps: Tensor) -> Tensor:
        """Maps (B, C, h, w) to one vector a strip, (B, S, D)."""
        return self.reduction(strip_generalised_mean(maps, self.strips, self.recipe["pooling.p"]))

    def embed(self, images: Tensor, modality: str) -> Tensor:
        return self._parts(self.backbone.run(images, modality)).flatten(1)


METHOD = HCT
