"""MRCN: what instance normalisation removes is given back to the image, or exchanged with the other modality.

Paper: Zhang, Yan, Li, Wang. "MRCN: A Novel Modality Restitution and Compensation Network for Visible-Infrared Person
Re-identification", AAAI 2023.

New there: after one stage of the backbone each modality is instance-normalised. From the residual one gate selects what
identifies the person and restitutes it to the same image (MRM), another what belongs to the modality and adds it to the
image of the other modality (MCM). All six kinds of maps pass the rest of the backbone, and a loss on quadruples of
centres pulls the made features over to the other modality's originals (CQC).

Printed, RegDB visible to infrared / SYSU-MM01 all-search, rank-1 and mAP:
    baseline 78.2 70.4 / 60.7 57.7    MRCN 91.4 84.6 / 68.9 65.5    MRCN-P 95.1 89.2 / 70.8 67.3

Which run is which: `mrcn` is MRCN; `head.parts=6` MRCN-P; `module=none` the baseline, `module=mrm` or `mcm` one module
with its half of the loss, `module=snr` the comparison with SNR (Jin et al. 2020); `loss.cqc=0` without the loss.

Departures and decisions (no official code exists; "sister code" is the first author's MMN and DEEN):
    base of MRM        Eq. 5 prints F, its text and SNR the normalised map, like Eq. 7: normalised; `restitute=original`
    residual           F minus its normalised map (Eq. 3), though the text below has lost the tilde
    reduction of CQC   Eq. 8 sums over identities; mean, as in the sister code; `cqc.reduce=sum`
    gradient of CQC    the sister code detaches the own modality's distance, Eq. 8 does not: not; `cqc.detach=on`
    conflict of CQC    by the triangle inequality a loss of 0 keeps the two original centres the margin apart; accepted,
                       and their distance stands in the history (`centre_distance`)
    inputs             identity loss on all six kinds, triplet loss on each pair of kinds, averaged over the three pairs
    space              triplet and CQC on pooled features, identity loss and test behind the BN neck (sister code)
    pairs              MCM exchanges between row j of both blocks, which share an identity and nothing else
    stage 0            ends after max pooling; from stage 1 on the modules stay private though the stage is shared
    gates              SE without bias, as SE's equation 3 is
    parts              MRCN-P is not described: 6 average-pooled strips, each with its neck and classifier and without
                       reduction, losses averaged over strips, whole-vector normalisation at test (sister code)
    SNR                one block shared by both modalities, complementary gates; causality loss from batch-hard triplet
                       distances of the pooled maps where the block stands; the network goes on from the restored map
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.blocks.backbone import TwoStream
from methods.blocks.centres import centres, cross_modality_quadruple
from methods.blocks.gates import gate
from methods.blocks.heads import Neck, classifier
from methods.blocks.pooling import average, strip_average
from methods.blocks.triplet import batch_hard, hardest
from methods.contract import MODALITIES, Batch, Method, TrainingSet, split_groups
from methods.recipes import Recipe

SWITCHES = {"mrcn": ("restituted", "compensated"), "mrm": ("restituted",), "mcm": ("compensated",)}


class Side(nn.Module):
    """One modality's normalisation (Eq. 1-3) and its gates (Eq. 4 and 6); maps are (B, C, h, w)."""

    def __init__(self, recipe: Recipe, channels: int, kinds: tuple[str, ...]):
        super().__init__()
        self.norm = nn.InstanceNorm2d(channels, affine=True)
        build = (recipe["gate.kind"], channels, recipe["gate.ratio"])
        if "restituted" in kinds:
            self.restitution = gate(*build)  # A_m1
        if "compensated" in kinds:
            self.compensation = gate(*build)  # A_m2
        self.base = recipe["restitute"]

    def restitute(self, x: Tensor) -> Tensor:
        """Eq. 5: the base plus what the gate keeps of the residual."""
        normal = self.norm(x)
        removed = x - normal
        return (normal if self.base == "normalised" else x) + removed * self.restitution(removed)

    def part(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The normalised map, and what the other modality is given (Eq. 6)."""
        normal = self.norm(x)
        removed = x - normal
        return normal, removed * self.compensation(removed)


class StyleNormalisation(nn.Module):
    """SNR: one gate a divides the residual R into a * R, which is restored, and (1 - a) * R, which is not."""

    def __init__(self, recipe: Recipe, channels: int):
        super().__init__()
        self.norm = nn.InstanceNorm2d(channels, affine=True)
        self.gate = gate(recipe["gate.kind"], channels, recipe["gate.ratio"])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The map normalised, restored and spoilt, (B, C, h, w) each."""
        normal = self.norm(x)
        removed = x - normal
        kept = removed * self.gate(removed)
        return normal, normal + kept, normal + removed - kept


def causality(normal: Tensor, restored: Tensor, spoilt: Tensor, labels: Tensor) -> Tensor:
    """Dual causality loss of SNR on pooled features (B, D): restoring shall help to tell identities apart, and
    the rest shall hinder. `softplus(u(restored) - u(normal)) + softplus(u(normal) - u(spoilt))`, mean over rows,
    with u = distance to the hardest positive minus distance to the hardest negative.
    """
    gaps = [positive - negative for positive, negative in (hardest(x, labels) for x in (normal, restored, spoilt))]
    return (F.softplus(gaps[1] - gaps[0]) + F.softplus(gaps[0] - gaps[2])).mean()


class MRCN(Method):
    """MRCN, MRCN-P, their parts, their baseline and SNR, as the recipe says."""

    TRAINING_ONLY = ("classifiers", "plugged.visible.compensation", "plugged.infrared.compensation")

    def __init__(self, recipe: Recipe, training_set: TrainingSet):
        super().__init__()
        self.recipe, module = recipe, recipe["module"]
        self.kinds = SWITCHES.get(module, ())
        names = ["identity", "triplet", *(["cqc"] if self.kinds else []), *(["causality"] if module == "snr" else [])]
        self.weights = {name: recipe[f"loss.{name}"] for name in names}
        self.apart: Tensor | None = None
        self.parts, self.stop = recipe["head.parts"], recipe["stage"] + 1
        self.backbone = TwoStream(recipe)
        width = self.backbone.channels[-1]
        self.necks = nn.ModuleList(Neck(width) for _ in range(self.parts))
        self.classifiers = nn.ModuleList(classifier(width, training_set.identities) for _ in range(self.parts))
        channels = self.backbone.channels[recipe["stage"]]
        self.plugged = nn.ModuleDict()
        if self.kinds:
            self.plugged["visible"] = Side(recipe, channels, self.kinds)
            self.plugged["infrared"] = Side(recipe, channels, self.kinds)
        elif module == "snr":
            self.plugged["snr"] = StyleNormalisation(recipe, channels)

    def parameter_groups(self) -> list[dict]:
        slow = nn.ModuleList([self.backbone, self.plugged])
        return split_groups(self, slow, self.recipe["optimizer.backbone_scale"])

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        batch.require_pairs("mrcn")
        losses, labels = {}, batch.labels
        maps = self.backbone.joint(batch.visible, batch.infrared, self.stop)  # (2*P*K, C, h, w)
        if "snr" in self.plugged:
            normal, maps, spoilt = self.plugged["snr"](maps)
            if self.active("causality"):
                losses["causality"] = causality(average(normal), average(maps), average(spoilt), labels)
        features = self._features([maps, *self._made(maps)])  # kinds of (2*P*K, K, D)
        if self.active("identity"):
            losses["identity"] = self._identity(torch.cat(features), labels.tile(len(features)))
        if self.active("triplet"):
            terms = [batch_hard(x, labels, self.recipe["triplet.margin"]) for f in features for x in f.unbind(1)]
            losses["triplet"] = torch.stack(terms).mean()
        if self.kinds and self.active("cqc"):
            losses["cqc"] = self._quadruple(features, batch)
        return losses

    def _made(self, maps: Tensor) -> list[Tensor]:
        """Maps made by the modules in the order of `kinds`, each a visible block followed by an infrared block."""
        made: list[Tensor] = []
        if not self.kinds:
            return made
        visible, infrared = maps.chunk(2)
        v, n = (cast(Side, self.plugged[modality]) for modality in MODALITIES)
        if "restituted" in self.kinds:
            made.append(torch.cat([v.restitute(visible), n.restitute(infrared)]))
        if "compensated" in self.kinds:  # Eq. 7
            (visible, from_visible), (infrared, from_infrared) = v.part(visible), n.part(infrared)
            made.append(torch.cat([visible + from_infrared, infrared + from_visible]))
        return made

    def _features(self, maps: list[Tensor]) -> list[Tensor]:
        """The rest of the backbone on all maps as one batch, and their strips' averages, (rows, K, D) each."""
        x = strip_average(self.backbone.rest(torch.cat(maps), self.stop), self.parts)
        return list(x.chunk(len(maps)))

    def _neck(self, x: Tensor) -> Tensor:
        return torch.stack([neck(part) for neck, part in zip(self.necks, x.unbind(1), strict=True)], dim=1)

    def _identity(self, x: Tensor, labels: Tensor) -> Tensor:
        """L_lsce: label-smoothed cross-entropy behind the neck, mean over rows and strips."""
        parts = zip(self.classifiers, self._neck(x).unbind(1), strict=True)
        terms = [F.cross_entropy(c(v), labels, label_smoothing=self.recipe["loss.smoothing"]) for c, v in parts]
        return torch.stack(terms).mean()

    def _quadruple(self, features: list[Tensor], batch: Batch) -> Tensor:
        """L_CQC, Eq. 10: sum over MRM's and MCM's features, mean over strips, mean or sum over identities."""
        original, *made = (centres(x, batch.identities, batch.images) for x in features)
        self.apart = (original[0] - original[1]).detach().norm(dim=-1).mean()
        margin, detach = self.recipe["cqc.margin"], self.recipe["cqc.detach"]
        terms = torch.stack(
            [cross_modality_quadruple(original[0], original[1], v, n, margin, detach) for v, n in made]
        ).sum(0)  # (P, K)
        return terms.mean() if self.recipe["cqc.reduce"] == "mean" else terms.mean(1).sum()

    def diagnostics(self) -> dict[str, float]:
        """Mean distance of an identity's two original centres in the last step, where CQC is in use."""
        return {} if self.apart is None else {"centre_distance": self.apart.item()}

    def embed(self, images: Tensor, modality: str) -> Tensor:
        maps = self.backbone.run(images, modality, 0, self.stop)
        if "snr" in self.plugged:
            maps = self.plugged["snr"](maps)[1]
        kinds = [maps]
        if "restituted" in self.kinds:
            kinds.append(cast(Side, self.plugged[modality]).restitute(maps))
        return torch.cat([self._neck(x).flatten(1) for x in self._features(kinds)], dim=1)


METHOD = MRCN
