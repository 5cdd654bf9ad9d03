"""The proxy bank: what it holds after which step, and how large it is (MAUM, sections 3.1.2 and 3.2)."""

import pytest
import torch
from torch.nn import functional as F

from methods.blocks.bank import ProxyBank, infrared_size, sets_of, snapshots_before


def proxies_at(step: int, strips: int = 2, identities: int = 3, width: int = 4) -> torch.Tensor:
    return torch.randn(strips, identities, width, generator=torch.Generator().manual_seed(step))


@pytest.mark.parametrize("sets", [1, 3])
def test_bank_holds_the_newest_snapshots_oldest_first(sets):
    bank, start, interval = ProxyBank(2, sets, (1, 1, 1), 4), 20, 10
    last = start + (sets + 2) * interval
    taken = range(start, last + 1, interval)
    for step in taken:
        bank.push(proxies_at(step), first=step == start)
    expected = torch.stack([F.normalize(proxies_at(step), dim=-1) for step in list(taken)[-sets:]], dim=1)
    assert torch.equal(bank.references(len(taken)), expected)


def test_a_bank_that_is_not_full_gives_only_what_it_holds():
    bank = ProxyBank(2, 5, (1, 1, 1), 4)
    bank.push(proxies_at(0), first=True)
    bank.push(proxies_at(1), first=False)
    assert bank.references(2).shape == (2, 2, 3, 4)
    assert torch.equal(bank.references(2)[:, 1], F.normalize(proxies_at(1), dim=-1))
    assert bank.references(1).shape[1] == 1


def test_no_rows_of_identities_without_images():
    bank = ProxyBank(2, 2, (4, 0, 1), 4)
    for step in range(3):
        bank.push(proxies_at(step), first=step == 0)
    assert bank.valid.tolist() == [True, False, True]
    assert bank.rows[:, :, 1].abs().max() == 0
    assert torch.allclose(bank.rows[:, :, [0, 2]].norm(dim=-1), torch.ones(2, 2, 2))


def test_drift_is_the_mean_squared_distance_of_raw_proxies_over_valid_identities():
    bank = ProxyBank(1, 2, (1, 0, 1), 2)
    bank.push(torch.zeros(1, 3, 2), first=True)
    assert bank.drift < 0
    bank.push(torch.tensor([[[3.0, 4.0], [100.0, 0.0], [1.0, 0.0]]]), first=False)
    assert bank.drift == pytest.approx((25 + 1) / 2)


@pytest.mark.parametrize(
    ("step", "start", "interval", "count"),
    [(0, 0, 10, 0), (1, 0, 10, 1), (10, 0, 10, 1), (11, 0, 10, 2), (20, 20, 10, 0), (21, 20, 10, 1), (5, 20, 10, 0),
     (3, 0, 1, 3)],
)  # fmt: skip
def test_snapshots_before_a_step(step, start, interval, count):
    assert snapshots_before(step, start, interval) == count


@pytest.mark.parametrize(
    ("size", "identities", "unit", "sets"),
    [(3000, 395, "vectors", 8), (1500, 395, "vectors", 4), (1500, 206, "vectors", 7), (53, 395, "vectors", 1),
     (0, 395, "vectors", 0), (5, 395, "sets", 5)],
)  # fmt: skip
def test_sizes_count_vectors_kept_as_whole_snapshots(size, identities, unit, sets):
    assert sets_of(size, identities, unit) == sets


@pytest.mark.parametrize(
    ("infrared", "sets"),
    [(11909, 4), (15 * 395, 2), (10 * 395, 1), (5 * 395, 1), (395, 1)],
)
def test_the_infrared_bank_of_table_3_shrinks_with_the_infrared_images(infrared, sets):
    size = infrared_size("paper", 3000, 1500, 22258, infrared)
    assert sets_of(size, 395, "vectors") == sets


def test_the_other_balance_rules():
    assert infrared_size("none", 3000, 1500, 22258, 395) == 1500
    assert infrared_size("inverse", 3000, 1500, 2000, 1000) == 6000
    assert infrared_size("paper", 3000, 1500, 22258, 11909) == 1500
