# Life of a pod on real runc: restart policies and back-off, ends, logs, exec, environment, names.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { delete_everything; }

policy_pod() { # NAME POLICY COMMAND
	busybox_pod "$1" c "$3" | jq --arg policy "$2" '.spec.restartPolicy = $policy'
}

@test "restartPolicy Never: the exit code is kept and nothing runs again" {
	policy_pod never Never 'exit 7' | apply
	wait_pod never '.status.phase == "Failed"' >/dev/null
	[ "$(container never c .state.terminated.exitCode)" = 7 ]
	[ "$(container never c .state.terminated.reason)" = Error ]
	[ "$(container never c .restartCount)" = 0 ]
}

@test "restartPolicy OnFailure: again after a failure, not after success" {
	busybox_pod onfailure c 'if [ -e /e/second ]; then exit 0; fi; touch /e/second; exit 3' |
		jq '.spec.restartPolicy = "OnFailure" | .spec.volumes = [{name: "e", emptyDir: {}}] |
			.spec.containers[0].volumeMounts = [{name: "e", mountPath: "/e"}]' | apply
	wait_pod onfailure '.status.phase == "Succeeded"' >/dev/null
	[ "$(container onfailure c .restartCount)" = 1 ]
	[ "$(container onfailure c .lastState.terminated.exitCode)" = 3 ]
	[ "$(container onfailure c .state.terminated.reason)" = Completed ]
}

@test "the first restart comes at once, the second after ten seconds of CrashLoopBackOff" {
	local ended began
	busybox_pod crash c 'date +%s; exit 1' | apply
	ended=$(wait_pod crash '.status.containerStatuses[0] | .restartCount == 1 and .state.waiting.reason == "CrashLoopBackOff"' |
		jq -r '.status.containerStatuses[0].lastState.terminated.finishedAt')
	wait_pod crash '.status.containerStatuses[0] | .restartCount == 2 and .state.waiting.reason == "CrashLoopBackOff"' 20 >/dev/null
	began=$(berth logs crash)
	[ $((began - $(date -d "$ended" +%s))) -ge 9 ]
	[ $((began - $(date -d "$ended" +%s))) -le 12 ]
	run -0 berth get pod crash
	[[ $output == *CrashLoopBackOff* ]]
}

@test "a restarted container's root file system is fresh" {
	busybox_pod fresh c 'ls /left; touch /left; exec sleep 1000000' | apply
	wait_running fresh
	kill -9 "$(container_pid fresh c)"
	wait_pod fresh '.status.containerStatuses[0] | .restartCount == 1 and .ready' >/dev/null
	run -0 berth logs fresh
	[[ $output == *"No such file"* ]]
}

@test "delete: SIGTERM first, SIGKILL when the grace is over" {
	local began pid follower
	busybox_pod gentle c 'trap "echo bye; exit 0" TERM; echo hi; while :; do sleep 0.1; done' | apply
	busybox_pod deaf c 'trap "" TERM; while :; do sleep 1; done' | apply
	wait_running gentle
	wait_running deaf
	pid=$(container_pid deaf c)
	berth logs -f gentle >"$BATS_TEST_TMPDIR/log" 3>&- &
	follower=$!
	until grep -q hi "$BATS_TEST_TMPDIR/log"; do kill -0 "$follower" || return 1; done
	began=$SECONDS
	berth delete pod gentle --grace-period=20
	[ $((SECONDS - began)) -lt 5 ]
	wait "$follower"
	grep -q bye "$BATS_TEST_TMPDIR/log"
	began=$SECONDS
	berth delete pod deaf --grace-period=2
	[ $((SECONDS - began)) -ge 2 ]
	[ $((SECONDS - began)) -le 6 ]
	process_gone "$pid" 3 # PID 1 may take a while to reap what the shim left
}

@test "logs: both streams, -c, --tail, --timestamps, --since, -f to the end" {
	busybox_pod talks a 'for i in 1 2 3 4 5; do echo line $i; done; echo on stderr >&2; exec sleep 1000000' \
		b 'echo other; exec sleep 1000000' | apply
	wait_running talks
	run -0 berth logs talks -c a
	[ "${#lines[@]}" = 6 ]
	[ "${lines[0]}" = "line 1" ]
	[[ $output == *"on stderr"* ]]
	[ "$(berth logs talks -c a --tail=2 | head -n 1)" = "line 5" ]
	[ "$(berth logs talks -c b)" = other ]
	run -0 berth logs talks -c a --timestamps
	[[ ${lines[0]} =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)\ line\ 1$ ]]
	[ -z "$(sleep 1.2 && berth logs talks -c a --since=1s)" ]
	run -0 berth logs talks
	[[ $output == *"line 1"* && $output == *"Defaulted container \"a\""* ]]
	run ! berth logs talks -c nosuch
	[[ $output == *nosuch* ]]
	run ! berth logs talks -c a --previous
	[[ $output == *previous* ]]
}

@test "the log files are in the CRI format where log shippers look" {
	local uid file
	busybox_pod cri c 'printf "one\ntwo"; exec sleep 1000000' | apply
	wait_running cri
	uid=$(pod cri .metadata.uid)
	file=$ROOT/var/log/pods/default_cri_$uid/c/0.log
	timeout 5 grep -q -m 1 ' stdout F one$' < <(exec tail -n +1 -f "$file")
	kill -9 "$(container_pid cri c)"
	wait_pod cri '.status.containerStatuses[0].restartCount == 1' >/dev/null
	grep -qE '^20[^ ]+ stdout P two$' "$file"
	[ -e "${file%0.log}1.log" ]
}

@test "exec: output, exit code, standard input, terminal, error" {
	busybox_pod exec c 'exec sleep 1000000' | apply
	wait_running exec
	[ "$(berth exec exec -- sh -c 'echo out; echo err >&2' 2>/dev/null)" = out ]
	run -42 berth exec exec -- sh -c 'exit 42'
	[ "$(printf 'a\nb\n' | berth exec -i exec -- wc -l)" = 2 ]
	run ! berth exec exec -- nosuchprogram
	[[ $output == *nosuchprogram* ]]
	[ "$(head -c 3000000 /dev/zero | berth exec -i exec -- cat | wc -c)" = 3000000 ]
}

@test "environment: values, references, fields, secret and config keys, envFrom" {
	berth create configmap settings --from-literal=COLOUR=blue --from-literal=SIZE=3
	berth create secret generic password --from-literal=word=hush
	busybox_pod env c 'env; exec sleep 1000000' | jq '.spec.containers[0] |= (.envFrom = [{configMapRef: {name: "settings"}, prefix: "S_"}] |
		.env = [{name: "A", value: "a"}, {name: "B", value: "$(A)-b $(MISSING) $$(A)"},
			{name: "NAME", valueFrom: {fieldRef: {fieldPath: "metadata.name"}}},
			{name: "IP", valueFrom: {fieldRef: {fieldPath: "status.podIP"}}},
			{name: "LIMIT", valueFrom: {resourceFieldRef: {resource: "limits.memory", divisor: "1Mi"}}},
			{name: "WORD", valueFrom: {secretKeyRef: {name: "password", key: "word"}}},
			{name: "ONE", valueFrom: {configMapKeyRef: {name: "settings", key: "COLOUR"}}},
			{name: "NONE", valueFrom: {configMapKeyRef: {name: "settings", key: "NONE", optional: true}}}] |
		.resources.limits.memory = "64Mi")' | apply
	wait_running env
	run -0 berth logs env
	[[ $'\n'$output$'\n' == *$'\nA=a\n'* ]]
	[[ $'\n'$output$'\n' == *$'\nB=a-b $(MISSING) $(A)\n'* ]]
	[[ $'\n'$output$'\n' == *$'\nNAME=env\n'* ]]
	[[ $'\n'$output$'\n' == *$'\nIP='"$(pod env .status.podIP)"$'\n'* ]]
	[[ $'\n'$output$'\n' == *$'\nLIMIT=64\n'* ]]
	[[ $'\n'$output$'\n' == *$'\nWORD=hush\n'* ]]
	[[ $'\n'$output$'\n' == *$'\nONE=blue\n'* ]]
	[[ $'\n'$output$'\n' == *$'\nS_COLOUR=blue\n'* ]]
	[[ $'\n'$output$'\n' == *$'\nS_SIZE=3\n'* ]]
	[[ $output != *NONE=* ]]
}

@test "host name, hosts file, name servers, and the address of a pod" {
	busybox_pod names c 'hostname; cat /etc/hosts; exec sleep 1000000' |
		jq '.spec.hostAliases = [{ip: "10.9.8.7", hostnames: ["alias.test"]}] | .spec.hostname = "called"' | apply
	wait_running names
	run -0 berth logs names
	[ "${lines[0]}" = called ]
	[[ $output == *"$(pod names .status.podIP)"*called* ]]
	[[ $output == *10.9.8.7*alias.test* ]]
	run -0 berth exec names -- cat /etc/resolv.conf
	run -0 berth exec names -- ip -o -4 addr show eth0
	[[ $output == *"$(pod names .status.podIP)"* ]]
}

@test "pods reach each other and the host over the pod network" {
	busybox_pod server c 'mkdir /w; echo content >/w/index.html; exec httpd -f -p 80 -h /w' | apply
	busybox_pod client c 'exec sleep 1000000' | apply
	wait_running server
	wait_running client
	local address
	address=$(pod server .status.podIP)
	[ "$(berth exec client -- wget -q -O - "http://$address/")" = content ]
	[ "$(curl -s --max-time 5 "http://$address/")" = content ]
}

@test "cgroups hold the limits of a container" {
	local pid directory
	busybox_pod limits c 'exec sleep 1000000' |
		jq '.spec.containers[0].resources = {limits: {memory: "48Mi", cpu: "500m"}}' | apply
	wait_running limits
	pid=$(container_pid limits c)
	if directory=$(grep -E '^[0-9]+:(memory|[^:]*,memory):' "/proc/$pid/cgroup") && [ -d /sys/fs/cgroup/memory ]; then
		[ "$(cat "/sys/fs/cgroup/memory${directory##*:}/memory.limit_in_bytes")" = $((48 << 20)) ]
	else
		directory=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
		[ "$(cat "$directory/memory.max")" = $((48 << 20)) ]
	fi
}

@test "a container over its memory limit: OOMKilled" {
	policy_pod greedy Never 'exec tail /dev/zero' | jq '.spec.containers[0].resources.limits.memory = "16Mi"' | apply
	wait_pod greedy '.status.phase == "Failed"' >/dev/null
	[ "$(container greedy c .state.terminated.reason)" = OOMKilled ]
	[ "$(container greedy c .state.terminated.exitCode)" = 137 ]
}

@test "a program that does not exist: a clear message, and the back-off" {
	jq -n '{apiVersion: "v1", kind: "Pod", metadata: {name: "noprogram"}, spec: {containers: [
		{name: "c", image: "gcr.io/your-project/busybox:latest", command: ["/no/such/program"]}]}}' | apply
	run -0 wait_pod noprogram '.status.containerStatuses[0].lastState.terminated.message // .status.containerStatuses[0].state.terminated.message //
		.status.containerStatuses[0].state.waiting.message // "" | test("/no/such/program")'
}

@test "init containers run one after another, again when they fail, before the others" {
	busybox_pod inits c 'cat /e/order; exec sleep 1000000' |
		jq '.spec.volumes = [{name: "e", emptyDir: {}}] | .spec.containers[0].volumeMounts = [{name: "e", mountPath: "/e"}] |
			.spec.initContainers = [(.spec.containers[0] | .name = "one" | .command[2] = "sleep 0.5; echo one >>/e/order"),
				(.spec.containers[0] | .name = "two" | .command[2] = "echo two >>/e/order; [ -e /e/failed ] || { touch /e/failed; exit 4; }")]' | apply
	wait_running inits
	[ "$(berth logs inits -c c)" = "$(printf 'one\ntwo\ntwo')" ]
	[ "$(pod inits '.status.initContainerStatuses | map(.restartCount) | @csv')" = 0,1 ]
	[ "$(pod inits '.status.initContainerStatuses[1].lastState.terminated.exitCode')" = 4 ]
}

@test "host network: the node's address and its links" {
	busybox_pod hostnet c 'echo "$IP"; exec sleep 1000000' |
		jq '.spec.hostNetwork = true | .spec.containers[0].env = [{name: "IP", valueFrom: {fieldRef: {fieldPath: "status.podIP"}}}]' | apply
	wait_running hostnet
	[ "$(berth logs hostnet)" = "$(pod hostnet .status.hostIP)" ]
	[ "$(readlink "/proc/$(container_pid hostnet c)/ns/net")" = "$(readlink /proc/self/ns/net)" ]
}

@test "another image in the spec: that container restarts on it, its neighbour runs on" {
	local pid
	busybox_pod changes a 'exec sleep 1000000' b 'exec sleep 1000000' | apply
	wait_running changes
	pid=$(container_pid changes b)
	berth patch pod changes -p '{"spec":{"containers":[{"name":"a","image":"gcr.io/your-project/base:latest"}]}}'
	wait_pod changes '.status.containerStatuses[0] | .restartCount == 1 and .ready and (.image | test("base"))' >/dev/null
	berth exec changes -c a -- test -e /usr/bin/dpkg
	[ "$(container_pid changes b)" = "$pid" ]
	[ "$(container changes b .restartCount)" = 0 ]
}
