# A container's next attempt, made ahead (berth.dev/standby): one container for everybody, back at once after a crash.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { clean_up; }

with_standby() { jq '.metadata.annotations["berth.dev/standby"] = "true"'; }

# The cgroup of an attempt, in any hierarchy; it has a process when something waits in it.
attempt_pid() { # POD CONTAINER-N
	local uid
	uid=$(pod "$1" .metadata.uid)
	cat /sys/fs/cgroup/{,*/}"$(cgroup_base)/$uid/$2/cgroup.procs" 2>/dev/null | head -n 1
}

wait_attempt() { # POD CONTAINER-N: prints the process that waits to be started
	local pid
	for _ in $(seq 100); do
		pid=$(attempt_pid "$1" "$2")
		if [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q ' init'; then
			sleep 0.3 # until the runtime has ended, and the shim knows it
			echo "$pid"
			return
		fi
		sleep 0.1
	done
	return 1
}

@test "a crash is a start of what waits; nobody has seen it before; each run has a fresh root" {
	local script='test -e /mark && echo old; touch /mark; echo run; sleep 1000000'
	busybox_pod pod c "$script" | with_standby | apply
	wait_running pod
	local waits
	waits=$(wait_attempt pod c-1)
	[ "$(pod pod '.status.containerStatuses | length')" = 1 ]
	[[ $(container pod c .containerID) == *c-0 ]]
	run -0 berth exec pod -- cat /proc/1/comm
	[ "$output" = sleep ] || [ "$output" = sh ]
	kill -KILL "$(container_pid pod c)"
	wait_pod pod '.status.containerStatuses[0] | .restartCount == 1 and .ready' >/dev/null
	[ "$(container_pid pod c)" = "$waits" ]
	run -0 berth logs pod
	[ "$output" = run ]
	berth delete pod pod --grace-period=1
	wait_deleted pod
	[ ! -e "/proc/$waits" ]
}

@test "an annotation that is neither true nor false is refused" {
	busybox_pod pod c 'sleep 1' | jq '.metadata.annotations["berth.dev/standby"] = "maybe"' >"$BATS_TEST_TMPDIR/pod.json"
	run ! berth apply -f "$BATS_TEST_TMPDIR/pod.json"
	[[ $output == *"berth.dev/standby"* ]]
}
