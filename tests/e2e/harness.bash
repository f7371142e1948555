# Loaded by every end-to-end test: one berthd below a root of its own, on real runc, with the real images.
#
#   setup_file    { berthd_start; }          root in $ROOT, socket in $SOCKET, registry in $REGISTRY (setup_suite.bash)
#   teardown_file { berthd_end; }            deletes every object, stops berthd, and compares the ledger
#
# Waits are for events (sd_notify, watches), each with a limit; nothing sleeps and hopes.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
load ledger

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=${BERTH_BUILD:-$TOP/build}
SHOP=$TOP/tests/shop/manifests
export TOP BUILD SHOP

# ---- the agent ---------------------------------------------------------------------------------------

# Names that no installed berth has: from the number of the bats process and of the root.
berthd_start() { # [OPTION...]: below a new root
	ROOT=$(mktemp -d "$BATS_FILE_TMPDIR/root.XXXXXX")
	TAG=bt$((BATS_ROOT_PID % 100000))
	SOCKET=$ROOT/run/berth/berth.sock
	LEDGER=$ROOT.ledger
	export ROOT TAG SOCKET LEDGER
	ledger >"$LEDGER"
	berthd_run "$@"
}

# Starts berthd for $ROOT and returns when it has said READY=1.
berthd_run() { # [OPTION...]
	local notify=$ROOT.notify reader
	rm -f "$notify"
	: >>"$ROOT.log"
	coproc READY { exec timeout 20 socat -u "UNIX-RECV:$notify" STDOUT; }
	reader=$READY_PID
	until [ -S "$notify" ]; do kill -0 "$reader" || return 1; done
	NOTIFY_SOCKET=$notify "$BUILD/berthd" --root "$ROOT" --cgroup "$TAG" --bridge "$TAG" --pod-cidr "${POD_CIDR:-10.91.0.0/16}" \
		--registries-conf "$REGISTRY/registries.conf" "$@" </dev/null >>"$ROOT.log" 2>&1 3>&- 4>&- &
	echo "$!" >"$ROOT.pid"
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

delete_everything() {
	berth delete rc --all >/dev/null && berth delete pods --all --grace-period=1 >/dev/null &&
		berth delete secrets --all >/dev/null && berth delete configmaps --all >/dev/null
}

# Between two tests of a file: what one left must not be what the next sees.
clean_up() { delete_everything; }

berth() { timeout -k 5 "${BERTH_TIMEOUT:-60}" "$BUILD/berth" --root "$ROOT" "$@"; }

# ---- waiting -----------------------------------------------------------------------------------------

process_gone() { # PID SECONDS
	timeout "$2" tail -s 0.05 --pid="$1" -f /dev/null
}

# The API, as any client may speak it.
api() { # PATH [CURL-OPTION...]
	local path=$1
	shift
	curl -s --max-time "${API_TIMEOUT:-30}" --unix-socket "$SOCKET" "$@" "http://berth$path"
}

# Watches until an object of the collection fits; prints it.
watch_until() { # SECONDS COLLECTION-PATH JQ-CONDITION
	local seconds=$1 path=$2 condition=$3 found watcher
	exec {watch}< <(exec timeout "$seconds" curl -sN --unix-socket "$SOCKET" "http://berth$path?watch=true")
	watcher=$!
	found=$(jq -c -n "first(inputs | select(.type != \"BOOKMARK\" and .type != \"ERROR\") | . as \$event | .object | select($condition))" <&"$watch")
	exec {watch}<&-
	kill "$watcher" 2>/dev/null || true
	wait "$watcher" 2>/dev/null || true
	if [ -z "$found" ]; then
		echo "after $seconds s no object of $path fits: $condition"
		api "$path" | jq -c '.items[]? | {name: .metadata.name, status}'
		return 1
	fi >&2
	echo "$found"
}

pods_path=/api/v1/namespaces/default/pods

wait_pod() { # NAME JQ-CONDITION [SECONDS]: prints the pod
	watch_until "${3:-30}" "$pods_path" ".metadata.name == \"$1\" and ($2)"
}

wait_running() { # NAME [SECONDS]
	wait_pod "$1" '.status.phase == "Running" and all(.status.containerStatuses[]; .ready)' "${2:-30}" >/dev/null
}

wait_deleted() { # NAME [SECONDS]
	if api "$pods_path/$1" | jq -e '.kind == "Pod"' >/dev/null; then
		watch_until "${2:-30}" "$pods_path" ".metadata.name == \"$1\" and \$event.type == \"DELETED\"" >/dev/null
	fi
}

# ---- looking at pods from outside ------------------------------------------------------------------------

pod() { # NAME [JQ-EXPRESSION]
	api "$pods_path/$1" | jq -r "${2:-.}"
}

container() { # POD CONTAINER JQ-EXPRESSION on its status
	pod "$1" ".status.containerStatuses[] | select(.name == \"$2\") | $3"
}

# The host's number of a container's first process: the one that is PID 1 in the innermost namespace and whose
# cgroup is the pod's and the container's.
container_pid() { # POD CONTAINER
	local uid id pid
	uid=$(pod "$1" .metadata.uid)
	id=$(container "$1" "$2" .containerID)
	id=${id##*/}
	for pid in $(grep -lsE "$uid|$id" /proc/[0-9]*/cgroup | cut -d/ -f3); do
		if grep -qs -E '^NSpid:.*[[:space:]]1$' "/proc/$pid/status" && grep -qs "${id:-none}" "/proc/$pid/cgroup"; then
			echo "$pid"
			return 0
		fi
	done
	echo "no process of $1/$2 (id $id)" >&2
	return 1
}

# A pod of busybox containers: NAME, then for each container a name and a shell command.
busybox_pod() { # NAME [CONTAINER COMMAND]...
	local name=$1
	shift
	jq -n --arg name "$name" '{apiVersion: "v1", kind: "Pod", metadata: {name: $name}, spec: {
		terminationGracePeriodSeconds: 2,
		containers: [$ARGS.positional | _nwise(2) | {name: .[0], image: "gcr.io/your-project/busybox:latest",
			command: ["sh", "-c", .[1]]}]}}' --args "$@"
}

# Applies what stands on standard input.
apply() { berth apply -f - "$@"; }
