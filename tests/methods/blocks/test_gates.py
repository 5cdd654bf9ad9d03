"""Gates by hand, their shapes, and what they depend on."""

import pytest
import torch

from methods.blocks.gates import ConvolutionalBlockAttention, EfficientChannel, SqueezeExcitation, gate


@pytest.mark.parametrize(("name", "shape"), [("se", (2, 16, 1, 1)), ("eca", (2, 16, 1, 1)), ("cbam", (2, 16, 5, 3))])
def test_weights_lie_between_0_and_1_and_depend_on_one_image(name, shape):
    torch.manual_seed(0)
    module, x = gate(name, 16, 4), torch.randn(2, 16, 5, 3)
    weights = module(x)
    assert weights.shape == shape
    assert weights.min() > 0 and weights.max() < 1
    other = x.clone()
    other[1] = 0
    torch.testing.assert_close(module(other)[0], weights[0], rtol=0, atol=0)


def test_squeeze_excitation_by_hand():
    module = SqueezeExcitation(2, 2)
    module.reduce.weight.data = torch.tensor([[1.0, 2.0]])
    module.expand.weight.data = torch.tensor([[1.0], [-0.5]])
    x = torch.tensor([[[[0.0, 2.0]], [[-1.0, 1.5]]]])  # averages 1 and 0.25: hidden 1.5, logits 1.5 and -0.75
    torch.testing.assert_close(module(x).flatten(), torch.tensor([0.8175745, 0.3208213]))


def test_squeeze_excitation_halves_where_nothing_passes_the_relu():
    module = SqueezeExcitation(4, 2)
    module.reduce.weight.data.fill_(-1.0)
    torch.testing.assert_close(module(torch.ones(1, 4, 2, 2)), torch.full((1, 4, 1, 1), 0.5))


@pytest.mark.parametrize(("channels", "kernel"), [(16, 3), (64, 3), (256, 5), (512, 5), (1024, 5), (2048, 7)])
def test_efficient_channel_widens_its_kernel_with_the_channels(channels, kernel):
    assert EfficientChannel(channels).neighbours.kernel_size == (kernel,)


def test_efficient_channel_reads_only_neighbours():
    module = EfficientChannel(64)  # kernel 3
    x = torch.randn(1, 64, 2, 2)
    changed = x.clone()
    changed[:, 10] += 1
    differs = (module(changed) != module(x)).flatten().nonzero().flatten().tolist()
    assert differs == [9, 10, 11]


def test_convolutional_attention_equals_a_double_loop():
    torch.manual_seed(1)
    module, x = ConvolutionalBlockAttention(4, 2).double(), torch.randn(1, 4, 3, 3, dtype=torch.float64)
    logits = module.excite(x.mean((2, 3))) + module.excite(x.flatten(2).max(2).values)
    channel, kernel = logits.sigmoid()[0], module.place.weight[0]
    refined = torch.stack([x[0, c] * channel[c] for c in range(4)])
    expected = torch.empty(4, 3, 3, dtype=torch.float64)
    for i in range(3):
        for j in range(3):
            total = sum(
                kernel[0, a - i + 3, b - j + 3] * refined[:, a, b].mean()
                + kernel[1, a - i + 3, b - j + 3] * refined[:, a, b].max()
                for a in range(3)
                for b in range(3)
            )
            expected[:, i, j] = channel * total.sigmoid()
    torch.testing.assert_close(module(x)[0], expected, rtol=0, atol=1e-10)


def test_too_few_channels_are_named():
    with pytest.raises(ValueError, match=r"8 channels.*16 times.*gate\.ratio"):
        gate("se", 8, 16)
