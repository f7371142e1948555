# What a person gets wrong, and what the world takes away: each gets a clear answer, and loses nothing.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { delete_everything; }

busybox=gcr.io/your-project/busybox:latest

@test "malformed YAML: line and column" {
	run ! apply <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata:
		  name: broken
		   labels: {}
	YAML
	[[ $output =~ "line 5" ]]
	[[ $output =~ [Cc]olumn ]]
	[ "$(api "$PODS" | jq '.items | length')" = 0 ]
}

@test "a misspelt field: its path and the nearest right name" {
	run ! apply <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: misspelt}
		spec:
		  containers:
		  - {name: c, image: $busybox, imagePulPolicy: Always}
	YAML
	[[ $output == *"spec.containers[0].imagePulPolicy"* ]]
	[[ $output == *'imagePullPolicy'* ]]
	[ "$(api "$PODS/misspelt" | jq -r .reason)" = NotFound ]
}

@test "several problems are told at once" {
	run ! apply <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: Several_Problems}
		spec:
		  restartPolicy: Sometimes
		  containers:
		  - {name: c, image: $busybox, imagePulPolicy: Always}
		  - {name: c, image: $busybox}
	YAML
	[[ $output == *metadata.name* ]]
	[[ $output == *spec.restartPolicy* ]]
	[[ $output == *"spec.containers[0].imagePulPolicy"* ]]
	[[ $output == *"spec.containers[1].name"* ]]
}

@test "a refused field: path and reason, and the object is not stored" {
	run ! apply <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: refused}
		spec:
		  schedulingGates: [{name: gate}]
		  containers:
		  - {name: c, image: $busybox}
	YAML
	[[ $output == *spec.schedulingGates* ]]
	[ "$(api "$PODS/refused" | jq -r .reason)" = NotFound ]
}

@test "an image that does not exist: ErrImagePull with the registry's word, then ImagePullBackOff" {
	jq -n '{apiVersion: "v1", kind: "Pod", metadata: {name: "noimage"}, spec: {containers: [
		{name: "c", image: "gcr.io/your-project/nosuch:latest"}]}}' | apply
	run -0 wait_pod noimage '.status.containerStatuses[0].state.waiting.reason == "ErrImagePull"' 30
	[[ $output == *"unknown"* ]]
	wait_pod noimage '.status.containerStatuses[0].state.waiting.reason == "ImagePullBackOff"' 30 >/dev/null
	run -0 berth get pods noimage
	[[ $output == *"0/1"*ImagePullBackOff* || $output == *"0/1"*ErrImagePull* ]]
	[ "$(pod noimage .status.phase)" = Pending ]
}

@test "a reference that is none: InvalidImageName, and what is wrong with it" {
	jq -n '{apiVersion: "v1", kind: "Pod", metadata: {name: "badname"}, spec: {containers: [
		{name: "c", image: "gcr.io/UPPER/case:tag"}]}}' | apply
	run -0 wait_pod badname '.status.containerStatuses[0].state.waiting.reason == "InvalidImageName"' 30
	[[ $output == *UPPER* ]]
}

@test "a name that YAML reads as a boolean: put it in quotes" {
	run ! apply <<-'YAML'
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: y}
	YAML
	[[ $output == *metadata.name* && $output == *quotes* ]]
}

secret_pod() {
	jq -n --arg image "$busybox" '{apiVersion: "v1", kind: "Pod", metadata: {name: "waits"}, spec: {
		terminationGracePeriodSeconds: 1,
		containers: [{name: "c", image: $image, command: ["sleep", "1000000"],
			volumeMounts: [{name: "s", mountPath: "/s", readOnly: true}]}],
		volumes: [{name: "s", secret: {secretName: "late"}}]}}'
}

@test "a secret that does not exist: the pod waits, says which, and starts when it appears" {
	secret_pod | apply
	run -0 watch_until 30 /api/v1/namespaces/default/events '.involvedObject.name == "waits" and .reason == "FailedMount"'
	[[ $output == *'late'* ]]
	[ "$(pod waits .status.phase)" = Pending ]
	berth create secret generic late --from-literal=key=value
	wait_running waits 30
	[ "$(berth exec waits -- cat /s/key)" = value ]
}

@test "a second object of the same name: AlreadyExists, and the first stays as it was" {
	berth create secret generic twice --from-literal=a=1
	run ! berth create secret generic twice --from-literal=a=2
	[[ $output == *AlreadyExists* && $output == *'"twice" already exists'* ]]
	[ "$(api /api/v1/namespaces/default/secrets/twice | jq -r .data.a)" = "$(printf 1 | base64)" ]
}

@test "the name of a pod taken: 409, and the pod that has it runs on" {
	local before
	busybox_pod taken c 'sleep 1000000' | apply
	wait_running taken
	before=$(pod taken .metadata.uid)
	run -0 api "$PODS" -X POST -H 'Content-Type: application/json' -d "$(busybox_pod taken c 'sleep 5')"
	[ "$(jq -r '.reason, .code' <<<"$output" | tr '\n' ' ')" = "AlreadyExists 409 " ]
	[ "$(pod taken .metadata.uid)" = "$before" ]
	[ "$(container taken c .restartCount)" = 0 ]
}

@test "the socket as another user: refused, saying who may" {
	chmod 711 "$ROOT"
	run ! setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/berth" --root "$ROOT" get pods
	[[ $output == *berth.sock* ]]
	[[ $output == *[Pp]ermission* ]]
	[[ $output == *root* ]]
}

@test "no berthd: the client says where it looked and what to start" {
	run ! "$BUILD/berth" --root "$BATS_TEST_TMPDIR" get pods
	[[ $output == *"$BATS_TEST_TMPDIR/run/berth/berth.sock"* ]]
	[[ $output == *berthd* ]]
}

@test "a missing kind, name or file: exit 1 and one line" {
	run -1 berth get pod nosuch
	[[ $output == *NotFound* && $output == *'"nosuch" not found'* ]]
	run -1 berth apply -f "$BATS_TEST_TMPDIR/nosuch.yaml"
	[[ $output == *nosuch.yaml* ]]
	run ! berth get nosuchkind
	[[ $output == *nosuchkind* ]]
}
