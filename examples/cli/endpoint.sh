#!/usr/bin/env bash
# Two deployments behind one address: traffic, keys, logs; as in Azure ML's example scripts.
set -euo pipefail
cd "$(dirname "$0")/../endpoints/script"
ENDPOINT_NAME=rules-$RANDOM
trap 'modelyard online-endpoint delete -n $ENDPOINT_NAME --yes >/dev/null' EXIT

modelyard online-endpoint create --name $ENDPOINT_NAME -f endpoint.yml
modelyard online-deployment create --name blue --endpoint $ENDPOINT_NAME -f blue.yml --all-traffic

endpoint_status=$(modelyard online-endpoint show --name $ENDPOINT_NAME --query "provisioning_state" -o tsv)
echo "endpoint: $endpoint_status"
[[ $endpoint_status == "Succeeded" ]]
deploy_status=$(modelyard online-deployment show --name blue --endpoint $ENDPOINT_NAME --query "provisioning_state" -o tsv)
echo "deployment: $deploy_status"
[[ $deploy_status == "Succeeded" ]]

modelyard online-endpoint invoke --name $ENDPOINT_NAME --request-file request.json

ENDPOINT_KEY=$(modelyard online-endpoint get-credentials -n $ENDPOINT_NAME -o tsv --query primaryKey)
SCORING_URI=$(modelyard online-endpoint show -n $ENDPOINT_NAME -o tsv --query scoring_uri)
curl --silent --fail --header "Authorization: Bearer $ENDPOINT_KEY" --header "Content-Type: application/json" --data @request.json "$SCORING_URI"
echo

modelyard online-deployment create --name green --endpoint $ENDPOINT_NAME -f green.yml
curl --silent --fail --header "Authorization: Bearer $ENDPOINT_KEY" --header "Content-Type: application/json" --header "azureml-model-deployment: green" --data @request.json "$SCORING_URI"
echo
modelyard online-endpoint update --name $ENDPOINT_NAME --traffic "blue=90 green=10"
modelyard online-endpoint show -n $ENDPOINT_NAME --query "traffic"
modelyard online-endpoint regenerate-keys -n $ENDPOINT_NAME --key-type primary
modelyard online-deployment get-logs --name blue --endpoint $ENDPOINT_NAME --lines 5
