# The life of a pod's containers on real runc: order at the start and at the end, rules, deadline, back-off of the owner's own.
#
# Each pod writes what happens to it into a volume that all of its containers see: the tape that a test reads.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { delete_everything; }

# "NAME sort=i|s|m WORD…" lines are too clumsy for containers: they are given as jq.
IMAGE=gcr.io/your-project/busybox:latest
taped_pod() { # NAME SPEC: a jq object with containers c(NAME; COMMAND), which see the tape at /t
	mkdir -p "$BATS_TEST_TMPDIR/$1"
	jq -n --arg name "$1" --arg image "$IMAGE" --arg dir "$BATS_TEST_TMPDIR/$1" "
		def c(name; command): {name: name, image: \$image, command: [\"sh\", \"-c\", command],
			volumeMounts: [{name: \"t\", mountPath: \"/t\"}]};
		def rule(action; codes): {restartPolicyRules: [{action: action, exitCodes: {operator: \"In\", values: codes}}]};
		{apiVersion: \"v1\", kind: \"Pod\", metadata: {name: \$name}, spec: ({terminationGracePeriodSeconds: 5,
			volumes: [{name: \"t\", hostPath: {path: \$dir}}]} + ($2))}"
}
tape() { tr '\n' ' ' <"$BATS_TEST_TMPDIR/$1/tape"; }

# Says NAME when it starts, NAME- when it is asked to stop.
STAYS='def stays(name): c(name; "trap \"echo \(name)- >>/t/tape; exit 0\" TERM; echo \(name) >>/t/tape; while :; do sleep 0.05; done");'

@test "init containers run in order, sidecars beside the others; the end is the other way round" {
	taped_pod order "$STAYS {
		initContainers: [c(\"i1\"; \"sleep 0.3; echo i1 >>/t/tape\"),
			(stays(\"s1\") + {restartPolicy: \"Always\"}),
			c(\"i2\"; \"until grep -qs s1 /t/tape; do sleep 0.05; done; echo i2 >>/t/tape\"),
			(stays(\"s2\") + {restartPolicy: \"Always\"})],
		containers: [c(\"m\"; \"until grep -qs s2 /t/tape; do sleep 0.05; done; trap \\\"sleep 0.4; echo m- >>/t/tape; exit 0\\\" TERM; echo m >>/t/tape; while :; do sleep 0.05; done\")]}" | apply
	wait_running order
	until grep -qs '^m$' "$BATS_TEST_TMPDIR/order/tape"; do sleep 0.05; done
	[ "$(tape order)" = "i1 s1 i2 s2 m " ]
	[ "$(berth get pod order --no-headers | awk '{print $2, $3}')" = "3/3 Running" ]
	[ "$(pod order '[.status.initContainerStatuses[] | .ready, .started] | @csv')" = "true,false,true,true,true,false,true,true" ]
	[ "$(pod order '[.status.conditions[] | select(.status == "True") | .observedGeneration] | @csv')" = 1,1,1,1,1 ]
	berth delete pod order
	[ "$(tape order)" = "i1 s1 i2 s2 m m- s2- s1- " ]
}

@test "a pod of work ends with its work: its sidecars are stopped, and it has succeeded" {
	taped_pod work "$STAYS {restartPolicy: \"Never\",
		initContainers: [(stays(\"s\") + {restartPolicy: \"Always\"})],
		containers: [c(\"m\"; \"until grep -qs s /t/tape; do sleep 0.05; done; exit 0\")]}" | apply
	taped_pod fails "$STAYS {restartPolicy: \"Never\",
		initContainers: [(stays(\"s\") + {restartPolicy: \"Always\"}), c(\"i\"; \"until grep -qs s /t/tape; do sleep 0.05; done; exit 3\")],
		containers: [c(\"m\"; \"echo m >>/t/tape\")]}" | apply
	wait_pod work '.status.phase == "Succeeded"' >/dev/null
	[ "$(tape work)" = "s s- " ]
	[ "$(berth get pod work --no-headers | awk '{print $3}')" = Completed ]
	wait_pod fails '.status.phase == "Failed"' >/dev/null
	[ "$(tape fails)" = "s s- " ]
	[ "$(berth get pod fails --no-headers | awk '{print $3}')" = Init:Error ]
}

@test "rules on exit codes: again, not again, and all of the pod again" {
	taped_pod rules '{restartPolicy: "Never", containers: [
		(c("a"; "echo a >>/t/tape; [ $(grep -c a /t/tape) = 1 ] && exit 42; exit 7") + {restartPolicy: "Never"} + rule("Restart"; [42]))]}' | apply
	taped_pod all "$STAYS {restartPolicy: \"Always\",
		initContainers: [c(\"i\"; \"echo i >>/t/tape\")],
		containers: [stays(\"m\"),
			(c(\"t\"; \"until [ \$(grep -c m /t/tape) = \$(grep -c i /t/tape) ]; do sleep 0.05; done; [ \$(grep -c i /t/tape) = 1 ] && exit 3; sleep 1000\")
				+ {restartPolicy: \"Never\"} + rule(\"RestartAllContainers\"; [3]))]}" | apply
	wait_pod rules '.status.phase == "Failed"' >/dev/null
	[ "$(container rules a '[.restartCount, .state.terminated.exitCode, .lastState.terminated.exitCode] | @csv')" = 1,7,42 ]
	wait_pod all '.status.phase == "Running" and all(.status.containerStatuses[]; .restartCount == 1 and .ready)' >/dev/null
	[ "$(tape all)" = "i m i m " ]
	[ "$(container all m .lastState.terminated.reason)" = RestartingAllContainers ]
	[ "$(container all t .lastState.terminated.exitCode)" = 3 ]
	[ "$(pod all '.status.initContainerStatuses[0].restartCount')" = 1 ]
	[ "$(pod all '.status.conditions[] | select(.type == "AllContainersRestarting").status')" = False ]
}

@test "activeDeadlineSeconds: the pod is stopped in order, with or without an agent" {
	taped_pod late "$STAYS {activeDeadlineSeconds: 2, initContainers: [(stays(\"s\") + {restartPolicy: \"Always\"})],
		containers: [stays(\"m\")]}" | apply
	wait_running late
	berthd_stop KILL
	until grep -qs 's-' "$BATS_TEST_TMPDIR/late/tape"; do sleep 0.05; done
	[ "$(tape late)" = "s m m- s- " ]
	berthd_run
	wait_pod late '.status.phase == "Failed"' >/dev/null
	[ "$(pod late .status.reason)" = DeadlineExceeded ]
	[ "$(pod late .status.message)" = "Pod was active on the node longer than the specified deadline" ]
	[ "$(container late m .state.terminated.exitCode)" = 0 ]
}

@test "the stop signal of the spec, and a grace that is kept" {
	taped_pod signals '{containers: [
		(c("u"; "trap \"echo usr1 >>/t/tape; exit 0\" USR1; trap \"\" TERM; echo u >>/t/tape; while :; do sleep 0.05; done") + {lifecycle: {stopSignal: "SIGUSR1"}})]}' |
		jq '.spec.os = {name: "linux"}' | apply
	until grep -qs '^u$' "$BATS_TEST_TMPDIR/signals/tape"; do sleep 0.05; done
	berth delete pod signals
	[ "$(tape signals)" = "u usr1 " ]
}

@test "the owner's own back-off, the time of the next attempt, and retry" {
	taped_pod own '{containers: [c("a"; "echo a >>/t/tape; exit 1"), c("b"; "echo b >>/t/tape; exit 1")]}' |
		jq '.metadata.annotations = {"berth.dev/backoff": "base=200ms,factor=1,jitter=10%", "backoff.berth.dev/b": "base=1h,cap=1h,jitter=0%"}' | apply
	wait_pod own '.status.containerStatuses | (.[0].restartCount >= 4) and .[1].state.waiting.reason == "CrashLoopBackOff"' >/dev/null
	[ "$(container own b .restartCount)" = 1 ]
	[[ $(container own b .state.waiting.message) == "back-off 1h0m0s restarting failed container=b pod=own_default("*"); next attempt at "* ]]
	[[ $(berth get pod own --no-headers) =~ CrashLoopBackOff\ +[0-9]+\ \([0-9]+s\ ago ]]
	run -0 berth describe pod own
	[[ $output == *"Next Attempt:"*"in 5"*"m"* ]]
	run -0 berth retry own -c b
	[ "$output" = "pod/own: tried again now: b" ]
	wait_pod own '.status.containerStatuses[1].restartCount == 2' >/dev/null
	# A running pod is tuned without being touched.
	berth annotate pod own backoff.berth.dev/b=base=200ms,cap=200ms --overwrite
	berth retry own -c b
	wait_pod own '.status.containerStatuses[1].restartCount >= 5' >/dev/null
	run ! berth retry own -c nosuch
	[[ $output == *nosuch* ]]
	run ! berth retry nosuch
	[[ $output == *'pods "nosuch" not found'* ]]
}

@test "annotations of berth's own are fields: what cannot be read is refused with its path" {
	taped_pod wrong '{containers: [c("a"; "true")]}' |
		jq '.metadata.annotations = {"berth.dev/backof": "x", "backoff.berth.dev/z": "base=10", "berth.dev/log": "policy=lose"}' >"$BATS_TEST_TMPDIR/wrong.json"
	run ! berth apply -f "$BATS_TEST_TMPDIR/wrong.json"
	[[ $output == *'did you mean "berth.dev/backoff"?'* ]]
	[[ $output == *'metadata.annotations[backoff.berth.dev/z]'*'container "z"'* ]]
	[[ $output == *'metadata.annotations[berth.dev/log]'*'"block", "drop"'* ]]
}

@test "a shim that dies: what had completed is not run again, and its end is still told" {
	taped_pod half '{restartPolicy: "OnFailure",
		initContainers: [c("i"; "echo i >>/t/tape")],
		containers: [c("work"; "echo done >>/t/tape; echo well >/dev/termination-log"), c("stays"; "echo stays >>/t/tape; exec sleep 1000")]}' | apply
	wait_pod half '.status.containerStatuses | .[0].state.terminated.reason == "Completed" and .[1].ready' >/dev/null
	kill -9 "$(shim_pid half)"
	wait_pod half '.status.containerStatuses[1] | .restartCount == 1 and .ready' >/dev/null
	[ "$(tape half | tr ' ' '\n' | sort | tr '\n' ' ' | xargs)" = "done i stays stays" ]
	[ "$(container half work '[.restartCount, .state.terminated.message] | @csv')" = '0,"well
"' ]
	[ "$(pod half '.status.initContainerStatuses[0].state.terminated.reason')" = Completed ]
	[ "$(container half stays .lastState.terminated.reason)" = ContainerStatusUnknown ]
}
