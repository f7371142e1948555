# What a crash at the worst moment leaves: shims and agents killed with -9, alone, together and
# again and again. Pods come back whole, once, and nothing is left of the dead.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { clean_up; }

# How many processes of a pod live (those that only wait to be reaped have no program any more).
pod_processes() { # UID
	local pid n=0
	for pid in $(grep -lsF "/$1" /proc/[0-9]*/cgroup | cut -d/ -f3); do
		if readlink "/proc/$pid/exe" >/dev/null; then n=$((n + 1)); fi
	done
	echo "$n"
}

@test "a shim killed with -9: its pod is killed whole and built anew, volumes and counts kept" {
	local shim pid
	busybox_pod lost c 'echo run >>/e/runs; exec sleep 1000000' |
		jq '.spec.volumes = [{name: "e", emptyDir: {}}] | .spec.containers[0].volumeMounts = [{name: "e", mountPath: "/e"}]' | apply
	wait_running lost
	pid=$(container_pid lost c)
	shim=$(shim_pid lost)
	kill -9 "$shim"
	process_gone "$pid" 5
	wait_pod lost '.status.containerStatuses[0] | .restartCount == 1 and .ready' >/dev/null
	[ "$(berth exec lost -- grep -c run /e/runs)" = 2 ]
	run -0 berth describe pod lost
	[[ $output == *SandboxChanged* ]]
}

@test "agent and shim killed together: the pod is built anew, once" {
	local shim uid
	busybox_pod both c 'exec sleep 1000000' | apply
	wait_running both
	shim=$(shim_pid both)
	uid=$(pod both .metadata.uid)
	berthd_stop KILL
	kill -9 "$shim"
	berthd_run
	wait_pod both '.status.containerStatuses[0] | .restartCount == 1 and .ready' >/dev/null
	[ "$(pod both .metadata.uid)" = "$uid" ]
	[ "$(pod_processes "$uid")" = 2 ]
}

@test "what belongs to no object is removed at the start" {
	local uid base
	busybox_pod orphan c 'exec sleep 1000000' | apply
	wait_running orphan
	uid=$(pod orphan .metadata.uid)
	berthd_stop KILL
	# The object goes while nobody looks: another store, in which there is no such pod.
	mv "$ROOT/var/lib/berth/store.db" "$ROOT.kept"
	rm -f "$ROOT"/var/lib/berth/store.db-*
	berthd_run
	base=$(cgroup_base)
	timeout 20 sh -c "while [ -e '$ROOT/run/berth/pods/$uid' ] || [ -e '/sys/fs/cgroup/pids/$base/$uid' ]; do sleep 0.1; done"
	[ "$(pod_processes "$uid")" = 0 ]
	[ ! -e "$ROOT/var/lib/berth/pods/$uid" ]
}

@test "twenty kills of the agent in a storm of pods: none lost, none twice, nothing left" {
	local round i uid
	for round in $(seq 1 20); do
		for i in 1 2 3; do
			busybox_pod "storm-$round-$i" c 'exec sleep 1000000' | jq '.spec.terminationGracePeriodSeconds = 0' | apply >/dev/null
		done
		[ "$round" -lt 3 ] || berth delete pod "storm-$((round - 2))-1" "storm-$((round - 2))-2" --wait=false >/dev/null
		sleep "0.$((RANDOM % 30))"
		berthd_stop KILL
		berthd_run
	done
	# What was acknowledged holds: of the first 18 rounds the third pod is left, of the last two all three.
	for round in $(seq 1 20); do
		wait_running "storm-$round-3" 60
		[ "$round" -gt 18 ] || wait_deleted "storm-$round-1" 60
		[ "$round" -gt 18 ] || wait_deleted "storm-$round-2" 60
	done
	[ "$(api "$PODS" | jq '.items | length')" = 24 ]
	[ "$(find "$ROOT/run/berth/pods" -mindepth 1 -maxdepth 1 | wc -l)" = 24 ]
	for uid in $(api "$PODS" | jq -r '.items[].metadata.uid'); do
		[ "$(pod_processes "$uid")" = 2 ]
	done
}
