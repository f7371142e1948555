/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan's tables, and the checks on what the shim relies on. The agent has refused all of this before
 * with better words (agent/spec); here it is a second lock, for the shim is root and mounts what it is told.
 */
#include "runtime/plan/plan.h"

#include "runtime/plan/record.h"

const char *const plan_restart_names[] = {"Always", "OnFailure", "Never", NULL};
const char *const plan_volume_kind_names[] = {"files", "empty_dir", "tmpfs", "host_path", NULL};
const char *const plan_host_type_names[] = {"", "DirectoryOrCreate", "Directory", "FileOrCreate",
	"File", "Socket", "CharDevice", "BlockDevice", NULL};
static const char *const seccomp_names[] = {"RuntimeDefault", "Unconfined", "Localhost", NULL};
const char *const plan_message_names[] = {"File", "FallbackToLogsOnError", NULL};

#define LIMITS(member, kind)                                                                       \
	{                                                                                          \
		FIELD(struct cgroup_limits, member, kind)                                          \
	}
static const struct field limits_fields[] = {
	LIMITS(memory_max_bytes, FIELD_U64),
	LIMITS(memory_min_bytes, FIELD_U64),
	LIMITS(memory_high_bytes, FIELD_U64),
	LIMITS(cpu_shares, FIELD_U64),
	LIMITS(cpu_quota_us, FIELD_U64),
	LIMITS(cpu_period_us, FIELD_U64),
	LIMITS(pids_max, FIELD_U64),
};
static const struct record limits_record = RECORD(struct cgroup_limits, limits_fields);

#define VOLUME(member, kind) FIELD(struct plan_volume, member, kind)
static const struct field volume_fields[] = {
	{VOLUME(name, FIELD_STRING), .required = true},
	{VOLUME(kind, FIELD_ENUM), .names = plan_volume_kind_names, .required = true,
		.fallback = -1},
	{VOLUME(host_path, FIELD_STRING)},
	{VOLUME(host_type, FIELD_ENUM), .names = plan_host_type_names},
	{VOLUME(size_bytes, FIELD_U64)},
	{VOLUME(mode, FIELD_U32), .fallback = 0777},
};
static const struct record volume_record = RECORD(struct plan_volume, volume_fields);

#define MOUNT(member, kind) FIELD(struct plan_mount, member, kind)
static const struct field mount_fields[] = {
	{MOUNT(volume, FIELD_STRING), .required = true},
	{MOUNT(path, FIELD_STRING), .required = true},
	{MOUNT(sub_path, FIELD_STRING)},
	{MOUNT(read_only, FIELD_BOOL)},
};
static const struct record mount_record = RECORD(struct plan_mount, mount_fields);

#define USER(member, kind) FIELD(struct plan_user, member, kind)
static const struct field user_fields[] = {
	{USER(image_user, FIELD_STRING)},
	{USER(run_as_user, FIELD_I64), .fallback = PLAN_NONE},
	{USER(run_as_group, FIELD_I64), .fallback = PLAN_NONE},
	{USER(run_as_non_root, FIELD_BOOL)},
};
static const struct record user_record = RECORD(struct plan_user, user_fields);

static const char *const rule_action_names[] = {"restart", "restart_all", NULL};
static const char *const rule_op_names[] = {"in", "not_in", NULL};
#define RULE(member, kind) FIELD(struct plan_rule, member, kind)
static const struct field rule_fields[] = {
	{RULE(action, FIELD_ENUM), .names = rule_action_names, .required = true, .fallback = -1},
	{RULE(op, FIELD_ENUM), .names = rule_op_names},
	{FIELD_LIST(struct plan_rule, codes, FIELD_I64S), .max = PLAN_RULE_CODES_MAX},
};
const struct record plan_rule_record = RECORD(struct plan_rule, rule_fields);

#define BACKOFF(member, kind) FIELD(struct plan_backoff, member, kind)
#define SECONDS(n) .fallback = (int64_t)(n)*1000000000
static const struct field backoff_fields[] = {
	{BACKOFF(base_ns, FIELD_U64), SECONDS(10)},
	{BACKOFF(cap_ns, FIELD_U64), SECONDS(300)},
	{BACKOFF(factor, FIELD_U32), .fallback = 2},
	{BACKOFF(reset_ns, FIELD_U64), SECONDS(600)},
	{BACKOFF(jitter_percent, FIELD_U32)},
};
const struct record plan_backoff_record = RECORD(struct plan_backoff, backoff_fields);

#define CONTAINER(member, kind) FIELD(struct plan_container, member, kind)
#define CONTAINER_LIST(member, kind) FIELD_LIST(struct plan_container, member, kind)
enum {
	SIGTERM_NUMBER = 15,
	SIGNAL_MAX = 64,
	LOG_FILES_DEFAULT = 5,
	LOG_RUNS_DEFAULT = 10,
	LAYERS_MAX = 127
};
static const char *const log_policy_names[] = {"block", "drop", NULL};
static const struct field container_fields[] = {
	{CONTAINER(name, FIELD_STRING), .required = true},
	{CONTAINER(init, FIELD_BOOL)},
	{CONTAINER(sidecar, FIELD_BOOL)},
	{CONTAINER(tty, FIELD_BOOL)},
	{CONTAINER(stdin, FIELD_BOOL)},
	{CONTAINER(stdin_once, FIELD_BOOL)},
	{CONTAINER(standby, FIELD_BOOL)},
	{CONTAINER(startup_gate, FIELD_BOOL)},
	{CONTAINER(image, FIELD_STRING)},
	{CONTAINER(image_id, FIELD_STRING)},
	{CONTAINER_LIST(layers, FIELD_STRINGS), .required = true, .max = LAYERS_MAX},
	{CONTAINER_LIST(argv, FIELD_STRINGS), .required = true},
	{CONTAINER(cwd, FIELD_STRING)},
	{CONTAINER_LIST(env, FIELD_STRINGS), .max = 4096},
	{CONTAINER(user, FIELD_RECORD), .record = &user_record},
	{CONTAINER(caps, FIELD_U64)},
	{CONTAINER(privileged, FIELD_BOOL)},
	{CONTAINER(no_new_privs, FIELD_BOOL)},
	{CONTAINER(read_only_rootfs, FIELD_BOOL)},
	{CONTAINER(proc_unmasked, FIELD_BOOL)},
	{CONTAINER(seccomp, FIELD_ENUM), .names = seccomp_names},
	{CONTAINER(seccomp_profile, FIELD_STRING)},
	{CONTAINER_LIST(mounts, FIELD_RECORDS), .record = &mount_record, .max = PLAN_MOUNTS_MAX},
	{CONTAINER(limits, FIELD_RECORD), .record = &limits_record},
	{CONTAINER(oom_score_adj, FIELD_I32)},
	{CONTAINER(stop_signal, FIELD_I32), .fallback = SIGTERM_NUMBER},
	{CONTAINER(termination_path, FIELD_STRING)},
	{CONTAINER(termination_policy, FIELD_ENUM), .names = plan_message_names},
	{CONTAINER(restart_policy, FIELD_ENUM), .names = plan_restart_names},
	{CONTAINER(post_start, FIELD_RECORD), .record = &plan_handler_record},
	{CONTAINER(pre_stop, FIELD_RECORD), .record = &plan_handler_record},
	{CONTAINER_LIST(rules, FIELD_RECORDS), .record = &plan_rule_record, .max = PLAN_RULES_MAX},
	{CONTAINER(backoff, FIELD_RECORD), .record = &plan_backoff_record},
	{CONTAINER(base_restarts, FIELD_U32)},
	{CONTAINER(done, FIELD_OPTIONAL), .record = &container_run_record},
	{CONTAINER(log_max_bytes, FIELD_U64), .fallback = 10 << 20},
	{CONTAINER(log_max_files, FIELD_U32), .fallback = LOG_FILES_DEFAULT},
	{CONTAINER(log_policy, FIELD_ENUM), .names = log_policy_names, .fallback = PLAN_LOG_DROP},
	{CONTAINER(log_rate, FIELD_U64)},
	{CONTAINER(log_runs, FIELD_U32), .fallback = LOG_RUNS_DEFAULT},
};
static const struct record container_record = RECORD(struct plan_container, container_fields);

#define PLAN(member, kind) FIELD(struct plan, member, kind)
#define PLAN_LIST(member, kind) FIELD_LIST(struct plan, member, kind)
static const struct field plan_fields[] = {
	{PLAN(uid, FIELD_STRING), .required = true},
	{PLAN(name, FIELD_STRING), .required = true},
	{PLAN(namespace, FIELD_STRING), .required = true},
	{PLAN(hostname, FIELD_STRING)},
	{PLAN(host_network, FIELD_BOOL)},
	{PLAN(host_ipc, FIELD_BOOL)},
	{PLAN(host_pid, FIELD_BOOL)},
	{PLAN(share_process_namespace, FIELD_BOOL)},
	{PLAN(runtime_timeout_ns, FIELD_U64), SECONDS(60)},
	{PLAN(runtime, FIELD_STRING), .required = true},
	{PLAN(probe_program, FIELD_STRING)},
	{PLAN(runner_program, FIELD_STRING)},
	{PLAN(image_dir, FIELD_STRING), .required = true},
	{PLAN(cgroup_base, FIELD_STRING), .required = true},
	{PLAN(limits, FIELD_RECORD), .record = &limits_record},
	{PLAN(log_dir, FIELD_STRING), .required = true},
	{PLAN(grace_ns, FIELD_U64), SECONDS(30)},
	{PLAN(deadline_wall_ns, FIELD_U64)},
	{PLAN(hosts, FIELD_STRING)},
	{PLAN(resolv_conf, FIELD_STRING)},
	{PLAN_LIST(supplemental_groups, FIELD_I64S)},
	{PLAN(fs_group, FIELD_I64), .fallback = PLAN_NONE},
	{PLAN_LIST(sysctls, FIELD_STRINGS)},
	{PLAN_LIST(volumes, FIELD_RECORDS), .record = &volume_record, .max = PLAN_VOLUMES_MAX},
	{PLAN_LIST(containers, FIELD_RECORDS), .record = &container_record, .required = true,
		.max = PLAN_CONTAINERS_MAX},
};
static const struct record plan_record = RECORD(struct plan, plan_fields);

/* ---- checks -------------------------------------------------------------------------------------- */

static bool is_label(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= 63 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
	       name[0] != '-' && name[n - 1] != '-';
}

/* Absolute or relative as asked, no empty, "." or ".." part, no control character. */
static bool is_clean(const char *path, bool absolute)
{
	struct sv rest = sv(path);

	if (absolute != (path[0] == '/') || rest.n >= 4096)
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	if (absolute)
		(void)sv_cut(&rest, '/');
	if (rest.n == 0)
		return absolute;
	if (rest.p[rest.n - 1] == '/')
		return false;
	while (rest.n) {
		struct sv part = sv_cut(&rest, '/');

		if (part.n == 0 || sv_eq(part, ".") || sv_eq(part, ".."))
			return false;
	}
	return true;
}

static bool is_at_or_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

int plan_check_mount_path(const char *path, struct err *e)
{
	static const char *const reserved[] = {"/proc", "/sys", "/dev"};
	static const char *const allowed[] = {"/dev/shm", "/dev/hugepages", "/dev/termination-log"};

	if (!is_clean(path, true))
		return err_set(e, -EINVAL,
			"must be an absolute path without \"..\", \"//\" or control characters");
	if (streq(path, "/"))
		return err_set(e, -EINVAL, "must not be \"/\"");
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (streq(path, allowed[i]))
			return 0;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (is_at_or_below(path, reserved[i]))
			return err_set(e, -EINVAL, "\"%s\" is at or below %s, which is reserved",
				path, reserved[i]);
	return 0;
}

static int bad(struct err *e, int code, const char *field)
{
	if (e && !e->field[0])
		(void)err_at(e, "%s", field);
	return code;
}

static int check_mounts(const struct plan *p, const struct plan_container *c, struct err *e)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct plan_mount *m = &c->mounts[i];

		if (plan_check_mount_path(m->path, e) < 0)
			return bad(e, -EINVAL, "containers.mounts.path");
		if (!plan_find_volume(p, m->volume))
			return bad(e, err_set(e, -EINVAL, "no volume \"%s\"", m->volume),
				"containers.mounts.volume");
		if (m->sub_path && !is_clean(m->sub_path, false))
			return bad(e,
				err_set(e, -EINVAL, "must be a clean relative path: \"%s\"",
					m->sub_path),
				"containers.mounts.sub_path");
		for (size_t k = 0; k < i; k++)
			if (streq(c->mounts[k].path, m->path))
				return bad(e,
					err_set(e, -EINVAL, "\"%s\" is mounted twice", m->path),
					"containers.mounts.path");
	}
	return 0;
}

/* Layers are directories of the image store, so a name that leaves it is refused before anything is mounted. */
static int check_layers(const struct plan_container *c, struct err *e)
{
	for (size_t i = 0; i < c->n_layers; i++)
		if (!is_clean(c->layers[i], false) || strpbrk(c->layers[i], ":,\\"))
			return bad(e,
				err_set(e, -EINVAL, "\"%s\" is no layer directory", c->layers[i]),
				"containers.layers");
	return 0;
}

static int check_container(const struct plan *p, const struct plan_container *c, struct err *e)
{
	if (!is_label(c->name) || plan_find_container(p, c->name) != c)
		return bad(e, err_set(e, -EINVAL, "\"%s\" is no label, or is there twice", c->name),
			"containers.name");
	if (c->cwd && !is_clean(c->cwd, true))
		return bad(
			e, err_set(e, -EINVAL, "must be a clean absolute path"), "containers.cwd");
	if (c->cwd && is_at_or_below(c->cwd, "/proc"))
		return bad(e, err_set(e, -EINVAL, "must not be below /proc"), "containers.cwd");
	if (c->stop_signal < 1 || c->stop_signal > SIGNAL_MAX)
		return bad(e, err_set(e, -EINVAL, "must be 1 to 64"), "containers.stop_signal");
	if (c->termination_path && !is_clean(c->termination_path, true))
		return bad(e, err_set(e, -EINVAL, "must be a clean absolute path"),
			"containers.termination_path");
	if (c->backoff.factor < 1)
		return bad(
			e, err_set(e, -EINVAL, "must be at least 1"), "containers.backoff.factor");
	if (c->sidecar && !c->init)
		return bad(e, err_set(e, -EINVAL, "only an init container can be one"),
			"containers.sidecar");
	if (c->seccomp == PLAN_SECCOMP_LOCALHOST &&
		(!c->seccomp_profile || !is_clean(c->seccomp_profile, true)))
		return bad(e, err_set(e, -EINVAL, "Localhost needs an absolute path"),
			"containers.seccomp_profile");
	if (plan_handler_check(&c->post_start, e) < 0)
		return bad(e, -EINVAL, "containers.post_start");
	if (plan_handler_check(&c->pre_stop, e) < 0)
		return bad(e, -EINVAL, "containers.pre_stop");
	if (check_layers(c, e) < 0 || check_mounts(p, c, e) < 0)
		return -EINVAL;
	return 0;
}

static int check_paths(const struct plan *p, struct err *e)
{
	const struct {
		const char *name, *path;
	} paths[] = {{"runtime", p->runtime}, {"probe_program", p->probe_program},
		{"runner_program", p->runner_program}, {"image_dir", p->image_dir},
		{"log_dir", p->log_dir}};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (paths[i].path && !is_clean(paths[i].path, true))
			return bad(e, err_set(e, -EINVAL, "must be a clean absolute path"),
				paths[i].name);
	for (size_t i = 0; i < p->n_volumes; i++) {
		const struct plan_volume *v = &p->volumes[i];

		if (!is_label(v->name) || plan_find_volume(p, v->name) != v)
			return bad(e,
				err_set(e, -EINVAL, "\"%s\" is no label, or there twice", v->name),
				"volumes.name");
		if (v->kind == PLAN_VOLUME_HOST_PATH &&
			(!v->host_path || !is_clean(v->host_path, true)))
			return bad(e, err_set(e, -EINVAL, "must be a clean absolute path"),
				"volumes.host_path");
	}
	return 0;
}

static int check(const struct plan *p, struct err *e)
{
	if (!is_label(p->uid))
		return bad(e, err_set(e, -EINVAL, "\"%s\" is no uid", p->uid), "uid");
	if (check_paths(p, e) < 0)
		return -EINVAL;
	for (size_t i = 0; i < p->n_containers; i++)
		if (check_container(p, &p->containers[i], e) < 0)
			return -EINVAL;
	return 0;
}

/* ---- the public face ------------------------------------------------------------------------------ */

int plan_decode(const json_t *j, struct plan **ret, struct err *e)
{
	CLEANUP(plan_free) struct plan *p = xcalloc(1, sizeof *p);
	struct err own = {0};
	int r;

	if (!e)
		e = &own;
	/* Of what the shim is to confine, nothing is passed over. */
	r = record_unknown(&plan_record, j, e);
	if (r == 0)
		r = record_decode(&plan_record, j, p, e);
	if (r == 0)
		r = check(p, e);
	if (r < 0)
		return err_wrap(e, r, "plan: %s", e->field);
	*ret = take(p);
	return 0;
}

int plan_parse(struct sv text, struct plan **ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	/* Four times a pod's size: env, arguments and pod files are in it expanded. */
	int r = json_parse_max(text, 4 * (size_t)JSON_BYTES_MAX, &j, e);

	return r < 0 ? err_wrap(e, r, "plan") : plan_decode(j, ret, e);
}

json_t *plan_encode(const struct plan *p)
{
	return record_encode(&plan_record, p);
}

struct plan *plan_new(void)
{
	struct plan *p = xcalloc(1, sizeof *p);

	record_defaults(&plan_record, p);
	return p;
}

struct plan_container *plan_add_containers(struct plan *p, size_t n)
{
	p->containers = xcalloc(n ? n : 1, sizeof *p->containers);
	p->n_containers = n;
	for (size_t i = 0; i < n; i++)
		record_defaults(&container_record, &p->containers[i]);
	return p->containers;
}

struct plan_volume *plan_add_volumes(struct plan *p, size_t n)
{
	p->volumes = xcalloc(n ? n : 1, sizeof *p->volumes);
	p->n_volumes = n;
	for (size_t i = 0; i < n; i++)
		record_defaults(&volume_record, &p->volumes[i]);
	return p->volumes;
}

struct plan_mount *plan_add_mounts(struct plan_container *c, size_t n)
{
	c->mounts = xcalloc(n ? n : 1, sizeof *c->mounts);
	c->n_mounts = n;
	for (size_t i = 0; i < n; i++)
		record_defaults(&mount_record, &c->mounts[i]);
	return c->mounts;
}

void plan_free(struct plan *p)
{
	record_free(&plan_record, p);
}

const struct plan_container *plan_find_container(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_containers; i++)
		if (streq(p->containers[i].name, name))
			return &p->containers[i];
	return NULL;
}

const struct plan_volume *plan_find_volume(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_volumes; i++)
		if (streq(p->volumes[i].name, name))
			return &p->volumes[i];
	return NULL;
}
