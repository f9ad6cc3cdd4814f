"""Small architectures, as people write them, for readers of PyTorch models: name to a function that makes one.

Each has the shape of a sample beside it. They are not trained: weights are those of the classes, statistics of
normalisations are drawn, or those of random samples.
"""

from functools import partial

import pytest

torch = pytest.importorskip("torch")
from examples import torch_models  # noqa: E402 - only where there is torch

nn = torch.nn
F = nn.functional


class Model(nn.Module):
    """Modules by name and a function of these and the input."""

    def __init__(self, compute, **modules):
        super().__init__()
        for name, module in modules.items():
            setattr(self, name, module)
        self.compute = compute

    def forward(self, x):
        return self.compute(self, x)


def block(n_in, n_out, kernel=3, **options):
    options = {"padding": kernel // 2, "bias": False} | options
    return nn.Sequential(nn.Conv2d(n_in, n_out, kernel, **options), nn.BatchNorm2d(n_out), nn.ReLU())


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Dropout(), nn.Linear(12, 3)), (1, 4, 4)


def norm_mlp():
    return nn.Sequential(
        nn.BatchNorm1d(6), nn.Linear(6, 8, bias=False), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2), nn.LogSoftmax(1)
    ), (6,)


def functional_mlp():
    def compute(m, x):
        x = F.relu(m.one(x.view(x.size(0), -1)))
        x = F.dropout(x, 0.5, m.training)
        return F.log_softmax(m.two(x), dim=1)

    return Model(compute, one=nn.Linear(16, 10), two=nn.Linear(10, 4)), (1, 4, 4)


def residual_mlp():
    def compute(m, x):
        x = torch.relu(m.stem(x))
        for layer in m.layers:
            x = x + torch.relu(layer(x))
        return m.head(x)

    layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])
    return Model(compute, stem=nn.Linear(5, 8), layers=layers, head=nn.Linear(8, 3)), (5,)


def mixer_mlp():
    def compute(m, x):  # (steps, features)
        x = x + m.over_steps(x.transpose(1, 2)).transpose(1, 2)
        return m.head((x + m.over_features(m.norm(x))).mean(1))

    return Model(
        compute,
        over_steps=nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 4)),
        over_features=nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 6)),
        norm=nn.LayerNorm(6),
        head=nn.Linear(6, 3),
    ), (4, 6)


def autoencoder():
    return nn.Sequential(nn.Linear(8, 4), nn.ELU(), nn.Linear(4, 2), nn.ELU(), nn.Linear(2, 8), nn.Sigmoid()), (8,)


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 3, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 4),
    ), (1, 12, 12)  # fmt: skip


def alexnet():
    return nn.Sequential(
        nn.Conv2d(2, 4, 5, 2, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2), nn.Conv2d(4, 6, 3, padding=1),
        nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Dropout(), nn.Linear(6, 3),
    ), (2, 14, 14)  # fmt: skip


def vgg():
    def compute(m, x):
        return m.classifier(torch.flatten(m.features(x), 1))

    features = nn.Sequential(block(1, 3), block(3, 3), nn.MaxPool2d(2), block(3, 5), nn.MaxPool2d(2))
    return Model(compute, features=features, classifier=nn.Linear(20, 3)), (1, 8, 8)


def pool_before_relu():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(3, 4, 2), nn.MaxPool2d(2), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(4, 3),
    ), (1, 8, 8)  # fmt: skip


def all_convolutional():
    return nn.Sequential(
        block(1, 4), block(4, 4, stride=2), nn.Conv2d(4, 3, 1), nn.AvgPool2d(4), nn.Flatten(), nn.Softmax(1)
    ), (1, 8, 8)


class Residual(nn.Module):
    def __init__(self, n_in, n_out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.down = None
        if stride != 1 or n_in != n_out:
            self.down = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x):
        identity = x if self.down is None else self.down(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += identity
        return self.relu(out)


def resnet():
    def compute(m, x):
        return m.fc(torch.flatten(m.pool(m.blocks(m.stem(x))), 1))

    stem = nn.Sequential(block(1, 4, 3), nn.MaxPool2d(3, 2, 1))
    blocks = nn.Sequential(Residual(4, 4), Residual(4, 6, 2))
    return Model(compute, stem=stem, blocks=blocks, pool=nn.AdaptiveAvgPool2d(1), fc=nn.Linear(6, 3)), (1, 12, 12)


def preactivation_resnet():
    def compute(m, x):
        x = m.stem(x)
        x = x + m.conv(F.relu(m.norm(x)))
        return m.fc(F.adaptive_avg_pool2d(F.relu(x), 1).squeeze(-1).squeeze(-1))

    return Model(
        compute,
        stem=nn.Conv2d(1, 4, 3, padding=1),
        norm=nn.BatchNorm2d(4),
        conv=nn.Conv2d(4, 4, 3, padding=1),
        fc=nn.Linear(4, 3),
    ), (1, 6, 6)


def inception():
    def compute(m, x):
        x = torch.cat([m.one(x), m.three(x), m.five(x), m.pool(F.max_pool2d(x, 3, 1, 1))], 1)
        return m.fc(x.mean(dim=(2, 3)))

    return Model(
        compute, one=block(2, 2, 1), three=block(2, 3), five=block(2, 2, 5), pool=block(2, 2, 1), fc=nn.Linear(9, 3)
    ), (2, 6, 6)


def densenet():
    def compute(m, x):
        found = [x]
        for layer in m.layers:
            found.append(layer(torch.cat(found, 1)))
        x = F.avg_pool2d(m.transition(torch.cat(found, 1)), 2)
        return m.fc(F.relu(x).flatten(1))

    def layer(n):
        return nn.Sequential(nn.BatchNorm2d(n), nn.ReLU(), nn.Conv2d(n, 2, 3, padding=1, bias=False))

    return Model(
        compute,
        layers=nn.ModuleList([layer(2), layer(4), layer(6)]),
        transition=nn.Sequential(nn.BatchNorm2d(8), nn.Conv2d(8, 4, 1)),
        fc=nn.Linear(16, 3),
    ), (2, 4, 4)


def mobilenet():
    class Inverted(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.conv = nn.Sequential(
                nn.Conv2d(n, 2 * n, 1, bias=False), nn.BatchNorm2d(2 * n), nn.ReLU6(inplace=True),
                nn.Conv2d(2 * n, 2 * n, 3, 1, 1, groups=2 * n, bias=False), nn.BatchNorm2d(2 * n),
                nn.ReLU6(inplace=True),
                nn.Conv2d(2 * n, n, 1, bias=False), nn.BatchNorm2d(n),
            )  # fmt: skip

        def forward(self, x):
            return x + self.conv(x)

    stem = nn.Sequential(nn.Conv2d(1, 3, 3, 2, 1, bias=False), nn.BatchNorm2d(3), nn.ReLU6())
    return nn.Sequential(stem, Inverted(3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3)), (1, 8, 8)


def mobilenet3():
    def compute(m, x):
        x = m.stem(x)
        gate = F.hardsigmoid(m.up(F.relu(m.down(F.adaptive_avg_pool2d(x, 1)))))
        return m.fc(F.hardswish(x * gate).mean([2, 3]))

    stem = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.Hardswish())
    return Model(compute, stem=stem, down=nn.Conv2d(4, 2, 1), up=nn.Conv2d(2, 4, 1), fc=nn.Linear(4, 3)), (1, 8, 8)


def efficientnet():
    def compute(m, x):
        x = F.silu(m.stem(x))
        gate = torch.sigmoid(m.up(F.silu(m.down(x.mean((2, 3), keepdim=True)))))
        return m.fc((x + m.project(gate * x)).amax((2, 3)))

    return Model(
        compute,
        stem=nn.Conv2d(1, 4, 3, padding="same"),
        down=nn.Conv2d(4, 2, 1),
        up=nn.Conv2d(2, 4, 1),
        project=nn.Conv2d(4, 4, 1),
        fc=nn.Linear(4, 3),
    ), (1, 5, 5)


def squeezenet():
    def compute(m, x):
        x = m.stem(x)
        x = F.relu(m.squeeze(x))
        x = torch.cat([F.relu(m.one(x)), F.relu(m.three(x))], dim=1)
        return m.classifier(x).mean((-1, -2))

    return Model(
        compute,
        stem=nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)),
        squeeze=nn.Conv2d(4, 2, 1),
        one=nn.Conv2d(2, 3, 1),
        three=nn.Conv2d(2, 3, 3, padding=1),
        classifier=nn.Sequential(nn.Dropout(), nn.Conv2d(6, 3, 1), nn.ReLU()),
    ), (1, 10, 10)


def shufflenet():
    def compute(m, x):
        left, right = m.stem(x).chunk(2, 1)
        x = torch.cat([left, m.branch(right)], 1)
        n, c, h, w = x.size()
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        return m.fc(x.mean([2, 3]))

    branch = nn.Sequential(block(2, 2, 1), nn.Conv2d(2, 2, 3, 1, 1, groups=2), nn.BatchNorm2d(2))
    return Model(compute, stem=block(1, 4, stride=2), branch=branch, fc=nn.Linear(4, 3)), (1, 6, 6)


def convnext():
    def compute(m, x):
        x = m.stem(x)
        y = m.norm(m.depthwise(x).permute(0, 2, 3, 1))
        y = m.gamma * m.down(F.gelu(m.up(y)))
        return m.head(m.last((x + y.permute(0, 3, 1, 2)).mean([-2, -1])))

    model = Model(
        compute,
        stem=nn.Conv2d(1, 4, 2, 2),
        depthwise=nn.Conv2d(4, 4, 3, padding=1, groups=4),
        norm=nn.LayerNorm(4),
        up=nn.Linear(4, 8),
        down=nn.Linear(8, 4),
        last=nn.LayerNorm(4),
        head=nn.Linear(4, 3),
    )
    model.gamma = nn.Parameter(torch.rand(4))
    return model, (1, 8, 8)


def unet():
    def compute(m, x):
        a = m.down(x)
        b = F.interpolate(m.bottom(F.max_pool2d(a, 2)), scale_factor=2)
        return m.out(torch.cat([a, b], 1))

    return Model(compute, down=block(1, 2), bottom=block(2, 3), out=nn.Conv2d(5, 1, 1)), (1, 4, 4)


def conv1d():
    return nn.Sequential(
        nn.Conv1d(2, 4, 3, padding=1), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 3, 3), nn.ReLU(),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(3, 2),
    ), (2, 10)  # fmt: skip


def temporal_convolution():
    def compute(m, x):  # causal
        y = torch.relu(m.one(F.pad(x, (2, 0))))
        y = torch.relu(m.two(F.pad(y, (4, 0))))
        return m.head((y + m.skip(x))[:, :, -1])

    return Model(
        compute,
        one=nn.Conv1d(2, 3, 3),
        two=nn.Conv1d(3, 3, 3, dilation=2),
        skip=nn.Conv1d(2, 3, 1),
        head=nn.Linear(3, 2),
    ), (2, 7)


def siamese():
    def compute(m, x):
        left, right = m.body(x[:, 0]), m.body(x[:, 1])
        return m.head(torch.abs(left - right))

    return Model(compute, body=nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 4)), head=nn.Linear(4, 1)), (2, 5)


def maxout():
    def compute(m, x):
        return m.head(torch.maximum(m.one(x), m.two(x)))

    return Model(compute, one=nn.Linear(5, 6), two=nn.Linear(5, 6), head=nn.Linear(6, 3)), (5,)


def gated():
    def compute(m, x):
        gate = torch.sigmoid(m.gate(x))
        return m.head(gate * torch.tanh(m.value(x)) + (1 - gate) * x)

    return Model(compute, gate=nn.Linear(5, 5), value=nn.Linear(5, 5), head=nn.Linear(5, 2)), (5,)


def kolmogorov():
    """Many activation functions, side by side."""
    functions = (F.selu, F.celu, F.mish, F.softplus, F.hardtanh, F.logsigmoid, F.tanhshrink, F.gelu)

    def compute(m, x):
        parts = m.one(x).split(2, 1)
        return m.two(torch.cat([function(part) for function, part in zip(functions, parts, strict=True)], 1))

    return Model(compute, one=nn.Linear(4, 16), two=nn.Linear(16, 3)), (4,)


def group_norms():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.PReLU(4), nn.Conv2d(4, 3, 2), nn.InstanceNorm2d(3, affine=True),
        nn.SELU(), nn.Flatten(), nn.Linear(27, 2),
    ), (1, 6, 6)  # fmt: skip


def rnn():
    def compute(m, x):
        return m.head(m.rnn(x)[0][:, -1])

    return Model(compute, rnn=nn.RNN(3, 4, batch_first=True), head=nn.Linear(4, 2)), (4, 3)


def lstm():
    def compute(m, x):
        start = torch.zeros(1, x.shape[0], 4)
        out, (h, _) = m.lstm(x, (start, start))
        return m.head(out[:, -1] + h[0])

    return Model(compute, lstm=nn.LSTM(3, 4, batch_first=True), head=nn.Linear(4, 2)), (4, 3)


def gru():
    def compute(m, x):
        return m.head(m.gru(x)[0].mean(1))

    return Model(compute, gru=nn.GRU(3, 2, batch_first=True, bidirectional=True), head=nn.Linear(4, 2)), (3, 3)


def lstm_cell():
    def compute(m, x):
        h = c = x.new_zeros(x.shape[0], 4)
        for t in range(x.shape[1]):
            h, c = m.cell(x[:, t], (h, c))
        return m.head(h)

    return Model(compute, cell=nn.LSTMCell(3, 4), head=nn.Linear(4, 2)), (3, 3)


def transformer():
    def compute(m, x):
        return m.head(m.encoder(x + m.position)[:, 0])

    layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
    model = Model(compute, encoder=nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), head=nn.Linear(8, 3))
    model.position = nn.Parameter(0.3 * torch.randn(1, 4, 8))
    return model, (4, 8)


def vision_transformer():
    class Attention(nn.Module):
        def __init__(self, d, heads):
            super().__init__()
            self.qkv, self.out, self.heads = nn.Linear(d, 3 * d), nn.Linear(d, d), heads

        def forward(self, x):
            b, n, d = x.shape
            q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
            weights = (q @ k.transpose(-2, -1) * (d // self.heads) ** -0.5).softmax(-1)
            return self.out((weights @ v).transpose(1, 2).reshape(b, n, d))

    def compute(m, x):
        x = m.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([m.token.expand(len(x), -1, -1), x], 1) + m.position
        x = x + m.attention(m.norm1(x))
        x = x + m.mlp(m.norm2(x))
        return m.head(x[:, 0])

    model = Model(
        compute,
        patches=nn.Conv2d(1, 8, 4, 4),
        attention=Attention(8, 2),
        norm1=nn.LayerNorm(8),
        norm2=nn.LayerNorm(8),
        mlp=nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8)),
        head=nn.Linear(8, 3),
    )
    model.token, model.position = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(0.3 * torch.randn(1, 5, 8))
    return model, (1, 8, 8)


def of_examples(make):
    """A model that the examples train on images of 28 x 28 pixels."""
    return make(), (1, 28, 28)


EXAMPLES = (
    torch_models.LeNet,
    torch_models.ResNet8,
    torch_models.MobileNet,
    torch_models.VisionTransformer,
    torch_models.RowLSTM,
)
ZOO = {
    each.__name__: each
    for each in (
        mlp, norm_mlp, functional_mlp, residual_mlp, mixer_mlp, autoencoder, lenet, alexnet, vgg, pool_before_relu,
        all_convolutional, resnet, preactivation_resnet, inception, densenet, mobilenet, mobilenet3, efficientnet,
        squeezenet, shufflenet, convnext, unet, conv1d, temporal_convolution, siamese, maxout, gated, kolmogorov,
        group_norms, rnn, lstm, gru, lstm_cell, transformer, vision_transformer,
    )
} | {make.__name__: partial(of_examples, make) for make in EXAMPLES}  # fmt: skip


def made(name):
    """A model of the zoo in evaluation mode, with drawn statistics, and the shape of a sample."""
    torch.manual_seed(0)
    model, shape = ZOO[name]()
    norms = [module for module in model.modules() if getattr(module, "running_mean", None) is not None]
    for module in norms:
        module.running_mean.normal_(0, 0.2)
        module.running_var.uniform_(0.5, 1.5)
        nn.init.uniform_(module.weight, 0.5, 1.5)
        nn.init.normal_(module.bias, 0, 0.2)
        module.momentum = None  # of training: the mean of all batches
    if norms and type(model) in EXAMPLES:  # so deep that a signal dies out, but for statistics of samples
        with torch.no_grad():
            model.train()(torch.rand(64, *shape))
    return model.eval(), shape
