"""MG-MRA: every way of reading against place-by-place loops, who trains what, the test without the memory."""

import pytest
import torch

from methods.mgmra import halves_apart, pooled_sum, random_triplet
from methods.recipes import RecipeError, resolve
from tests.methods.conftest import build, gradients, make_batch

PRINTED = "instance.level=instance+memory.chain=on+memory.score=cosine+memory.shrink=0"
READINGS = [
    "memory.shrink=0",
    "memory.shrink=0.9+instance.level=instance",
    PRINTED,
    "memory.chain=on+memory.shrink=0",
    "memory.private=on+memory.shrink=0.02",
    "memory.semantics=3+memory.scramble=on",
]
HOSTS = ["hct", "agw", "ddag"]


@pytest.fixture
def mgmra():
    return build("mgmra", "regdb")


def make_maps(rows=16, seed=0):
    return torch.rand(rows, 128, 6, 3, generator=torch.Generator().manual_seed(seed)).double() * 3


def place_by_place(method, maps, order):
    """The branch as the official code runs it: reads laid out per place, residual map, strips compared by reads.

    Returns:
        The pooled feature (B, C) and L_ins.
    """
    recipe, branch = method.recipe, method.branch
    levels = branch.memory.levels()
    blocks = {"part": 2 if recipe["memory.private"] else 1, "instance": 2 if recipe["memory.private"] else 1}
    reads = {name: torch.zeros_like(maps) for name in levels}
    for b in range(len(maps)):
        for i in range(6):
            for j in range(3):
                query = maps[b, :, i, j]
                for name, rows in levels.items():
                    table = rows[b * blocks.get(name, 1) // len(maps)]
                    if recipe["memory.score"] == "cosine":
                        score = table @ query / (table.norm(dim=1) * query.norm())
                    else:
                        score = table @ query
                    w = score.exp() / score.exp().sum()
                    if recipe["memory.shrink"] > 0:
                        w = torch.where(w > branch.threshold, w, 0.0)
                        w = w / w.sum() if w.sum() > 0 else w
                    read = sum(w[m] * table[m] for m in range(len(table)))
                    reads[name][b, :, i, j] = read
                    query = read if recipe["memory.chain"] else query
    pooled = (maps + reads["semantic"]).mean((2, 3))
    strips = [reads[recipe["instance.level"]][:, :, i : i + 1] for i in order]
    first, second = torch.cat(strips[:3], dim=2), torch.cat(strips[3:], dim=2)
    return pooled, torch.nn.functional.mse_loss(first, second)


@pytest.mark.parametrize("reading", READINGS)
def test_the_branch_equals_reading_place_by_place(reading):
    method = build(f"mgmra+{reading}", "regdb", identities=3).double()
    maps = make_maps(4).requires_grad_()
    order = torch.randperm(6, generator=torch.Generator().manual_seed(5)).tolist()
    expected = place_by_place(method, maps, order)
    read = method.branch.read(maps, {"semantic", method.recipe["instance.level"]})
    found = pooled_sum(maps, *read["semantic"]), method._instance_loss(*read[method.recipe["instance.level"]], 5)
    inputs = [maps, method.branch.memory.part]
    for fast, slow in zip(found, expected, strict=True):
        torch.testing.assert_close(fast, slow, rtol=0, atol=1e-10)
        weight = torch.randn_like(fast)
        ours, theirs = (torch.autograd.grad((x * weight).sum(), inputs, retain_graph=True) for x in (fast, slow))
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def test_one_level_equals_reading_place_by_place():
    method = build("mgmra+memory.kind=sg+memory.shrink=0.02+memory.parts=6", "regdb", identities=3).double()
    maps, rows = make_maps(2), method.branch.rows[0]
    assert len(rows) == 3 * 2 * 6
    expected = maps.mean((2, 3)).clone()
    for b in range(2):
        for place in maps[b].flatten(1).T:
            w = (rows @ place).softmax(0)
            w = torch.where(w > 0.02 / 3, w, 0.0)
            expected[b] += (w / w.sum()) @ rows / 18
    found = pooled_sum(maps, *method.branch.read(maps, {"part"})["part"])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("reading", READINGS)
def test_weights_sum_to_one_or_to_nothing(reading):
    method = build(f"mgmra+{reading}", "regdb").double()
    for found, _ in method.branch.read(make_maps(), {"part", "instance", "semantic"}).values():
        sums = found.sum(2)
        assert found.min() >= 0
        assert (((sums - 1).abs() < 1e-10) | (sums == 0)).all()


def test_equal_rows_read_as_that_row(mgmra):
    mgmra.double()
    row = torch.randn(128, dtype=torch.float64)
    mgmra.branch.memory.part.data[:] = row
    for found, rows in mgmra.branch.read(make_maps(), {"semantic"}).values():
        torch.testing.assert_close((found @ rows[0]), rows[0, 0].expand(16, 18, 128))


def test_reading_an_image_does_not_depend_on_the_others(mgmra):
    maps = make_maps().float()
    whole, half = (mgmra.branch.read(x, {"semantic", "part"}) for x in (maps, maps[:5]))
    for name in whole:
        torch.testing.assert_close(whole[name][0][:5], half[name][0])


def test_every_modality_reads_its_own_rows():
    method = build("mgmra+memory.private=on+memory.shrink=0", "regdb")
    maps = make_maps().float()
    before = method.branch.read(maps, {"part", "semantic"})
    method.branch.memory.part.data[1] += 0.1 * torch.randn(method.branch.memory.part[1].shape)
    after = method.branch.read(maps, {"part", "semantic"})
    assert torch.equal(after["part"][0][:8], before["part"][0][:8])
    assert not torch.equal(after["part"][0][8:], before["part"][0][8:])
    assert not torch.equal(after["semantic"][0][:8], before["semantic"][0][:8])


def test_equal_halves_are_not_apart():
    x = torch.randn(2, 4, 5).repeat(1, 6, 1)  # every strip alike
    assert halves_apart(x, [3, 0, 5, 1, 2, 4]).abs().max() == 0


def test_halves_by_hand():
    x = torch.tensor([1.0, 2.0, 4.0, 8.0]).repeat_interleave(2)[None, :, None]  # 4 strips of 2 places
    assert halves_apart(x, [3, 0, 1, 2]).flatten().tolist() == [6, 6, -3, -3]


def test_the_split_is_drawn_anew(mgmra):
    torch.manual_seed(0)
    found, rows = torch.rand(4, 18, 24).double(), mgmra.double().branch.memory.levels()["part"]
    losses = {round(mgmra._instance_loss(found, rows, step).item(), 14) for step in range(100)}
    assert 12 < len(losses) <= 15  # fifteen ways to pair six strips


def test_losses_by_name_and_weight(mgmra, batch):
    losses = mgmra.losses(batch)
    assert set(losses) == {"identity", "triplet", "part_triplet", "memory", "instance", "semantic"}
    assert [mgmra.weights[name] for name in ("memory", "instance", "semantic")] == [0.1, 0.1, 1.0]
    assert all(loss.isfinite() and loss.ndim == 0 for loss in losses.values())
    assert "instance" not in build("mgmra+memory.kind=sg", "regdb").losses(batch)


def test_the_semantic_loss_is_the_centre_triplet_of_the_pooled_feature(mgmra, batch):
    mgmra.double().eval()
    double = batch._replace(visible=batch.visible.double(), infrared=batch.infrared.double())
    maps = mgmra.host.maps(double)
    z = pooled_sum(maps, *mgmra.branch.read(maps, {"semantic"})["semantic"])
    centre = [z[block + 2 * i : block + 2 * i + 2].mean(0) for block in (0, 8) for i in range(4)]
    terms = []
    for a in range(8):
        positive = (centre[a] - centre[(a + 4) % 8]).norm()
        negative = min((centre[a] - centre[b]).norm() for b in range(8) if b % 4 != a % 4)
        terms.append((0.3 + positive - negative).clamp(min=0))
    losses = mgmra.losses(double)
    torch.testing.assert_close(losses["semantic"], torch.stack(terms).mean(), rtol=0, atol=1e-10)
    logits = mgmra.branch.classifier(mgmra.branch.norm(z))
    expected = torch.nn.functional.cross_entropy(logits, batch.labels, label_smoothing=0.1)
    torch.testing.assert_close(losses["memory"], expected, rtol=0, atol=1e-10)


def test_random_triplets_are_of_the_right_kind():
    x, labels = torch.tensor([[0.0], [1.0], [10.0], [10.0]]), torch.tensor([0, 0, 1, 1])
    # every positive is the one other row; the negatives are 10, 9, 9 or 10, 9 or 10 away
    torch.manual_seed(0)
    seen = {round(random_triplet(x, labels, 9.5).item() * 4, 4) for _ in range(60)}
    assert seen == {0.5 + 1.5 + a + b for a in (0.0, 0.5) for b in (0.0, 0.5)}


@pytest.mark.parametrize(
    ("run", "loss", "reached", "spared"),
    [
        ("mgmra", "memory", {"memory", "gates", "backbone", "head"}, {"host"}),
        ("mgmra", "semantic", {"memory", "gates", "backbone"}, {"host", "head"}),
        ("mgmra+memory.shrink=0", "instance", {"memory", "backbone"}, {"host", "head", "gates"}),
        (
            "mgmra+memory.shrink=0+instance.level=instance",
            "instance",
            {"memory", "gates", "backbone"},
            {"host", "head"},
        ),
        ("mgmra+" + PRINTED, "instance", {"memory", "gates", "backbone"}, {"host", "head"}),
        ("mgmra", "identity", {"host", "backbone"}, {"memory", "gates", "head"}),
        ("mgmra+memory.kind=sg+memory.shrink=0", "semantic", {"memory", "backbone"}, {"host", "head"}),
    ],
)
def test_who_trains_what(batch, run, loss, reached, spared):
    method = build(run, "regdb")

    def part(name):
        if name.startswith("host."):
            return "backbone" if name.startswith("host.backbone") else "host"
        if "_gate" in name:
            return "gates"
        return "memory" if name.startswith(("branch.memory", "branch.rows")) else "head"

    found = {part(name) for name in gradients(method, method.losses(batch)[loss])}
    assert reached <= found
    assert not spared & found


@pytest.mark.parametrize("host", HOSTS)
def test_without_weights_it_is_its_host(batch, host):
    off = build(f"mgmra+host={host}+loss.memory=0+loss.instance=0+loss.semantic=0", "regdb")
    alone = build(host, "regdb")
    gradient = {}
    for name, method in (("off", off), ("alone", alone)):
        torch.manual_seed(3)
        method.total(method.losses(batch)).backward()
        found = {key.removeprefix("host."): p.grad for key, p in method.named_parameters() if p.grad is not None}
        gradient[name] = found, torch.get_rng_state()
    assert gradient["off"][0].keys() == gradient["alone"][0].keys()
    assert all(torch.equal(gradient["off"][0][key], value) for key, value in gradient["alone"][0].items())
    assert torch.equal(gradient["off"][1], gradient["alone"][1])


@pytest.mark.parametrize("kind", ["mg", "sg"])
@pytest.mark.parametrize("host", HOSTS)
def test_the_feature_is_the_host_s_whatever_the_branch(batch, host, kind):
    method = build(f"mgmra+host={host}+memory.kind={kind}", "regdb")
    method.losses(batch)
    method.eval()
    with torch.no_grad():
        before = method.embed(batch.visible, "visible")
        assert torch.equal(before, method.host.embed(batch.visible, "visible"))
        alone = torch.cat([method.embed(image[None], "visible") for image in batch.visible])
        for name, tensor in method.state_dict().items():
            if name.startswith(method.TRAINING_ONLY) and tensor.is_floating_point():
                tensor.normal_()
        assert torch.equal(method.embed(batch.visible, "visible"), before)
        del method.branch
        assert torch.equal(method.embed(batch.visible, "visible"), before)
    torch.testing.assert_close(before, alone)


@pytest.mark.parametrize("host", HOSTS)
def test_every_parameter_learns_once_and_the_branch_at_the_backbone_s_rate(host):
    run = f"mgmra@published+host={host}+backbone.name=small+backbone.width=16+backbone.init=random"
    method = build(run, "regdb")
    groups = method.parameter_groups()
    listed = [id(p) for group in groups for p in group["params"]]
    assert len(listed) == len(set(listed))
    assert set(listed) == {id(p) for p in method.parameters() if p.requires_grad}
    branch = {id(p) for p in method.branch.parameters()}
    assert all(group["scale"] == 0.1 for group in groups if branch & {id(p) for p in group["params"]})


def test_the_host_s_step_is_taken(batch):
    method = build("mgmra+host=ddag", "regdb")
    for step in range(10):
        method.losses(batch._replace(step=step))
        method.after_step(step)
    assert method.host.factor > 0


def test_the_surviving_share_is_told(batch):
    method = build("mgmra+memory.parts=6+memory.instances=5", "regdb")
    method.losses(batch)
    assert method.diagnostics() == {"surviving_part": 0.0, "surviving_semantic": 1.0}  # at first only the top is read
    method.surviving = {}
    method.losses(batch._replace(step=1))
    assert method.diagnostics() == {}


@pytest.mark.parametrize(
    ("counts", "rows"), [((6, 5, 1), 180), ((3, 5, 1), 90), ((1, 1, 1), 6), ((6, 5, 3), 540), ((3, 3, 1), 54)]
)
def test_the_memory_has_the_rows_of_the_paper(counts, rows):
    keys = dict(zip(("parts", "instances", "semantics"), counts, strict=True))
    method = build("mgmra" + "".join(f"+memory.{key}={n}" for key, n in keys.items()), "regdb")
    assert method.branch.memory.levels()["part"].shape == (1, rows, 128)
    assert method.branch.threshold == pytest.approx(0.515 / 6 / counts[2])


def test_the_memory_of_the_official_size():
    method = build("mgmra+memory.identities=206", "regdb")
    assert method.branch.memory.levels()["semantic"].shape[1] == 206
    assert method.branch.threshold == pytest.approx(0.0025)


def test_unpaired_batches_are_refused():
    with pytest.raises(ValueError, match="mgmra"):
        build("mgmra+host=agw", "regdb").losses(make_batch(paired=False))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("mgmra+memory.chain=on", r"memory\.chain=on is refused.*nearest valid is memory\.chain=off"),
        ("mgmra+memory.score=cosine", r"memory\.score=cosine is refused.*nearest valid is memory\.score=dot"),
        ("mgmra+memory.score=cosine+memory.kind=sg", r"memory\.score=cosine is refused"),
        ("mgmra+memory.strips=3", r"memory\.strips=3 is refused.*memory\.strips=2"),
        ("mgmra+memory.strips=4", r"memory\.strips=4 is refused"),
        ("mgmra+host=aligngan", r"host='aligngan'; the nearest valid is"),
        ("mgmra+memory.kind=sg+instance.level=instance", r"has no effect without"),
        ("mgmra+batch.pairing=free", r"batch\.pairing=free is none of paired"),
        ("mgmra+memory.part=3", r"unknown key 'memory\.part'.*'memory\.parts'"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(run, message):
    with pytest.raises(RecipeError, match=message):
        resolve(run, "sysu_mm01")


@pytest.mark.parametrize("counts", [(6, 5), (3, 5), (2, 7), (3, 4), (1, 1)])
def test_cosine_with_shrink_is_refused_where_nothing_could_be_read(counts):
    parts, instances = counts
    run = f"mgmra+memory.score=cosine+memory.parts={parts}+memory.instances={instances}"
    rows = 395 * parts * instances
    greatest = torch.e / (torch.e + (rows - 1) / torch.e)
    if greatest <= 0.515 / 395:
        with pytest.raises(RecipeError, match=r"memory\.score"):
            resolve(run, "sysu_mm01")
    else:
        resolve(run, "sysu_mm01")


def test_the_learning_rate_of_sysu_is_the_official_one():
    assert resolve("mgmra", "sysu_mm01")["optimizer.lr"] == 0.01
    assert resolve("mgmra", "regdb")["optimizer.lr"] == 0.1
