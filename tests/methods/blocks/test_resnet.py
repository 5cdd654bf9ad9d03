"""The residual networks against torchvision's, and what loading ImageNet weights refuses."""

import pytest
import torch

from methods.blocks import resnet

torchvision = pytest.importorskip("torchvision")


def reference(last_stride: int = 2):
    """torchvision's ResNet-50 with random weights and batch statistics."""
    torch.manual_seed(0)
    model = torchvision.models.resnet50(weights=None)
    if last_stride == 1:
        model.layer4[0].conv2.stride = (1, 1)
        model.layer4[0].downsample[0].stride = (1, 1)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    return model.eval()


def saved(tmp_path, state: dict):
    path = tmp_path / "resnet50.pth"
    torch.save(state, path)
    return path


def named(built) -> dict[str, torch.Tensor]:
    """Parameters and buffers of five stages under torchvision's names."""
    prefixes = ["", "layer1.", "layer2.", "layer3.", "layer4."]
    return {
        p + name: value for p, stage in zip(prefixes, built, strict=True) for name, value in stage.state_dict().items()
    }


def test_resnet50_is_torchvisions_name_by_name():
    ours = named(resnet.stages("resnet50", 64, 2))
    theirs = {name: value for name, value in reference().state_dict().items() if not name.startswith("fc.")}
    assert {name: value.shape for name, value in ours.items()} == {name: value.shape for name, value in theirs.items()}


@pytest.mark.parametrize("last_stride", [1, 2])
def test_resnet50_is_torchvisions_output_by_output(tmp_path, last_stride):
    model = reference(last_stride)
    built = resnet.stages("resnet50", 64, last_stride)
    resnet.load_imagenet(built, saved(tmp_path, model.state_dict()))
    x = torch.randn(2, 3, 64, 32, generator=torch.Generator().manual_seed(1))
    ours = theirs = x
    with torch.no_grad():
        theirs = model.maxpool(model.relu(model.bn1(model.conv1(x))))
        for i, stage in enumerate(built):
            ours = stage.eval()(ours)
            theirs = theirs if i == 0 else getattr(model, f"layer{i}")(theirs)
            assert torch.equal(ours, theirs), resnet.STAGES[i]
            assert ours.shape[1] == resnet.channels("resnet50", 64)[i]


@pytest.mark.parametrize(("last_stride", "size"), [(1, (6, 3)), (2, (3, 2))])
def test_the_small_network(last_stride, size):
    x = torch.randn(2, 3, 96, 48)
    for channels, stage in zip([16, 16, 32, 64, 128], resnet.stages("small", 16, last_stride), strict=True):
        x = stage(x)
        assert x.shape[1] == channels
    assert x.shape[2:] == size
    assert resnet.channels("small", 16) == [16, 16, 32, 64, 128]


def test_no_weights(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        resnet.load_imagenet(resnet.stages("resnet50", 64, 1), tmp_path / "none.pth")
    message = str(raised.value)
    assert message.startswith(
        f"{tmp_path / 'none.pth'}: no ImageNet weights; put torchvision's resnet50-19c8e357.pth there"
    )
    assert "set backbone.init=random" in message


def test_weights_of_another_network(tmp_path):
    path = saved(tmp_path, torchvision.models.resnet18(weights=None).state_dict())
    with pytest.raises(
        ValueError, match=r"expected layer1.0.conv1.weight of shape \(64, 64, 1, 1\), found shape"
    ) as raised:
        resnet.load_imagenet(resnet.stages("resnet50", 64, 1), path)
    assert str(raised.value).startswith(str(path))


def test_a_missing_parameter(tmp_path):
    state = reference().state_dict()
    del state["layer3.2.bn2.running_mean"]
    with pytest.raises(ValueError, match=r"expected layer3.2.bn2.running_mean of shape \(256,\), found nothing"):
        resnet.load_imagenet(resnet.stages("resnet50", 64, 1), saved(tmp_path, state))


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04 cut off"])
def test_a_file_that_holds_no_weights(tmp_path, content):
    path = tmp_path / "resnet50.pth"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"expected torchvision's resnet50-19c8e357\.pth, found no PyTorch weights"
    ) as raised:
        resnet.load_imagenet(resnet.stages("small", 16, 1), path)
    assert str(raised.value).startswith(str(path))
