"""AGW: non-local attention, generalised mean pooling and a weighted triplet on the two-stream backbone.

Paper: Ye, Shen, Lin, Xiang, Shao, Hoi. "Deep Learning for Person Re-identification: A Survey and Outlook", TPAMI 2021.
Official code: mangye16/Cross-Modal-Re-ID-baseline.

New there: a strong plain baseline, from whose code most cross-modality methods start. Here it is a method and a host.

Printed, SYSU-MM01 all-search / RegDB visible to infrared, rank-1 and mAP:
    AGW 47.50 47.65 / 70.05 66.37

Departures and decisions:
    attention    the official code's form: one inner channel (a slip of its integer division, mended in a later
                 version, `nonlocal.inner=0`), no softmax, placed after the last two blocks of layer2 and the last
                 three of layer3; a backbone with fewer blocks has fewer
    test         the output of the BN neck; the official code reports the pooled vector too
"""

from torch import Tensor
from torch.nn import functional as F

from methods.blocks.backbone import TwoStream
from methods.blocks.heads import Neck, classifier
from methods.blocks.nonlocal_block import insert
from methods.blocks.pooling import generalised_mean
from methods.blocks.triplet import weighted_regularised
from methods.contract import Batch, Host, TrainingSet, split_groups
from methods.recipes import Recipe


class AGW(Host):
    """AGW as the recipe says."""

    TRAINING_ONLY = ("classifier",)

    def __init__(self, recipe: Recipe, training_set: TrainingSet):
        super().__init__()
        self.recipe = recipe
        self.weights = {name: recipe[f"loss.{name}"] for name in ("identity", "triplet")}
        self.backbone = TwoStream(recipe)
        width = self.backbone.channels[-1]
        self.neck = Neck(width)
        self.classifier = classifier(width, training_set.identities)
        insert(self.backbone, 2, recipe["nonlocal.layer2"], recipe["nonlocal.inner"])
        insert(self.backbone, 3, recipe["nonlocal.layer3"], recipe["nonlocal.inner"])

    def parameter_groups(self) -> list[dict]:
        return split_groups(self, self.backbone, self.recipe["optimizer.backbone_scale"])

    def losses_of(self, maps: Tensor, batch: Batch) -> dict[str, Tensor]:
        pooled = generalised_mean(maps, self.recipe["pooling.p"])  # (2*P*K, C)
        losses = {}
        if self.active("identity"):
            logits = self.classifier(self.neck(pooled))
            losses["identity"] = F.cross_entropy(logits, batch.labels, label_smoothing=self.recipe["loss.smoothing"])
        if self.active("triplet"):
            losses["triplet"] = weighted_regularised(pooled, batch.labels)
        return losses

    def embed(self, images: Tensor, modality: str) -> Tensor:
        pooled = generalised_mean(self.backbone.run(images, modality), self.recipe["pooling.p"])
        return pooled if self.recipe["feature.layer"] == "pooled" else self.neck(pooled)


METHOD = AGW
