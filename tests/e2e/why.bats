# `berth why` on real pods: an answer first, for what died, what never started, and what is gone.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }

annotated() { # ANNOTATIONS as a jq object; a pod on standard input
	jq ".metadata.annotations = $1"
}

@test "a container that the kernel killed for memory: what it used, of what, and what follows" {
	busybox_pod fat web 'echo starting; x=0123456789; while :; do x=$x$x; done' |
		jq '.spec.containers[0].resources = {limits: {memory: "16Mi"}}' |
		annotated '{"berth.dev/backoff": "base=60s"}' | apply
	wait_pod fat '.status.containerStatuses[0] | .restartCount == 1 and .state.waiting.reason == "CrashLoopBackOff"' >/dev/null
	run berth why fat
	echo "$output"
	[ "$status" = 0 ]
	[[ "${lines[1]}" =~ ^web\ was\ killed\ by\ the\ kernel.*it\ used\ 1[56]\.[0-9]Mi\ of\ its\ 16\.0Mi\ limit ]]
	[[ "${lines[1]}" == *"2nd end in a row; it starts again in "* ]]
	[[ "$output" == *$'Last lines:\n    starting'* ]]
	[[ "$output" == *"berth logs fat -c web --run 1"* ]]
	[ "$(berth why fat -o json | jq -r '[.items[] | .run, .reason, .memory.limitBytes] | @csv')" = '1,"OOMKilled",16777216,0,"OOMKilled",16777216' ]
	[ "$(berth logs fat --run 0)" = starting ]
}

@test "what died while no agent was there is known when one is back; ten ends are kept" {
	busybox_pod loop c 'echo "run $RANDOM"; exit 7' |
		annotated '{"berth.dev/backoff": "base=100ms,cap=100ms"}' | apply
	wait_pod loop '.status.containerStatuses[0].restartCount >= 2' >/dev/null
	berthd_stop KILL
	timeout 20 sh -c 'until ls "$1" | grep -q "c-1[2-9].json"; do sleep 0.1; done' _ "$(dirname "$(grep -l '"loop"' "$ROOT"/var/lib/berth/pods/*/plan.json)")/deaths"
	berthd_run
	berth why loop --all -o json >"$BATS_TEST_TMPDIR/all"
	jq -e '.items | length >= 9 and length <= 11 and all(.exitCode == 7 and .finishedAt != null)' "$BATS_TEST_TMPDIR/all"
	jq -e '.items[0].run > .items[8].run' "$BATS_TEST_TMPDIR/all"
	run berth why loop
	echo "$output"
	[[ "${lines[1]}" == "c failed with exit code 7, after "* ]]
}

@test "after its deletion a pod's dossiers stay" {
	berth delete pod fat --grace-period=0 --force >/dev/null 2>&1 || true
	wait_deleted fat
	run berth why fat
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == "Pod fat is gone;"* ]]
	[[ "$output" == *"16.0Mi limit"* ]]
	run berth why never-was
	[ "$status" = 1 ]
	[[ "$output" == *'pods "never-was" not found'* ]]
}

@test "what never started has an answer, too: no image, no secret, no room" {
	jq -n '{apiVersion: "v1", kind: "Pod", metadata: {name: "imageless"}, spec: {containers: [{name: "c", image: "gcr.io/your-project/none:1"}]}}' | apply
	busybox_pod secretless c 'sleep 100' | jq '.spec.containers[0].envFrom = [{secretRef: {name: "absent"}}]' | apply
	busybox_pod huge c 'sleep 100' | jq '.spec.containers[0].resources = {requests: {memory: "64Ti"}}' | apply
	wait_pod imageless '.status.containerStatuses[0].state.waiting.reason | IN("ErrImagePull", "ImagePullBackOff")' >/dev/null
	wait_pod secretless '.status.containerStatuses[0].state.waiting.reason == "CreateContainerConfigError"' >/dev/null
	wait_pod huge '.status.conditions[]? | select(.type == "PodScheduled").status == "False"' >/dev/null
	berth why imageless | tee /dev/stderr | grep -q '^c does not run yet: \(ErrImagePull\|ImagePullBackOff\): .*gcr.io/your-project/none:1'
	berth why secretless | tee /dev/stderr | grep -q '^c does not run yet: CreateContainerConfigError: .*absent'
	berth why huge | tee /dev/stderr | grep -q '^Pod huge has no room on this node: .*memory'
}

@test "a container that its liveness probe ended: the cause, and the probe's last answers" {
	busybox_pod sick c 'sleep 1000' |
		jq '.spec.terminationGracePeriodSeconds = 0 | .spec.containers[0].livenessProbe = {exec: {command: ["sh", "-c", "echo no pulse; exit 1"]}, periodSeconds: 1, failureThreshold: 1}' | apply
	wait_pod sick '.status.containerStatuses[0].restartCount >= 1' >/dev/null
	run berth why sick --all
	echo "$output"
	[[ "$output" == *"c was ended by berth ("* ]]
	[[ "$output" == *"Probe:     Liveness "*"no pulse"* ]]
}
