# The command line as a person uses it, and the API under it as a client library does.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { delete_everything; }

secrets=/api/v1/namespaces/default/secrets
configmaps=/api/v1/namespaces/default/configmaps

@test "get: table, wide, yaml, json, name, labels" {
	busybox_pod shown c 'exec sleep 1000000' | jq '.metadata.labels.app = "shown"' | apply
	wait_running shown
	run -0 berth get pods
	[[ ${lines[0]} =~ ^NAME\ +READY\ +STATUS\ +RESTARTS\ +AGE$ ]]
	[[ ${lines[1]} =~ ^shown\ +1/1\ +Running\ +0\ +[0-9]+s$ ]]
	run -0 berth get pods -o wide
	[[ ${lines[0]} == *IP* && ${lines[1]} == *"$(pod shown .status.podIP)"* ]]
	[ "$(berth get pod shown -o json | jq -r .metadata.name)" = shown ]
	berth get pod shown -o yaml | grep -qx '  name: shown'
	[ "$(berth get pods -o name)" = pod/shown ]
	[ "$(berth get pods -l app=shown -o name)" = pod/shown ]
	[ -z "$(berth get pods -l app=other -o name)" ]
	[ "$(berth get po shown -o name)" = pod/shown ]
	run -0 berth get nodes
	[[ $output == *Ready* ]]
	run -0 berth get namespaces
	[[ $output == *default* ]]
}

@test "what get prints as YAML can be applied again" {
	berth create configmap again --from-literal=a=1
	berth get configmap again -o yaml >"$BATS_TEST_TMPDIR/again.yaml"
	berth apply -f "$BATS_TEST_TMPDIR/again.yaml"
	berth delete configmap again
	sed -i '/resourceVersion\|uid:/d' "$BATS_TEST_TMPDIR/again.yaml"
	berth apply -f "$BATS_TEST_TMPDIR/again.yaml"
	[ "$(api "$configmaps/again" | jq -r .data.a)" = 1 ]
}

@test "apply twice: created, unchanged, configured; several documents; a directory" {
	mkdir "$BATS_TEST_TMPDIR/d"
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: first}\ndata: {a: "1"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: second}\ndata: {a: "1"}\n' >"$BATS_TEST_TMPDIR/d/two.yaml"
	run -0 berth apply -f "$BATS_TEST_TMPDIR/d"
	[ "${lines[*]}" = "configmap/first created configmap/second created" ]
	sed -i '0,/"1"/s//"2"/' "$BATS_TEST_TMPDIR/d/two.yaml"
	run -0 berth apply -f "$BATS_TEST_TMPDIR/d/two.yaml"
	[ "${lines[*]}" = "configmap/first configured configmap/second unchanged" ]
	[ "$(api "$configmaps/first" | jq -r .data.a)" = 2 ]
}

@test "explain, version, check, completion" {
	run -0 berth explain pod.spec.containers
	[[ $output == *image* && $output == *volumeMounts* ]]
	run ! berth explain pod.spec.containerz
	[[ $output == *containers* ]]
	run -0 berth version
	[[ $output == *berth* || $output == *[Vv]ersion* ]]
	run berth check
	[[ $output == *runc* ]]
	berth completion bash | bash -n
	run ! berth nosuchcommand
	[[ $output == *nosuchcommand* ]]
	run -0 berth --help
	[[ $output == *apply* && $output == *describe* ]]
}

@test "describe tells conditions, mounts and events; no secret value" {
	berth create secret generic hidden --from-literal=word=topsecretword
	busybox_pod told c 'exec sleep 1000000' | jq '.spec.volumes = [{name: "s", secret: {secretName: "hidden"}}] |
		.spec.containers[0].volumeMounts = [{name: "s", mountPath: "/s"}]' | apply
	wait_running told
	run -0 berth describe pod told
	[[ $output == *Conditions:* && $output == */s*from*s* && $output == *Events:* && $output == *Started* ]]
	run -0 berth describe secret hidden
	[[ $output == *word* && $output != *topsecretword* ]]
	run -0 berth get events
	[[ $output == *pod/told* ]]
}

@test "output to a pipe has no colours" {
	busybox_pod plain c 'exec sleep 1000000' | apply
	wait_running plain
	run -0 berth get pods
	[[ $output != *$'\e'* ]]
}

@test "discovery, health and version as client libraries ask for them" {
	[ "$(api /healthz)" = ok ]
	[ "$(api /readyz)" = ok ]
	api /version | jq -e '.major == "1" and (.minor | startswith("35"))' >/dev/null
	[ "$(api /api | jq -r '.versions[0]')" = v1 ]
	api /api/v1 | jq -e '.resources | map(.name) | contains(["pods", "pods/log", "replicationcontrollers", "secrets", "configmaps"])' >/dev/null
	[ "$(api /api/v1/nosuch -o /dev/null -w '%{http_code}')" = 404 ]
}

@test "a watch from a resourceVersion sees every later change once" {
	local rv
	berth create configmap w1 --from-literal=a=1
	rv=$(api "$configmaps" | jq -r .metadata.resourceVersion)
	api "$configmaps?watch=true&resourceVersion=$rv&timeoutSeconds=4" >"$BATS_TEST_TMPDIR/watch" 3>&- &
	berth create configmap w2 --from-literal=a=1
	api "$configmaps/w2" -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"data":{"a":"2"}}' >/dev/null
	berth delete configmap w2
	wait $!
	[ "$(jq -r 'select(.type != "BOOKMARK") | .type + " " + .object.metadata.name' "$BATS_TEST_TMPDIR/watch" | tr '\n' ';')" = "ADDED w2;MODIFIED w2;DELETED w2;" ]
}

@test "replace with an old resourceVersion: Conflict" {
	local object
	berth create configmap old --from-literal=a=1
	object=$(api "$configmaps/old")
	api "$configmaps/old" -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"data":{"a":"2"}}' >/dev/null
	[ "$(api "$configmaps/old" -X PUT -H 'Content-Type: application/json' -d "$object" | jq -r .reason)" = Conflict ]
	[ "$(api "$configmaps/old" | jq -r .data.a)" = 2 ]
}

@test "what was acknowledged is there after kill -9" {
	local i
	for i in 1 2 3 4 5; do berth create secret generic "acked-$i" --from-literal=n="$i"; done
	berthd_stop KILL
	berthd_run
	[ "$(api "$secrets" | jq '[.items[] | select(.metadata.name | startswith("acked-"))] | length')" = 5 ]
}
