# Logs one metric by MLflow's protocol, as any language can.
set -eu
parameters=$1 depth=${3:-0}
echo "parameters: $parameters"
curl --silent --show-error --fail "$MLFLOW_TRACKING_URI/api/2.0/mlflow/runs/log-metric" \
  -H "Authorization: Bearer $MLFLOW_TRACKING_TOKEN" -H "Content-Type: application/json" \
  -d "{\"run_id\": \"$MLFLOW_RUN_ID\", \"key\": \"score\", \"value\": $depth, \"timestamp\": $(date +%s)000}"
