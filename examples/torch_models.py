"""Networks of PyTorch for 28 x 28 pixels as people write them, and the loop that trains them; examples share both."""

import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as it is called everywhere

from sc_neurocore.datasets import Dataset

SIZE, CLASSES = 28, 10


class LeNet(nn.Module):
    """6 and 16 maps of 5 x 5 kernels, pooled by 2; 120 and 84 hidden neurons.

    Y. LeCun et al., 1998, https://doi.org/10.1109/5.726791, with ReLU, maximum pooling and no connection table.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class BasicBlock(nn.Module):
    """Two convolutions and what goes past them."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.shortcut = nn.Sequential()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.shortcut(x))


class ResNet8(nn.Module):
    """A stem, three residual blocks and a linear layer: eight layers on the longest way.

    K. He et al., 2016, https://doi.org/10.1109/CVPR.2016.90.
    """

    def __init__(self, widths: tuple[int, int, int] = (8, 16, 32)) -> None:
        super().__init__()
        a, b, c = widths
        self.conv = nn.Conv2d(1, a, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(a)
        self.layers = nn.Sequential(BasicBlock(a, a, 1), BasicBlock(a, b, 2), BasicBlock(b, c, 2))
        self.fc = nn.Linear(c, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(F.relu(self.bn(self.conv(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def separable(n_in: int, n_out: int, stride: int) -> nn.Sequential:
    """A convolution of each channel, then one of 1 x 1 pixels of all channels."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_in, 3, stride, padding=1, groups=n_in, bias=False),
        nn.BatchNorm2d(n_in),
        nn.ReLU6(inplace=True),
        nn.Conv2d(n_in, n_out, 1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU6(inplace=True),
    )


class MobileNet(nn.Module):
    """A stem and four depthwise-separable convolutions.

    A. G. Howard et al., 2017, https://doi.org/10.48550/arXiv.1704.04861.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU6(inplace=True),
            separable(8, 16, 1),
            separable(16, 32, 2),
            separable(32, 32, 1),
            separable(32, 64, 2),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.1), nn.Linear(64, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean([2, 3]))


class TransformerBlock(nn.Module):
    """Attention and a perceptron, each behind a normalisation and beside what goes past it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """16 patches of 7 x 7 pixels and a token for the class, through two blocks.

    A. Dosovitskiy et al., 2021, https://doi.org/10.48550/arXiv.2010.11929.
    """

    def __init__(self, width: int = 32, heads: int = 4, depth: int = 2, patch: int = 7) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(0.02 * torch.randn(1, (SIZE // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*(TransformerBlock(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.position
        return self.head(self.norm(self.blocks(x))[:, 0])


class RowLSTM(nn.Module):
    """The 28 rows of an image as the steps of an LSTM of 64 units.

    S. Hochreiter, J. Schmidhuber, 1997, https://doi.org/10.1162/neco.1997.9.8.1735.
    """

    def __init__(self, units: int = 64) -> None:
        super().__init__()
        self.lstm = nn.LSTM(SIZE, units, batch_first=True)
        self.head = nn.Linear(units, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        steps, _ = self.lstm(x.squeeze(1))
        return self.head(steps[:, -1])


def images(x: Any) -> Tensor:
    """Samples ``(n, 784)`` as the models take them."""
    return torch.tensor(x, dtype=torch.float32).reshape(-1, 1, SIZE, SIZE)


def trained(
    make: type[nn.Module], data: Dataset, epochs: int, rate: float = 2e-3, batch: int = 64, seed: int = 0
) -> nn.Module:
    """A model trained by AdamW, whose rate falls along half a cosine, in evaluation mode."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # so that sums do not depend on the number of cores
    model = make()
    x, y = images(data.x_train), torch.tensor(data.y_train)
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    model.train()
    for epoch in range(epochs):
        for part in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[part]), y[part])
            loss.backward()
            optimizer.step()
        schedule.step()
        print(f"\r{make.__name__}: epoch {epoch + 1} of {epochs}, loss {loss.item():.4f}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return model.eval()
