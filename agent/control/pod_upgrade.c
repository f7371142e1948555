/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shims of another build than the installed one go on as the installed one, one pod after another, once after the
 * agent's start: that is when a new build comes. Containers do not notice (runtime/shim/upgrade.h). A shim that refuses
 * goes on as it is, is asked again later, and the two builds understand each other meanwhile (record.h).
 * Source: safety.md P21.
 */
#include "agent/control/pod.h"

#include "runtime/base/log.h"
#include "runtime/base/spawn.h"
#include "runtime/base/version.h"

#include <fcntl.h>

enum { VERSION_MS = 1000, SOON_S = 1, AGAIN_S = 60, AGAIN_MAX_S = 3600, SILENCE_S = 120 };

/* What the installed program says it is. Borrowed; NULL: it does not say. */
static const char *installed_build(struct control *c)
{
	const char *const argv[] = {c->o.shim, "--version", NULL};
	struct spawn how = {.argv = argv, .n_fds = 1};
	cleanup_close int mine = -EBADF, theirs = -EBADF;
	struct child child;
	char text[128];
	int ends[2], status;

	if (c->shim_build || pipe2(ends, O_CLOEXEC) < 0)
		return c->shim_build;
	mine = ends[0];
	theirs = ends[1];
	how.fds[0] = (struct spawn_fd){theirs, STDOUT_FILENO};
	if (spawn(&how, &child, NULL) < 0)
		return NULL;
	(void)close(take_fd(theirs));
	if (child_wait(&child, VERSION_MS, &status) < 0) {
		child_kill(&child);
		return NULL;
	}
	ssize_t n = status == 0 ? read(mine, text, sizeof(text)) : 0;
	struct sv build = sv_trim((struct sv){text, n > 0 ? (size_t)n : 0});
	if (build.n)
		c->shim_build = xstrndup(build.p, build.n);
	return c->shim_build;
}

static bool is_other(struct control *c, const char *build)
{
	if (!build || streq(build, berth_version))
		return false;
	return installed_build(c) && !streq(build, c->shim_build);
}

static void look_at(struct control *c, uint64_t at_ns)
{
	lane_add_at(c->chore_lane, "upgrade", at_ns);
}

void pod_upgrade_look(struct pod *p, const struct pod_snapshot *now)
{
	struct control *c = p->control;
	struct pod_upgrade *u = &p->upgrade;

	if (streq(u->build, now->build))
		return;
	if (u->asked && streq(now->build, c->shim_build)) {
		log_line(LOG_INFO, "a shim was upgraded in place", "pod", p->name, "from", u->build,
			"to", now->build);
		pod_say(p, false, "ShimUpgraded",
			"The pod's supervisor went on as build %s (it was %s); no container was "
			"touched",
			now->build, u->build);
		look_at(c, control_now(c));
	}
	free(u->build);
	*u = (struct pod_upgrade){.build = now->build ? xstrdup(now->build) : NULL};
	u->wanted = is_other(c, now->build);
	if (u->wanted)
		look_at(c, control_now(c) + SOON_S * NS_PER_SEC);
}

static void put_off(struct pod *p, const char *why)
{
	struct control *c = p->control;
	struct pod_upgrade *u = &p->upgrade;
	uint64_t cap = AGAIN_MAX_S * NS_PER_SEC;

	log_line(LOG_WARNING, "a shim goes on as it is", "pod", p->name, "build", u->build, "error",
		why);
	if (!u->delay_ns)
		pod_say(p, true, "ShimNotUpgraded", "The pod's supervisor goes on as build %s: %s",
			u->build, why);
	u->asked = false;
	u->delay_ns = u->delay_ns ? u->delay_ns * 2 : AGAIN_S * NS_PER_SEC;
	if (u->delay_ns > cap)
		u->delay_ns = cap;
	u->at_ns = control_now(c) + u->delay_ns;
	look_at(c, u->at_ns);
	look_at(c, control_now(c));
}

void pod_upgrade_refused(struct pod *p, const char *why)
{
	if (p->upgrade.asked)
		put_off(p, why);
}

static int ask(struct pod *p)
{
	struct control *c = p->control;
	const struct link_message m = {.type = LINK_UPGRADE};
	cleanup_close int program = open(c->o.shim, O_RDONLY | O_CLOEXEC);

	if (program < 0)
		return -errno;
	int r = pod_send(p, &m, program);
	if (r < 0)
		return r;
	p->upgrade.asked = true;
	p->upgrade.at_ns = control_now(c) + SILENCE_S * NS_PER_SEC;
	return 0;
}

/* One at a time: should a build be bad, one pod shows it. */
void pods_upgrade(struct control *c)
{
	uint64_t now = control_now(c), next = UINT64_MAX;

	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		struct pod *p = map_value(i);
		struct pod_upgrade *u = &p->upgrade;

		if (!u->wanted || p->sock < 0)
			continue;
		if (u->asked && now < u->at_ns) {
			look_at(c, u->at_ns);
			return;
		}
		if (u->asked)
			put_off(p, "it did not answer");
		if (!u->asked && u->at_ns < next)
			next = u->at_ns;
	}
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		struct pod *p = map_value(i);
		int r;

		if (!p->upgrade.wanted || p->sock < 0 || p->upgrade.at_ns > now)
			continue;
		r = ask(p);
		if (r == 0) {
			look_at(c, p->upgrade.at_ns);
			return;
		}
		put_off(p, strerror(-r));
	}
	if (next != UINT64_MAX && next > now)
		look_at(c, next);
}

/* ---- what runs what ---------------------------------------------------------------------------------- */

json_t *pods_builds(const struct control *c)
{
	cleanup_str struct str others = {0};
	size_t n = 0, n_others = 0;

	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		const struct pod *p = map_value(i);

		if (p->sock < 0)
			continue;
		n++;
		if (!p->upgrade.wanted)
			continue;
		str_addf(&others, "%s%s/%s runs %s", n_others++ ? ", " : "", p->ns, p->name,
			p->upgrade.build);
	}
	json_t *finding = json_object();
	cleanup_free char *text =
		n_others ? xasprintf("%zu of %zu pods are supervised by another build than the "
				     "installed one (%s): %s",
				   n_others, n, c->shim_build, others.p)
			 : xasprintf("%zu pods, supervised by the installed build", n);
	json_put_str(finding, "name", "shims");
	json_put_str(finding, "status", n_others ? "warning" : "ok");
	json_put_str(finding, "message", text);
	return finding;
}
