# Probes of pods on real runc: each kind, what its failure leads to, servers that answer as badly as they can, and a life
# without berthd.
load harness

setup_file() {
	bats_require_minimum_version 1.5.0
	berthd_start
}
teardown_file() { berthd_end; }
teardown() {
	if [ -s "$BATS_TEST_TMPDIR/server" ]; then kill "$(cat "$BATS_TEST_TMPDIR/server")" || true; fi
	delete_everything
}

# A pod whose container `c` runs a shell command and has members of JSON.
probed_pod() { # NAME MEMBERS [COMMAND]
	busybox_pod "$1" c "${3:-trap 'exit 0' TERM; while :; do sleep 0.05; done}" |
		jq --argjson members "$2" '.spec.containers[0] += $members'
}

exec_probe() { # SCRIPT [MEMBERS]
	jq -nc --argjson more "${2:-{\}}" '{exec: {command: ["sh", "-c", $ARGS.positional[0]]}, periodSeconds: 1} + $more' --args "$1"
}

messages_of() { # POD REASON
	api "/api/v1/namespaces/default/events" |
		jq -r --arg pod "$1" --arg reason "$2" '.items[] | select(.involvedObject.name == $pod and .reason == $reason) | .message'
}

ready() { pod "$1" '.status.conditions[] | select(.type == "Ready")'; }

@test "readiness of a real nginx: over HTTP, over TCP; unready in the kubelet's words, and ready again" {
	jq -n '{apiVersion: "v1", kind: "Pod", metadata: {name: "web"}, spec: {terminationGracePeriodSeconds: 2, containers: [{
		name: "nginx", image: "gcr.io/your-project/nginx:latest", ports: [{name: "http", containerPort: 80}],
		command: ["sh", "-c", "mkdir -p /tmp/www; echo up >/tmp/www/up; echo \"daemon off; error_log stderr; pid /tmp/pid; events {} http { access_log off; server { listen 80; root /tmp/www; } }\" >/tmp/conf; exec nginx -c /tmp/conf"],
		readinessProbe: {httpGet: {path: "/up", port: "http"}, periodSeconds: 1, failureThreshold: 1},
		livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}}]}}' | apply
	wait_running web
	run -0 berth describe pod web
	[[ $output == *"Readiness:"*"http-get http://:http/up delay=0s timeout=1s period=1s #success=1 #failure=1"* ]]
	berth exec web -- rm /tmp/www/up
	wait_pod web '.status.conditions[] | select(.type == "Ready") | .status == "False"' >/dev/null
	[ "$(ready web | jq -r '.reason + " " + .message')" = "ContainersNotReady containers with unready status: [nginx]" ]
	[ "$(messages_of web Unhealthy)" = "Readiness probe failed: HTTP probe failed with statuscode: 404" ]
	[ "$(container web nginx .restartCount)" = 0 ]
	berth exec web -- sh -c 'echo up >/tmp/www/up'
	wait_running web
}

@test "liveness: restarted with the probe's own grace; the cause is told; startup holds the others back" {
	probed_pod live "{\"startupProbe\": $(exec_probe 'test -e /tmp/up'),
		\"livenessProbe\": $(exec_probe 'echo too old; test ! -e /tmp/old' '{"failureThreshold": 2, "terminationGracePeriodSeconds": 1}')}" \
		'trap "" TERM; sleep 1.5; touch /tmp/up; while :; do sleep 0.05; done' |
		jq '.spec.terminationGracePeriodSeconds = 60' | apply
	wait_pod live '.status.containerStatuses[0] | .state.running and (.started | not)' >/dev/null
	wait_pod live '.status.containerStatuses[0] | .started and .ready' >/dev/null
	berth exec live -- touch /tmp/old
	wait_pod live '.status.containerStatuses[0].restartCount == 1' 15 >/dev/null
	grep -qx "Container c failed liveness probe, will be restarted" <(messages_of live Killing)
	grep -qx "Liveness probe failed: too old.*" <(messages_of live Unhealthy)
	[ "$(container live c .lastState.terminated.exitCode)" = 137 ]
	berth delete pod live --grace-period=1
}

@test "a startup probe that never passes: the container is restarted, and never ready" {
	probed_pod never "{\"startupProbe\": $(exec_probe 'sleep 5' '{"failureThreshold": 1}')}" | apply
	wait_pod never '.status.containerStatuses[0].restartCount == 1' 15 >/dev/null
	[ "$(container never c .started)" = false ]
	grep -q "Startup probe failed: command timed out" <(messages_of never Unhealthy)
	grep -qx "Container c failed startup probe, will be restarted" <(messages_of never Killing)
}

@test "servers that answer badly: a verdict by the deadline, a redirect is not followed" {
	local port=18093 path base ms
	"$TOP/tests/e2e/hostile.py" 127.0.0.1 "$port" >"$BATS_TEST_TMPDIR/up" 3>&- &
	echo "$!" >"$BATS_TEST_TMPDIR/server"
	timeout 5 grep -q -m 1 listening <(tail -f "$BATS_TEST_TMPDIR/up")
	verdict() { # PATH TIMEOUT-MS
		jq -nc --arg path "/$1" --argjson port "$port" --argjson ns "${2}000000" \
			'{kind: "http", host: "127.0.0.1", port: $port, path: $path, timeout_ns: $ns}' |
			http_proxy=http://127.0.0.1:1 "$BUILD/berth-probe" once | jq -r '.result'
	}
	[ "$(verdict ok 900)" = success ]
	[ "$(verdict away 900)" = warning ]
	[ "$(verdict broken 900)" = failure ]
	[ "$(verdict endless 900)" = success ]
	for path in long-head one-long-header nothing garbage http09; do [ "$(verdict "$path" 900)" = failure ]; done
	# The machine may be busy: the best of five, less what the programs around it take.
	best_of() { # PATH RESULT
		local best=100000 start ms
		for _ in 1 2 3 4 5; do
			start=${EPOCHREALTIME/./}
			[ "$(verdict "$1" 300)" = "$2" ]
			ms=$(((${EPOCHREALTIME/./} - start) / 1000))
			best=$((ms < best ? ms : best))
		done
		echo "$best"
	}
	base=$(best_of ok success)
	for path in slow-body slow-head never; do
		ms=$(best_of "$path" failure)
		echo "$path: $ms ms, $base of them not the probe's"
		[ "$ms" -ge 300 ] && [ $((ms - base)) -le $((300 + 100)) ]
	done
}

@test "a real gRPC server, as the kubelet speaks of it" {
	"$TOP/tests/e2e/health.py" 127.0.0.1 18094 >"$BATS_TEST_TMPDIR/up" 3>&- &
	echo "$!" >"$BATS_TEST_TMPDIR/server"
	timeout 10 grep -q -m 1 18094 <(tail -f "$BATS_TEST_TMPDIR/up")
	verdict() { # SERVICE
		jq -nc --arg service "$1" '{kind: "grpc", host: "127.0.0.1", port: 18094, service: $service, timeout_ns: 500000000}' |
			"$BUILD/berth-probe" once | jq -r '.result + " " + (.text // "")'
	}
	[ "$(verdict "")" = "success " ]
	[ "$(verdict down)" = 'failure service unhealthy (responded with "NOT_SERVING")' ]
	[ "$(verdict slow)" = "failure timeout: health rpc did not complete within 0.5s" ]
	[ "$(verdict other)" = "failure error: health rpc probe failed: rpc error: code = 5 desc = unknown service" ]
}

@test "berthd dies and comes back: Ready does not flip, nobody is restarted, the probe goes on" {
	local before
	probed_pod steady "{\"readinessProbe\": $(exec_probe 'test ! -e /tmp/off' '{"failureThreshold": 1}'),
		\"startupProbe\": $(exec_probe true), \"livenessProbe\": $(exec_probe true)}" | apply
	wait_running steady
	before=$(ready steady)
	berthd_stop KILL
	berthd_run
	wait_pod steady '.status.phase == "Running"' >/dev/null
	for _ in 1 2 3 4 5 6; do
		[ "$(ready steady)" = "$before" ]
		sleep 0.25
	done
	[ "$(container steady c .restartCount)" = 0 ]
	berth exec steady -- touch /tmp/off
	wait_pod steady '.status.conditions[] | select(.type == "Ready") | .status == "False"' >/dev/null
}

@test "berth-probe is nobody, may do nothing, and is started again when it is killed" {
	local pid
	probed_pod web '{"readinessProbe": {"tcpSocket": {"port": 81}, "periodSeconds": 1, "failureThreshold": 1}}' \
		'trap "exit 0" TERM; httpd -f -p 81 & wait' | apply
	wait_running web
	pid=$(pgrep -P "$(berthd_pid)" -x berth-probe)
	grep -q "^Uid:[[:space:]]65534[[:space:]]65534" "/proc/$pid/status"
	grep -q "^CapPrm:[[:space:]]0*$" "/proc/$pid/status"
	grep -q "^NoNewPrivs:[[:space:]]1" "/proc/$pid/status"
	grep -q "^Seccomp:[[:space:]]2" "/proc/$pid/status"
	kill -9 "$pid"
	timeout 10 sh -c "until pgrep -P $(berthd_pid) -x berth-probe; do sleep 0.1; done"
	[ "$(ready web | jq -r .status)" = True ]
	berth exec web -- killall httpd || true
	wait_pod web '.status.containerStatuses[0].restartCount == 1 or (.status.conditions[] | select(.type == "Ready") | .status == "False")' >/dev/null
}

@test "a readiness gate: Ready waits for a condition that others set" {
	probed_pod gated '{}' | jq '.spec.readinessGates = [{conditionType: "shop.example/paid"}]' | apply
	wait_pod gated 'any(.status.conditions[]?; .type == "Ready" and .reason == "ReadinessGatesNotReady")' >/dev/null
	[ "$(pod gated '.status.conditions[] | select(.type == "ContainersReady") | .status')" = True ]
	api "$PODS/gated/status" -X PATCH -H 'Content-Type: application/strategic-merge-patch+json' \
		--data '{"status": {"conditions": [{"type": "shop.example/paid", "status": "True"}]}}' >/dev/null
	wait_pod gated '.status.conditions[] | select(.type == "Ready") | .status == "True"' >/dev/null
}
