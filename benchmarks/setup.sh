#!/usr/bin/env bash
# Installs the peers that only the benchmarks use into $RAC_CACHE (60 MB to fetch), and prints the
# folder. They are installed without what they depend on: the tests' environment has it.
#
#   benchmarks/setup.sh [precision]           with precision: OpenVINO's quantiser too (250 MB)
set -euo pipefail
source "$(dirname "$0")/../scripts/common.sh"

wanted=$ROOT/benchmarks/requirements.txt
[ "${1:-}" != precision ] || wanted=$ROOT/benchmarks/requirements-precision.txt
key=$(cat "$wanted" - <<<"$(python -V)" | sha256sum | cut -c1-12)
peers=$RAC_CACHE/peers-$key
if [ ! -d "$peers" ]; then
  rm -rf "$peers.part"
  python -m pip install --quiet --disable-pip-version-check --no-deps --target "$peers.part" -r "$wanted" >&2
  mv -T "$peers.part" "$peers"
fi
echo "$peers"
