"""Trains a small CNN with PyTorch and exports it, for `fqt convert`; see README.md.

    python train.py DATA.npz [legacy]      DATA.npz: x_train, x_test uint8 [n][28][28][1] and their
                                           labels y_train, y_test

Writes fashion.onnx by torch.export, or with "legacy" by the older exporter; calibrate.npz, samples
as the network takes them; test.npz and own.npz, samples with labels as the device takes them.
"""

import sys

import numpy as np
import torch
from torch import nn

EPOCHS = 5
OWN = 200  # samples that stand for those of the device's user


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(784, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


def fit(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> None:
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    net.train()
    for _ in range(EPOCHS):
        for picked in torch.randperm(len(x)).split(128):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[picked]), y[picked]).backward()
            optimizer.step()
    net.eval()


def main() -> None:
    torch.manual_seed(1)
    with np.load(sys.argv[1]) as data:
        x, x_test, y, y_test = (
            torch.from_numpy(data[name]) for name in ("x_train", "x_test", "y_train", "y_test")
        )
    x, x_test = (images.permute(0, 3, 1, 2) / 255 for images in (x, x_test))
    y, y_test = y.long(), y_test.long()
    net = network()
    fit(net, x, y)
    with torch.no_grad():
        right = net(x_test).argmax(dim=1) == y_test
    print(f"PyTorch: accuracy {100 * right.float().mean():.2f} % of {len(x_test)} samples")
    is_legacy = sys.argv[2:] == ["legacy"]
    torch.onnx.export(net, (x[:1],), "fashion.onnx", dynamo=not is_legacy, external_data=False)
    np.savez("calibrate.npz", x=x[:200].numpy())
    on_device = x_test.permute(0, 2, 3, 1).numpy()  # channels last
    np.savez("test.npz", x=on_device, y=y_test.numpy())
    # What the device meets is darker than what the network learned from.
    np.savez("own.npz", x=on_device[:OWN] * 0.4, y=y_test[:OWN].numpy())


main()
