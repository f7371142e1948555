# ReplicationController and the manifest directory: how many, whose, and what delete means.
load harness

setup_file() { berthd_start; }
teardown_file() { berthd_end; }
teardown() { delete_everything; }

rcs=/api/v1/namespaces/default/replicationcontrollers

controller() { # NAME REPLICAS
	jq -n --arg name "$1" --argjson replicas "$2" '{apiVersion: "v1", kind: "ReplicationController", metadata: {name: $name},
		spec: {replicas: $replicas, selector: {app: $name}, template: {metadata: {labels: {app: $name}}, spec: {
			terminationGracePeriodSeconds: 1, containers: [{name: "c", image: "gcr.io/your-project/busybox:latest",
				command: ["sleep", "1000000"]}]}}}}'
}

wait_ready() { # NAME COUNT
	watch_until 60 "$rcs" ".metadata.name == \"$1\" and .status.replicas == $2 and (.status.readyReplicas // 0) == $2" >/dev/null
}

names() { api "$PODS?labelSelector=app%3D$1" | jq -r '.items[] | select(.metadata.deletionTimestamp == null) | .metadata.name' | sort; }

@test "keeps the count: a deleted pod is replaced, scale up and down" {
	local gone
	controller keep 2 | apply
	wait_ready keep 2
	gone=$(names keep | head -n 1)
	berth delete pod "$gone" --grace-period=1
	wait_ready keep 2
	[[ $'\n'$(names keep)$'\n' != *$'\n'$gone$'\n'* ]]
	berth scale rc keep --replicas=4
	wait_ready keep 4
	berth scale rc keep --replicas=1
	wait_ready keep 1
	[ "$(names keep | wc -l)" = 1 ]
}

@test "adopts pods that fit, and lets go of one whose label changes" {
	local uid kept
	busybox_pod orphan c 'sleep 1000000' | jq '.metadata.labels.app = "adopt"' | apply
	wait_running orphan
	controller adopt 2 | apply
	wait_ready adopt 2
	uid=$(api "$rcs/adopt" | jq -r .metadata.uid)
	[ "$(pod orphan '.metadata.ownerReferences[0].uid')" = "$uid" ]
	api "$PODS/orphan" -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"metadata":{"labels":{"app":"free"}}}' >/dev/null
	wait_ready adopt 2
	wait_pod orphan '.metadata.ownerReferences == null or (.metadata.ownerReferences | length == 0)' >/dev/null
	kept=$(names adopt | wc -l)
	[ "$kept" = 2 ]
}

@test "delete with --cascade=orphan leaves the pods, a new controller takes them over" {
	local before
	controller cascade 2 | apply
	wait_ready cascade 2
	before=$(names cascade)
	berth delete rc cascade --cascade=orphan
	[ "$(names cascade)" = "$before" ]
	controller cascade 2 | apply
	wait_ready cascade 2
	[ "$(names cascade)" = "$before" ]
	berth delete rc cascade
	local p
	for p in $before; do wait_deleted "$p"; done
	[ -z "$(names cascade)" ]
}

@test "a manifest put into the directory becomes a pod, and goes with its file" {
	local file=$ROOT/etc/berth/manifests/static.yaml name
	mkdir -p "${file%/*}"
	busybox_pod static c 'sleep 1000000' >"$file.new"
	mv "$file.new" "$file"
	name=$(watch_until 30 "$PODS" '.metadata.name | startswith("static")' | jq -r .metadata.name)
	wait_running "$name"
	rm "$file"
	wait_deleted "$name"
}
