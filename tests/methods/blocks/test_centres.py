"""The centre table and its three rules against hand values and plain loops."""

import pytest
import torch

from methods.blocks.centres import (
    centres,
    cross_modality_quadruple,
    hetero_centre_triplet,
    identity_alignment,
)

P, K, D = 4, 3, 5


def noise(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def column(*values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_centres_are_means_of_runs_in_each_block():
    x = noise(3 * P * K, D)
    tables = centres(x, P, K)
    assert len(tables) == 3
    for block in range(3):
        for i in range(P):
            rows = [x[block * P * K + i * K + j] for j in range(K)]
            torch.testing.assert_close(tables[block][i], sum(rows) / K, rtol=0, atol=1e-12)


def test_equal_centres_have_a_finite_gradient():
    """As in a network's first step, should its features not differ."""
    x = torch.ones(2 * P * K, D, dtype=torch.float64, requires_grad=True)
    made = x[: P * K] + 0
    own = centres(x, P, K)
    losses = hetero_centre_triplet(x, P, K, 0.3), cross_modality_quadruple(*own, *own, margin=0.2, detach=False)
    losses += (identity_alignment(*own, *centres(made, P, K), margin=0.55, hinge=True),)
    assert all(torch.autograd.grad(loss.sum(), x, retain_graph=True)[0].isfinite().all() for loss in losses)


def test_hetero_centre_triplet_by_hand():
    """Centres V = {0, 3}, I = {1, 4}: positives 1, nearest others 3, 2, 2, 3, so 0, .5, .5, 0 at margin 1.5."""
    x = column(0, 3, 1, 4)
    assert hetero_centre_triplet(x, 2, 1, margin=1.5).item() == pytest.approx(0.25, abs=1e-5)


def slow_triplet(x, margin):
    n = P * K
    table = [[x[b * n + i * K : b * n + (i + 1) * K].mean(0) for i in range(P)] for b in range(2)]
    terms = []
    for b in range(2):
        for i in range(P):
            positive = (table[b][i] - table[1 - b][i]).norm()
            others = [(table[b][i] - table[o][j]).norm() for o in range(2) for j in range(P) if j != i]
            terms.append(max(0.0, (margin + positive - min(others)).item()))
    return sum(terms) / len(terms)


def test_hetero_centre_triplet_equals_the_double_loop():
    x = noise(2 * P * K, D)
    assert hetero_centre_triplet(x, P, K, 0.3).item() == pytest.approx(slow_triplet(x, 0.3), abs=1e-10)


def test_strips_are_separate_losses():
    x = noise(2 * P * K, 6, D)
    each = hetero_centre_triplet(x, P, K, 0.3)
    assert each.shape == (6,)
    for s in range(6):
        assert each[s].item() == pytest.approx(slow_triplet(x[:, s], 0.3), abs=1e-10)


def test_hetero_centre_triplet_does_not_tell_the_modalities_apart():
    x = noise(2 * P * K, D)
    swapped = torch.cat([x[P * K :], x[: P * K]])
    assert hetero_centre_triplet(x, P, K, 0.3).item() == pytest.approx(
        hetero_centre_triplet(swapped, P, K, 0.3).item(), abs=1e-12
    )


def test_quadruple_by_hand():
    """d(v', n) = 1 and d(v', v) = 2 leave nothing to push; the infrared side lacks 0.2 + 3 - 1."""
    v, n, v_made, n_made = column(0.0), column(3.0), column(2.0), column(4.0)
    loss = cross_modality_quadruple(v, n, v_made, n_made, margin=0.2, detach=False)
    assert loss.item() == pytest.approx(0.2 + 4 - 1, abs=1e-5)
    nothing = cross_modality_quadruple(v, n, v_made, column(1.0), margin=0.2, detach=False)
    assert nothing.item() == pytest.approx(0.0, abs=1e-5)


def test_quadruple_of_equal_centres_is_two_margins():
    c = noise(P, D)
    loss = cross_modality_quadruple(c, c, c, c, margin=0.2, detach=False)
    torch.testing.assert_close(loss, torch.full((P,), 0.4, dtype=torch.float64), rtol=0, atol=1e-5)


def test_quadruple_of_an_identity_depends_on_that_identity_alone():
    tables = [noise(P, D, seed=s) for s in range(4)]
    before = cross_modality_quadruple(*tables, margin=2.0, detach=False)
    tables[2][1] += 1
    after = cross_modality_quadruple(*tables, margin=2.0, detach=False)
    assert torch.equal(before[[0, 2, 3]], after[[0, 2, 3]])
    assert before[1] != after[1]


@pytest.mark.parametrize("detach", [False, True])
def test_detach_stops_the_gradient_to_the_own_centre(detach):
    v, n, v_made, n_made = (noise(P, D, seed=s).requires_grad_() for s in range(4))
    # d(n', v) reaches v as well; without it d(v', v) is the only way, and the margin keeps every hinge open.
    loss = cross_modality_quadruple(v, n, v_made, n_made.detach(), margin=50.0, detach=detach)
    grad = torch.autograd.grad(loss.sum() - (n_made.detach() - v).norm(dim=-1).sum(), v)[0]
    assert (grad.abs().max() < 1e-12) == detach


def test_identity_alignment_by_hand():
    """Identity 0: farther positive |0 - 2|, nearest other |0 - 5|; identity 1: |9 - 5|, |9 - 2|."""
    v, n, a = column(1, 5), column(2, 8), column(0, 9)
    torch.testing.assert_close(
        identity_alignment(v, n, a, margin=4.0, hinge=True), column(1, 1)[:, 0], rtol=0, atol=1e-5
    )
    torch.testing.assert_close(
        identity_alignment(v, n, a, margin=0.0, hinge=False), column(-3, -3)[:, 0], rtol=0, atol=1e-5
    )
    assert identity_alignment(v, n, a, margin=0.0, hinge=True).sum() == 0


def test_identity_alignment_equals_the_double_loop():
    v, n, a = (noise(P, D, seed=s) for s in range(3))
    loss = identity_alignment(v, n, a, margin=0.55, hinge=True)
    for i in range(P):
        positive = max((a[i] - v[i]).norm(), (a[i] - n[i]).norm())
        negative = min((a[i] - table[q]).norm() for table in (v, n) for q in range(P) if q != i)
        assert loss[i].item() == pytest.approx(max(0.0, (0.55 + positive - negative).item()), abs=1e-10)
