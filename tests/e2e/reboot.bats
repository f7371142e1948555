# The machine was switched off: another boot id, nothing in /run, no process, no cgroup; only what is on disk is left.
# Everything comes back once, what had completed stays completed, and one agent owns the root.
load harness

setup_file() {
	local program
	mkdir "$BATS_FILE_TMPDIR/bin"
	for program in "$BUILD"/berth*; do ln -s "$program" "$BATS_FILE_TMPDIR/bin/"; done
	rm "$BATS_FILE_TMPDIR/bin/berthd"
	# The agent with a boot id of its own: the kernel's file is hidden in its mount namespace.
	cat >"$BATS_FILE_TMPDIR/bin/berthd" <<-SCRIPT
		#!/bin/bash
		exec unshare -m bash -c 'mount --bind "$BATS_FILE_TMPDIR/boot-id" /proc/sys/kernel/random/boot_id && exec "\$@"' - "$BUILD/berthd" "\$@"
	SCRIPT
	chmod +x "$BATS_FILE_TMPDIR/bin/berthd"
	cat /proc/sys/kernel/random/uuid >"$BATS_FILE_TMPDIR/boot-id"
	BUILD=$BATS_FILE_TMPDIR/bin berthd_start
}
teardown_file() { berthd_end; }
teardown() { clean_up; }

cgroup_base() { sed -n 's/.*cgroups .*base=//p' "$ROOT.log" | tail -n 1; }

switch_off() {
	local base pid try
	base=$(cgroup_base)
	berthd_stop KILL
	for try in 1 2 3 4 5 6 7 8 9 10; do
		pid=$(grep -lsE "/$base(-shims)?/" /proc/[0-9]*/cgroup | cut -d/ -f3)
		[ -n "$pid" ] || break
		# shellcheck disable=SC2086
		kill -9 $pid 2>/dev/null || true
		sleep "0.$try"
	done
	find /sys/fs/cgroup -depth -type d -path "*/$base*" -exec rmdir {} + 2>/dev/null || true
}

boot() {
	cat /proc/sys/kernel/random/uuid >"$BATS_FILE_TMPDIR/boot-id"
	BUILD=$BATS_FILE_TMPDIR/bin berthd_run
}

# A pod that notes each start of its container in a volume of its own.
taped_pod() { # NAME POLICY COMMAND
	busybox_pod "$1" c "echo run >>/e/runs; $3" | jq --arg policy "$2" '.spec.restartPolicy = $policy |
		.spec.volumes = [{name: "e", emptyDir: {}}] |
		.spec.containers[0].volumeMounts = [{name: "e", mountPath: "/e"}]' | apply >/dev/null
}

runs() { # POD: how often its container has started
	wc -l <"$ROOT/var/lib/berth/pods/$(pod "$1" .metadata.uid)/volumes/e/runs"
}

@test "after a boot everything comes back once, and what was over stays over" {
	taped_pod always Always 'exec sleep 1000000'
	taped_pod onfailure OnFailure 'exec sleep 1000000'
	taped_pod never Never 'exec sleep 1000000'
	taped_pod completed OnFailure 'exit 0'
	taped_pod failed Never 'exit 9'
	for pod in always onfailure never; do wait_running "$pod"; done
	wait_pod completed '.status.phase == "Succeeded"' >/dev/null
	wait_pod failed '.status.phase == "Failed"' >/dev/null
	switch_off
	rm -rf "$ROOT/run/berth"
	boot
	for pod in always onfailure; do
		wait_running "$pod"
		[ "$(container "$pod" c .restartCount)" = 1 ]
		[ "$(container "$pod" c .lastState.terminated.exitCode)" = 137 ]
		[ "$(container "$pod" c .lastState.terminated.reason)" = ContainerStatusUnknown ]
		[ "$(runs "$pod")" = 2 ]
	done
	wait_pod never '.status.phase == "Failed"' >/dev/null
	[ "$(container never c .state.terminated.reason)" = ContainerStatusUnknown ]
	[ "$(container never c .state.terminated.exitCode)" = 137 ]
	[ "$(container never c .restartCount)" = 0 ]
	[ "$(pod completed .status.phase)" = Succeeded ]
	[ "$(container completed c .state.terminated.exitCode)" = 0 ]
	[ "$(pod failed .status.phase)" = Failed ]
	[ "$(container failed c .state.terminated.exitCode)" = 9 ]
	run -0 berth events
	[[ $output == *Rebooted*"has been rebooted, boot id: $(cat "$BATS_FILE_TMPDIR/boot-id")"* ]]
}

@test "boot after boot, peers and all: one more start each, whatever is left in /run" {
	local round uids
	taped_pod tape Always 'exec sleep 1000000'
	busybox_pod unused c 'exec sleep 1000000' | jq '{apiVersion: "v1", kind: "ReplicationController", metadata: {name: "peers"},
		spec: {replicas: 3, selector: {app: "peers"}, template: {metadata: {labels: {app: "peers"}}, spec: .spec}}}' | apply >/dev/null
	wait_running tape
	watch_until 30 /api/v1/namespaces/default/replicationcontrollers '.status.readyReplicas == 3' >/dev/null
	uids=$(api "$PODS" | jq -r '[.items[].metadata.uid] | sort | join(" ")')
	for round in 1 2 3; do
		switch_off
		[ "$round" = 2 ] || rm -rf "$ROOT/run/berth" # sockets of the dead, on a root that is no tmpfs
		boot
		wait_pod tape ".status.containerStatuses[0] | .restartCount == $round and .ready" >/dev/null
		[ "$(runs tape)" = $((round + 1)) ]
	done
	# Peers that were all down came up together, and are the same pods.
	watch_until 30 /api/v1/namespaces/default/replicationcontrollers '.status.readyReplicas == 3' >/dev/null
	[ "$(api "$PODS" | jq -r '[.items[].metadata.uid] | sort | join(" ")')" = "$uids" ]
	for pod in $(api "$PODS" | jq -r '.items[].metadata.name'); do
		[ "$(pod "$pod" '.status.containerStatuses[0].restartCount')" = 3 ]
	done
}

@test "two hundred agents at once: one owns the root, the others say who does and exit with 75" {
	local many=$BATS_TEST_TMPDIR/many i pid code owners=0 refused=0
	local -a pids=()
	mkdir "$many"
	for i in $(seq 1 200); do
		"$BUILD/berthd" --root "$many" --bridge bth-many --pod-cidr 10.213.7.0/24 >"$BATS_TEST_TMPDIR/log.$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	timeout 60 bash -c "until [ \"\$(grep -l 'another berthd' '$BATS_TEST_TMPDIR'/log.* | wc -l)\" = 199 ]; do sleep 0.2; done"
	for pid in "${pids[@]}"; do
		if [ -e "/proc/$pid/exe" ] && readlink "/proc/$pid/exe" >/dev/null; then
			owners=$((owners + 1))
			kill "$pid"
			wait "$pid"
		else
			code=0
			wait "$pid" || code=$?
			[ "$code" = 75 ]
			refused=$((refused + 1))
		fi
	done
	[ "$owners" = 1 ]
	[ "$refused" = 199 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/log.* | grep -c "another berthd.* runs on root $many; stop it, or give this one its own --root")" = 199 ]
}
