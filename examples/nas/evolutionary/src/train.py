"""Train one network on scikit-learn's digits and log its accuracy on rows that it has not seen."""

import argparse
import json

import mlflow
import sklearn
import skops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--architecture", type=json.loads)
parser.add_argument("--activation")
parser.add_argument("--rate", type=float)
parser.add_argument("--model")
arguments = parser.parse_args()

chosen = arguments.architecture
widths = [int(chosen[layer]) for layer in ("first", "second") if layer in chosen]
rows, labels = load_digits(return_X_y=True)
train_rows, test_rows, train_labels, test_labels = train_test_split(rows / 16, labels, test_size=0.3, random_state=0)
network = MLPClassifier(
    widths,
    activation=arguments.activation,
    learning_rate_init=arguments.rate,
    max_iter=40,
    early_stopping=True,
    random_state=0,
)
network.fit(train_rows, train_labels)
accuracy = network.score(test_rows, test_labels)
mlflow.log_metric("accuracy", accuracy)
# The optimiser's state is part of the network; a file of it is read only where its type is trusted.
optimizer = "sklearn.neural_network._stochastic_optimizers.AdamOptimizer"
# Named, because finding out what the model needs would load it in another process, which takes longer than training it.
requirements = [f"scikit-learn=={sklearn.__version__}", f"skops=={skops.__version__}"]
mlflow.sklearn.save_model(network, arguments.model, skops_trusted_types=[optimizer], pip_requirements=requirements)
print(f"{widths} {arguments.activation}: accuracy {accuracy:.4f}")
