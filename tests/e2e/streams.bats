# exec, attach, cp and port-forward over the real command, real terminals and real pods.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }

play() { # STEP... -- BERTH-ARGUMENT...: the command on a terminal
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	timeout 60 python3 "$BATS_TEST_DIRNAME/terminal.py" "${steps[@]}" -- "$BUILD/berth" --root "$ROOT" "$@"
}

stream_pod() { # NAME COMMAND JQ: a pod whose container is changed by JQ
	busybox_pod "$1" c "$2" | jq ".spec.terminationGracePeriodSeconds = 0 | .spec.containers[0] += $3" | apply
	wait_running "$1"
}

# How many descriptors the agent has, when nothing is going on.
agent_fds() { find "/proc/$(berthd_pid)/fd" | wc -l; }
agent_rss() { awk '/^VmRSS/ { print $2 }' "/proc/$(berthd_pid)/status"; }

wait_for() { # SECONDS COMMAND...
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.05
	done
}

@test "exec -it: raw while it runs, sizes, exit code, and the old modes whatever ends it" {
	stream_pod e 'exec sleep 1000000' '{}'
	run -5 play raw size:33x111 'type:echo $TERM $((6*7)); stty size\n' 'see:xterm 42' 'see:33 111' \
		size:20x90 'type:stty size\n' 'see:20 90' 'type:exit 5\n' -- exec -it e -- sh
	# The modes belong to the terminal, not to the command: a shell around it sees them afterwards.
	run -0 timeout 60 python3 "$BATS_TEST_DIRNAME/terminal.py" 'see:ready' raw 'type:exit\n' cooked -- \
		sh -c "'$BUILD/berth' --root '$ROOT' exec -it e -- sh -c 'echo ready; exec sh'; sleep 1"
	run -0 timeout 60 python3 "$BATS_TEST_DIRNAME/terminal.py" 'see:ready' raw cooked -- \
		sh -c "exec 3<&0; '$BUILD/berth' --root '$ROOT' exec -it e -- sh -c 'echo ready; exec sleep 31337' <&3 & sleep 1; kill -HUP \$!; wait; sleep 1"
	wait_for 5 sh -c '! pgrep -f "^sleep 31337$"'
	run -0 timeout 60 python3 "$BATS_TEST_DIRNAME/terminal.py" 'see:ready' raw 'type:\x10\x11' cooked -- \
		sh -c "'$BUILD/berth' --root '$ROOT' exec -it --detach-keys ctrl-p,ctrl-q e -- sh -c 'echo ready; exec sleep 31338'; sleep 1"
	wait_for 5 sh -c '! pgrep -f "^sleep 31338$"'
}

@test "exec: input to its end, binary bytes, a client that is killed leaves nothing behind" {
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	berth exec -i e -- cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	"$BUILD/berth" --root "$ROOT" exec e -- sh -c 'sleep 31339 & sleep 31339' 3>&- 4>&- &
	local client=$!
	wait_for 5 pgrep -f '^sleep 31339$'
	kill -9 "$client"
	wait_for 5 sh -c '! pgrep -f "^sleep 31339$"'
}

@test "a terminal of the container's own: attach, detach, sizes; it never waits for anybody" {
	stream_pod t 'while :; do read -r line || exit; echo "got $line"; stty size; done' '{tty: true, stdin: true}'
	run -0 play 'see:press' raw size:30x100 'type:one\n' 'see:got one' 'see:30 100' 'type:\x10\x11' \
		'see:detached from t' -- attach -it t
	run -0 play raw 'type:two\n' 'see:got two' 'type:\x10\x11' -- attach -it t
	# Somebody who only looks, while another types.
	"$BUILD/berth" --root "$ROOT" attach t >"$BATS_TEST_TMPDIR/seen" 3>&- 4>&- &
	local reader=$!
	sleep 0.3
	run -0 play raw 'type:three\n' 'see:got three' 'type:\x10\x11' -- attach -it t
	wait_for 5 grep -q 'got three' "$BATS_TEST_TMPDIR/seen"
	kill "$reader"
	[[ $(berth logs t) == *"got one"*"got two"*"got three"* ]]
	berth delete pod t
	stream_pod loud 'seq 1 100000; sleep 1000000' '{tty: true}'
	wait_for 10 sh -c "'$BUILD/berth' --root '$ROOT' logs loud --tail=1 | grep -q 100000"
}

@test "the terminal and its stdin outlive the agent" {
	stream_pod keeps 'while read -r line; do echo "got $line"; done' '{tty: true, stdin: true}'
	local pid
	pid=$(container_pid keeps c)
	berthd_stop KILL
	berthd_run
	run -0 play raw 'type:after\n' 'see:got after' 'type:\x10\x11' -- attach -it keeps
	[ "$(container_pid keeps c)" = "$pid" ]
}

@test "stdinOnce: the container reads to the end of the first who attaches" {
	busybox_pod once c 'wc -c; cat; echo end' | jq '.spec.restartPolicy = "Never" | .spec.containers[0] += {stdin: true, stdinOnce: true}' | apply
	wait_running once
	[ "$(head -c 100000 /dev/zero | berth attach -i once)" = "100000
end" ]
	wait_pod once '.status.phase == "Succeeded"' >/dev/null
	run -1 berth attach once
	[[ $output == *"completed pod; current phase is Succeeded"* ]]
}

@test "attach: one has the input, and what a container has not is said" {
	stream_pod open 'while read -r line; do echo "got $line"; done' '{stdin: true}'
	exec {input}> >(exec "$BUILD/berth" --root "$ROOT" attach -i open >"$BATS_TEST_TMPDIR/open" 3>&- 4>&-)
	echo first >&"$input"
	wait_for 5 grep -q 'got first' "$BATS_TEST_TMPDIR/open"
	run -1 berth attach -i open </dev/null
	[[ $output == *"somebody else"* ]]
	exec {input}>&-
	run -0 timeout 5 "$BUILD/berth" --root "$ROOT" attach -i open < <(echo second; sleep 0.3)
	[ "$output" = "got second" ]
	run -1 api "$PODS/e/attach?stdin=true" -f -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
		-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -H 'Sec-WebSocket-Protocol: v5.channel.k8s.io' || [ "$status" = 22 ]
}

@test "cp: files and trees both ways, links, and what is not there" {
	local here=$BATS_TEST_TMPDIR/here
	mkdir -p "$here/tree/sub/empty"
	head -c 300000 /dev/urandom >"$here/tree/big"
	echo small >"$here/tree/sub/small"
	ln -s small "$here/tree/sub/link"
	chmod 700 "$here/tree/sub/small"
	berth cp "$here/tree" e:/tmp/tree
	berth cp "$here/tree/big" e:/tmp
	[ "$(berth exec e -- readlink /tmp/tree/sub/link)" = small ]
	run -0 --separate-stderr berth cp default/e:/tmp/tree "$here/back" -c c
	# shellcheck disable=SC2154
	[[ $stderr == *'skipping symlink: "tmp/tree/sub/link" -> "small"'* ]]
	rm "$here/tree/sub/link"
	diff -r "$here/tree" "$here/back"
	[ -x "$here/back/sub/small" ]
	berth cp e:/tmp/big "$here"
	cmp "$here/big" "$here/tree/big"
	run -1 berth cp e:/tmp/nothing "$here/nothing"
	[[ $output == *"No such file"* ]]
	[ ! -e "$here/nothing" ]
	run -1 berth cp "$here/nothing" e:/tmp
	[[ $output == *"doesn't exist in local filesystem"* ]]
}

# T31: the tar is the container's, and so may say anything.
@test "cp: a container's tar that lies, and an image without one" {
	local evil=$BATS_TEST_TMPDIR/evil
	mkdir -p "$evil/out" "$evil/beside"
	python3 - "$evil/lie.tar" <<-'PYTHON'
		import io, sys, tarfile
		with tarfile.open(sys.argv[1], "w") as tar:
		    def add(name, kind=tarfile.REGTYPE, link="", data=b"evil"):
		        entry = tarfile.TarInfo(name)
		        entry.type, entry.linkname, entry.size = kind, link, len(data) if kind == tarfile.REGTYPE else 0
		        tar.addfile(entry, io.BytesIO(data))
		    add("x/../../beside/a")
		    add("x/l", tarfile.SYMTYPE, "../beside")
		    add("x/l/b")
		    add("/x/good", data=b"good")
	PYTHON
	berth cp "$evil/lie.tar" e:/tmp/lie.tar
	berth exec e -- sh -c 'rm /bin/tar && printf "#!/bin/sh\nexec cat /tmp/lie.tar\n" >/bin/tar && chmod 755 /bin/tar'
	run -0 berth cp e:x "$evil/out"
	[[ $output == *"outside target destination"* && $output == *"skipping symlink"* ]]
	[ "$(cat "$evil/out/good")" = good ]
	[ -z "$(ls -A "$evil/beside")" ]
	berth exec e -- rm /bin/tar
	run -1 berth cp e:/tmp/big "$evil/out"
	[[ $output == *"has no tar"* && $output == *"cat"* ]]
}

@test "port-forward: the pod's loopback, half-closed connections, names, errors" {
	stream_pod serves 'exec nc -ll -p 8080 -e /bin/sh -c "read x; echo answer to \$x"' \
		'{ports: [{name: "web", containerPort: 8080}]}'
	coproc FORWARD { exec "$BUILD/berth" --root "$ROOT" port-forward serves :web :8081 2>&1; }
	local forward=$FORWARD_PID line port other
	read -r -t 10 line <&"${FORWARD[0]}"
	[[ $line == "Forwarding from 127.0.0.1:"*" -> 8080" ]]
	port=${line#*127.0.0.1:}
	port=${port%% *}
	until [[ $line == *"127.0.0.1:"*"-> 8081" ]]; do read -r -t 10 line <&"${FORWARD[0]}"; done
	other=${line#*127.0.0.1:}
	other=${other%% *}
	for i in 1 2 3; do
		[ "$(echo "question $i" | timeout 10 socat -t 5 - "TCP:127.0.0.1:$port")" = "answer to question $i" ]
	done
	[ -z "$(timeout 10 socat -u "TCP:127.0.0.1:$other" -)" ]
	until [[ $line == *refused* ]]; do read -r -t 10 line <&"${FORWARD[0]}"; done
	kill "$forward"
	run -1 berth port-forward serves 80:nonesuch
	[[ $output == *"nor the name of one"* ]]
	# kubectl's own protocol is SPDY, which is said at once.
	run api "$PODS/serves/portforward" -X POST -H 'Connection: Upgrade' -H 'Upgrade: SPDY/3.1'
	[[ $output == *"use \`berth port-forward\`"* ]]
}

# T27 in small: abuse.py's own figures are the full ones.
@test "floods, resizes and clients that go cost the agent nothing" {
	local fds rss
	stream_pod abused 'stty -echo; yes' '{tty: true, stdin: true}'
	run -0 timeout 100 python3 "$BATS_TEST_DIRNAME/abuse.py" "$SOCKET" "$PODS" abused --attaches 50 --resizes 500 --bytes 30000000
	fds=$(agent_fds)
	rss=$(agent_rss)
	run -0 timeout 100 python3 "$BATS_TEST_DIRNAME/abuse.py" "$SOCKET" "$PODS" abused --attaches 200 --resizes 2000 --bytes 100000000
	wait_for 10 sh -c "[ \$(ls /proc/$(berthd_pid)/fd | wc -l) -lt $fds ]"
	[ $(($(agent_rss) - rss)) -le 2048 ]
	[ -z "$(pgrep -f '^cat /dev/zero$')" ]
	clean_up
}
