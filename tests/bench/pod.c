/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod of two containers: from the API's answer to the first instruction of the later one, against one run of the
 * runtime alone on the first one's bundle.  podman kube play of such a pod beside it, where podman is installed.
 */
#include "tests/bench/bare.h"

#include "runtime/base/fs.h"

#include <fcntl.h>

enum { QUIET_MS = 300 };

static void podman_play(const struct bench *b)
{
	cleanup_free char *yaml = xasprintf("%s/podman.yaml", b->root);

	if (podman(b, (const char *const[]){
			      "kube", "play", "--quiet", "--network=none", yaml, NULL}) != 0)
		die("podman kube play does not work here");
}

static void podman_remove(const struct bench *b)
{
	if (podman(b, (const char *const[]){"pod", "rm", "-f", "-t", "0", "bench", NULL}) != 0)
		die("podman leaves its pod");
}

static double podman_ms(const struct bench *b, const char *stamp)
{
	uint64_t begin, end;

	stamp_reset(stamp);
	sleep_ms(QUIET_MS);
	begin = now_ns();
	podman_play(b);
	end = stamp_wait(stamp, 2);
	podman_remove(b);
	return (double)(end - begin) / 1e6;
}

/* The same pod for podman, without a network, which spares it work; false when there is no podman that works here. */
static bool podman_ready(const struct bench *b)
{
	cleanup_free char *text = xasprintf(
		"apiVersion: v1\nkind: Pod\nmetadata: {name: bench}\nspec:\n  restartPolicy: "
		"Always\n"
		"  containers:\n"
		"  - {name: c0, image: localhost/bench/probe:latest, command: [/probe, start, "
		"/bench/stamp], volumeMounts: [{name: bench, mountPath: /bench}]}\n"
		"  - {name: c1, image: localhost/bench/probe:latest, command: [/probe, start, "
		"/bench/stamp], volumeMounts: [{name: bench, mountPath: /bench}]}\n"
		"  volumes: [{name: bench, hostPath: {path: %s/stamps}}]\n",
		b->root);
	cleanup_close int dir = open(b->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!podman_open(b))
		return false;
	if (fs_write_atomic(dir, "podman.yaml", text, strlen(text), 0600, FS_NO_SYNC) < 0)
		die("podman.yaml: %s", strerror(errno));
	podman_play(b); /* once, unmeasured: it builds an image of its own first */
	podman_remove(b);
	return true;
}

void bench_pod(struct bench *b)
{
	static const struct pod_spec pod = {
		.name = "pod0", .verb = "start", .policy = "Always", .containers = 2};
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root);
	struct series asked = {0}, accepted = {0}, bare = {0}, podman = {0};
	bool with_podman = podman_ready(b);

	agent_start(b);
	for (int n = 0; n < b->reps; n++) {
		cleanup_free char *uid = NULL;
		uint64_t begin, answer, end;

		stamp_reset(stamp);
		sleep_ms(QUIET_MS);
		begin = now_ns();
		uid = pod_create(b, &pod);
		answer = now_ns();
		end = stamp_wait(stamp, 2);
		series_add(&asked, (double)(end - begin) / 1e6);
		series_add(&accepted, (double)(end - answer) / 1e6);
		series_add(&bare, bare_run(b, uid, "c0-0", QUIET_MS));
		pods_delete(b, "pod", 1);
		if (with_podman)
			series_add(&podman, podman_ms(b, stamp));
	}
	say_series("asked for to both run", &asked, "ms");
	say_series("accepted to both run", &accepted, "ms");
	say_series("runc run of one of the bundles", &bare, "ms");
	say_figure("pod-start", series_at(&accepted, 0.5) / series_at(&bare, 0.5), "x", 1.6);
	if (!with_podman)
		say("podman: not installed, or it cannot load the image");
	if (with_podman) {
		say_series("podman kube play to both run", &podman, "ms");
		say_figure("pod-start-to-podman", series_at(&asked, 0.5) / series_at(&podman, 0.5),
			"x", 0);
	}
}
