"""The prototype hierarchy against loops, and what a row of it depends on."""

import pytest
import torch

from methods.blocks.hierarchy import Hierarchy


def make(sets=1, semantics=4, instances=3, parts=2, channels=5, scramble=False):
    torch.manual_seed(0)
    return Hierarchy(sets, semantics, instances, parts, channels, scramble).double()


def open_gates(memory):
    """Gates that let everything through: sigmoid(40) is 1 to the last digit of a double."""
    for gate in (memory.part_gate, memory.instance_gate):
        gate.weight.data.zero_()
        gate.bias.data.fill_(40.0)


def test_shapes_and_order():
    levels = make(sets=2).levels()
    assert {name: tuple(rows.shape) for name, rows in levels.items()} == {
        "part": (2, 24, 5),
        "instance": (2, 12, 5),
        "semantic": (1, 4, 5),
    }
    assert list(levels) == ["part", "instance", "semantic"]


def test_prototypes_start_within_the_official_bounds():
    rows = make(channels=16).part
    assert rows.abs().max() <= 0.25
    assert rows.abs().max() > 0.2


@pytest.mark.parametrize("sets", [1, 2])
def test_levels_equal_the_loop(sets):
    memory = make(sets)
    levels = memory.levels()
    semantic = torch.zeros(4, 5, dtype=torch.float64)
    for s in range(sets):
        for k in range(4):
            instances = []
            for i in range(3):
                rows, gate = memory.part[s, k, i], memory.part_gate
                mixed = [sum(gate.weight[p, q] * rows[q] for q in range(2)) + gate.bias[p] for p in range(2)]
                instances.append(sum(mixed[p].sigmoid() * rows[p] for p in range(2)) / 2)
                torch.testing.assert_close(levels["instance"][s, 3 * k + i], instances[-1], rtol=0, atol=1e-10)
            gate = memory.instance_gate
            mixed = [sum(gate.weight[i, j] * instances[j] for j in range(3)) + gate.bias[i] for i in range(3)]
            semantic[k] += sum(mixed[i].sigmoid() * instances[i] for i in range(3)) / 3 / sets
    torch.testing.assert_close(levels["semantic"][0], semantic, rtol=0, atol=1e-10)
    torch.testing.assert_close(levels["part"].reshape(memory.part.shape), memory.part, rtol=0, atol=0)


def test_open_gates_leave_plain_means():
    memory = make()
    open_gates(memory)
    levels = memory.levels()
    torch.testing.assert_close(levels["instance"][0], memory.part[0].mean(2).flatten(0, 1))
    torch.testing.assert_close(levels["semantic"][0], memory.part[0].mean((1, 2)))


def test_the_order_within_a_group_does_not_matter_to_gates_that_treat_rows_alike():
    memory = make()
    for gate in (memory.part_gate, memory.instance_gate):
        gate.weight.data = 0.3 + torch.eye(len(gate.weight), dtype=torch.float64)
        gate.bias.data.fill_(0.1)
    before = memory.levels()
    memory.part.data = memory.part.data.flip(3)
    after = memory.levels()
    torch.testing.assert_close(after["instance"], before["instance"])
    torch.testing.assert_close(after["semantic"], before["semantic"])
    assert not torch.equal(after["part"], before["part"])


def test_a_row_moves_only_its_own_identity():
    memory = make()
    before = {name: rows.clone() for name, rows in memory.levels().items()}
    memory.part.data[0, 1, 2, 0] += 1
    moved = {
        name: (rows != before[name]).any(2)[0].nonzero().flatten().tolist() for name, rows in memory.levels().items()
    }
    assert moved == {"part": [10], "instance": [5], "semantic": [1]}


def test_scrambled_groups_interleave_channels():
    memory = make(semantics=1, instances=1, parts=2, channels=3, scramble=True)
    open_gates(memory)
    memory.part.data = torch.arange(6, dtype=torch.float64).reshape(1, 1, 1, 2, 3)
    levels = memory.levels()
    assert levels["instance"].tolist() == [
        [[0.5, 2.5, 4.5]]
    ]  # (0, 1), (2, 3), (4, 5) in place of (0, 3), (1, 4), (2, 5)
    assert levels["part"].tolist() == [[[0, 1, 2], [3, 4, 5]]]
