"""MAUM: modality-specific proxies, frozen in memory banks, pull features of the other modality.

Paper: Liu, Sun, Zhu, Pei, Yang, Li. "Learning Memory-Augmented Unidirectional Metrics for Cross-modality Person
Re-identification", CVPR 2022.

New there: besides the classifier that both modalities share, each modality trains its own; the weights of these (its
proxies) are stored every few steps, and the features of one modality are pulled to the stored proxies of the other. The
older snapshots differ from the present weights (drift), which makes hard positives.

Printed, SYSU-MM01 all-search / RegDB visible to infrared, rank-1 and mAP:
    Baseline^G 49.45 47.21 / 64.22 58.21    MAUM^G 61.59 59.96 / 83.39 78.75
    Baseline^P 55.57 53.96 / 69.59 58.93    MAUM^P 71.68 68.79 / 87.87 85.09

Which run is which: `maum` is MAUM^G, `head.parts=6` MAUM^P, `bank.mode=current` MAUM^-, `um=off` the baseline, which
has the shared classifier alone; `bank.visible=0+bank.infrared=0` is Fig. 4a's size 0: three classifiers, no metric.

Departures and decisions (no official code exists):
    optimiser        the paper names none; the AGW lineage's, from common.yaml
    neck             not in the paper; G has the lineage's BN neck, and every loss and the test use its output
    part features    only 6 x 512 is printed; a strip's average, then PCB's 1x1 convolution, batch norm and ReLU
    bias             none in the classifiers, whose rows are the proxies
    bank size        3000, 1500 count vectors (7.6 snapshots of 395 identities, 7.3 of 206), kept as whole snapshots,
                     at least one; `bank.unit=sets` is the other reading
    interval         10 steps (sections 3.3 and 5), though the introduction says every iteration
    start            "fully trained" and lasting drift contradict one another; the bank and the metric start when
                     the warm-up ends (`bank.t0`), all in one stage
    stored           on the unit sphere, where Eq. 2 puts them at use
    imbalance        the infrared bank shrinks as section 3.2's ratio says, though its text speaks of compensation;
                     never above the printed 1500, which the ratio would make 1605; `bank.balance` has the others
    fragmentary      an identity without images in a modality has no proxies in that bank, and its features in the
                     other modality are left out of the metric
    zero             before the first snapshot the metric is a constant 0
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.blocks.backbone import TwoStream
from methods.blocks.bank import ProxyBank, infrared_size, sets_of, snapshots_before
from methods.blocks.heads import Neck, Reduction, classifier
from methods.blocks.pooling import average, strip_average
from methods.blocks.unidirectional import unidirectional
from methods.contract import Batch, Method, TrainingSet, split_groups
from methods.recipes import Recipe


class Embedding(nn.Module):
    """Feature maps (B, C, h, w) to the vectors (B, K, D) that all losses and the test see; K = 1 is the global one."""

    def __init__(self, channels: int, parts: int, width: int):
        super().__init__()
        self.parts = parts
        self.width = channels if parts == 1 else width
        self.head = Neck(channels) if parts == 1 else Reduction(parts, channels, width)

    def forward(self, maps: Tensor) -> Tensor:
        if self.parts == 1:
            return self.head(average(maps))[:, None]  # (B, 1, C)
        return self.head(strip_average(maps, self.parts))  # (B, K, D)


class Classifiers(nn.Module):
    """One identity classifier a strip; the rows of its weights are the proxies."""

    def __init__(self, parts: int, width: int, identities: int, smoothing: float):
        super().__init__()
        self.parts = nn.ModuleList(classifier(width, identities) for _ in range(parts))
        self.smoothing = smoothing

    def loss(self, x: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of features (B, K, D), mean over images, sum over strips (Eq. 1)."""
        pairs = zip(self.parts, x.unbind(1), strict=True)
        return torch.stack([F.cross_entropy(c(v), labels, label_smoothing=self.smoothing) for c, v in pairs]).sum()

    def proxies(self) -> Tensor:
        """The weights, (K, C, D)."""
        return torch.stack([cast(nn.Linear, linear).weight for linear in self.parts])


class MAUM(Method):
    """MAUM^G, MAUM^P, MAUM^- and their baselines, as the recipe says."""

    TRAINING_ONLY = ("common", "visible", "infrared", "banks")

    def __init__(self, recipe: Recipe, training_set: TrainingSet):
        super().__init__()
        self.recipe = recipe
        names = ("identity", "visible", "infrared", "unidirectional") if recipe["um"] else ("identity",)
        self.weights = {name: recipe[f"loss.{name}"] for name in names}
        self.backbone = TwoStream(recipe)
        self.embedding = Embedding(self.backbone.channels[-1], recipe["head.parts"], recipe["head.width"])
        heads = (recipe["head.parts"], self.embedding.width, training_set.identities, recipe["loss.smoothing"])
        self.common = Classifiers(*heads)
        if recipe["um"]:
            self.visible = Classifiers(*heads)
            self.infrared = Classifiers(*heads)
        self.banks = self._build_banks(training_set)
        self.start = recipe["bank.t0"] * training_set.steps_per_epoch
        self.interval = 1 if recipe["bank.mode"] == "current" else recipe["bank.dt"]

    def _build_banks(self, training_set: TrainingSet) -> nn.ModuleDict:
        """The banks in use: a modality's, if the metric has a weight and the bank a size."""
        recipe, identities = self.recipe, training_set.identities
        if not self.weights.get("unidirectional"):
            return nn.ModuleDict()
        seen = {"visible": training_set.visible, "infrared": training_set.infrared}
        sizes = {"visible": recipe["bank.visible"]}
        sizes["infrared"] = infrared_size(
            recipe["bank.balance"], sizes["visible"], recipe["bank.infrared"], *(sum(n) for n in seen.values())
        )
        sets = {name: sets_of(size, identities, recipe["bank.unit"]) for name, size in sizes.items()}
        if recipe["bank.mode"] == "current":
            sets = {name: min(count, 1) for name, count in sets.items()}
        width = self.embedding.width
        return nn.ModuleDict(
            {name: ProxyBank(recipe["head.parts"], n, seen[name], width) for name, n in sets.items() if n > 0}
        )

    def parameter_groups(self) -> list[dict]:
        return split_groups(self, self.backbone, self.recipe["optimizer.backbone_scale"])

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        x = self.embedding(self.backbone.joint(batch.visible, batch.infrared))  # (2*P*K, K, D)
        visible, infrared = x.split([len(batch.visible), len(batch.infrared)])
        losses = {}
        if self.active("identity"):
            losses["identity"] = self.common.loss(x, batch.labels)
        if self.recipe["um"]:
            if self.active("visible"):
                losses["visible"] = self.visible.loss(visible, batch.visible_labels)
            if self.active("infrared"):
                losses["infrared"] = self.infrared.loss(infrared, batch.infrared_labels)
            if self.active("unidirectional"):
                to_infrared = self._metric(visible, batch.visible_labels, "infrared", batch.step)
                to_visible = self._metric(infrared, batch.infrared_labels, "visible", batch.step)
                losses["unidirectional"] = to_infrared + to_visible
        return losses

    def _metric(self, x: Tensor, labels: Tensor, modality: str, step: int) -> Tensor:
        """Eq. 2 of features (B, K, D) against the bank of the other modality; 0 before its first snapshot."""
        count = snapshots_before(step, self.start, self.interval)
        if modality not in self.banks or count == 0:
            return x.new_zeros(())
        bank = cast(ProxyBank, self.banks[modality])
        scale, margin = self.recipe["unidirectional.scale"], self.recipe["unidirectional.margin"]
        return unidirectional(x, labels, bank.references(count), bank.valid, scale, margin)

    def after_step(self, step: int) -> None:
        if step < self.start or (step - self.start) % self.interval:
            return
        for modality, bank in self.banks.items():
            cast(ProxyBank, bank).push(getattr(self, modality).proxies(), first=step == self.start)

    def diagnostics(self) -> dict[str, float]:
        """Drift of each modality's proxies over the last interval (Eq. 4, Fig. 3a), once there are two snapshots."""
        drifts = {f"drift_{modality}": cast(ProxyBank, bank).drift.item() for modality, bank in self.banks.items()}
        return {name: drift for name, drift in drifts.items() if drift >= 0}

    def embed(self, images: Tensor, modality: str) -> Tensor:
        return self.embedding(self.backbone.run(images, modality)).flatten(1)


METHOD = MAUM
