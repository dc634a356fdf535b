#!/usr/bin/env bash
# check: slow timeout=200
# The world's connection engine against real clients: curl, dig, node, openssl. Builds the two network namespaces that a trial has.
# Usage: tests/integration/world.sh [BUILD]   (WORLD_OFFLOADS=off: as with the trial runner, which turns offloads off)
set -eu
cd "$(dirname "$0")/../.."
build=${1:-release}
make -s BUILD="$build" "build/$build/integration/world_driver"
for tool in curl dig node openssl zstd ip nsenter; do
	command -v "$tool" >/dev/null || { echo "SKIP world.sh: $tool is missing"; exit 77; }
done
unshare -Urnm true 2>/dev/null || { echo "SKIP world.sh: user namespaces are not allowed here"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ "$build" = release ] || export WORLD_UNSEALED=1
unshare -Urnm bash tests/integration/world_inner.sh "$PWD/build/$build/integration/world_driver" "$work"
