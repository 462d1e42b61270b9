"""Cells of operations between nodes: mixed while the architecture is searched, discrete when it was found.

As in Liu et al. 2019: a cell is a graph whose nodes are feature maps; each edge carries an operation, and a node is the
sum of what comes in. Cells here have one input, the nodes of a cell are joined, and images keep their size within one.
"""

import torch
from torch import nn
from torch.nn import functional


class NoConnection(nn.Module):
    def forward(self, images):
        return images * 0.0


def convolution(channels, kernel, dilation=1):
    """Depthwise separable: one filter for each channel, then a mixture of the channels."""
    reach = dilation * (kernel - 1) // 2
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, padding=reach, dilation=dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
    )


OPERATIONS = {
    "none": lambda channels: NoConnection(),
    "skip": lambda channels: nn.Identity(),
    "average_pool_3": lambda channels: nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
    "max_pool_3": lambda channels: nn.MaxPool2d(3, stride=1, padding=1),
    "convolution_3": lambda channels: convolution(channels, 3),
    "convolution_5": lambda channels: convolution(channels, 5),
    "dilated_convolution_3": lambda channels: convolution(channels, 3, dilation=2),
}


def edges(nodes):
    """(from, to) of every edge of a cell; node 0 is its input."""
    return [(start, end) for end in range(1, nodes + 1) for start in range(end)]


class MixedEdge(nn.Module):
    """Every operation at once, weighted by the softmax of the edge's architecture parameters."""

    def __init__(self, channels):
        super().__init__()
        self.operations = nn.ModuleList(make(channels) for make in OPERATIONS.values())

    def forward(self, images, weights):
        return sum(weight * operation(images) for weight, operation in zip(weights, self.operations, strict=True))


class MixedCell(nn.Module):
    def __init__(self, channels, nodes):
        super().__init__()
        self.nodes = nodes
        self.edges = nn.ModuleDict({f"{start}-{end}": MixedEdge(channels) for start, end in edges(nodes)})

    def forward(self, images, weights):
        reached = [images]
        row = {edge: place for place, edge in enumerate(edges(self.nodes))}
        for end in range(1, self.nodes + 1):
            parts = [self.edges[f"{start}-{end}"](reached[start], weights[row[start, end]]) for start in range(end)]
            reached.append(sum(parts))
        return torch.cat(reached[1:], dim=1)


class DiscreteCell(nn.Module):
    """`genotype` lists (from, to, operation)."""

    def __init__(self, channels, nodes, genotype):
        super().__init__()
        self.nodes = nodes
        self.genotype = [tuple(edge) for edge in genotype]
        self.operations = nn.ModuleList(OPERATIONS[name](channels) for _, _, name in self.genotype)

    def forward(self, images):
        reached = [images]
        for end in range(1, self.nodes + 1):
            into = zip(self.genotype, self.operations, strict=True)
            reached.append(sum(operation(reached[start]) for (start, to, _), operation in into if to == end))
        return torch.cat(reached[1:], dim=1)


class Network(nn.Module):
    """A stem, cells with a halving of the image between them, and a linear head."""

    def __init__(self, channels, nodes, make_cell, cells=2):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))
        self.cells = nn.ModuleList(make_cell() for _ in range(cells))
        self.squeezes = nn.ModuleList(nn.Conv2d(channels * nodes, channels, 1, bias=False) for _ in range(cells))
        self.head = nn.Linear(channels, 10)

    def forward(self, images, *weights):
        images = self.stem(images)
        for place, (cell, squeeze) in enumerate(zip(self.cells, self.squeezes, strict=True)):
            images = squeeze(cell(images, *weights))
            if place + 1 < len(self.cells):
                images = functional.max_pool2d(images, 2)
        return self.head(images.mean(dim=(2, 3)))
