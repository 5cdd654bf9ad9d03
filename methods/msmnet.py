"""MSMNet: a memory with paired items of both modalities completes the modality that an image lacks.

Paper: Li, Zhang, Liu, Tian, Zhang, Wu. "Visible-Infrared Person Re-Identification With Modality-Specific Memory
Network", IEEE Transactions on Image Processing 2022.

New there: each strip has N pairs of learned items, one visible and one infrared. An image addresses the items of its
own modality and reads, with the same weights, what their partners of the other modality hold; the sum of the feature
and of what was read is what images of both modalities are compared in. Three losses make the memory read true:
discriminators cannot tell read from seen features, own items rebuild the own feature, and images of one identity
address the same pairs.

Printed, SYSU-MM01 all-search / RegDB visible to infrared, rank-1 and mAP:
    MSMNet 73.46 69.58 / 95.98 88.55

Which run is which: `msmnet` is the whole; `completion=none` its baseline (Table III index 1), `completion=linear` Table
IV's linear layers; the weights of the three memory losses make Table III; `loss.adversarial=0` is Table V without
discriminators, `adversary.count=1` with one. The paper describes its baseline as HCT with another optimiser, which is
`hct+optimizer.name=adam+optimizer.lr=0.00035` with the backbone at the full rate; the two differ in L_sid and head.

Departures and decisions (no official code exists):
    temperature      tau of Eq. 3 is not given: 0.1
    adversarial      Eq. 10 minimised as printed falls without bound; binary cross-entropy with the same optimum (an
                     original is 1, a reconstruction 0); `adversary.form=literal` is the equation as printed
    reversal         turns the gradient to all that is below the discriminators: backbone and memory, by the original
                     and by the reconstructed feature, since the equation is maximised as a whole
    one              a single discriminator (Table V) tells original from reconstructed, of whichever modality
    triplet          Eq. 9 prints the sum over M images and an undefined positive; as in HCT's code, the anchors are the
                     2P centres, averaged, the positive is the other modality's centre; summed over strips, not on the
                     concatenation
    fusion           256 channels a strip, no bias before the batch norm, no ReLU (linear layer and batch norm)
    discriminator    512 hidden channels and a ReLU between the two layers, shared by the strips
    linear layers    Table IV's formula has the same symbol on both sides; a visible feature makes the infrared one and
                     the reverse, strip by strip; of the memory losses the adversarial one remains defined
    baseline         keeps L_sid: only what completes the modality is taken away
    reconstruction   Eq. 12 stops no gradient, so features may move to the memory; `reconstruction.detach` stops it
    initial items    Kaiming's scale makes items much shorter than features: the history's `completion_ratio` shows when
                     what is read begins to count
    optimiser        weight decay 0.0005 and a single learning rate, both not given
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods.blocks.backbone import TwoStream
from methods.blocks.centres import hetero_centre_triplet
from methods.blocks.heads import classifier
from methods.blocks.pooling import strip_average
from methods.blocks.reading import scores
from methods.blocks.reversal import reverse
from methods.contract import MODALITIES, Batch, Method, TrainingSet, split_groups
from methods.recipes import Recipe

OTHER = {"visible": "infrared", "infrared": "visible"}
MEMORY_LOSSES = {"none": (), "linear": ("adversarial",), "memory": ("adversarial", "reconstruction", "alignment")}


class Memory(nn.Module):
    """Paired items of each strip, (S, N, C) a modality; read by content within a modality, by place across."""

    def __init__(self, strips: int, items: int, channels: int, temperature: float):
        super().__init__()
        self.temperature = temperature
        self.visible = nn.Parameter(torch.empty(strips, items, channels))
        self.infrared = nn.Parameter(torch.empty(strips, items, channels))
        for items_of_strip in [*self.visible, *self.infrared]:
            nn.init.kaiming_normal_(items_of_strip)

    def address(self, features: Tensor, modality: str) -> Tensor:
        """Logarithms of the reading weights of features (S, B, C) by their own modality's items, (S, B, N); Eq. 2-3."""
        return scores(features, getattr(self, modality), self.temperature, "cosine").log_softmax(-1)

    def recall(self, address: Tensor, modality: str) -> Tensor:
        """What an address (S, B, N) reads in a modality's items, (S, B, C); Eq. 4, 5 and 11."""
        return address.exp() @ getattr(self, modality)

    def forward(self, features: Tensor, modality: str) -> Tensor:
        """The other modality's features (S, B, C) of images of this one."""
        return self.recall(self.address(features, modality), OTHER[modality])


class Linear(nn.Module):
    """Linear layers in place of the memory (Table IV), one a strip and modality."""

    def __init__(self, strips: int, channels: int):
        super().__init__()
        self.visible = nn.ModuleList(nn.Linear(channels, channels) for _ in range(strips))
        self.infrared = nn.ModuleList(nn.Linear(channels, channels) for _ in range(strips))

    def forward(self, features: Tensor, modality: str) -> Tensor:
        """The other modality's features (S, B, C) of images of this one."""
        return torch.stack([layer(f) for layer, f in zip(getattr(self, modality), features, strict=True)])


class Fusion(nn.Module):
    """`h` of Eq. 6: linear layer and batch normalisation of each strip, for both modalities; (S, B, C) -> (B, S, D)."""

    def __init__(self, strips: int, channels: int, width: int):
        super().__init__()
        maps = [nn.Linear(channels, width, bias=False) for _ in range(strips)]
        for linear in maps:
            nn.init.kaiming_normal_(linear.weight, mode="fan_out")
        self.maps = nn.ModuleList(maps)
        self.norm = nn.BatchNorm1d(strips * width)
        nn.init.normal_(self.norm.weight, 1.0, 0.01)

    def forward(self, x: Tensor) -> Tensor:
        mapped = torch.cat([linear(part) for linear, part in zip(self.maps, x, strict=True)], dim=1)  # (B, S*D)
        return self.norm(mapped).unflatten(1, (len(self.maps), -1))


class Classifiers(nn.Module):
    """An identity classifier a strip, with the loss of Eq. 1 and 7."""

    def __init__(self, strips: int, width: int, identities: int, smoothing: float):
        super().__init__()
        self.parts = nn.ModuleList(classifier(width, identities) for _ in range(strips))
        self.smoothing = smoothing

    def loss(self, features: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of features (S, B, D), mean over images, sum over strips."""
        logits = torch.cat([c(part) for c, part in zip(self.parts, features, strict=True)])
        labels = labels.repeat(len(self.parts))
        return len(self.parts) * F.cross_entropy(logits, labels, label_smoothing=self.smoothing)


def discriminator(channels: int, width: int) -> nn.Sequential:
    """Scores (…, 1) of features (…, C), before the sigmoid: the higher, the more an original."""
    return nn.Sequential(nn.Linear(channels, width), nn.ReLU(), nn.Linear(width, 1))


def adversarial(original: Tensor, made: Tensor, form: str) -> Tensor:
    """Loss of a discriminator's scores (S, B, 1), mean over images, sum over strips; Eq. 10 if `form` is `literal`."""
    if form == "literal":
        each = F.logsigmoid(made) + F.logsigmoid(-original)
    else:
        each = -F.logsigmoid(original) - F.logsigmoid(-made)
    return each.mean(1).sum()


def reconstruction(features: Tensor, recalled: Tensor) -> Tensor:
    """Distance of features (S, B, C) from what their modality recalls, mean over images, sum over strips; Eq. 12."""
    return torch.linalg.vector_norm(features - recalled, dim=-1).mean(1).sum()


def alignment(visible: Tensor, infrared: Tensor) -> Tensor:
    """Symmetric divergence of two addresses (S, B, N) row by row, mean over rows, sum over strips; Eq. 13."""
    return ((visible.exp() - infrared.exp()) * (visible - infrared)).sum(-1).mean(1).sum()


def cosine_matrix(items: Tensor) -> Tensor:
    """Cosine similarity of every two items, (N, C) -> (N, N); Fig. 9 shows it of the first strip's visible items."""
    unit = F.normalize(items, dim=-1)
    return unit @ unit.T


class MSMNet(Method):
    """MSMNet and its ablations, as the recipe says."""

    TRAINING_ONLY = ("common", "specific", "discriminators")
    ratio: Tensor

    def __init__(self, recipe: Recipe, training_set: TrainingSet):
        super().__init__()
        self.recipe = recipe
        names = ("specific", "identity", "triplet", *MEMORY_LOSSES[recipe["completion"]])
        self.weights = {name: recipe[f"loss.{name}"] for name in names}
        self.backbone = TwoStream(recipe)
        self.strips, channels, width = recipe["head.parts"], self.backbone.channels[-1], recipe["head.width"]
        heads = (training_set.identities, recipe["loss.smoothing"])
        self.fusion = Fusion(self.strips, channels, width)
        # both even where their loss has no weight: what is built after them starts from the same weights
        self.common = Classifiers(self.strips, width, *heads)
        self.specific = nn.ModuleDict({m: Classifiers(self.strips, channels, *heads) for m in MODALITIES})
        self.completion: Memory | Linear | None = None
        if recipe["completion"] == "memory":
            self.completion = Memory(self.strips, recipe["memory.items"], channels, recipe["memory.temperature"])
        elif recipe["completion"] == "linear":
            self.completion = Linear(self.strips, channels)
        count = recipe["adversary.count"] if self.active("adversarial") else 0
        self.discriminators = nn.ModuleList(discriminator(channels, recipe["adversary.width"]) for _ in range(count))
        self.register_buffer("ratio", torch.zeros(()), persistent=False)

    def active(self, name: str) -> bool:
        return self.weights.get(name, 0) != 0

    def parameter_groups(self) -> list[dict]:
        return split_groups(self, self.backbone, self.recipe["optimizer.backbone_scale"])

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        batch.require_pairs(self.recipe.method)
        both = self._parts(self.backbone.joint(batch.visible, batch.infrared))  # (S, 2*P*K, C)
        seen = dict(zip(MODALITIES, both.chunk(2, dim=1), strict=True))
        addresses, made = self._complete(seen)
        whole = torch.cat([seen[m] + made[OTHER[m]] for m in MODALITIES], dim=1) if made else both
        fused = self.fusion(whole)  # (2*P*K, S, D)
        losses = {}
        if self.active("specific"):
            labels = {"visible": batch.visible_labels, "infrared": batch.infrared_labels}
            own = [cast(Classifiers, self.specific[m]).loss(seen[m], labels[m]) for m in MODALITIES]
            losses["specific"] = own[0] + own[1]
        if self.active("identity"):
            losses["identity"] = 2 * self.common.loss(fused.transpose(0, 1), batch.labels)  # a mean for each modality
        if self.active("triplet"):
            centred = hetero_centre_triplet(fused, batch.identities, batch.images, self.recipe["triplet.margin"])
            losses["triplet"] = centred.sum()
        return losses | self._memory_losses(seen, made, addresses)

    def _memory_losses(self, seen: dict, made: dict, addresses: dict) -> dict[str, Tensor]:
        """Eq. 10, 12 and 13 of each modality's features: those seen, those made of the other, and their addresses."""
        losses = {}
        if self.active("adversarial"):
            judges = {m: self.discriminators[i % len(self.discriminators)] for i, m in enumerate(MODALITIES)}
            form = self.recipe["adversary.form"]
            terms = [adversarial(judges[m](reverse(seen[m])), judges[m](reverse(made[m])), form) for m in MODALITIES]
            losses["adversarial"] = terms[0] + terms[1]
        if self.active("reconstruction"):
            memory = cast(Memory, self.completion)
            targets = {m: f.detach() if self.recipe["reconstruction.detach"] else f for m, f in seen.items()}
            terms = [reconstruction(targets[m], memory.recall(addresses[m], m)) for m in MODALITIES]
            losses["reconstruction"] = terms[0] + terms[1]
        if self.active("alignment"):
            losses["alignment"] = alignment(addresses["visible"], addresses["infrared"])
        return losses

    def _complete(self, seen: dict) -> tuple[dict, dict]:
        """Addresses of both modalities' features and what is made of them, under the modality that it stands for."""
        addresses, made = {}, {}
        for modality, features in seen.items():
            if isinstance(self.completion, Memory):
                addresses[modality] = self.completion.address(features, modality)
                made[OTHER[modality]] = self.completion.recall(addresses[modality], OTHER[modality])
            elif self.completion is not None:
                made[OTHER[modality]] = self.completion(features, modality)
        if made:
            with torch.no_grad():
                lengths = [torch.cat([*of.values()], dim=1).norm(dim=-1).mean() for of in (made, seen)]
                self.ratio.copy_(lengths[0] / lengths[1])
        return addresses, made

    def _parts(self, maps: Tensor) -> Tensor:
        """Maps (B, C, h, w) to strips, (S, B, C)."""
        return strip_average(maps, self.strips).transpose(0, 1)

    def diagnostics(self) -> dict[str, float]:
        """Length of the made features over that of the seen ones, in the last batch; likeness of items (Fig. 9)."""
        if self.completion is None:
            return {}
        found = {"completion_ratio": self.ratio.item()}
        if isinstance(self.completion, Memory) and self.recipe["memory.items"] > 1:
            cosines = cosine_matrix(self.completion.visible[0].detach())
            different = ~torch.eye(len(cosines), dtype=torch.bool, device=cosines.device)
            found["item_cosine"] = cosines[different].mean().item()
        return found

    def embed(self, images: Tensor, modality: str) -> Tensor:
        features = self._parts(self.backbone.run(images, modality))
        if self.completion is not None:
            features = features + self.completion(features, modality)
        return self.fusion(features).flatten(1)


METHOD = MSMNet
