# Lifecycle hooks of pods on real runc: each kind, their failures, the grace period, and a life without berthd.
load harness

setup_file() {
	berthd_start
	mkdir -m 0777 "$BATS_FILE_TMPDIR/told"
}
teardown_file() { berthd_end; }
teardown() { delete_everything; }

# What hooks write there is read here, also when the pod is gone.
told() { cat "$BATS_FILE_TMPDIR/told/$1"; }

# A pod with one container `c` that ends when it is asked to, hooks of JSON, and /told.
hooked_pod() { # NAME LIFECYCLE [COMMAND]
	busybox_pod "$1" c "${3:-trap 'exit 0' TERM; while :; do sleep 0.05; done}" |
		jq --argjson hooks "$2" --arg told "$BATS_FILE_TMPDIR/told" '
			.spec.volumes = [{name: "told", hostPath: {path: $told, type: "Directory"}}] |
			.spec.containers[0] += {lifecycle: $hooks, volumeMounts: [{name: "told", mountPath: "/told"}]}'
}

sh_hook() { # SCRIPT
	jq -nc '{exec: {command: ["sh", "-c", $ARGS.positional[0]]}}' --args "$1"
}

events_of() { # POD REASON: how often it was said
	api "/api/v1/namespaces/default/events" |
		jq --arg pod "$1" --arg reason "$2" '[.items[] | select(.involvedObject.name == $pod and .reason == $reason) | .count] | add // 0'
}

@test "exec hooks: user, environment with a secret, a read-only root file system; before Running, before SIGTERM" {
	berth create secret generic word --from-literal=WORD=hidden
	hooked_pod exec "{\"postStart\": $(sh_hook 'sleep 0.3; echo "start $(id -u) $WORD" >>/told/exec'),
		\"preStop\": $(sh_hook 'sleep 0.3; echo "stop $(id -u) $WORD $(touch /x 2>&1)" >>/told/exec')}" \
		"trap 'echo term >>/told/exec; exit 0' TERM; while :; do sleep 0.05; done" |
		jq '.spec.containers[0] += {envFrom: [{secretRef: {name: "word"}}],
			securityContext: {runAsUser: 1000, readOnlyRootFilesystem: true}} | .spec.terminationGracePeriodSeconds = 20' | apply
	wait_pod exec '.status.containerStatuses[0].state.running' >/dev/null
	told exec | grep -qx "start 1000 hidden"
	berth delete pod exec
	[ "$(told exec)" = "start 1000 hidden
stop 1000 hidden touch: /x: Read-only file system
term" ]
	[ "$(events_of exec FailedPreStopHook)" = 0 ]
}

@test "a postStart hook that fails: the container is stopped and started again, and why is told" {
	hooked_pod bad "{\"postStart\": $(sh_hook 'echo no good; exit 3')}" | apply
	wait_pod bad '.status.containerStatuses[0] | .restartCount == 1 and .state.waiting.reason == "PostStartHookError"' >/dev/null
	[[ $(container bad c .state.waiting.message) == *"exited with 3: , message: \"no good"* ]]
	[ "$(container bad c .ready)" = false ]
	[ "$(events_of bad FailedPostStartHook)" -ge 1 ]
	[ "$(events_of bad Started)" -ge 1 ]
	run -0 berth describe pod bad
	[[ $output == *PostStartHookError* ]]
}

@test "a program that the image does not have" {
	hooked_pod none '{"postStart": {"exec": {"command": ["/no/such"]}}}' | jq '.spec.restartPolicy = "Never"' | apply
	wait_pod none '.status.phase == "Succeeded" or .status.phase == "Failed"' >/dev/null
	[[ $(container none c .state.terminated.message) == *"/no/such"*"no such file or directory"* ]]
}

@test "a preStop hook that fails, and one that hangs: the grace period and two seconds, no more" {
	local began
	hooked_pod fails "{\"preStop\": $(sh_hook 'exit 4')}" | apply
	hooked_pod hangs "{\"preStop\": $(sh_hook 'sleep 1000')}" "trap '' TERM; while :; do sleep 0.05; done" | apply
	wait_running fails
	wait_running hangs
	berth delete pod fails
	[ "$(events_of fails FailedPreStopHook)" = 1 ]
	began=$SECONDS
	berth delete pod hangs --grace-period=1
	[ $((SECONDS - began)) -ge 3 ]
	[ $((SECONDS - began)) -le 7 ]
	[ "$(events_of hangs FailedPreStopHook)" = 0 ]
}

@test "sleep: a start and a stop that take their time" {
	local began
	hooked_pod sleeps '{"postStart": {"sleep": {"seconds": 1}}, "preStop": {"sleep": {"seconds": 1}}}' |
		jq '.spec.terminationGracePeriodSeconds = 20' | apply
	wait_pod sleeps '.status.phase == "Pending" and .status.containerStatuses[0].state.waiting.reason == "ContainerCreating"' >/dev/null
	began=$(date +%s%N)
	wait_running sleeps
	[ $(($(date +%s%N) - began)) -ge 500000000 ]
	began=$SECONDS
	berth delete pod sleeps
	[ $((SECONDS - began)) -ge 1 ]
	[ $((SECONDS - began)) -le 6 ]
}

@test "httpGet and tcpSocket: any answer will do, none will not" {
	hooked_pod web '{"preStop": {"httpGet": {"port": "http", "path": "/bye", "httpHeaders": [{"name": "X-Who", "value": "me"}]}}}' \
		'while :; do printf "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" | nc -l -p 8080 >>/told/web; done' |
		jq '.spec.containers[0].ports = [{name: "http", containerPort: 8080}]' | apply
	hooked_pod closed '{"preStop": {"tcpSocket": {"port": 81}}}' | apply
	wait_running web
	wait_running closed
	berth delete pod web closed
	told web | grep -q '^GET /bye HTTP/1.1'
	told web | grep -qi '^X-Who: me'
	told web | grep -qi '^User-Agent: kube-lifecycle/'
	[ "$(events_of web FailedPreStopHook)" = 0 ]
	[ "$(events_of closed FailedPreStopHook)" = 1 ]
}

@test "with berthd gone hooks work, and what failed meanwhile is told once when it is back" {
	hooked_pod alone "{\"postStart\": $(sh_hook 'echo up >>/told/alone; [ ! -e /told/fail ]')}" | apply
	wait_running alone
	local pid
	pid=$(container_pid alone c)
	berthd_stop KILL
	touch "$BATS_FILE_TMPDIR/told/fail"
	kill -9 "$pid"
	for _ in $(seq 100); do
		[ "$(told alone | wc -l)" = 2 ] && break
		sleep 0.1
	done
	[ "$(told alone | wc -l)" = 2 ]
	berthd_run
	wait_pod alone '.status.containerStatuses[0].state.waiting.reason == "PostStartHookError"' >/dev/null
	[ "$(events_of alone FailedPostStartHook)" = 1 ]
	berthd_stop KILL
	berthd_run
	wait_pod alone '.status.containerStatuses[0].state.waiting.reason == "PostStartHookError"' >/dev/null
	[ "$(events_of alone FailedPostStartHook)" = 1 ]
}
