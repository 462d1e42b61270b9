#!/usr/bin/env bash
# Data, models and environments: create, list, show, archive, restore, download.
set -euo pipefail
cd "$(dirname "$0")/.."

modelyard data create -f data/iris.yml
modelyard data create -f data/table.yml
modelyard data create --name one-file --type uri_file --path data/iris.csv --description "from flags alone"
modelyard data list -o table
version=$(modelyard data show --name iris --label latest --query version -o tsv)
modelyard data preview --name sales-table --label latest
modelyard data update --name iris --version "$version" --set tags.owner=flowers
modelyard data archive --name one-file --version 1
modelyard data restore --name one-file --version 1

modelyard model create -f models/mlflow.yml
modelyard model create --name iris-rules --type custom_model --path endpoints/script/model
modelyard model list -o table
version=$(modelyard model show --name iris-mlflow --label latest --query version -o tsv)
download=$(mktemp -d)
modelyard model download --name iris-mlflow --version "$version" --download-path "$download"
find "$download" -name MLmodel | grep -q MLmodel
rm -r "$download"

modelyard environment create -f environments/conda.yml
modelyard environment create -f environments/image.yml
modelyard environment list -o table
modelyard environment show --name lightgbm-env --label latest --query image -o tsv
