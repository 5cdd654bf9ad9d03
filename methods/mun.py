"""MUN: a learned auxiliary modality between the visible and the infrared one.

Paper: Yu, Cheng, Peng, Liu, Zhao. "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023.

New there: in training, a generator makes auxiliary feature maps from the early maps of a visible and an infrared image
of one identity. They pass the shared stages beside the other two; both modalities' classifiers must know them, identity
centres are aligned with theirs, and accumulated prototypes of the three modalities are aligned as distributions.

Printed, SYSU-MM01 all-search / RegDB visible to infrared, rank-1 and mAP:
    B   57.49 55.83 / 75.42 71.93    MUN 76.24 73.81 / 95.19 87.15

Which run is which: `mun` is MUN; `aux=off` baseline B; `aux=x`, `mixed`, `syncretic` are Table 2's; `ma.prototype=off`
and `ma.bridge=off` Table 3's.

Departures and decisions (no official code exists):
    private stages  stem and layer1, so that the generator works on 256 channels of 72 x 36 positions
    kernels         Eq. 2: 5x5 on the first half of the channels, 7x7 on the second; the text swaps them
    layer scales    one factor a channel, a sigmoid's output, at first 0.98: without a residual around it, ConvNeXt's
                    1e-6 would be undone by the next batch normalisation
    passed on       visible and infrared maps go to layer2 as they are, not as the learners change them: the test has
                    no generator
    neck            not in the paper; the lineage's, shared by the three modalities; classifiers and test use its output
    L_tri           batch hard over visible and infrared rows; the auxiliary ones have L_ia
    L_ia            cut off at 0 (`ia.hinge`), summed over identities as printed (`ia.reduce`)
    L_id^a          a classifier of its own, weight 1
    slots           row r of a prototype table is row r of every batch, as Eq. 13-14 define, whoever stands there;
                    `ma.unit=identity` keeps K rows for each identity instead
    W_p             one C x C matrix a modality, the identity at first, without a term against its collapse: the
                    discrepancy does not change when all its inputs shrink
    beta            rises linearly with the step; at the last step nothing of the past is left
    prototype off   L_ma compares the features of the batch, without W_p
    through batch   in training, batch normalisation of the shared stages mixes the three modalities, so that every loss
    statistics      reaches every stream a little; who trains what holds with these statistics frozen
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.blocks.backbone import TwoStream
from methods.blocks.centres import centres, identity_alignment
from methods.blocks.heads import Neck, classifier
from methods.blocks.intermediate import Intermediate, Mixed, Syncretic, XModality
from methods.blocks.mmd import discrepancy
from methods.blocks.pooling import generalised_mean
from methods.blocks.prototypes import Prototypes
from methods.blocks.triplet import batch_hard
from methods.contract import MODALITIES, Batch, Method, TrainingSet, split_groups
from methods.recipes import Recipe

AUXILIARY_LOSSES = ("auxiliary", "consistency", "identity_alignment", "modality_alignment")


class LayerScale(nn.Module):
    """A learned factor in (0, 1) for each channel of a map."""

    def __init__(self, channels: int, initial: float):
        super().__init__()
        self.raw = nn.Parameter(torch.full((channels, 1, 1), initial))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.raw.sigmoid()


class IntraModalityLearner(nn.Module):
    """IML, Eq. 1-5: patterns of one modality over several receptive fields, (n, C, h, w) -> the same shape."""

    def __init__(self, channels: int, expansion: int, scale: float):
        super().__init__()
        half, wide = channels // 2, channels * expansion
        self.five = nn.Conv2d(half, half, 5, padding=2, groups=half, bias=False)
        self.seven = nn.Conv2d(half, half, 7, padding=3, groups=half, bias=False)
        self.widen = nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, wide, 1))
        self.remodel = nn.Conv2d(wide, wide, 3, padding=1, groups=wide, bias=False)
        self.narrow = nn.Sequential(nn.BatchNorm2d(wide), nn.Conv2d(wide, channels, 1))
        self.scale = LayerScale(channels, scale)

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=1)  # Eq. 1
        fields = torch.cat([self.five(first), self.seven(second)], dim=1)  # Eq. 2
        wide = self.widen(fields)  # Eq. 3
        wide = self.remodel(wide.relu()) + wide  # Eq. 4
        return self.scale(self.narrow(wide))  # Eq. 5


class CrossModalityLearner(nn.Module):
    """CML, Eq. 6-9: patterns that both modalities share, from pyramids of paired maps (n, C, h, w) -> the same shape.

    Raises:
        ValueError: if a ratio does not divide height and width of the maps.
    """

    def __init__(self, channels: int, ratios: list[int], rebuild: str, scale: float):
        super().__init__()
        self.ratios = ratios
        groups = channels if rebuild == "depthwise" else 1
        self.rebuild = nn.ModuleList(
            nn.ConvTranspose2d(channels, channels, ratio, stride=ratio, groups=groups, bias=False) for ratio in ratios
        )
        wide = 2 * len(ratios) * channels
        self.fuse = nn.Sequential(nn.BatchNorm2d(wide), nn.Conv2d(wide, channels, 1))
        self.scale = LayerScale(channels, scale)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        both = torch.cat([visible, infrared])  # (2n, C, h, w)
        for ratio in self.ratios:
            if both.shape[2] % ratio or both.shape[3] % ratio:
                raise ValueError(f"pyramid.ratios: {ratio} does not divide a map of {both.shape[2]} x {both.shape[3]}")
        scales = [up(F.avg_pool2d(both, ratio)) for up, ratio in zip(self.rebuild, self.ratios, strict=True)]  # Eq. 6-7
        stacked = torch.cat(torch.cat(scales, dim=1).chunk(2), dim=1)  # Eq. 8, (n, 2 * ratios * C, h, w)
        return self.scale(self.fuse(stacked))  # Eq. 9


class Generator(nn.Module):
    """Auxiliary maps (n, C, h, w) of paired visible and infrared maps, Fig. 3."""

    def __init__(self, channels: int, recipe: Recipe):
        super().__init__()
        expansion, scale = recipe["iml.expansion"], recipe["scale.initial"]
        self.visible = IntraModalityLearner(channels, expansion, scale)
        self.infrared = IntraModalityLearner(channels, expansion, scale)
        self.cross = CrossModalityLearner(channels, recipe["pyramid.ratios"], recipe["pyramid.rebuild"], scale)
        self.relu = recipe["generator.relu"]

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        made = self.cross(self.visible(visible), self.infrared(infrared))
        return made.relu() if self.relu else made


class MUN(Method):
    """MUN, its baseline and its variants, as the recipe says."""

    TRAINING_ONLY = ("classifiers", "auxiliary_classifier", "generator", "intermediate", "prototypes")

    def __init__(self, recipe: Recipe, training_set: TrainingSet):
        super().__init__()
        self.recipe = recipe
        self.weights = {f"identity_{modality}": recipe["loss.identity"] for modality in MODALITIES}
        names = ("triplet",) if recipe["aux"] == "off" else ("triplet", *AUXILIARY_LOSSES)
        self.weights |= {name: recipe[f"loss.{name}"] for name in names}
        self.last_step = max(training_set.steps - 1, 1)
        self.backbone = TwoStream(recipe)
        width, identities = self.backbone.channels[-1], training_set.identities
        self.neck = Neck(width)
        self.classifiers = nn.ModuleDict({m: classifier(width, identities) for m in MODALITIES})
        if recipe["aux"] != "off":
            self._add_third_modality(width, identities)

    def _add_third_modality(self, width: int, identities: int) -> None:
        recipe, kind = self.recipe, self.recipe["aux"]
        if kind == "mun":
            self.generator = Generator(self.backbone.channels[self.backbone.split - 1], recipe)
        else:
            images = {"x": XModality, "mixed": lambda: Mixed(recipe["mixed.ratio"]), "syncretic": Syncretic}
            self.intermediate = Intermediate(images[kind](), self.backbone)
        if self.active("modality_alignment") and recipe["ma.prototype"]:
            slots = identities if recipe["ma.unit"] == "identity" else recipe["batch.identities"]
            self.prototypes = Prototypes(3 if recipe["ma.bridge"] else 2, slots, recipe["batch.images"], width)
        if self.active("auxiliary"):
            self.auxiliary_classifier = classifier(width, identities)

    def parameter_groups(self) -> list[dict]:
        pretrained = nn.ModuleList([self.backbone])
        if hasattr(self, "intermediate"):
            pretrained.append(self.intermediate.stream)
        return split_groups(self, pretrained, self.recipe["optimizer.backbone_scale"])

    def pooled(self, batch: Batch) -> Tensor:
        """Z, (2*P*K, C) or (3*P*K, C): visible, infrared and, if there is one, auxiliary block."""
        split = self.backbone.split
        visible = self.backbone.run(batch.visible, "visible", 0, split)
        infrared = self.backbone.run(batch.infrared, "infrared", 0, split)
        maps = [visible, infrared]
        if self.recipe["aux"] != "off":
            if self.recipe["aux"] == "mun":
                maps.append(self.generator(visible, infrared))
            else:
                maps.append(self.intermediate(batch.visible, batch.infrared))
        return generalised_mean(self.backbone.rest(torch.cat(maps), split), self.recipe["pooling.p"])

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        batch.require_pairs("MUN")
        z = self.pooled(batch)
        visible, infrared, *auxiliary = self.neck(z).split(len(batch.visible))  # (P*K, C) each
        losses = {}
        own = (("visible", visible, batch.visible_labels), ("infrared", infrared, batch.infrared_labels))
        for modality, x, labels in own:
            if self.active(f"identity_{modality}"):  # Eq. 10
                losses[f"identity_{modality}"] = self._cross_entropy(self.classifiers[modality], x, labels)
        if self.active("triplet"):
            losses["triplet"] = batch_hard(z[: len(batch.labels)], batch.labels, self.recipe["triplet.margin"])
        if auxiliary:
            losses |= self._auxiliary_losses(z, auxiliary[0], batch)
        return losses

    def _cross_entropy(self, linear: nn.Module, x: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(linear(x), labels, label_smoothing=self.recipe["loss.smoothing"])

    def _auxiliary_losses(self, z: Tensor, auxiliary: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The losses of the third modality from all Z (3*P*K, C) and the auxiliary rows behind the neck (P*K, C)."""
        recipe, losses = self.recipe, {}
        labels = batch.visible_labels
        if self.active("auxiliary"):  # L_id^a
            losses["auxiliary"] = self._cross_entropy(self.auxiliary_classifier, auxiliary, labels)
        if self.active("consistency"):  # Eq. 11
            terms = [self._cross_entropy(linear, auxiliary, labels) for linear in self.classifiers.values()]
            losses["consistency"] = terms[0] + terms[1]
        if self.active("identity_alignment"):  # Eq. 12
            v, n, a = centres(z, batch.identities, batch.images)
            each = identity_alignment(v, n, a, recipe["ia.margin"], recipe["ia.hinge"])  # (P,)
            losses["identity_alignment"] = each.sum() if recipe["ia.reduce"] == "sum" else each.mean()
        if self.active("modality_alignment"):
            losses["modality_alignment"] = self._modality_alignment(z, batch)
        return losses

    def beta(self, step: int) -> float:
        """Weight of a step's features in the prototypes: rises linearly from the first step to the last."""
        done = min(step / self.last_step, 1.0)
        return (1 - done) * self.recipe["ma.beta_start"] + done * self.recipe["ma.beta_end"]

    def _modality_alignment(self, z: Tensor, batch: Batch) -> Tensor:
        """Eq. 13-16: mean over identities of the discrepancies between the modalities' prototypes."""
        recipe = self.recipe
        tables = z.unflatten(0, (3, batch.identities, batch.images))  # (3, P, K, C)
        tables = tables if recipe["ma.bridge"] else tables[:2]
        if recipe["ma.prototype"]:
            places = batch.visible_labels[:: batch.images]
            if recipe["ma.unit"] == "slot":
                places = torch.arange(batch.identities, device=z.device)
            tables = self.prototypes(tables, places, self.beta(batch.step))
        visible, infrared, *bridge = tables
        pairs = [(visible, bridge[0]), (bridge[0], infrared)] if bridge else [(visible, infrared)]
        terms = [discrepancy(a, b, recipe["ma.kernels"], recipe["ma.multiplier"]).mean() for a, b in pairs]
        return torch.stack(terms).sum()

    def diagnostics(self) -> dict[str, float]:
        """Largest weight of W_p and spread of the kept prototypes: what would show their collapse."""
        if not hasattr(self, "prototypes"):
            return {}
        return {
            "prototype_weight": self.prototypes.weight.abs().amax().item(),
            "prototype_spread": self.prototypes.kept.std(dim=(1, 2)).mean().item(),
        }

    def streams(self, batch: Batch) -> dict[str, Tensor]:
        """The features of Fig. 4: visible, infrared and, if there is one, auxiliary."""
        names = (*MODALITIES, "auxiliary")
        return dict(zip(names, self.neck(self.pooled(batch)).split(len(batch.visible)), strict=False))

    def embed(self, images: Tensor, modality: str) -> Tensor:
        pooled = generalised_mean(self.backbone.run(images, modality), self.recipe["pooling.p"])
        return pooled if self.recipe["feature.layer"] == "pooled" else self.neck(pooled)


METHOD = MUN
