# Loaded by every end-to-end test: one berthd below a root of its own, on real runc, with the real images.
#
#   setup_file    { berthd_start; }          root in $ROOT, socket in $SOCKET, registry in $REGISTRY (setup_suite.bash)
#   teardown_file { berthd_end; }            deletes every object, stops berthd, and compares the ledger
#
# Waits are for events (sd_notify, watches), each with a limit; nothing sleeps and hopes.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
load ledger
load objects

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=${BERTH_BUILD:-$TOP/build}
SHOP=$TOP/tests/shop/manifests
export TOP BUILD SHOP

# ---- the agent ---------------------------------------------------------------------------------------

# Cgroup, bridge, firewall table and addresses are berthd's own choice: under --root it makes them from the root's
# path, so that an installed berth is not in the way.
berthd_start() { # [OPTION...]: below a new root
	ROOT=$(mktemp -d "$BATS_FILE_TMPDIR/root.XXXXXX")
	berthd_at "$ROOT" "$@"
}

berthd_at() { # ROOT [OPTION...]
	ROOT=$1
	SOCKET=$ROOT/run/berth/berth.sock
	LEDGER=$ROOT.ledger
	export ROOT SOCKET LEDGER
	shift
	ledger >"$LEDGER"
	berthd_run "$@"
	TAG=$(sed -n 's/.*base=berth-\([0-9a-f]*\).*/\1/p' "$ROOT.log" | head -n 1) # in the names of all that it makes
	export TAG
	if [ -n "${LEDGER_SHARED:-}" ]; then
		export LEDGER_ONLY="$TAG|$ROOT|$BUILD/"
	fi
}

# Starts berthd for $ROOT and returns when it has said READY=1.
berthd_run() { # [OPTION...]
	local notify=$ROOT.notify reader
	rm -f "$notify"
	: >>"$ROOT.log"
	coproc READY { exec timeout 20 socat -u "UNIX-RECV:$notify" STDOUT; }
	reader=$READY_PID
	until [ -S "$notify" ]; do kill -0 "$reader" || return 1; done
	NOTIFY_SOCKET=$notify "$BUILD/berthd" --root "$ROOT" \
		--registries-conf "$REGISTRY/registries.conf" "$@" </dev/null >>"$ROOT.log" 2>&1 3>&- 4>&- &
	echo "$!" >"$ROOT.pid"
	disown # no word of bash when a test kills it
	if ! grep -q -m 1 READY=1 <&"${READY[0]}"; then
		echo "berthd did not become ready; its log ends:"
		tail -n 30 "$ROOT.log"
		return 1
	fi
	kill "$reader" 2>/dev/null || true
	wait "$reader" 2>/dev/null || true
	curl -sf --max-time 10 --unix-socket "$SOCKET" http://berth/readyz >/dev/null
}

berthd_pid() { cat "$ROOT.pid"; }

# Ends berthd with a signal (default TERM) and waits until the process is gone.
berthd_stop() { # [SIGNAL]
	local pid
	pid=$(berthd_pid) || return 0
	kill -"${1:-TERM}" "$pid" 2>/dev/null || true
	process_gone "$pid" 15
}

# Everything away, and the proof of it. The log is shown when something was left.
berthd_end() {
	[ -n "${ROOT:-}" ] || return 0
	local status=0
	delete_everything || status=1
	berthd_stop || status=1
	ledger_equal "$LEDGER" || status=1
	if [ "$status" != 0 ]; then
		tail -n 40 "$ROOT.log"
	fi
	return "$status"
}

cgroup_base() { sed -n 's/.*cgroups .*base=//p' "$ROOT.log" | tail -n 1; }

shim_pid() { # POD
	local uid
	uid=$(pod "$1" .metadata.uid)
	grep -lsF "/$(cgroup_base)-shims/$uid" /proc/[0-9]*/cgroup | cut -d/ -f3 | head -n 1
}

# Between two tests of a file: what one left must not be what the next sees.
clean_up() { delete_everything; }

berth() { timeout -k 5 "${BERTH_TIMEOUT:-60}" "$BUILD/berth" --root "$ROOT" "$@"; }
