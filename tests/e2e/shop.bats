# The shop's web pods, end to end: its own manifest, real images, real requests, real kills.
load harness

setup_file() {
	berthd_start
	export KEYS=$BATS_FILE_TMPDIR
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=shop.test \
		-addext subjectAltName=DNS:shop.test -keyout "$KEYS/tls.key" -out "$KEYS/tls.crt" 2>/dev/null
	berth create secret tls ssl-secret --cert="$KEYS/tls.crt" --key="$KEYS/tls.key"
	berth apply -f "$SHOP/web-rc.yaml"
}

teardown_file() { berthd_end; }

web_pods() { api "$PODS?labelSelector=app%3Dweb" | jq -r '.items[].metadata.name' | sort; }

nth_pod() { web_pods | sed -n "$1p"; }

all_running() { # waits for the three pods, then checks each
	local name
	[ "$(web_pods | wc -l)" = 3 ]
	for name in $(web_pods); do wait_running "$name" 90; done
}

https() { # ADDRESS PATH: with the certificate checked
	curl -sf --max-time 10 --cacert "$KEYS/tls.crt" --resolve "shop.test:4430:$1" "https://shop.test:4430$2"
}

# kill -9 of a container's first process from outside; the container must come back alone.
killed_and_back() { # POD CONTAINER NEIGHBOUR
	local first neighbour
	first=$(container_pid "$1" "$2")
	neighbour=$(container_pid "$1" "$3")
	kill -9 "$first"
	wait_pod "$1" ".status.containerStatuses[] | select(.name == \"$2\") | .restartCount == 1 and .ready" 30 >/dev/null
	[ "$(container_pid "$1" "$2")" != "$first" ]
	[ "$(container_pid "$1" "$3")" = "$neighbour" ]
	[ "$(container "$1" "$3" .restartCount)" = 0 ]
	[ "$(container "$1" "$2" .lastState.terminated.exitCode)" = 137 ]
}

@test "the unchanged manifest gives three pods of two running containers" {
	all_running
	run -0 berth get pods
	[ "$(grep -c '2/2 *Running' <<<"$output")" = 3 ]
	run -0 berth get rc web
	[[ ${lines[1]} =~ ^web\ +3\ +3\ +3 ]]
}

@test "HTTPS and HTTP to each pod's address are answered by Flask, the statistics by uWSGI" {
	local name address
	for name in $(web_pods); do
		address=$(pod "$name" .status.podIP)
		[ "$(https "$address" /)" = "Flask in pod $name says hello over https" ]
		[ "$(curl -sf --max-time 10 "http://$address:8000/")" = "Flask in pod $name says hello over http" ]
		curl -sf --max-time 10 "http://$address:9099/" | jq -e '.version' >/dev/null
	done
}

@test "containers of a pod share network and host name, not processes" {
	local name
	name=$(nth_pod 1)
	run -0 berth exec "$name" -c web -- hostname
	[ "$output" = "$name" ]
	run -0 berth exec "$name" -c nginx -- sh -c 'cat /proc/1/comm; grep -c . /etc/hosts >/dev/null && hostname'
	[ "${lines[0]}" = nginx ]
	[ "${lines[1]}" = "$name" ]
}

@test "the secret is read-only in the container, and on the host in no file but the store" {
	local name line encoded found
	name=$(nth_pod 1)
	run ! berth exec "$name" -c nginx -- touch /path/to/secrets/intruder
	[[ $output == *"Read-only file system"* ]]
	run -0 berth exec "$name" -c nginx -- cat /path/to/secrets/tls.crt
	[ "$output" = "$(cat "$KEYS/tls.crt")" ]
	line=$(sed -n 2p "$KEYS/tls.key")
	encoded=$(base64 -w 0 "$KEYS/tls.key" | cut -c 40-100)
	found=$(grep -rlF -e "$line" "$ROOT" 2>/dev/null || true)
	[ -z "$found" ]
	found=$(grep -rlF -e "$encoded" "$ROOT" 2>/dev/null | grep -v "^$ROOT/var/lib/berth/[^/]*db[^/]*$" || true)
	[ -z "$found" ]
	grep -qF "$line" "$KEYS/tls.key" # the search itself finds what it looks for
}

@test "a layer that images share is on disk once" {
	local unique
	unique=$(for i in web nginx; do skopeo inspect --config "oci:$TOP/build/images:$i" | jq -r '.rootfs.diff_ids[]'; done | sort -u | wc -l)
	[ "$(find "$ROOT/var/lib/berth/images/l" -mindepth 1 -maxdepth 1 -type d | wc -l)" = "$unique" ]
}

@test "a killed uWSGI master comes back alone" {
	local name
	name=$(nth_pod 1)
	killed_and_back "$name" web nginx
	run -0 berth logs "$name" -c web --previous
	[[ $output == *uWSGI* ]]
	run -0 berth describe pod "$name"
	[[ $output == *"Exit Code:"*137* ]]
	[[ $output == *"Restart Count:"*1* ]]
	[[ $output == *"signal 9"* || $output == *"Signal:"*9* ]]
	run -0 berth get pods "$name"
	[[ ${lines[1]} =~ 2/2\ +Running\ +1 ]]
	[ "$(https "$(pod "$name" .status.podIP)" /healthz)" = ok ]
}

@test "a killed nginx master comes back alone" {
	local name
	name=$(nth_pod 2)
	killed_and_back "$name" nginx web
	run -0 berth logs "$name" -c nginx --previous
	[[ $output == *nginx* ]]
	[ "$(https "$(pod "$name" .status.podIP)" /healthz)" = ok ]
}

@test "berthd killed with -9 and started again: no container notices" {
	local before after
	before=$(for p in $(web_pods); do container_pid "$p" web; container_pid "$p" nginx; done)
	berthd_stop KILL
	berthd_run
	all_running
	after=$(for p in $(web_pods); do container_pid "$p" web; container_pid "$p" nginx; done)
	[ "$before" = "$after" ]
}

@test "without berthd a killed container comes back" {
	local name pid address deadline
	name=$(nth_pod 3)
	address=$(pod "$name" .status.podIP)
	pid=$(container_pid "$name" web)
	berthd_stop
	kill -9 "$pid"
	process_gone "$pid" 5
	deadline=$((SECONDS + 10))
	until curl -sf --max-time 2 "http://$address:8000/healthz" >/dev/null; do
		[ "$SECONDS" -lt "$deadline" ]
		sleep 0.1
	done
	berthd_run
	wait_running "$name"
	[ "$(container "$name" web .restartCount)" = 1 ]
	[ "$(container "$name" nginx .restartCount)" = 0 ]
}

@test "the deleted controller takes everything with it" {
	berth delete rc web
	for name in $(web_pods); do wait_deleted "$name" 60; done
	[ -z "$(web_pods)" ]
	[ -z "$(find /sys/fs/cgroup -path "*/berth-$TAG*/*" -type d)" ]
	[ -z "$(pgrep -f "berth-shim.*$ROOT")" ]
	# The rest of what there was before: teardown_file compares the ledger.
}
