# What the host takes away: a full disk, a runc that is gone. Running pods go on, and it works again afterwards.
load harness

# The state below a small file system of its own, full at will.
setup() {
	ROOT=$(mktemp -d "$BATS_TEST_TMPDIR/root.XXXXXX")
	mkdir -p "$ROOT/var"
	mount -t tmpfs -o size=24m,mode=755 tmpfs "$ROOT/var"
}

teardown() {
	local status=0
	if [ -S "$ROOT/run/berth/berth.sock" ]; then
		rm -f "$ROOT/var/fill"
		berthd_end || status=1
	fi
	umount "$ROOT/var" || status=1
	return "$status"
}

fill_disk() { dd if=/dev/zero of="$ROOT/var/fill" bs=4096 2>/dev/null || true; }

@test "a full disk: a clear error, running pods unharmed, deletes work, and so does everything after it" {
	berthd_at "$ROOT"
	busybox_pod runs c 'while :; do echo line; sleep 0.2; done' | apply
	busybox_pod goes c 'sleep 1000000' | apply
	wait_running runs
	wait_running goes
	fill_disk
	run ! berth create secret generic big --from-literal=a="$(head -c 100000 /dev/zero | tr '\0' a)"
	[[ $output == *[Nn]"o space"* || $output == *full* ]]
	[ "$(container runs c .restartCount)" = 0 ]
	berth delete pod goes --grace-period=1
	wait_deleted goes
	rm "$ROOT/var/fill"
	berth create secret generic big --from-literal=a=1
	busybox_pod later c 'sleep 1000000' | apply
	wait_running later
	[ "$(container runs c .restartCount)" = 0 ]
}

@test "a missing runc: the pod says so, and starts when it is back" {
	ln -s "$(command -v runc)" "$BATS_TEST_TMPDIR/runc"
	berthd_at "$ROOT" --runtime "$BATS_TEST_TMPDIR/runc"
	mv "$BATS_TEST_TMPDIR/runc" "$BATS_TEST_TMPDIR/away"
	busybox_pod pod c 'sleep 1000000' | apply
	run -0 wait_pod pod '.status.containerStatuses[0].state.waiting.message // "" | test("runc")' 30
	mv "$BATS_TEST_TMPDIR/away" "$BATS_TEST_TMPDIR/runc"
	wait_running pod 60
}
