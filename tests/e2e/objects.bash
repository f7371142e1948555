# The API and its objects as tests see them: shared by the end-to-end tests and those in the VM, which differ in how
# berthd is started. Wants $SOCKET, and a function `berth`.
# shellcheck shell=bash

delete_everything() {
	berth delete rc --all >/dev/null && berth delete pods --all --grace-period=1 >/dev/null &&
		berth delete secrets --all >/dev/null && berth delete configmaps --all >/dev/null
}

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

PODS=/api/v1/namespaces/default/pods

wait_pod() { # NAME JQ-CONDITION [SECONDS]: prints the pod
	watch_until "${3:-30}" "$PODS" ".metadata.name == \"$1\" and ($2)"
}

wait_running() { # NAME [SECONDS]
	wait_pod "$1" '.status.phase == "Running" and all(.status.containerStatuses[]; .ready)' "${2:-30}" >/dev/null
}

wait_deleted() { # NAME [SECONDS]
	if api "$PODS/$1" | jq -e '.kind == "Pod"' >/dev/null; then
		watch_until "${2:-30}" "$PODS" ".metadata.name == \"$1\" and \$event.type == \"DELETED\"" >/dev/null
	fi
}

# ---- looking at pods from outside ------------------------------------------------------------------------

pod() { # NAME [JQ-EXPRESSION]
	api "$PODS/$1" | jq -r "${2:-.}"
}

container() { # POD CONTAINER JQ-EXPRESSION on its status
	pod "$1" ".status.containerStatuses[] | select(.name == \"$2\") | $3"
}

# The host's number of a container's first process: PID 1 of its own namespace, in the cgroup that the container's
# identity names.
container_pid() { # POD CONTAINER
	local id pid
	id=$(container "$1" "$2" .containerID)
	id=${id#*://}
	for pid in $(grep -lsF "/${id:-none}" /proc/[0-9]*/cgroup | cut -d/ -f3); do
		if grep -qs -E '^NSpid:.*[[:space:]]1$' "/proc/$pid/status"; then
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
