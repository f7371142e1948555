load harness
setup_file() { berthd_start; }
teardown_file() { berthd_end; }
@test "x" {
	(timeout 10 curl -sN --unix-socket "$SOCKET" "http://berth$PODS?watch=true" | while IFS= read -r l; do echo "$(date +%T.%N) $(jq -c '[.type,.object.metadata.resourceVersion,.object.status.phase]' <<<"$l")"; done) & 
	sleep 1
	busybox_pod never c 'sleep 1; exit 7' | jq '.spec.restartPolicy="Never"' | apply; date +%T.%N
	wait
	tail $ROOT.log
	false
}
