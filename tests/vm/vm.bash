# Loaded by the tests in the VM: an installed berth, as a user has it.
# shellcheck shell=bash
bats_require_minimum_version 1.5.0
load ../e2e/objects

SOCKET=/run/berth/berth.sock
export SOCKET

berth() { timeout -k 5 60 /usr/local/bin/berth "$@"; }

# The cgroup v2 directory of a container.
container_cgroup() { # POD CONTAINER
	local pid
	pid=$(container_pid "$1" "$2") && echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")"
}
