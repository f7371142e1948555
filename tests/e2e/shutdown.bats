# The machine goes down: logind (a fake one, on a bus of the test's own) waits while pods are stopped in the order of
# their priority; an agent that is killed meanwhile goes on; what was stopped comes back with the machine.
load harness

setup_file() {
	make -s -C "$TOP" B="$BUILD" "$BUILD/tests/unit/agent/node/test_logind" >/dev/null
	berthd_start
}
teardown_file() { berthd_end; }
teardown() {
	[ -z "${LOGIND_PID:-}" ] || kill "$LOGIND_PID" 2>/dev/null || true
	clean_up
}

# The agent with a logind that waits MS.
with_logind() { # MS
	local fifo=$BATS_TEST_TMPDIR/logind
	mkfifo "$fifo.in" "$fifo.out"
	exec {says}<>"$fifo.out" {hears}<>"$fifo.in"
	"$BUILD/tests/unit/agent/node/test_logind" serve "$1" <"$fifo.in" >"$fifo.out" 2>/dev/null 3>&- &
	LOGIND_PID=$!
	read -r -t 10 DBUS_SYSTEM_BUS_ADDRESS <&"$says"
	export DBUS_SYSTEM_BUS_ADDRESS
	berthd_stop
	berthd_run
}

# A pod that notes on the host when its container was told to stop, and takes SECONDS to end, with CODE.
slow_pod() { # NAME SECONDS CODE [FILTER]
	busybox_pod "$1" c "trap 'echo $1 >>/tape/order; sleep $2; exit $3' TERM; echo start >>/tape/$1; while :; do sleep 0.1; done" |
		jq --arg tape "$BATS_TEST_TMPDIR" '.spec.terminationGracePeriodSeconds = 20 |
			.spec.containers[0].volumeMounts = [{name: "tape", mountPath: "/tape"}] |
			.spec.volumes = [{name: "tape", hostPath: {path: $tape}}]' | jq "${4:-.}" | apply >/dev/null
}

go_down() { echo prepare >&"$hears"; }
machine_may_go() { # SECONDS
	local line
	read -r -t "$1" line <&"$says" && [ "$line" = released ]
}

@test "low priority stops first, the lock is held until all have, and all comes back" {
	chmod 777 "$BATS_TEST_TMPDIR"
	with_logind 15000
	slow_pod low 0.5 0
	slow_pod high 0.2 3 '.spec.priority = 1000'
	slow_pod critical 0 0 '.spec.priorityClassName = "system-node-critical"'
	slow_pod once 0 0 '.spec.restartPolicy = "Never"'
	slow_pod 'done' 0 0 '.spec.restartPolicy = "OnFailure" | .spec.containers[0].command = ["true"]'
	slow_pod worker 0 0 '.spec.restartPolicy = "OnFailure"'
	for pod in low high critical once worker; do wait_running "$pod"; done
	wait_pod 'done' '.status.phase == "Succeeded"' >/dev/null
	until [ "$(cat "$BATS_TEST_TMPDIR"/{low,high,critical,once,worker} | wc -l)" = 5 ]; do sleep 0.1; done

	go_down
	machine_may_go 15
	[ "$(sort <<<"$(head -n 3 "$BATS_TEST_TMPDIR/order")" | tr '\n' ' ')" = "low once worker " ]
	[ "$(tail -n 2 "$BATS_TEST_TMPDIR/order" | tr '\n' ' ')" = "high critical " ]
	[ -z "$(ls "$ROOT/run/berth/pods")" ]
	run -0 api /api/v1/nodes
	[ "$(jq -r '.items[0].status.conditions[] | select(.type == "Ready") | .message' <<<"$output")" = "node is shutting down" ]
	# What comes back: its phase stays, its exit codes are known.
	[ "$(pod high .status.phase)" = Running ]
	[ "$(pod high .status.reason)" = Terminated ]
	[ "$(pod high '.status.message')" = "Pod was terminated in response to imminent node shutdown." ]
	[ "$(container high c .lastState.terminated.exitCode)" = 3 ]
	[ "$(pod worker .status.phase)" = Running ]
	[ "$(container worker c .lastState.terminated.exitCode)" = 0 ]
	[ "$(pod high '.status.conditions[] | select(.type == "DisruptionTarget") | .reason')" = TerminationByKubelet ]
	# What does not.
	[ "$(pod once .status.phase)" = Failed ]
	[ "$(pod once .status.reason)" = Terminated ]
	[ "$(container once c .state.terminated.exitCode)" = 0 ]
	# What comes late waits for the machine.
	slow_pod late 0 0
	sleep 0.3
	[ "$(pod late .status.phase)" = Pending ]

	# The machine is back: another boot, nothing in /run.
	berthd_stop KILL
	rm -rf "$ROOT/run/berth"
	kill "$LOGIND_PID"
	unset DBUS_SYSTEM_BUS_ADDRESS
	berthd_run
	for pod in low high critical worker late; do wait_running "$pod"; done
	for pod in low high critical worker; do
		[ "$(container "$pod" c .restartCount)" = 1 ]
		[ "$(pod "$pod" '.status.reason // "none"')" = none ]
	done
	[ "$(pod once .status.phase)" = Failed ]
	[ "$(pod 'done' .status.phase)" = Succeeded ]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/once")" = 1 ]
	until [ "$(wc -l <"$BATS_TEST_TMPDIR/high")" = 2 ]; do sleep 0.1; done
}

@test "an agent killed in the middle goes on; a shutdown that is called off starts the pods again" {
	chmod 777 "$BATS_TEST_TMPDIR"
	with_logind 15000
	slow_pod first 2 4
	slow_pod second 0 5 '.spec.priority = 10'
	wait_running first
	wait_running second
	until [ "$(cat "$BATS_TEST_TMPDIR"/{first,second} | wc -l)" = 2 ]; do sleep 0.1; done
	go_down
	until [ -e "$BATS_TEST_TMPDIR/order" ]; do sleep 0.05; done
	berthd_stop KILL
	machine_may_go 5 # without systemd nobody keeps the lock for the next agent
	berthd_run
	timeout 10 sh -c "until [ -z \"\$(ls '$ROOT/run/berth/pods')\" ]; do sleep 0.1; done"
	[ "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/order")" = "first second " ]
	wait_pod second '.status.reason == "Terminated"' >/dev/null
	[ "$(container first c .lastState.terminated.exitCode)" = 4 ]
	[ "$(container second c .lastState.terminated.exitCode)" = 5 ]

	echo cancel >&"$hears"
	wait_running first
	wait_running second
	[ "$(container first c .restartCount)" = 1 ]
}

@test "a pod that does not end gets no more than the time there is" {
	local before=$SECONDS
	chmod 777 "$BATS_TEST_TMPDIR"
	with_logind 3000
	slow_pod stubborn 100 0
	slow_pod next 0 7 '.spec.priority = 10'
	wait_running stubborn
	wait_running next
	until [ "$(cat "$BATS_TEST_TMPDIR"/{stubborn,next} | wc -l)" = 2 ]; do sleep 0.1; done
	before=$SECONDS
	go_down
	machine_may_go 10
	[ "$((SECONDS - before))" -le 4 ]
	[ "$(container stubborn c .lastState.terminated.exitCode)" = 137 ]
	[ "$(container next c .lastState.terminated.exitCode)" = 7 ]
}
