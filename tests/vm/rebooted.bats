# The same VM after `systemctl reboot`: nothing but the store and the images is left of the pod.
load vm

@test "berth is active after a reboot" {
	timeout 60 systemctl start berth # returns when the unit is ready
	[ "$(api /readyz)" = ok ]
}

@test "the pod is back, once" {
	wait_running tape 90
	[ "$(wc -l </var/lib/tape/starts)" = 2 ]
	[ "$(pgrep -c -f 'sleep 1000000')" = 1 ]
	[ "$(container tape c .restartCount)" = 1 ]
}

@test "the shutdown stopped pods in the order of their priority, and those that may are back" {
	wait_running low 90
	wait_running high 90
	[ "$(tr '\n' ' ' </var/lib/tape/order)" = "low once high " ]
	[ "$(container low c .lastState.terminated.exitCode)" = 5 ]
	[ "$(container high c .lastState.terminated.exitCode)" = 6 ]
	[ "$(container low c .restartCount)" = 1 ]
	[ "$(pod once .status.phase)" = Failed ]
	[ "$(pod once .status.reason)" = Terminated ]
	[ "$(container once c .state.terminated.exitCode)" = 0 ]
	run -0 berth events
	[[ $output == *"has been rebooted, boot id: $(cat /proc/sys/kernel/random/boot_id)"* ]]
}

@test "it can be deleted" {
	berth delete pod tape --grace-period=1
	[ -z "$(pgrep -f 'sleep 1000000')" ]
}
