#!/usr/bin/env bash
# The patterns of Azure ML's example scripts, with `az ml` read as `modelyard`.
set -euo pipefail
cd "$(dirname "$0")/../jobs"

# <create>
run_id=$(modelyard job create -f inputs.yml --query name -o tsv)
# </create>
if [[ -z "$run_id" ]]; then
    echo "job creation failed"
    exit 3
fi

# <status>
status=$(modelyard job show -n $run_id --query status -o tsv)
running=("NotStarted" "Queued" "Starting" "Preparing" "Provisioning" "Running" "Finalizing")
while [[ ${running[*]} =~ $status ]]; do
    sleep 0.3
    status=$(modelyard job show -n $run_id --query status -o tsv)
done
# </status>
if [[ "$status" != "Completed" ]]; then
    echo "job $run_id ended $status"
    modelyard job stream -n $run_id
    exit 1
fi
echo "job $run_id completed"

job_uri=$(modelyard job show -n $run_id --query 'services["Studio"].endpoint' -o tsv)
echo "in the studio: $job_uri"

# <override>
modelyard job create -f inputs.yml --set inputs.rows=1 display_name="one row" --stream
# </override>

download=$(mktemp -d)
modelyard job download -n $run_id -p "$download" --all
find "$download" -name std_log.txt -exec cat {} +
rm -r "$download"
