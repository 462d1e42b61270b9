"""DARTS (Liu et al. 2019) on scikit-learn's digits: search a cell by gradients, derive it, train it, save the model."""

import argparse
import time
from pathlib import Path

import mlflow
import numpy
import torch
from cells import OPERATIONS, DiscreteCell, MixedCell, Network, edges
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.nn import functional

NAMES = list(OPERATIONS)
BATCH = 64


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--search-epochs", type=int, default=12)
    parser.add_argument("--train-epochs", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)  # small images: threads would wait for each other
    images, labels = load_digits(return_X_y=True)
    images = torch.tensor(images, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    known, test = (torch.tensor(part) for part in train_test_split(numpy.arange(len(images)), random_state=0))
    labels = torch.tensor(labels)
    began = time.monotonic()
    genotype = search(images[known], labels[known], arguments)
    print(f"found in {time.monotonic() - began:.1f} s: {genotype}")
    mlflow.log_dict({"nodes": arguments.nodes, "edges": genotype}, "architecture.json")
    network = derived(genotype, arguments)
    train(network, images[known], labels[known], arguments.train_epochs)
    found = accuracy(network, images[test], labels[test])
    mlflow.log_metric("accuracy", found)
    print(f"accuracy {found:.4f} on {len(test)} images that it has not seen; {weights_of(network)} weights")
    if arguments.model:
        save(network, images[:4], arguments.model)


def search(images, labels, arguments):
    """The discrete cell: (from, to, operation). Weights learn on one half, shares on the other (first order)."""
    network = Network(arguments.channels, arguments.nodes, lambda: MixedCell(arguments.channels, arguments.nodes))
    alphas = torch.zeros(len(edges(arguments.nodes)), len(NAMES), requires_grad=True)
    by_weights = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=3e-4)
    by_alphas = torch.optim.Adam([alphas], lr=0.02, betas=(0.5, 0.999), weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(by_weights, arguments.search_epochs)
    half = len(images) // 2
    for epoch in range(1, arguments.search_epochs + 1):
        network.train()
        order, other = torch.randperm(half), half + torch.randperm(len(images) - half)
        for begin in range(0, half - BATCH + 1, BATCH):
            pick, judge = order[begin : begin + BATCH], other[begin : begin + BATCH]
            step(by_alphas, network, images[judge], labels[judge], alphas)
            loss = step(by_weights, network, images[pick], labels[pick], alphas)
        schedule.step()
        shares = torch.softmax(alphas, dim=1)
        spread = float(-(shares * shares.log()).sum(1).mean())
        seen = accuracy(network, images[half:], labels[half:], shares.detach())
        mlflow.log_metrics({"search_loss": loss, "search_accuracy": seen, "architecture_entropy": spread}, step=epoch)
    return derive(torch.softmax(alphas, dim=1).detach(), arguments.nodes)


def step(optimizer, network, images, labels, alphas):
    loss = functional.cross_entropy(network(images, torch.softmax(alphas, dim=1)), labels)
    network.zero_grad()
    alphas.grad = None
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimizer.step()
    return float(loss.detach())


def derive(shares, nodes):
    """Of the edges into a node the two strongest stay, each with its strongest operation; "none" is no choice."""
    best = shares.clone()
    best[:, NAMES.index("none")] = -1.0
    strength, choice = best.max(dim=1)
    genotype = []
    for end in range(1, nodes + 1):
        into = [(float(strength[row]), edge, row) for row, edge in enumerate(edges(nodes)) if edge[1] == end]
        kept = sorted(sorted(into, reverse=True)[:2], key=lambda one: one[1])
        genotype += [[*edge, NAMES[int(choice[row])]] for _, edge, row in kept]
    return genotype


def derived(genotype, arguments):
    channels = 2 * arguments.channels
    return Network(channels, arguments.nodes, lambda: DiscreteCell(channels, arguments.nodes, genotype))


def train(network, images, labels, epochs):
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    steps = epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=steps)
    for epoch in range(1, epochs + 1):
        network.train()
        for pick in torch.randperm(len(images)).split(BATCH):
            loss = functional.cross_entropy(network(images[pick]), labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        mlflow.log_metric("train_loss", float(loss.detach()), step=epoch)


@torch.no_grad()
def accuracy(network, images, labels, *weights):
    network.eval()
    return float((network(images, *weights).argmax(1) == labels).float().mean())


def weights_of(network):
    return sum(parameter.numel() for parameter in network.parameters())


def save(network, images, place):
    """As an exported program (no pickle), with the signature of a batch of images."""
    network.eval()
    signature = mlflow.models.infer_signature(images.numpy(), network(images).detach().numpy())
    requirements = [f"torch=={torch.__version__.partition('+')[0]}"]
    mlflow.pytorch.save_model(
        network,
        place,
        signature=signature,
        input_example=images.numpy(),
        pip_requirements=requirements,
        serialization_format="pt2",
    )


if __name__ == "__main__":
    main()
