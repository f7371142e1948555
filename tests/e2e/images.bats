# Images: pulled from a registry, loaded from files, listed, removed.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { delete_everything; }

layout=$TOP/build/images

never_pod() { # NAME IMAGE
	jq -n --arg name "$1" --arg image "$2" '{apiVersion: "v1", kind: "Pod", metadata: {name: $name}, spec: {
		terminationGracePeriodSeconds: 1, containers: [{name: "c", image: $image, imagePullPolicy: "Never",
			command: ["sleep", "1000000"]}]}}'
}

@test "pull, ls, rm" {
	run -0 berth image pull gcr.io/your-project/busybox:latest
	run -0 berth image ls
	[[ $output == *gcr.io/your-project/busybox*latest* ]]
	berth image rm gcr.io/your-project/busybox:latest
	run -0 berth image ls
	[[ $output != *your-project/busybox* ]]
	run ! berth image rm gcr.io/your-project/busybox:latest
	[[ $output == *"not found"* || $output == *NotFound* ]]
}

@test "load an OCI archive and a docker archive" {
	skopeo --insecure-policy copy --quiet "oci:$layout:busybox" "oci-archive:$BATS_TEST_TMPDIR/oci.tar:loaded.test/oci:1"
	skopeo --insecure-policy copy --quiet "oci:$layout:busybox" "docker-archive:$BATS_TEST_TMPDIR/docker.tar:loaded.test/docker:1"
	run -0 berth image load "$BATS_TEST_TMPDIR/oci.tar"
	[[ $output == *loaded.test/oci:1* ]]
	run -0 berth image load "$BATS_TEST_TMPDIR/docker.tar"
	[[ $output == *loaded.test/docker:1* ]]
	never_pod one loaded.test/oci:1 | apply
	never_pod two loaded.test/docker:1 | apply
	wait_running one
	wait_running two
}

@test "an archive that is cut short or none: refused, and nothing stays" {
	local before
	before=$(find "$ROOT/var/lib/berth/images" | sort)
	skopeo --insecure-policy copy --quiet "oci:$layout:busybox" "oci-archive:$BATS_TEST_TMPDIR/whole.tar:loaded.test/cut:1"
	head -c 600000 "$BATS_TEST_TMPDIR/whole.tar" >"$BATS_TEST_TMPDIR/cut.tar"
	run ! berth image load "$BATS_TEST_TMPDIR/cut.tar"
	[ -n "$output" ]
	head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/noise.tar"
	run ! berth image load "$BATS_TEST_TMPDIR/noise.tar"
	[ -n "$output" ]
	[ "$(find "$ROOT/var/lib/berth/images" | sort)" = "$before" ]
}

@test "imagePullPolicy Never without the image: ErrImageNeverPull" {
	never_pod never gcr.io/your-project/python:latest | apply
	wait_pod never '.status.containerStatuses[0].state.waiting.reason == "ErrImageNeverPull"' >/dev/null
}

@test "an image in use is not removed from under its pod" {
	berth image pull gcr.io/your-project/busybox:latest
	busybox_pod uses c 'exec sleep 1000000' | apply
	wait_running uses
	berth image rm gcr.io/your-project/busybox:latest || true
	[ "$(berth exec uses -- echo alive)" = alive ]
	kill -9 "$(container_pid uses c)"
	wait_pod uses '.status.containerStatuses[0] | .restartCount == 1 and .ready' >/dev/null
}
