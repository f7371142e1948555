# The rules of safety that only a running pod can prove. Each test breaks when its rule does.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { delete_everything; }

status_is_tight() { # /proc/PID/status on standard input
	local status
	status=$(cat)
	echo "$status" | grep -E '^(Cap|Seccomp|NoNewPrivs|Uid)'
	grep -qE '^CapInh:[[:space:]]0{16}$' <<<"$status" &&
		grep -qE '^CapAmb:[[:space:]]0{16}$' <<<"$status" &&
		grep -qE '^Seccomp:[[:space:]]2$' <<<"$status"
}

@test "R8 R13: no inheritable or ambient capability, and seccomp, for root and others, at start and at exec" {
	busybox_pod tight root 'exec sleep 1000000' other 'exec sleep 1000000' |
		jq '.spec.containers[1].securityContext = {runAsUser: 1234, runAsNonRoot: true, capabilities: {add: ["NET_RAW"]}}' | apply
	wait_running tight
	local c
	for c in root other; do
		status_is_tight <"/proc/$(container_pid tight "$c")/status"
		berth exec tight -c "$c" -- cat /proc/self/status | status_is_tight
	done
	[ "$(berth exec tight -c other -- id -u)" = 1234 ]
	berth exec tight -c other -- grep -qE '^CapEff:[[:space:]]0{16}$' /proc/self/status
}

@test "R3 R6: nothing of a pod in the host's mounts; a container has descriptors 0 to 2" {
	busybox_pod apart c 'exec sleep 1000000' | jq '.spec.volumes = [{name: "e", emptyDir: {medium: "Memory"}}] |
		.spec.containers[0].volumeMounts = [{name: "e", mountPath: "/e"}]' | apply
	wait_running apart
	run ! grep -F "$ROOT" /proc/self/mountinfo
	[ "$(find "/proc/$(container_pid apart c)/fd" -mindepth 1 -printf '%f\n' | sort -n | tr '\n' ' ')" = "0 1 2 " ]
	run ! grep -F "$ROOT" "/proc/$(container_pid apart c)/environ"
}

@test "R2 R4: a link that a neighbour left in a volume does not make a mountPath the root" {
	busybox_pod linked first 'exec sleep 1000000' second 'exec sleep 1000000' |
		jq '.spec.volumes = [{name: "a", emptyDir: {}}, {name: "b", emptyDir: {}}] |
			.spec.containers[0].volumeMounts = [{name: "a", mountPath: "/a"}, {name: "b", mountPath: "/a/sub"}] |
			.spec.containers[1].volumeMounts = [{name: "a", mountPath: "/a"}]' | apply
	wait_running linked
	berth exec linked -c second -- sh -c 'rmdir /a/sub && ln -s / /a/sub'
	kill -9 "$(container_pid linked first)"
	run -0 wait_pod linked '[.status.containerStatuses[] | select(.name == "first") | .state.waiting.message, .state.terminated.message,
		.lastState.terminated.message | strings | contains("leads to the root directory")] | any' 20
}

@test "R19: the client of an exec is killed: its process goes, the container stays" {
	local before inner
	busybox_pod held c 'exec sleep 1000000' | apply
	wait_running held
	before=$(container_pid held c)
	"$BUILD/berth" --root "$ROOT" exec held -- sh -c 'echo here; exec sleep 424242' >"$BATS_TEST_TMPDIR/out" 3>&- 4>&- &
	timeout 10 bash -c "until grep -q here '$BATS_TEST_TMPDIR/out'; do sleep 0.05; done"
	inner=$(berth exec held -- sh -c 'grep -lsa 424242 /proc/[0-9]*/cmdline | grep -v self | head -n 1')
	[ -n "$inner" ]
	kill -9 $!
	timeout 10 bash -c "while '$BUILD/berth' --root '$ROOT' exec held -- sh -c 'tr \"\\0\" \" \" <${inner} 2>/dev/null' | grep -q 'sleep 424242'; do sleep 0.1; done"
	[ "$(container_pid held c)" = "$before" ]
}

@test "R20: a log replaced by a link, a FIFO or a hard link is an error, never content" {
	local file
	busybox_pod logged c 'echo mine; exec sleep 1000000' | apply
	wait_running logged
	file=$ROOT/var/log/pods/default_logged_$(pod logged .metadata.uid)/c/0.log
	printf '2026-01-01T00:00:00.000000000Z stdout F canary\n' >"$ROOT/canary"
	rm "$file" && ln -s "$ROOT/canary" "$file"
	run ! berth logs logged
	[[ $output != *canary$'\n'* && $output != canary ]]
	rm "$file" && ln "$ROOT/canary" "$file"
	run ! berth logs logged
	[[ $output != canary ]]
	rm "$file" && mkfifo "$file"
	BERTH_TIMEOUT=5 run -1 berth logs logged
	rm "$file"
}

@test "R17: the socket is 0600 in a directory 0700" {
	[ "$(stat -c %a "$SOCKET")" = 600 ]
	[ "$(stat -c %a "${SOCKET%/*}")" = 700 ]
}

@test "R23: a mount left in a pod's directory is not entered: quarantine, and what is mounted stays" {
	local directory uid
	busybox_pod mounted c 'exec sleep 1000000' | jq '.spec.volumes = [{name: "e", emptyDir: {}}] |
		.spec.containers[0].volumeMounts = [{name: "e", mountPath: "/e"}]' | apply
	wait_running mounted
	uid=$(pod mounted .metadata.uid)
	mkdir "$ROOT/keep"
	echo canary >"$ROOT/keep/canary"
	directory=$ROOT/var/lib/berth/pods/$uid/volumes/e/in
	mkdir "$directory"
	mount --bind "$ROOT/keep" "$directory"
	berth delete pod mounted --grace-period=1
	timeout 10 bash -c "until compgen -G '$ROOT/var/lib/berth/pods/.quarantine-*' >/dev/null; do sleep 0.1; done"
	timeout 10 bash -c "until grep -q 'directory=.quarantine-.*something is mounted in it' '$ROOT.log'; do sleep 0.1; done"
	[ "$(cat "$ROOT/keep/canary")" = canary ]
	umount "$ROOT"/var/lib/berth/pods/.quarantine-*/volumes/e/in
	rm -rf "$ROOT"/var/lib/berth/pods/.quarantine-*
}

table_present() { nft list table inet "berth-$TAG" >/dev/null 2>&1 || nft list tables | grep -q "$TAG"; }

@test "R24: the host's loopback is out of a pod's reach; a deleted table is back within a second" {
	local table port
	busybox_pod net c 'exec sleep 1000000' | apply
	wait_running net
	coproc LOOP { exec timeout 30 socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr EXEC:'echo canary' 2>&1; }
	read -r line <&"${LOOP[0]}"
	port=${line##*:}
	[ "$(timeout 5 socat -u "TCP:127.0.0.1:$port" -)" = canary ]
	run ! berth exec net -- timeout 2 nc 127.0.0.1 "$port"
	run ! berth exec net -- sh -c "timeout 2 nc \$(ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p') $port | grep canary"
	kill "$LOOP_PID"
	table=$(nft list tables | grep "$TAG")
	[ -n "$table" ]
	read -ra words <<<"$table" # "table inet NAME"
	nft delete "${words[@]}"
	timeout 1.5 bash -c "until nft list tables | grep -q '$TAG'; do sleep 0.05; done"
}

@test "R11: labels, annotations and environment of the runtimes' magic keys do not reach the runtime" {
	busybox_pod magic c 'exec sleep 1000000' | jq '.metadata.annotations = {
		"run.oci.handler": "krun", "org.systemd.property.ExecStop": "1", "io.kubernetes.cri-o.Devices": "/dev/mem:/dev/mem:rwm",
		"cdi.k8s.io/x": "vendor.com/d=1"} | .spec.containers[0].env = [{name: "HOME", value: "/x\nroot2::0:0"}]' | apply
	wait_running magic
	local shim
	shim=$(pgrep -f "berth-shim" | while read -r p; do ls "/proc/$p/root$ROOT/run/berth/pods/$(pod magic .metadata.uid)/private/run" >/dev/null 2>&1 && echo "$p" && break; done)
	[ -n "$shim" ]
	run -0 bash -c "cat /proc/$shim/root$ROOT/run/berth/pods/*/private/run/*/config.json"
	[[ $output != *krun* && $output != *org.systemd.property* && $output != *vendor.com* && $output != *'"annotations"'* && $output != *'"hooks"'* ]]
	run ! berth exec magic -- grep root2 /etc/passwd
}

# teardown_file compares the ledger: processes, cgroups, namespaces, links, mounts.
@test "a pod deleted at any moment of its start leaves nothing" {
	local i
	for i in 0 2 5 10 20 40 60 80 120 200; do
		busybox_pod "early$i" c 'exec sleep 1000000' | apply >/dev/null
		sleep "$(printf '0.%03d' "$i")"
		berth delete pod "early$i" --grace-period=0 --force >/dev/null 2>&1
	done
	timeout 15 bash -c "until [ -z \"\$(find '$ROOT/var/lib/berth/pods' '$ROOT/run/berth/pods' '$ROOT/var/log/pods' -mindepth 1 -maxdepth 1)\" ]; do sleep 0.1; done"
	run ! bash -c "ls -d /sys/fs/cgroup/*/berth-$TAG/*-*-*-* 2>/dev/null | grep ."
}
