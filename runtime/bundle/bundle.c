/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json, member by member in the order of the specification.
 */
#include "runtime/bundle/bundle.h"

#include "runtime/base/json.h"
#include "runtime/security/caps.h"
#include "runtime/security/paths.h"

static json_t *strings(const char *const *items)
{
	json_t *list = json_array();

	for (; *items; items++)
		json_push(list, json_string(*items));
	return list;
}

/* ---- process -------------------------------------------------------------------------------------- */

static int add_env(const struct bundle *b, json_t *list, struct err *e)
{
	bool has_path = false;

	for (size_t i = 0; i < b->container->n_env; i++) {
		const char *entry = b->container->env[i];
		const char *value;

		has_path |= strncmp(entry, "PATH=", 5) == 0 || streq(entry, "PATH");
		if (strchr(entry, '=')) {
			json_push(list, json_string(entry));
			continue;
		}
		value = json_str(b->secret_env, entry);
		if (!value)
			return err_set(e, -EINVAL,
				"the value of env %s did not come with the payload", entry);
		json_push(list, json_sprintf("%s=%s", entry, value));
	}
	/* What every image may rely on; an image's config names it nearly always. */
	if (!has_path)
		json_push(list, json_string("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/"
					    "bin:/sbin:/bin"));
	return 0;
}

static json_t *rlimit(const char *type, uint64_t soft, uint64_t hard)
{
	json_t *limit = json_object();

	json_put_str(limit, "type", type);
	json_put_int(limit, "hard", (int64_t)hard);
	json_put_int(limit, "soft", (int64_t)soft);
	return limit;
}

/* systemd's defaults: 1024 for those who scan all descriptors or use select(2), more for those who ask. */
static json_t *rlimits(const struct bundle *b)
{
	enum { SOFT = 1024, HARD = 524288 };
	json_t *list = json_array();
	uint64_t hard = b->nofile_max < HARD ? b->nofile_max : HARD;

	json_push(list, rlimit("RLIMIT_NOFILE", hard < SOFT ? hard : SOFT, hard));
	return list;
}

static json_t *user(const struct bundle *b)
{
	enum { UMASK = 022 };
	json_t *u = users_json(b->user);

	json_put_int(u, "umask", UMASK);
	return u;
}

static int process(const struct bundle *b, json_t **ret, struct err *e)
{
	cleanup_json json_t *p = json_object();
	const struct plan_container *c = b->container;
	json_t *args = json_array(), *env = json_array();
	int r;

	if (c->tty)
		json_put_flag(p, "terminal", true);
	json_put(p, "user", user(b));
	json_put(p, "args", args);
	for (size_t i = 0; i < c->n_argv; i++)
		json_push(args, json_string(c->argv[i]));
	json_put(p, "env", env);
	r = add_env(b, env, e);
	if (r < 0)
		return r;
	json_put_str(p, "cwd", c->cwd ? c->cwd : "/");
	json_put(p, "capabilities", caps_json(b->caps));
	json_put(p, "rlimits", rlimits(b));
	json_put_flag(p, "noNewPrivileges", c->no_new_privs);
	json_put_int(p, "oomScoreAdj", b->oom_score_adj);
	*ret = take(p);
	return 0;
}

/* ---- mounts --------------------------------------------------------------------------------------- */

struct constant_mount {
	const char *destination, *type, *source;
	const char *options[8];
};

static const struct constant_mount constant_mounts[] = {
	{"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "noexec", "strictatime", "mode=755", "size=65536k"}},
	{"/dev/pts", "devpts", "devpts",
		{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};

static json_t *mount(const char *destination, const char *type, const char *source)
{
	json_t *m = json_object();

	json_put_str(m, "destination", destination);
	json_put_str(m, "type", type);
	json_put_str(m, "source", source);
	return m;
}

/* A privileged container may change sysfs and its cgroups, as Kubernetes has it. */
static json_t *options(const struct constant_mount *row, bool privileged)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(row->options) && row->options[i]; i++)
		if (!privileged || !streq(row->options[i], "ro"))
			json_push(list, json_string(row->options[i]));
	return list;
}

/* Into the fresh /dev only, from a path that berth made. */
static json_t *bind(const struct bundle_bind *b)
{
	static const char *const options[] = {"rbind", "nosuid", "nodev", NULL};
	json_t *m = mount(b->destination, "bind", b->source), *list = strings(options);

	if (!b->exec)
		json_push(list, json_string("noexec"));
	if (b->read_only)
		json_push(list, json_string("ro"));
	json_put(m, "options", list);
	return m;
}

static json_t *mounts(const struct bundle *b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(constant_mounts); i++) {
		const struct constant_mount *row = &constant_mounts[i];
		json_t *m = mount(row->destination, row->type, row->source);

		json_put(m, "options", options(row, b->container->privileged));
		json_push(list, m);
	}
	for (size_t i = 0; i < b->n_binds; i++)
		json_push(list, bind(&b->binds[i]));
	return list;
}

/* ---- linux ---------------------------------------------------------------------------------------- */

static void add_namespace(json_t *list, const char *type, const char *own_path)
{
	json_t *ns = json_object();

	json_put_str(ns, "type", type);
	json_put_str(ns, "path", own_path);
	json_push(list, ns);
}

/* A namespace that the shim shares with the host is the host's; naming its path is right in both cases but
 * runtimes then refuse less than they should, so the host's are left out. */
static json_t *namespaces(const struct bundle *b)
{
	json_t *list = json_array();
	const struct {
		const char *type, *file;
		bool host;
	} joined[] = {
		{"network", "net", b->plan->host_network},
		{"uts", "uts", b->plan->host_network},
		{"ipc", "ipc", b->plan->host_ipc},
	};

	add_namespace(list, "mount", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(joined); i++) {
		cleanup_free char *path = xasprintf("%s/%s", b->ns_dir, joined[i].file);

		if (!joined[i].host)
			add_namespace(list, joined[i].type, path);
	}
	if (!b->plan->host_pid)
		add_namespace(list, "pid", b->pid_ns);
	add_namespace(list, "cgroup", NULL);
	return list;
}

static void put_limit(json_t *object, const char *key, uint64_t value)
{
	if (value)
		json_put_int(object, key, value == CGROUP_UNLIMITED ? -1 : (int64_t)value);
}

static void put_nonempty(json_t *object, const char *key, json_t *own_value)
{
	if (json_object_size(own_value))
		json_put(object, key, own_value);
	else
		json_decref(own_value);
}

static void put_bytes(json_t *unified, const char *file, uint64_t bytes)
{
	if (bytes)
		json_put(unified, file, json_sprintf("%" JSON_INTEGER_FORMAT, (json_int_t)bytes));
}

static json_t *resources(const struct bundle *b)
{
	const struct cgroup_limits *l = &b->container->limits;
	json_t *resources = json_object(), *memory = json_object(), *cpu = json_object();
	json_t *pids = json_object(), *unified = json_object();
	json_t *devices = json_array(), *all = json_object();

	json_put_flag(all, "allow", b->container->privileged);
	json_put_str(all, "access", "rwm");
	json_push(devices, all);
	json_put(resources, "devices", devices);
	put_limit(memory, "limit", l->memory_max_bytes);
	put_limit(cpu, "shares", l->cpu_shares);
	put_limit(cpu, "quota", l->cpu_quota_us);
	if (l->cpu_quota_us)
		put_limit(cpu, "period", l->cpu_period_us ? l->cpu_period_us : 100000);
	put_limit(pids, "limit", l->pids_max);
	if (b->unified) {
		put_bytes(unified, "memory.min", l->memory_min_bytes);
		put_bytes(unified, "memory.high", l->memory_high_bytes);
		if (b->no_swap)
			json_put_str(unified, "memory.swap.max", "0");
	}
	put_nonempty(resources, "memory", memory);
	put_nonempty(resources, "cpu", cpu);
	put_nonempty(resources, "pids", pids);
	put_nonempty(resources, "unified", unified);
	return resources;
}

static json_t *linux_part(const struct bundle *b)
{
	const struct plan_container *c = b->container;
	json_t *l = json_object();

	json_put(l, "namespaces", namespaces(b));
	json_put_str(l, "cgroupsPath", b->cgroup_path);
	json_put(l, "resources", resources(b));
	if (b->seccomp)
		json_put(l, "seccomp", json_incref((json_t *)(uintptr_t)b->seccomp));
	if (!c->privileged && !c->proc_unmasked) {
		json_put(l, "maskedPaths", paths_masked());
		json_put(l, "readonlyPaths", paths_readonly());
	}
	if (b->devices)
		json_put(l, "devices", json_incref((json_t *)(uintptr_t)b->devices));
	return l;
}

int bundle_config(const struct bundle *b, json_t **ret, struct err *e)
{
	cleanup_json json_t *config = json_object();
	json_t *p, *root = json_object();
	int r;

	json_put_str(config, "ociVersion", "1.0.2");
	json_put(config, "root", root);
	json_put_str(root, "path", b->rootfs);
	json_put_flag(root, "readonly", b->container->read_only_rootfs);
	r = process(b, &p, e);
	if (r < 0)
		return r;
	json_put(config, "process", p);
	json_put(config, "mounts", mounts(b));
	json_put(config, "linux", linux_part(b));
	*ret = take(config);
	return 0;
}

/* ---- exec ----------------------------------------------------------------------------------------- */

/* A variable that is there already is replaced: libc takes the first of two, and the last is what was asked for. */
static void set_env(json_t *env, const char *entry)
{
	size_t n = strcspn(entry, "="), i;
	json_t *old;

	json_array_foreach (env, i, old) {
		const char *text = json_string_value(old);

		if (text && strncmp(text, entry, n) == 0 && text[n] == '=') {
			(void)json_array_set_new(env, i, json_string(entry));
			return;
		}
	}
	json_push(env, json_string(entry));
}

static bool has_env(const json_t *env, const char *name)
{
	size_t n = strlen(name), i;
	const json_t *entry;

	json_array_foreach (env, i, entry) {
		const char *text = json_string_value(entry);

		if (text && strncmp(text, name, n) == 0 && text[n] == '=')
			return true;
	}
	return !env;
}

static void set_terminal(json_t *process, const struct bundle_exec *x)
{
	json_put_flag(process, "terminal", x->tty);
	/* As containerd: programs that draw need to know on what. */
	if (x->tty && !has_env(json_list(process, "env"), "TERM"))
		json_push(json_list(process, "env"), json_string("TERM=xterm"));
	if (x->tty && x->rows && x->columns) {
		json_t *size = json_sub(process, "consoleSize");

		json_put_int(size, "height", x->rows);
		json_put_int(size, "width", x->columns);
	}
}

json_t *bundle_exec(const json_t *config, const struct bundle_exec *x)
{
	const json_t *process = json_map(config, "process");
	json_t *args, *copy;

	if (!process)
		return NULL;
	copy = json_deep_copy(process);
	args = json_array();
	for (size_t i = 0; i < x->n_argv; i++)
		json_push(args, json_string(x->argv[i]));
	json_put(copy, "args", args);
	for (size_t i = 0; json_list(copy, "env") && i < x->n_env; i++)
		set_env(json_list(copy, "env"), x->env[i]);
	if (x->cwd)
		json_put_str(copy, "cwd", x->cwd);
	set_terminal(copy, x);
	return copy;
}
