# Volumes and security settings as a process in the container sees them.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { delete_everything; }

@test "emptyDir is shared by the pod's containers and lives over a restart" {
	busybox_pod shared a 'touch /e/from-a; exec sleep 1000000' b 'exec sleep 1000000' |
		jq '.spec.volumes = [{name: "e", emptyDir: {}}] | .spec.containers[].volumeMounts = [{name: "e", mountPath: "/e"}]' | apply
	wait_running shared
	berth exec shared -c b -- test -e /e/from-a
	kill -9 "$(container_pid shared b)"
	wait_pod shared '.status.containerStatuses[] | select(.name == "b") | .restartCount == 1 and .ready' >/dev/null
	berth exec shared -c b -- test -e /e/from-a
}

@test "a memory emptyDir has its size limit" {
	busybox_pod memory c 'exec sleep 1000000' |
		jq '.spec.volumes = [{name: "e", emptyDir: {medium: "Memory", sizeLimit: "4Mi"}}] |
			.spec.containers[0].volumeMounts = [{name: "e", mountPath: "/e"}]' | apply
	wait_running memory
	[ "$(berth exec memory -- awk '$2 == "/e" { print $3 }' /proc/mounts)" = tmpfs ]
	run ! berth exec memory -- dd if=/dev/zero of=/e/big bs=1M count=8
	[[ $output == *"No space"* ]]
}

@test "hostPath, read-only and not" {
	mkdir -p "$BATS_TEST_TMPDIR/host"
	echo seen >"$BATS_TEST_TMPDIR/host/file"
	busybox_pod host c 'exec sleep 1000000' | jq --arg path "$BATS_TEST_TMPDIR/host" \
		'.spec.volumes = [{name: "h", hostPath: {path: $path, type: "Directory"}}] |
		.spec.containers[0].volumeMounts = [{name: "h", mountPath: "/ro", readOnly: true}, {name: "h", mountPath: "/rw"}]' | apply
	wait_running host
	[ "$(berth exec host -- cat /ro/file)" = seen ]
	run ! berth exec host -- touch /ro/intruder
	[[ $output == *"Read-only"* ]]
	berth exec host -- touch /rw/made
	[ -e "$BATS_TEST_TMPDIR/host/made" ]
}

@test "configMap as files: modes, items, and new content without a restart" {
	berth create configmap files --from-literal=one=1 --from-literal=two=2
	busybox_pod config c 'exec sleep 1000000' | jq '.spec.volumes = [
		{name: "all", configMap: {name: "files"}},
		{name: "some", configMap: {name: "files", defaultMode: 256, items: [{key: "two", path: "sub/deux"}]}}] |
		.spec.containers[0].volumeMounts = [{name: "all", mountPath: "/all"}, {name: "some", mountPath: "/some"}]' | apply
	wait_running config
	[ "$(berth exec config -- cat /all/one /all/two)" = 12 ]
	[ "$(berth exec config -- cat /some/sub/deux)" = 2 ]
	[ "$(berth exec config -- stat -L -c %a /some/sub/deux)" = 400 ]
	run ! berth exec config -- test -e /some/one
}

@test "runAsUser, groups, read-only root, no new privileges, capabilities, seccomp" {
	busybox_pod secure c 'id -u; id -G; touch /x; cat /proc/self/status; exec sleep 1000000' |
		jq '.spec.securityContext = {runAsUser: 1234, runAsGroup: 2345, supplementalGroups: [3456], runAsNonRoot: true} |
		.spec.containers[0].securityContext = {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}}' | apply
	wait_running secure
	run -0 berth logs secure
	[ "${lines[0]}" = 1234 ]
	[[ ${lines[1]} == *2345* && ${lines[1]} == *3456* ]]
	[[ $output == *"Read-only file system"* ]]
	[[ $output =~ CapEff:[[:space:]]0000000000000000 ]]
	[[ $output =~ CapBnd:[[:space:]]0000000000000000 ]]
	[[ $output =~ NoNewPrivs:[[:space:]]1 ]]
	[[ $output =~ Seccomp:[[:space:]]2 ]]
}

@test "defaults: seccomp on, no inheritable or ambient capability, masked and read-only paths of proc" {
	busybox_pod plain c 'exec sleep 1000000' | apply
	wait_running plain
	run -0 berth exec plain -- cat /proc/self/status
	[[ $output =~ Seccomp:[[:space:]]2 ]]
	[[ $output =~ CapInh:[[:space:]]0000000000000000 ]]
	[[ $output =~ CapAmb:[[:space:]]0000000000000000 ]]
	[[ $output =~ CapBnd:[[:space:]]00000000a80425fb || $output =~ CapBnd:[[:space:]]00000000a80405fb ]]
	[ "$(berth exec plain -- sh -c 'cat /proc/keys /proc/kcore /proc/timer_list 2>/dev/null | wc -c')" = 0 ]
	run ! berth exec plain -- sh -c 'echo 1 >/proc/sys/kernel/panic'
	run ! berth exec plain -- mount -t tmpfs tmpfs /mnt
}

@test "runAsNonRoot with an image that runs as root: refused, saying so" {
	busybox_pod root c 'exec sleep 1000000' | jq '.spec.securityContext.runAsNonRoot = true' | apply
	run -0 wait_pod root '.status.containerStatuses[0].state.waiting.reason == "CreateContainerConfigError"'
	[[ $output == *[Nn]on-root* || $output == *runAsNonRoot* ]]
}

@test "mounts of pods are invisible to the host" {
	local before
	before=$(wc -l </proc/self/mountinfo)
	busybox_pod hidden c 'exec sleep 1000000' |
		jq '.spec.volumes = [{name: "e", emptyDir: {medium: "Memory"}}] | .spec.containers[0].volumeMounts = [{name: "e", mountPath: "/e"}]' | apply
	wait_running hidden
	[ "$(wc -l </proc/self/mountinfo)" = "$before" ]
}
