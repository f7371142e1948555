# Logs on real pods: followed over rotations and restarts, older runs by number, floods cut to a rate and counted.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }

annotated() { jq --arg log "$1" '.metadata.annotations = {"berth.dev/log": $log, "berth.dev/backoff": "base=100ms,cap=200ms"}'; }

@test "-f goes on over rotations and restarts, until the container is not started again; runs by number" {
	busybox_pod runs c 'n=$(cat /t/n 2>/dev/null || echo 0); echo $((n + 1)) >/t/n; i=0; while [ $i -lt 2000 ]; do echo "run $n line $i of some length"; i=$((i + 1)); done; [ "$n" = 3 ]' |
		annotated "max-size=16Ki,max-files=20" |
		jq '.spec.restartPolicy = "OnFailure" | .spec.volumes = [{name: "t", emptyDir: {}}] | .spec.containers[0].volumeMounts = [{name: "t", mountPath: "/t"}]' | apply
	wait_pod runs '.status.containerStatuses[0] | .state.running or .restartCount > 0 or .state.terminated' >/dev/null
	berth logs runs --run 0 >/dev/null # there is a log
	berth logs runs -f --run 0 >"$BATS_TEST_TMPDIR/zero"
	BERTH_TIMEOUT=40 berth logs runs -f >"$BATS_TEST_TMPDIR/rest"
	for n in 0 1 2 3; do seq 0 1999 | sed "s/.*/run $n line & of some length/"; done >"$BATS_TEST_TMPDIR/all"
	head -n 2000 "$BATS_TEST_TMPDIR/all" | cmp - "$BATS_TEST_TMPDIR/zero"
	# Wherever it began, it has all from there on.
	tail -n "$(wc -l <"$BATS_TEST_TMPDIR/rest")" "$BATS_TEST_TMPDIR/all" | cmp - "$BATS_TEST_TMPDIR/rest"
	berth logs runs --previous | head -n 1 | grep -qx 'run 2 line 0 of some length'
	run berth logs runs --run 9
	[ "$status" = 1 ]
	[[ "$output" == *'there is no log of run 9'* ]]
}

@test "a flood is cut to its rate, and what is left out is counted to the line" {
	busybox_pod flood c 'i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i + 1)); done; echo end; sleep 1000' |
		annotated "policy=drop,rate=4Ki" | apply
	wait_running flood
	timeout 30 sh -c 'until "$@" | tail -n 1 | grep -q -e dropped -e end; do sleep 0.2; done' _ "$BUILD/berth" --root "$ROOT" logs flood
	sleep 1.5 # the rate comes back and the last count is told
	berth logs flood >"$BATS_TEST_TMPDIR/flood"
	awk '/^\[berth: [0-9]+ lines \([0-9]+ bytes\) dropped\]$/ {n += $2; next} {n++} END {exit n != 20001}' "$BATS_TEST_TMPDIR/flood"
	grep -q dropped "$BATS_TEST_TMPDIR/flood"
}

@test "garbage in a log, closed streams and a log that is a link: nothing but the container's own bytes is served" {
	busybox_pod odd bin 'head -c 100000 /dev/urandom | tee /t/sent; echo; sleep 1000' shut 'exec >&- 2>&-; sleep 1000' |
		jq '.spec.volumes = [{name: "t", hostPath: {path: $dir}}] | .spec.containers[0].volumeMounts = [{name: "t", mountPath: "/t"}]' --arg dir "$BATS_TEST_TMPDIR" | apply
	wait_running odd
	timeout 10 sh -c 'until [ "$(stat -c %s "$1" 2>/dev/null)" = 100000 ]; do sleep 0.1; done' _ "$BATS_TEST_TMPDIR/sent"
	berth logs odd -c bin | head -c 100000 | cmp - "$BATS_TEST_TMPDIR/sent"
	[ -z "$(berth logs odd -c shut)" ]
	local log
	log=$(echo "$ROOT"/var/log/pods/default_odd_*/shut/0.log)
	echo '2026-11-22T20:28:00Z stdout F canary' >"$BATS_TEST_TMPDIR/canary"
	ln -sf "$BATS_TEST_TMPDIR/canary" "$log"
	run berth logs odd -c shut
	[ "$status" = 1 ]
	[[ "$output" != *canary* ]]
}
