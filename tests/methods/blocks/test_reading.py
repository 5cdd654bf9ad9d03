"""Reading a memory: hand values and what any reading must satisfy."""

import pytest
import torch

from methods.blocks.reading import scores, weights


def noise(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("temperature", "first"), [(1.0, 0.7310586), (0.1, 0.9999546)])
def test_weights_by_hand(temperature, first):
    query, keys = torch.tensor([[1.0, 0.0]]), torch.eye(2)
    found = weights(scores(query, keys, temperature, "cosine"), 0.0)
    torch.testing.assert_close(found, torch.tensor([[first, 1 - first]]), rtol=0, atol=1e-5)


def test_cosine_ignores_lengths_and_dot_does_not():
    query, keys = noise(3, 4), noise(5, 4, seed=1)
    torch.testing.assert_close(scores(7 * query, 2 * keys, 0.1, "cosine"), scores(query, keys, 0.1, "cosine"))
    torch.testing.assert_close(scores(7 * query, 2 * keys, 0.1, "dot"), 14 * scores(query, keys, 0.1, "dot"))


def test_unknown_score_is_named():
    with pytest.raises(ValueError, match="'euclid' is none of cosine, dot"):
        scores(noise(1, 2), noise(1, 2), 1.0, "euclid")


def test_threshold_cuts_and_rescales():
    matches = torch.log(torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.4, 0.4]]))
    expected = torch.tensor([[2 / 3, 1 / 3, 0.0], [0.0, 0.5, 0.5]])
    torch.testing.assert_close(weights(matches, 0.25), expected, rtol=0, atol=1e-6)


def test_a_query_whose_weights_are_all_cut_reads_nothing():
    query = noise(2, 4)
    assert torch.equal(read(query, 0 * query, query, 1.0, "dot", 0.6), torch.zeros_like(query))


def read(query, keys, values, temperature, score, threshold):
    """What the queries read, as the methods put it together."""
    return weights(scores(query, keys, temperature, score), threshold) @ values


def test_equal_rows_are_returned_whatever_is_asked():
    row = noise(1, 4)
    memory = row.expand(6, 4)
    torch.testing.assert_close(read(noise(3, 4, seed=1), memory, memory, 0.1, "cosine", 0.1), row.expand(3, 4))


def test_rows_may_stand_in_any_order():
    query, keys, values = noise(3, 4), noise(6, 4, seed=1), noise(6, 2, seed=2)
    order = torch.tensor([5, 3, 0, 1, 2, 4])
    torch.testing.assert_close(
        read(query, keys[order], values[order], 0.5, "dot", 0.01), read(query, keys, values, 0.5, "dot", 0.01)
    )


def test_each_query_reads_for_itself_as_in_a_loop():
    query, keys, values = noise(2, 3, 4), noise(2, 6, 4, seed=1), noise(2, 6, 5, seed=2)
    found = read(query, keys, values, 0.3, "cosine", 0.0)
    for s in range(2):
        for i in range(3):
            match = [torch.cosine_similarity(query[s, i], key, dim=0) / 0.3 for key in keys[s]]
            total = sum(m.exp() for m in match)
            expected = sum(m.exp() / total * value for m, value in zip(match, values[s], strict=True))
            torch.testing.assert_close(found[s, i], expected, rtol=0, atol=1e-10)
