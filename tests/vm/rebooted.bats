# The same VM after `systemctl reboot`: nothing but the store and the images is left of the pod.
load vm

@test "berth is active after a reboot" {
	timeout 60 systemctl start berth # returns when the unit is ready
	[ "$(api /readyz)" = ok ]
}

@test "the pod is back, once" {
	wait_running tape 90
	[ "$(wc -l </var/lib/tape/starts)" = 2 ]
	[ "$(pgrep -c -x sleep -n)" = 1 ]
	[ "$(api "$PODS" | jq '.items | length')" = 1 ]
	[ "$(container tape c .restartCount)" = 1 ]
}

@test "it can be deleted" {
	berth delete pod tape --grace-period=1
	[ -z "$(pgrep -f 'sleep 1000000')" ]
}
