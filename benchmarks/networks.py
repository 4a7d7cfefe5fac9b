"""The networks of the benchmarks: untrained, of the sizes that people use."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn


def frozen(module: nn.Module) -> nn.Module:
    """In eval mode, without gradients of parameters: the bare limit takes none either."""
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    return module.eval()


def omics(
    genes: int, outputs: int, hidden: tuple[int, ...] = (512, 128), bend: type[nn.Module] = nn.ReLU
) -> nn.Module:
    """A network over a row of genes."""
    torch.manual_seed(0)
    parts: list[nn.Module] = []
    sizes = (genes, *hidden, outputs)
    for a, b in itertools.pairwise(sizes):
        parts += [nn.Linear(a, b), bend()]
    return frozen(nn.Sequential(*parts[:-1]))


class Block(nn.Module):
    """A residual block of two convolutions (He 2016)."""

    def __init__(self, a: int, b: int, stride: int) -> None:
        super().__init__()
        self.one, self.onenorm = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.two, self.twonorm = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        self.relu = nn.ReLU(inplace=True)
        same = stride == 1 and a == b
        self.past = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(n, a, h, w) to (n, b, h / stride, w / stride)."""
        y = self.relu(self.onenorm(self.one(x)))
        return torch.as_tensor(self.relu(self.twonorm(self.two(y)) + self.past(x)))


def resnet(width: int = 64) -> nn.Module:
    """Eighteen layers over images of three channels."""
    torch.manual_seed(0)
    w = width
    sizes = [(w, w, 1), (w, w, 1), (w, 2 * w, 2), (2 * w, 2 * w, 1), (2 * w, 4 * w, 2),
             (4 * w, 4 * w, 1), (4 * w, 8 * w, 2), (8 * w, 8 * w, 1)]  # fmt: skip
    return _measured(
        nn.Sequential(
            nn.Conv2d(3, w, 7, 2, 3, bias=False),
            nn.BatchNorm2d(w),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
            *[Block(*size) for size in sizes],
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8 * w, 2),
        ),
        torch.rand(16, 3, 64, 64),
    )


def _measured(module: nn.Module, x: Tensor) -> nn.Module:
    """With the means and variances of a batch in its normalisations, in place of 0 and 1."""
    with torch.no_grad():
        for _ in range(30):
            module.train()(x)
    return frozen(module)


def Convolutions() -> nn.Module:
    """Three convolutions over volumes of one channel."""
    torch.manual_seed(0)
    parts: list[nn.Module] = []
    for a, b in ((1, 16), (16, 32), (32, 64)):
        parts += [nn.Conv3d(a, b, 3, 1, 1), nn.BatchNorm3d(b), nn.ReLU(), nn.MaxPool3d(2)]
    parts += [nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(64, 2)]
    return _measured(nn.Sequential(*parts), torch.rand(8, 1, 32, 32, 32))


class Vision(nn.Module):
    """A transformer over patches of 16 x 16 (Dosovitskiy 2021)."""

    def __init__(self, width: int = 192, depth: int = 6, size: int = 224) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patch = nn.Conv2d(3, width, 16, 16)
        self.place = nn.Parameter(0.02 * torch.randn(1, (size // 16) ** 2, width))
        layer = nn.TransformerEncoderLayer(
            width, max(width // 64, 1), 4 * width, activation="gelu", batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.blocks = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.head = nn.Linear(width, 2)
        frozen(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, 3, size, size) to (n, 2)."""
        tokens = self.patch(x).flatten(2).transpose(1, 2) + self.place
        return torch.as_tensor(self.head(self.blocks(tokens).mean(1)))


class CellTransformer(nn.Module):
    """A transformer over genes: each gene's own vector, times its value."""

    def __init__(self, genes: int = 512, width: int = 128, depth: int = 4) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.gene, self.scale = (nn.Parameter(torch.randn(genes, width)) for _ in range(2))
        layer = nn.TransformerEncoderLayer(
            width, 2, 4 * width, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.head = nn.Linear(width, 2)
        frozen(self)

    def forward(self, x: Tensor) -> Tensor:
        """Expression (n, genes) to (n, 2)."""
        tokens = self.gene + x[:, :, None] * self.scale
        return torch.as_tensor(self.head(self.blocks(tokens).mean(1)))
