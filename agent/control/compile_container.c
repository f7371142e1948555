/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container of the plan: what it runs (command, environment), as whom and with which rights, how much it may
 * use, what is mounted into it. Step "compiled" of a pod's life. Must hold: nothing secret gets into the plan.
 */
#include "agent/control/compile_internal.h"

#include "agent/control/contents.h"
#include "agent/spec/annotations.h"
#include "agent/spec/quantity.h"
#include "agent/status/again.h"
#include "agent/status/pod_status.h"
#include "runtime/security/caps.h"
#include "runtime/volume/fileset.h"

#include <signal.h>

enum { CPU_PERIOD_US = 100000 };

/* ---- what it runs ------------------------------------------------------------------------------------- */

static void add_arg(struct plan_container *c, char *own_arg)
{
	c->argv = xrealloc(c->argv, c->n_argv + 1, sizeof(*c->argv));
	c->argv[c->n_argv++] = own_arg;
}

static void add_expanded(
	struct plan_container *c, const json_t *words, const struct environment *env, bool *secret)
{
	const json_t *word;
	size_t i;

	json_array_foreach (words, i, word)
		add_arg(c, environment_expand(env, json_string_value(word), secret));
}

static void add_plain(struct plan_container *c, char *const *words)
{
	for (; words && *words; words++)
		add_arg(c, xstrdup(*words));
}

static int compile_argv(const struct compiling *k, struct plan_container *c, struct err *e)
{
	const json_t *command = json_list(k->container, "command");
	const json_t *args = json_list(k->container, "args");
	const struct image_config *image = &k->image->config;
	bool secret = false;

	if (json_array_size(command))
		add_expanded(c, command, &k->env, &secret);
	else
		add_plain(c, image->entrypoint);
	if (json_array_size(args))
		add_expanded(c, args, &k->env, &secret);
	else if (!json_array_size(command))
		add_plain(c, image->cmd);
	if (!c->n_argv)
		return err_set(e, -EINVAL,
			"no command: the image has neither ENTRYPOINT nor CMD; set command");
	if (secret)
		return err_set(e, -EINVAL,
			"command or args would hold the value of a secret by $(NAME), and command "
			"lines can be read by others: let the program read the variable or a file");
	return 0;
}

static void compile_env(const struct compiling *k, struct plan_container *c)
{
	c->env = xcalloc(k->env.n + 1, sizeof(*c->env));
	for (size_t i = 0; i < k->env.n; i++) {
		const struct variable *v = &k->env.items[i];
		if (v->secret)
			payload_add_env(k->payload, c->name, v->name, v->value);
		c->env[c->n_env++] =
			v->secret ? xstrdup(v->name) : xasprintf("%s=%s", v->name, v->value);
	}
}

int signal_number(const char *text)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{"HUP", SIGHUP},
		{"INT", SIGINT},
		{"QUIT", SIGQUIT},
		{"KILL", SIGKILL},
		{"USR1", SIGUSR1},
		{"USR2", SIGUSR2},
		{"PIPE", SIGPIPE},
		{"ALRM", SIGALRM},
		{"TERM", SIGTERM},
		{"CONT", SIGCONT},
		{"STOP", SIGSTOP},
		{"TSTP", SIGTSTP},
		{"WINCH", SIGWINCH},
		{"IO", SIGIO},
		{"PWR", SIGPWR},
		{"ABRT", SIGABRT},
	};
	/* The C library keeps two real-time signals for itself: what a shell calls RTMIN is 34. */
	enum { RTMIN = 34, RTMAX = 64 };
	struct sv rest = sv(text);
	uint32_t n;

	if (parse_u32_max(rest, RTMAX, &n) == 0)
		return (int)n;
	if (sv_starts(rest, "SIG"))
		rest = (struct sv){rest.p + 3, rest.n - 3};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (sv_eq(rest, names[i].name))
			return names[i].number;
	struct sv head = sv_cut(&rest, '+');
	if (sv_eq(head, "RTMIN") && (!rest.n || parse_u32_max(rest, RTMAX - RTMIN, &n) == 0))
		return RTMIN + (rest.n ? (int)n : 0);
	return 0;
}

/* ---- rights ------------------------------------------------------------------------------------------- */

/* A member of the container's securityContext, or of the pod's. */
static const json_t *security(const struct compiling *k, const char *member)
{
	const json_t *own = json_object_get(json_map(k->container, "securityContext"), member);
	return own ? own
		   : json_object_get(json_at(k->pod, "spec", "securityContext", NULL), member);
}

static int64_t security_int(const struct compiling *k, const char *member)
{
	const json_t *value = security(k, member);
	return json_is_integer(value) ? json_integer_value(value) : PLAN_NONE;
}

static size_t names_of(const json_t *list, const char **out, size_t max)
{
	const json_t *item;
	size_t i, n = 0;

	json_array_foreach (list, i, item) {
		if (n < max)
			out[n++] = json_string_value(item);
	}
	return n;
}

enum { CAPS_MAX = 64 };

static int compile_caps(const struct compiling *k, struct plan_container *c, struct err *e)
{
	const json_t *caps = json_at(k->container, "securityContext", "capabilities", NULL);
	const char *add[CAPS_MAX], *drop[CAPS_MAX];
	struct caps_request q = {
		.add = add,
		.drop = drop,
		.n_add = names_of(json_list(caps, "add"), add, CAPS_MAX),
		.n_drop = names_of(json_list(caps, "drop"), drop, CAPS_MAX),
		.privileged = c->privileged,
		.available = k->node->caps,
	};
	return caps_resolve(&q, &c->caps, e);
}

static void compile_seccomp(const struct compiling *k, struct plan_container *c)
{
	const json_t *profile = security(k, "seccompProfile");
	const char *type = json_str_or(profile, "type", "RuntimeDefault");

	if (streq(type, "Unconfined") || (c->privileged && !profile))
		c->seccomp = PLAN_SECCOMP_UNCONFINED;
	if (streq(type, "Localhost")) {
		c->seccomp = PLAN_SECCOMP_LOCALHOST;
		c->seccomp_profile = xasprintf("%s/%s", k->node->seccomp_dir,
			json_str_or(profile, "localhostProfile", ""));
	}
}

static int compile_security(const struct compiling *k, struct plan_container *c, struct err *e)
{
	const json_t *context = json_map(k->container, "securityContext");
	const char *user = k->image->config.user;

	c->user = (struct plan_user){
		.image_user = user && user[0] ? xstrdup(user) : NULL,
		.run_as_user = security_int(k, "runAsUser"),
		.run_as_group = security_int(k, "runAsGroup"),
		.run_as_non_root = json_is_true(security(k, "runAsNonRoot")),
	};
	c->privileged = json_flag(context, "privileged", false);
	c->no_new_privs = !json_flag(context, "allowPrivilegeEscalation", true);
	c->read_only_rootfs = json_flag(context, "readOnlyRootFilesystem", false);
	c->proc_unmasked = c->privileged || streq(json_str(context, "procMount"), "Unmasked");
	compile_seccomp(k, c);
	return compile_caps(k, c, e);
}

/* ---- how much ----------------------------------------------------------------------------------------- */

/* As the kubelet: the surer a pod's memory is, the later the kernel takes it. */
static int32_t oom_score(const struct compiling *k, int64_t memory_request)
{
	const char *qos = pod_qos_class(k->pod);
	int64_t score = 1000;

	if (streq(qos, "Guaranteed"))
		score = -997;
	else if (streq(qos, "Burstable")) {
		int64_t whole = k->node->memory_bytes ? (int64_t)k->node->memory_bytes : 1;
		score = 1000 - 1000 * memory_request / whole;
		score = score < 3 ? 3 : score > 999 ? 999 : score;
	}
	return (int32_t)(score < k->node->oom_score_floor ? k->node->oom_score_floor : score);
}

static void compile_limits(const struct compiling *k, struct plan_container *c)
{
	const json_t *resources = json_map(k->container, "resources");
	const json_t *limits = json_map(resources, "limits");
	const json_t *requests = json_map(resources, "requests");
	int64_t memory = resource_units(limits, "memory", 0);
	int64_t cpu = resource_milli(limits, "cpu", 0);

	c->limits.memory_max_bytes = (uint64_t)memory;
	c->limits.cpu_shares =
		cgroup_mcpu_to_shares((uint64_t)resource_milli(requests, "cpu", cpu));
	if (cpu > 0) {
		c->limits.cpu_quota_us = cgroup_mcpu_to_quota_us((uint64_t)cpu, CPU_PERIOD_US);
		c->limits.cpu_period_us = CPU_PERIOD_US;
	}
	c->oom_score_adj = oom_score(k, resource_units(requests, "memory", memory));
}

/* ---- mounts ------------------------------------------------------------------------------------------- */

static const json_t *volume_named(const json_t *pod, const char *name)
{
	const json_t *volume;
	size_t i;

	json_array_foreach (json_at(pod, "spec", "volumes", NULL), i, volume) {
		if (streq(json_str(volume, "name"), name))
			return volume;
	}
	return NULL;
}

static int compile_mounts(const struct compiling *k, struct plan_container *c, struct err *e)
{
	const json_t *mounts = json_list(k->container, "volumeMounts"), *mount;
	struct plan_mount *next = plan_add_mounts(c, json_array_size(mounts));
	size_t i;

	json_array_foreach (mounts, i, mount) {
		const char *path = json_str_or(mount, "mountPath", "");
		const char *name = json_str_or(mount, "name", "");
		const char *sub_path = json_str(mount, "subPath");
		int r = plan_check_mount_path(path, e);
		if (r < 0)
			return r;
		next->volume = xstrdup(name);
		next->path = xstrdup(path);
		next->sub_path = sub_path && sub_path[0] ? xstrdup(sub_path) : NULL;
		/* What berth writes itself is not for containers to write, as the kubelet has it. */
		next->read_only = json_flag(mount, "readOnly", false) ||
				  contents_is_files(volume_named(k->pod, name));
		next++;
	}
	return 0;
}

/* ---- the container -------------------------------------------------------------------------------------- */

static void compile_layers(const struct image *image, struct plan_container *c)
{
	c->image_id = xstrdup(image->id);
	c->layers = xcalloc(image->n_layers + 1, sizeof(*c->layers));
	for (size_t i = 0; i < image->n_layers; i++)
		c->layers[c->n_layers++] = xstrdup(image->layers[i]);
}

static void compile_restarts(const struct compiling *k, struct plan_container *c)
{
	struct plan_backoff *b = &c->backoff;
	const struct {
		const char *key;
		uint64_t *value;
	} tuned[] = {{"base", &b->base_ns}, {"cap", &b->cap_ns}, {"reset", &b->reset_ns}};

	c->sidecar = again_is_sidecar(k->container, c->init);
	c->standby = annotation_get(k->pod, "standby", c->name, "", 0);
	c->startup_gate = json_map(k->container, "startupProbe") != NULL;
	c->restart_policy = again_policy(k->pod, k->container, c->init);
	c->n_rules = again_rules(k->container, &c->rules);
	for (size_t i = 0; i < ARRAY_SIZE(tuned); i++)
		*tuned[i].value =
			annotation_get(k->pod, "backoff", c->name, tuned[i].key, *tuned[i].value);
	b->factor = (uint32_t)annotation_get(k->pod, "backoff", c->name, "factor", b->factor);
	b->jitter_percent = (uint32_t)annotation_get(k->pod, "backoff", c->name, "jitter", 0);
}

static void compile_log(const struct compiling *k, struct plan_container *c)
{
	const json_t *pod = k->pod;

	c->log_max_bytes = annotation_get(pod, "log", c->name, "max-size", c->log_max_bytes);
	c->log_max_files =
		(uint32_t)annotation_get(pod, "log", c->name, "max-files", c->log_max_files);
	c->log_policy =
		(enum plan_log_policy)annotation_get(pod, "log", c->name, "policy", c->log_policy);
	c->log_rate = annotation_get(pod, "log", c->name, "rate", c->log_rate);
	c->log_runs = (uint32_t)annotation_get(pod, "log", c->name, "runs", c->log_runs);
}

static void compile_ends(const struct compiling *k, struct plan_container *c)
{
	const char *own = json_str(json_map(k->container, "lifecycle"), "stopSignal");
	const char *stop = own && own[0] ? own : k->image->config.stop_signal;
	int number = stop ? signal_number(stop) : 0;

	if (number)
		c->stop_signal = number;
	free(c->termination_path);
	c->termination_path = xstrdup(
		json_str_or(k->container, "terminationMessagePath", "/dev/termination-log"));
	if (streq(json_str(k->container, "terminationMessagePolicy"), "FallbackToLogsOnError"))
		c->termination_policy = PLAN_MESSAGE_FALLBACK_TO_LOGS;
}

int compile_container(struct compiling *k, struct plan_container *c, struct err *e)
{
	const char *cwd = json_str(k->container, "workingDir");
	const char *image_cwd = k->image->config.working_dir;
	int r = environment_resolve(k->lookup, k->container, k->image->config.env, &k->env, e);
	if (r < 0)
		return r;
	environment_default(
		&k->env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	environment_default(&k->env, "HOSTNAME", k->hostname);
	c->tty = json_flag(k->container, "tty", false);
	c->stdin = json_flag(k->container, "stdin", false);
	c->stdin_once = json_flag(k->container, "stdinOnce", false);
	if (c->tty) /* as containerd */
		environment_default(&k->env, "TERM", "xterm");
	c->name = xstrdup(json_str_or(k->container, "name", ""));
	c->image = xstrdup(json_str_or(k->container, "image", ""));
	free(c->cwd);
	c->cwd = xstrdup(cwd && cwd[0] ? cwd : image_cwd && image_cwd[0] ? image_cwd : "/");
	compile_layers(k->image, c);
	compile_env(k, c);
	compile_limits(k, c);
	compile_restarts(k, c);
	compile_ends(k, c);
	compile_log(k, c);
	r = compile_argv(k, c, e);
	if (r >= 0)
		r = compile_security(k, c, e);
	if (r >= 0)
		r = compile_mounts(k, c, e);
	if (r >= 0)
		r = compile_handler(k, json_at(k->container, "lifecycle", "postStart", NULL),
			&c->post_start, e);
	if (r >= 0)
		r = compile_handler(
			k, json_at(k->container, "lifecycle", "preStop", NULL), &c->pre_stop, e);
	return r;
}
