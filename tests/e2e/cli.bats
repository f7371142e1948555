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
	run -0 "$BUILD/berthd" --check # without an agent
	[[ $output == *"ok       root-mount"* && $output == *CVE-2024-21626* ]]
	run -1 "$BUILD/berthd" --check --runtime /no/such/runc
	[[ $output == *"error    oci-runtime"*/no/such/runc* ]]
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

@test "get -w: every change in one line, also over a restart of berthd" {
	busybox_pod seen c 'exec sleep 1000000' | apply
	wait_running seen
	timeout 60 "$BUILD/berth" --root "$ROOT" get pods -w --no-headers >"$BATS_TEST_TMPDIR/w" 2>&1 3>&- &
	local watcher=$!
	timeout 10 tail -n +1 -s 0.05 -f "$BATS_TEST_TMPDIR/w" 2>/dev/null | grep -q -m 1 '^seen .*Running'
	berthd_stop KILL
	berthd_run
	berth delete pod seen --now
	timeout 10 tail -n +1 -s 0.05 -f "$BATS_TEST_TMPDIR/w" 2>/dev/null | grep -q -m 1 '^seen .*Terminating'
	kill "$watcher"
	wait "$watcher" || true
	[ "$(grep -c '^seen .*Running' "$BATS_TEST_TMPDIR/w")" = 1 ]
}

@test "wait: a condition, a value, the end; and what it says when the time is over" {
	busybox_pod slow c 'exec sleep 1000000' | apply
	run -0 berth wait pod/slow --for=condition=Ready --timeout=30s
	[ "$output" = "pod/slow condition met" ]
	run -0 berth wait pod slow --for=jsonpath='{.status.phase}'=Running --timeout=5s
	run -1 berth wait pod/slow --for=condition=Ready=False --timeout=300ms
	[ "$output" = "error: timed out waiting for the condition on pods/slow" ]
	berth delete pod slow --wait=false --now
	berth wait pod/slow --for=delete --timeout=20s
	[ "$(api "$PODS/slow" | jq -r .reason)" = NotFound ]
}

@test "delete returns when the pod is gone; --wait=false does not wait" {
	busybox_pod a c 'trap "sleep 1; exit" TERM; sleep 1000000 & wait' | apply
	busybox_pod b c 'trap "sleep 1; exit" TERM; sleep 1000000 & wait' | apply
	wait_running a
	wait_running b
	berth delete pod a --wait=false
	[ "$(pod a '.metadata.deletionTimestamp != null')" = true ]
	run -0 berth delete pods --all
	[[ $output == *'pod "b" deleted'* ]]
	[ "$(api "$PODS" | jq '.items | length')" = 0 ]
}

@test "a certificate and the key of another: refused before it is sent" {
	local name
	for name in one two; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=shop \
			-keyout "$BATS_TEST_TMPDIR/$name.key" -out "$BATS_TEST_TMPDIR/$name.crt" 2>/dev/null
	done
	run -1 berth create secret tls mixed --cert="$BATS_TEST_TMPDIR/one.crt" --key="$BATS_TEST_TMPDIR/two.key"
	[[ $output == *"does not belong to the certificate"* ]]
	[ "$(api "$secrets/mixed" | jq -r .reason)" = NotFound ]
	berth create secret tls fits --cert="$BATS_TEST_TMPDIR/one.crt" --key="$BATS_TEST_TMPDIR/one.key"
	[ "$(api "$secrets/fits" | jq -r '.data["tls.key"]' | base64 -d)" = "$(cat "$BATS_TEST_TMPDIR/one.key")" ]
}

@test "secrets and config maps from literals, files, folders and env files" {
	mkdir "$BATS_TEST_TMPDIR/conf"
	printf 'a\nb\n' >"$BATS_TEST_TMPDIR/conf/one.txt"
	printf '\000\377' >"$BATS_TEST_TMPDIR/conf/two.bin"
	printf '# comment\nUSER=shop\nEMPTY=\n' >"$BATS_TEST_TMPDIR/env"
	berth create configmap made --from-file="$BATS_TEST_TMPDIR/conf" --from-literal=k=v=w
	api "$configmaps/made" | jq -e '.data == {"one.txt": "a\nb\n", "k": "v=w"} and .binaryData == {"two.bin": "AP8="}'
	berth create secret generic made --from-env-file="$BATS_TEST_TMPDIR/env"
	api "$secrets/made" | jq -e '.data == {"USER": "c2hvcA==", "EMPTY": ""}'
	berth create secret docker-registry made-too --docker-server=gcr.io --docker-username=u --docker-password=p
	api "$secrets/made-too" | jq -e '.type == "kubernetes.io/dockerconfigjson" and
		(.data[".dockerconfigjson"] | @base64d | fromjson | .auths["gcr.io"].auth) == ("u:p" | @base64)'
}

@test "label, annotate, patch, scale, replace, edit" {
	berth create configmap marked --from-literal=a=1
	[ "$(berth label configmap marked x=1 y=2)" = "configmap/marked labeled" ]
	run -1 berth label cm/marked x=2
	[[ $output == *"already has a value (1), and --overwrite is false"* ]]
	berth label cm/marked x=2 y- --overwrite
	[ "$(api "$configmaps/marked" | jq -c .metadata.labels)" = '{"x":"2"}' ]
	berth annotate cm marked note='two words'
	[ "$(berth get cm marked -o jsonpath='{.metadata.annotations.note}')" = "two words" ]
	[ "$(berth patch cm marked -p '{"data":{"a":"2"}}')" = "configmap/marked patched" ]
	[ "$(berth patch cm marked -p '{"data":{"a":"2"}}')" = "configmap/marked patched (no change)" ]
	berth get cm marked -o json | jq '.data.a = "3"' | berth replace -f -
	[ "$(api "$configmaps/marked" | jq -r .data.a)" = 3 ]
	KUBE_EDITOR='sed -i s/"3"/"4"/' berth edit cm marked
	[ "$(api "$configmaps/marked" | jq -r .data.a)" = 4 ]
	run -0 env KUBE_EDITOR=true "$BUILD/berth" --root "$ROOT" edit cm marked
	[[ $output == *"no changes made"* ]]
}

@test "apply takes out what the file no longer has, and keeps what others have set" {
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: three}\ndata: {a: "1", b: "1"}\n' | apply
	berth patch cm three -p '{"data":{"c":"1"}}'
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: three}\ndata: {a: "2"}\n' | apply
	[ "$(api "$configmaps/three" | jq -cS .data)" = '{"a":"2","c":"1"}' ]
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: three}\ndata: {a: "9"}\n' | apply --dry-run=server
	[ "$(api "$configmaps/three" | jq -r .data.a)" = 2 ]
}

@test "dry runs here tell what is wrong without an agent" {
	run -1 "$BUILD/berth" --socket /nonexistent/berth.sock create --dry-run=client -f - <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: {name: local}
		spec:
		  containers:
		  - {name: c, imagee: x}
	YAML
	[[ $output == *"spec.containers[0].imagee"* && $output == *'did you mean "image"'* && $output == *"(line 6)"* ]]
	run -0 "$BUILD/berth" --socket /nonexistent/berth.sock create cm local --from-literal=a=1 --dry-run=client -o yaml
	[ "${lines[0]}" = "apiVersion: v1" ]
}

@test "exec with a terminal: its size, changes of it, and its modes given back" {
	busybox_pod tty c 'exec sleep 1000000' | apply
	wait_running tty
	run -5 script -qec "stty rows 33 cols 111; '$BUILD/berth' --root '$ROOT' exec -it tty -- sh -c 'until [ \"\$(stty size)\" = \"33 111\" ]; do sleep 0.05; done; exit 5'; s=\$?; stty -a | grep -c -- -icanon; exit \$s" /dev/null
	[[ ${lines[-1]} == 0* ]] # the terminal is not raw any more
}

@test "completion offers commands, flags, kinds and names" {
	run -0 bash -c "PATH=$BUILD:\$PATH; BERTH_ROOT=$ROOT; export BERTH_ROOT; source $TOP/scripts/completion/berth.bash
		complete_words() { COMP_WORDS=(\"\$@\"); COMP_CWORD=\$((\$# - 1)); COMPREPLY=(); _berth; echo \"\${COMPREPLY[*]}\"; }
		complete_words berth desc
		complete_words berth get repl
		complete_words berth get ns def
		complete_words berth get pods --watch-o
		complete_words berth delete pod --cascade = o"
	[ "${lines[*]}" = "describe replicationcontrollers default --watch-only orphan" ]
}
