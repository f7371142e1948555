# P21: a new build of berthd is a restart of berthd, and each shim goes on as its own new build, in place.
load harness

# The programs of this build with another name in them, beside each other as they are installed.
other_build() { # DIRECTORY
	local own name program
	own=$("${BUILD:?}/berth-shim" --version)
	name=$(printf '%s' "$own" | tr '[:xdigit:]' x)
	mkdir -p "$1"
	for program in berthd berth-shim berth-unpack berth-runner berth-probe; do
		LC_ALL=C sed "s/$own/$name/g" "$BUILD/$program" >"$1/$program"
		chmod 755 "$1/$program"
	done
	[ "$("$1/berth-shim" --version)" = "$name" ]
}

setup_file() {
	OTHER=$BATS_FILE_TMPDIR/other
	export OTHER
	other_build "$OTHER"
	berthd_start
}

teardown_file() { berthd_end; }

@test "P21: to another build and back: no container is touched, no line is lost, exit codes are heard" {
	busybox_pod counts c 'i=0; while :; do i=$((i+1)); printf %s $i; sleep 0.02; echo; done' \
		d 'trap "exit 7" TERM; while :; do sleep 0.1; done' | apply
	busybox_pod rests c 'sleep 1000000' | apply
	wait_running counts
	wait_running rests
	local shim c d
	shim=$(shim_pid counts) c=$(container_pid counts c) d=$(container_pid counts d)
	for build in "$OTHER" "$BUILD"; do
		berthd_stop
		BUILD=$build berthd_run
		for pod in counts rests; do
			timeout 30 sh -c "until [ \"\$(readlink /proc/$(shim_pid "$pod")/exe)\" = \"$build/berth-shim\" ]; do sleep 0.1; done"
		done
		[ "$(shim_pid counts)" = "$shim" ]
		[ "$(container_pid counts c)" = "$c" ]
		[ "$(container_pid counts d)" = "$d" ]
		[ "$(cat "/proc/$shim/comm")" = berth-shim ]
		[ "$(pod counts '[.status.containerStatuses[].restartCount] | add')" = 0 ]
	done
	run -0 berth check
	[[ $output == *"supervised by the installed build"* ]]
	run -0 berth get events
	[[ $output == *ShimUpgraded*"no container was touched"* ]]
	kill -TERM "$d"
	wait_pod counts '.status.containerStatuses[] | select(.name == "d") | .restartCount == 1 and
		.lastState.terminated.exitCode == 7' >/dev/null
	run -0 berth exec rests -- echo hello
	[ "$output" = hello ]
	berth logs counts -c c >"$BATS_TEST_TMPDIR/log"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/log")" -gt 20 ]
	head -n -1 "$BATS_TEST_TMPDIR/log" | awk '$1 != NR { exit 1 }'
}
