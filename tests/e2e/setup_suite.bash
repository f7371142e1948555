# Once for all end-to-end tests: the images, the registry, and the ledger of the host before the first test.
# shellcheck shell=bash

setup_suite() {
	local top
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_SUITE_TMPDIR" # skopeo runs as another user and reads registries.conf
	export REGISTRY=${BERTH_REGISTRY:-$BATS_SUITE_TMPDIR/registry}
	[ -n "${BERTH_REGISTRY:-}" ] || "$top/scripts/registry" start "$REGISTRY" 3>&- 4>&-
}

teardown_suite() {
	[ -n "${BERTH_REGISTRY:-}" ] || "$BATS_TEST_DIRNAME/../../scripts/registry" stop "$REGISTRY"
}
