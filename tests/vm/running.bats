# A Debian 12 VM with systemd and cgroup v2: what the host of the other tests cannot show.
load vm

setup_file() {
	# Less than the unit's 30 s, so that the test of the watchdog is over sooner.
	mkdir -p /run/systemd/system/berth.service.d
	printf '[Service]\nWatchdogSec=10\n' >/run/systemd/system/berth.service.d/short.conf
	systemctl daemon-reload
	systemctl enable --now berth
	berth image load /src/busybox.tar
}

limited_pod() {
	jq -n '{apiVersion: "v1", kind: "Pod", metadata: {name: "limited"}, spec: {
		terminationGracePeriodSeconds: 1,
		containers: [
			{name: "one", image: "gcr.io/your-project/busybox:latest", imagePullPolicy: "Never",
			 command: ["sleep", "1000000"],
			 resources: {limits: {memory: "64Mi", cpu: "500m"}, requests: {cpu: "250m", memory: "32Mi"}}},
			{name: "two", image: "gcr.io/your-project/busybox:latest", imagePullPolicy: "Never",
			 command: ["sleep", "1000000"],
			 resources: {limits: {memory: "32Mi", cpu: "1"}}}]}}'
}

# A pod that notes when it is told to stop, and ends with CODE. Lower priorities stop first.
going_pod() { # NAME PRIORITY CODE POLICY
	jq -n --arg name "$1" --argjson priority "$2" --arg code "$3" --arg policy "$4" '{apiVersion: "v1", kind: "Pod",
		metadata: {name: $name}, spec: {priority: $priority, restartPolicy: $policy, terminationGracePeriodSeconds: 20,
		containers: [{name: "c", image: "gcr.io/your-project/busybox:latest", imagePullPolicy: "Never",
			command: ["sh", "-c", "trap \"echo \($name) >>/tape/order; sync; sleep 0.3; exit \($code)\" TERM; while :; do sleep 0.1; done"],
			volumeMounts: [{name: "tape", mountPath: "/tape"}]}],
		volumes: [{name: "tape", hostPath: {path: "/var/lib/tape", type: "DirectoryOrCreate"}}]}}'
}

# The pod that rebooted.bats looks for; each start of its container leaves a line.
tape_pod() {
	jq -n '{apiVersion: "v1", kind: "Pod", metadata: {name: "tape"}, spec: {
		terminationGracePeriodSeconds: 1,
		containers: [{name: "c", image: "gcr.io/your-project/busybox:latest", imagePullPolicy: "Never",
			command: ["sh", "-c", "echo started >>/tape/starts; sync; exec sleep 1000000"],
			volumeMounts: [{name: "tape", mountPath: "/tape"}]}],
		volumes: [{name: "tape", hostPath: {path: "/var/lib/tape", type: "DirectoryOrCreate"}}]}}'
}

@test "the unit becomes active only when the socket answers" {
	run -0 systemctl is-active berth
	[ "$output" = active ]
	[ "$(api /readyz)" = ok ]
	[ "$(stat -c '%a %U' /run/berth/berth.sock)" = "600 root" ]
}

@test "an image loaded from a file is listed" {
	run -0 berth image ls
	[[ $output == *your-project/busybox* ]]
}

@test "limits of two containers and of their pod stand in cgroup v2" {
	limited_pod | apply
	wait_running limited 60
	local one two above
	one=$(container_cgroup limited one)
	two=$(container_cgroup limited two)
	above=${one%/*}
	[ "$above" = "${two%/*}" ]
	[ "$(cat "$one/memory.max")" = $((64 << 20)) ]
	[ "$(cat "$two/memory.max")" = $((32 << 20)) ]
	[ "$(cat "$one/cpu.max")" = "50000 100000" ]
	[ "$(cat "$two/cpu.max")" = "100000 100000" ]
	[ "$(cat "$above/memory.max")" = $((96 << 20)) ]
	[ "$(cat "$above/cpu.max")" = "150000 100000" ]
	[ "$(cat "$one/cpu.weight")" -lt "$(cat "$two/cpu.weight")" ]
}

@test "a crashed container comes back, its neighbour does not notice" {
	local one two
	one=$(container_pid limited one)
	two=$(container_pid limited two)
	kill -9 "$one"
	wait_pod limited '.status.containerStatuses[] | select(.name == "one") | .restartCount == 1 and .ready' 60 >/dev/null
	[ "$(container limited one .lastState.terminated.exitCode)" = 137 ]
	[ "$(container limited two .restartCount)" = 0 ]
	[ "$(container_pid limited two)" = "$two" ]
	[ "$(container_pid limited one)" != "$one" ]
}

@test "a container over its memory limit is OOMKilled" {
	jq -n '{apiVersion: "v1", kind: "Pod", metadata: {name: "greedy"}, spec: {restartPolicy: "Never",
		containers: [{name: "c", image: "gcr.io/your-project/busybox:latest", imagePullPolicy: "Never",
			command: ["tail", "/dev/zero"], resources: {limits: {memory: "16Mi"}}}]}}' | apply
	wait_pod greedy '.status.phase == "Failed"' 60 >/dev/null
	[ "$(container greedy c .state.terminated.reason)" = OOMKilled ]
	[ "$(container greedy c .state.terminated.exitCode)" = 137 ]
	berth delete pod greedy
}

@test "systemctl restart berth touches no container" {
	local one two agent
	one=$(container_pid limited one)
	two=$(container_pid limited two)
	agent=$(systemctl show -p MainPID --value berth)
	systemctl restart berth
	[ "$(systemctl show -p MainPID --value berth)" != "$agent" ]
	[ "$(container_pid limited one)" = "$one" ]
	[ "$(container_pid limited two)" = "$two" ]
	[ "$(container limited two .restartCount)" = 0 ]
	# No process of a pod is in the unit's cgroup any more than before: systemd would count it as left over.
	run -0 cat "/sys/fs/cgroup$(systemctl show -p ControlGroup --value berth)/cgroup.procs"
	[[ $'\n'$output$'\n' != *$'\n'$one$'\n'* ]]
}

@test "a killed berthd is started by systemd and adopts the pod" {
	local one agent
	one=$(container_pid limited one)
	agent=$(systemctl show -p MainPID --value berth)
	systemctl kill -s KILL --kill-whom=main berth
	process_gone "$agent" 10
	until [ "$(systemctl show -p MainPID --value berth)" != "$agent" ]; do :; done
	systemctl start berth # joins the start that systemd has queued, and returns when it is ready
	wait_running limited 60
	[ "$(container_pid limited one)" = "$one" ]
}

@test "a hung berthd is ended by the watchdog, and started again" {
	local one agent
	one=$(container_pid limited one)
	agent=$(systemctl show -p MainPID --value berth)
	[ "$(cat "/proc/$agent/oom_score_adj")" = -999 ]
	kill -STOP "$agent"
	process_gone "$agent" 30
	until [ "$(systemctl show -p MainPID --value berth)" != "$agent" ]; do :; done
	systemctl start berth
	wait_running limited 60
	[ "$(container_pid limited one)" = "$one" ]
	# It is not the container's: what may be killed first is the pod.
	[ "$(cat "/proc/$one/oom_score_adj")" -gt 0 ]
}

@test "a lock of berth's makes a shutdown wait" {
	run -0 systemd-inhibit --list --no-legend
	[[ $output == *berth*shutdown*delay* ]]
	# As long as the owner says; a logind that is started anew is asked again.
	mkdir -p /etc/systemd/logind.conf.d
	printf '[Login]\nInhibitDelayMaxSec=30\n' >/etc/systemd/logind.conf.d/berth.conf
	systemctl restart systemd-logind
	timeout 20 bash -c 'until systemd-inhibit --list --no-legend | grep -q berth; do sleep 0.2; done'
}

@test "delete leaves no cgroup" {
	local cgroup
	cgroup=$(container_cgroup limited one)
	berth delete pod limited
	[ ! -e "$cgroup" ]
	[ ! -e "${cgroup%/*}" ]
}

@test "a pod for the next boot" {
	tape_pod | apply
	wait_running tape 60
	[ "$(cat /var/lib/tape/starts)" = started ]
}

@test "pods that the shutdown will stop in order" {
	going_pod low 0 5 Always | apply
	going_pod high 10 6 OnFailure | apply
	going_pod once 5 0 Never | apply
	for pod in low high once; do wait_running "$pod" 60; done
	sleep 1 # their traps are set
}
