/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berthd: the agent of this machine. It reads its options, takes its root, opens what it stands on
 * (cgroups, images, network, store), and lets reconcilers and API share one event loop. Stopped in
 * any way, it leaves every pod running; started again, it finds them.
 */
#include "agent/api/api.h"
#include "agent/api/backend.h"
#include "agent/control/control.h"
#include "agent/control/manifests.h"
#include "agent/node/findings.h"
#include "agent/node/logind.h"
#include "agent/node/oci_runtime.h"
#include "agent/node/privileges.h"
#include "agent/node/tree.h"
#include "agent/spec/quantity.h"
#include "agent/spec/spec.h"
#include "agent/store/store.h"
#include "cgroups/detect.h"
#include "cgroups/group.h"
#include "cgroups/names.h"
#include "runtime/base/fs.h"
#include "runtime/base/log.h"
#include "runtime/base/version.h"
#include "runtime/image/image.h"
#include "runtime/net/net.h"

#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

enum { EXIT_OTHER_AGENT = 75, UIDS_MAX = 64 }; /* 75: EX_TEMPFAIL of sysexits.h */

/* ---- options -------------------------------------------------------------------------------------------- */

struct options {
	const char *root, *cgroup, *bridge, *pod_cidr, *registries_conf, *policy, *authfile;
	const char *runtime, *runtime_timeout, *skopeo, *node_name, *manifests, *socket_group,
		*log_level;
	uid_t uids[UIDS_MAX];
	size_t n_uids;
	bool keep_capabilities, check;
};

/* One row an option; `offset` is of the string it sets. */
static const struct option_row {
	const char *name, *argument, *help;
	size_t offset;
	char letter; /* of those that set no string */
} rows[] = {
	{"root", "DIR", "keep everything below DIR, beside another berth",
		offsetof(struct options, root), 0},
	{"manifests", "DIR", "follow the files of DIR (default: etc/berth/manifests)",
		offsetof(struct options, manifests), 0},
	{"allow-uid", "UID", "let this user speak to the socket; may be repeated", 0, 'u'},
	{"socket-group", "GROUP", "let the members of this group speak to the socket",
		offsetof(struct options, socket_group), 0},
	{"node-name", "NAME", "name of the Node object (default: the host's name)",
		offsetof(struct options, node_name), 0},
	{"pod-cidr", "CIDR", "addresses of pods (default: 10.88.0.0/16; under --root a free /24)",
		offsetof(struct options, pod_cidr), 0},
	{"bridge", "NAME", "gateway device of the pods (default: berth0; another under --root)",
		offsetof(struct options, bridge), 0},
	{"cgroup", "NAME", "top cgroup of the pods (default: berth; another under --root)",
		offsetof(struct options, cgroup), 0},
	{"runtime", "PATH", "OCI runtime (default: /usr/sbin/runc)",
		offsetof(struct options, runtime), 0},
	{"runtime-timeout", "TIME",
		"how long a start or an exec may take before it is given up (default: 60s)",
		offsetof(struct options, runtime_timeout), 0},
	{"skopeo", "PATH", "program that speaks to registries (default: /usr/bin/skopeo)",
		offsetof(struct options, skopeo), 0},
	{"registries-conf", "FILE",
		"mirrors and insecure registries, containers-registries.conf(5)",
		offsetof(struct options, registries_conf), 0},
	{"policy", "FILE", "which images are trusted, containers-policy.json(5)",
		offsetof(struct options, policy), 0},
	{"authfile", "FILE", "credentials for registries, containers-auth.json(5)",
		offsetof(struct options, authfile), 0},
	{"keep-capabilities", NULL, "privileged containers get every capability, also SYS_MODULE …",
		0, 'k'},
	{"log-level", "LEVEL", "error, warning, info (default) or debug",
		offsetof(struct options, log_level), 0},
	{"check", NULL, "print what this host has and lacks, as `berth check` does, and end", 0,
		'c'},
	{"version", NULL, "print the version", 0, 'v'},
	{"help", NULL, "print this text", 0, 'h'},
};

static void print_help(void)
{
	(void)printf("Usage: berthd [OPTION...]\nThe agent of this machine: runs Kubernetes pods "
		     "through runc, "
		     "without a cluster.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int used = printf("  --%s%s%s", rows[i].name, rows[i].argument ? " " : "",
			rows[i].argument ? rows[i].argument : "");

		(void)printf("%*s%s\n", used < 26 ? 26 - used : 1, "", rows[i].help);
	}
}

static int set_option(struct options *o, const struct option_row *row, const char *value)
{
	uint32_t uid;

	if (row->letter == 'k') {
		o->keep_capabilities = true;
		return 0;
	}
	if (row->letter == 'c') {
		o->check = true;
		return 0;
	}
	if (row->letter != 'u') {
		*(const char **)(void *)((char *)o + row->offset) = value;
		return 0;
	}
	if (parse_u32_max(sv(value), INT32_MAX, &uid) < 0 || o->n_uids == UIDS_MAX) {
		(void)fprintf(stderr,
			"berthd: --allow-uid %s: not a user id, or too many of them\n", value);
		return -EINVAL;
	}
	o->uids[o->n_uids++] = uid;
	return 0;
}

/* Returns: 0 go on; 1 all is done (help, version); -EINVAL. */
static int parse_options(int argc, char **argv, struct options *o)
{
	struct option longs[ARRAY_SIZE(rows) + 1] = {0};
	int index = 0, r = 0, c;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		longs[i] = (struct option){rows[i].name,
			rows[i].argument ? required_argument : no_argument, NULL, 'o'};
	while (r == 0 && (c = getopt_long(argc, argv, "", longs, &index)) != -1) {
		if (c != 'o')
			r = -EINVAL;
		else if (rows[index].letter == 'h' || rows[index].letter == 'v')
			r = rows[index].letter;
		else
			r = set_option(o, &rows[index], optarg);
	}
	if (r == 'h')
		print_help();
	if (r == 'v')
		(void)printf("berthd %s (Kubernetes %s.%s)\n", berth_version, KUBERNETES_MAJOR,
			KUBERNETES_MINOR);
	if (r == 0 && optind < argc) {
		(void)fprintf(
			stderr, "berthd: %s: no such argument; see berthd --help\n", argv[optind]);
		r = -EINVAL;
	}
	return r > 0 ? 1 : r;
}

static int log_level_of(const char *word)
{
	static const struct {
		const char *word;
		int level;
	} levels[] = {{"error", LOG_ERR}, {"warning", LOG_WARNING}, {"info", LOG_INFO},
		{"debug", LOG_DEBUG}};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (streq(levels[i].word, word))
			return levels[i].level;
	return -EINVAL;
}

/* ---- the agent ------------------------------------------------------------------------------------------ */

struct agent {
	const struct options *o;
	struct tree tree;
	char cgroup_base[64], cidr[NET_CIDR_SIZE], bridge[NET_NAME_SIZE];
	char *shim, *unpack, *probe, *runner, *node_name, *manifests_path;
	struct cgroup_host cgroups;
	sd_event *loop;
	struct store *store;
	struct image_store *images;
	struct net *net;
	struct control *control;
	struct api *api;
	struct manifests *manifests;
	struct logind *logind;
	gid_t socket_gid;
};

/* A program of berth's own: beside berthd, or in ../lib/berth. Returns: owned by the caller; NULL: not there. */
static char *find_program(const char *name)
{
	static const char *const places[] = {"", "../lib/berth/"};
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	slash[1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		cleanup_free char *path = xasprintf("%s%s%s", self, places[i], name);

		if (access(path, X_OK) == 0)
			return realpath(path, NULL);
	}
	return NULL;
}

static const char *runtime_path(const struct options *o)
{
	return o->runtime ? o->runtime : "/usr/sbin/runc";
}

static int find_programs(struct agent *a, struct err *e)
{
	a->shim = find_program("berth-shim");
	a->unpack = find_program("berth-unpack");
	a->probe = find_program("berth-probe");
	a->runner = find_program("berth-runner");
	const struct {
		const char *name, *path;
	} programs[] = {
		{"berth-shim", a->shim}, {"berth-unpack", a->unpack}, {"berth-runner", a->runner}};
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (!programs[i].path)
			return err_set(e, -ENOENT,
				"%s is neither beside berthd nor in ../lib/berth; install all "
				"programs of berth",
				programs[i].name);
	return 0;
}

/* Names that no other installation on this machine has. */
static int choose_names(struct agent *a, struct err *e)
{
	const struct options *o = a->o;
	bool own_root = a->tree.root[0] != '\0';
	char host[256] = "localhost";
	int r = 0;

	if (o->cgroup)
		(void)snprintf(a->cgroup_base, sizeof a->cgroup_base, "%s", o->cgroup);
	else
		r = cgroup_base(a->cgroup_base, sizeof a->cgroup_base, a->tree.root);
	if (r < 0 || !cgroup_name_ok(a->cgroup_base))
		return err_set(e, -EINVAL, "--cgroup %s: not a name for a cgroup", a->cgroup_base);
	if (o->bridge)
		(void)snprintf(a->bridge, sizeof a->bridge, "%s", o->bridge);
	else if (own_root)
		(void)snprintf(a->bridge, sizeof a->bridge, "bth%s", strrchr(a->cgroup_base, '-'));
	else
		(void)snprintf(a->bridge, sizeof a->bridge, "berth0");
	(void)snprintf(a->cidr, sizeof a->cidr, "%s", o->pod_cidr ? o->pod_cidr : "10.88.0.0/16");
	(void)gethostname(host, sizeof host - 1);
	a->node_name = xstrdup(o->node_name ? o->node_name : host);
	return 0;
}

static int find_group(struct agent *a, struct err *e)
{
	const struct group *group;

	if (!a->o->socket_group)
		return 0;
	group = getgrnam(a->o->socket_group);
	if (!group)
		return err_set(e, -ENOENT, "--socket-group %s: there is no such group",
			a->o->socket_group);
	a->socket_gid = group->gr_gid;
	return 0;
}

static int open_cgroups(struct agent *a, struct err *e)
{
	int r = cgroup_host_open(AT_FDCWD, &a->cgroups);

	if (r < 0)
		return err_errno(
			e, r, "finding the cgroup hierarchies (is /sys/fs/cgroup mounted?)");
	log_line(LOG_INFO, "cgroups", "mode", cgroup_mode_name(a->cgroups.mode), "base",
		a->cgroup_base);
	return 0;
}

static int open_images(struct agent *a, struct err *e)
{
	const struct image_options options = {
		.unpack_path = a->unpack,
		.skopeo_path = a->o->skopeo,
		.registries_conf = a->o->registries_conf,
		.policy = a->o->policy,
		.authfile = a->o->authfile,
	};
	int r = image_store_open(a->tree.lib_fd, &options, &a->images, e);

	return r < 0 ? err_wrap(e, r, "image store") : 0;
}

/* The pod network of another run of this root keeps its addresses: pods may be living on it. */
static int remembered_cidr(struct agent *a)
{
	cleanup_free char *text = NULL;
	struct sv word;

	if (fs_read(a->tree.lib_fd, "pod-cidr", sizeof a->cidr, &text, NULL) < 0)
		return -ENOENT;
	word = sv_trim(sv(text));
	(void)snprintf(a->cidr, sizeof a->cidr, "%.*s", (int)word.n, word.p);
	return 0;
}

static int choose_cidr(struct agent *a, struct err *e)
{
	int r = 0;

	if (a->o->pod_cidr || !a->tree.root[0] || remembered_cidr(a) == 0)
		return 0;
	r = net_free_cidr(a->tree.root, a->cidr, e);
	if (r < 0)
		return err_wrap(e, r, "choosing pod addresses");
	r = fs_write_atomic(a->tree.lib_fd, "pod-cidr", a->cidr, strlen(a->cidr), 0600, FS_SYNC);
	return r < 0 ? err_errno(e, r, "writing pod-cidr") : 0;
}

static int net_changed(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct err e = {0};
	int r = net_watch_step(data, &e);

	(void)source;
	(void)fd;
	(void)events;
	if (r > 0)
		log_line(LOG_WARNING, "somebody removed berth's firewall rules; they are back");
	else if (r < 0)
		log_line(LOG_ERR, "putting berth's firewall rules back failed", "error",
			err_text(&e));
	return 0;
}

static int open_network(struct agent *a, struct err *e)
{
	const struct net_options options = {
		.bridge = a->bridge, .table = a->cgroup_base, .cidr = a->cidr};
	int r = choose_cidr(a, e);

	if (r < 0)
		return r;
	r = net_open(&options, &a->net, e);
	if (r < 0)
		return err_wrap(e, r, "pod network");
	if (net_turned_forwarding_on(a->net))
		log_line(LOG_NOTICE, "net.ipv4.ip_forward was off; it is on now, for the pods");
	r = sd_event_add_io(a->loop, NULL, net_watch_fd(a->net), EPOLLIN, net_changed, a->net);
	log_line(LOG_INFO, "pod network", "device", a->bridge, "addresses", a->cidr);
	return r < 0 ? err_errno(e, r, "watching the firewall") : 0;
}

static int open_store(struct agent *a, struct err *e)
{
	cleanup_free char *path = tree_path(&a->tree, "var/lib/berth/store.db");
	char count[24];
	int r = store_open(path, &clock_kernel, &a->store, e);

	if (r < 0)
		return err_wrap(e, r, "store %s", path);
	if (store_quarantined(a->store)) {
		(void)snprintf(count, sizeof count, "%zu", store_quarantined(a->store));
		log_line(LOG_ERR, "damaged records were set aside", "count", count);
	}
	return 0;
}

static void on_shut_down(void *data)
{
	logind_release(((struct agent *)data)->logind);
}

static int open_control(struct agent *a, struct err *e)
{
	struct control_options options = {
		.loop = a->loop,
		.store = a->store,
		.images = a->images,
		.net = a->net,
		.cgroups = &a->cgroups,
		.clock = &clock_kernel,
		.root_fd = a->tree.root_fd,
		.root = a->tree.root,
		.cgroup_base = a->cgroup_base,
		.node_name = a->node_name,
		.runtime = runtime_path(a->o),
		.shim = a->shim,
		.probe = a->probe,
		.runner = a->runner,
		.skopeo = a->o->skopeo,
		.shut_down = on_shut_down,
		.shut_down_data = a,
	};
	const char *timeout = a->o->runtime_timeout;
	int r;

	if (timeout && (duration_parse(sv(timeout), &options.runtime_timeout_ns) < 0 ||
			       options.runtime_timeout_ns < NS_PER_SEC))
		return err_set(e, -EINVAL,
			"--runtime-timeout %s: not a time of at least a second, as 90s or 2m",
			timeout);
	r = control_new(&options, &a->control, e);
	return r < 0 ? err_wrap(e, r, "control") : 0;
}

static void on_shutdown_begins(void *data, uint64_t max_ns)
{
	control_shutdown(((struct agent *)data)->control, max_ns);
}

static void on_machine_stays(void *data)
{
	control_shutdown_cancel(((struct agent *)data)->control);
}

static int open_logind(struct agent *a, struct err *e)
{
	const struct logind_options options = {.loop = a->loop,
		.begins = on_shutdown_begins,
		.stays = on_machine_stays,
		.data = a};
	int r = logind_open(&options, &a->logind, e);

	return r < 0 ? err_wrap(e, r, "logind") : 0;
}

static bool is_ready(void *data)
{
	return control_ready(((struct agent *)data)->control);
}

static int open_api(struct agent *a, struct err *e)
{
	struct api_options options = {
		.loop = a->loop,
		.store = a->store,
		.control = a->control,
		.backend = &api_backend_control,
		.clock = &clock_kernel,
		.root_fd = a->tree.root_fd,
		.uids = a->o->uids,
		.n_uids = a->o->n_uids,
		.gid = a->socket_gid,
		.ready = is_ready,
		.ready_data = a,
	};
	int r = api_bind(a->tree.run_fd, "berth.sock", a->socket_gid, e);

	if (r < 0)
		return err_wrap(e, r, "socket %s/run/berth/berth.sock", a->tree.root);
	options.listen_fd = r;
	r = api_new(&options, &a->api, e);
	return r < 0 ? err_wrap(e, r, "API") : 0;
}

static void manifest_problem(void *data, const char *file, const char *message)
{
	(void)data;
	log_line(LOG_ERR, "manifest is not applied", "file", file, "problem", message);
}

static int open_manifests(struct agent *a, struct err *e)
{
	cleanup_close int own = -EBADF;
	int fd = a->tree.manifests_fd;

	a->manifests_path = a->o->manifests ? xstrdup(a->o->manifests)
					    : tree_path(&a->tree, "etc/berth/manifests");
	if (a->o->manifests) {
		own = fd = open(a->o->manifests, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return err_errno(e, -errno, "--manifests %s", a->o->manifests);
	}
	return manifests_open(a->loop, a->store, &clock_kernel, fd, a->manifests_path,
		manifest_problem, NULL, &a->manifests, e);
}

/* ---- the loop ------------------------------------------------------------------------------------------- */

/* Says READY once the first round over all objects has been made. */
static int say_ready(sd_event_source *source, void *data)
{
	struct agent *a = data;

	if (!control_ready(a->control))
		return 0;
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	(void)sd_notify(0, "READY=1\nSTATUS=Serving");
	log_line(LOG_INFO, "berthd is ready", "version", berth_version, "node", a->node_name);
	return 0;
}

static int open_loop(struct agent *a, struct err *e)
{
	static const int stops[] = {SIGTERM, SIGINT};
	sigset_t set;
	int r;

	/* Blocked signals come through the loop: a handler of NULL ends it with exit code 0. */
	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(stops); i++)
		(void)sigaddset(&set, stops[i]);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	r = sd_event_new(&a->loop);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(stops); i++)
		r = sd_event_add_signal(a->loop, NULL, stops[i], NULL, NULL);
	if (r >= 0)
		r = sd_event_set_watchdog(a->loop, true);
	return r < 0 ? err_errno(e, r, "event loop") : 0;
}

/* An agent without pods leaves nothing of itself in the kernel: no device, no firewall table, no cgroup. */
static void leave(struct agent *a)
{
	char shims[96];

	if (!a->store || store_count(a->store, kind_by_name("v1", "Pod"), NULL) != 0)
		return;
	if (a->net)
		(void)net_remove_all(a->net, NULL);
	(void)snprintf(shims, sizeof shims, "%s-shims", a->cgroup_base);
	(void)cgroup_remove(&a->cgroups, a->cgroup_base);
	(void)cgroup_remove(&a->cgroups, shims);
}

static void agent_done(struct agent *a)
{
	manifests_close(a->manifests);
	api_free(a->api);
	logind_close(a->logind);
	control_free(a->control);
	leave(a);
	store_close(a->store);
	net_close(a->net);
	image_store_close(a->images);
	sd_event_unref(a->loop);
	cgroup_host_close(&a->cgroups);
	tree_close(&a->tree);
	free(a->shim);
	free(a->unpack);
	free(a->probe);
	free(a->runner);
	free(a->node_name);
	free(a->manifests_path);
}

static int agent_open(struct agent *a, struct err *e)
{
	static int (*const steps[])(struct agent *, struct err *) = {find_programs, choose_names,
		find_group, open_loop, open_cgroups, open_images, open_network, open_store,
		open_control, open_logind, open_api, open_manifests};
	int r = tree_open(a->o->root, &a->tree, e);

	r = r < 0 ? r : privileges_settle(a->o->keep_capabilities, e);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](a, e);
	return r;
}

static int agent_run(struct agent *a, struct err *e)
{
	int r = agent_open(a, e);

	if (r >= 0)
		r = sd_event_add_post(a->loop, NULL, say_ready, a);
	if (r >= 0) {
		*e = (struct err){0};
		r = sd_event_loop(a->loop);
		if (r < 0)
			(void)err_errno(e, r, "the event loop has ended");
	}
	(void)sd_notify(0, "STOPPING=1");
	return r;
}

/* For a host on which berthd cannot start, too. Returns: exit status. */
static int check_host(struct agent *a)
{
	const char *root = a->o->root ? a->o->root : "/";
	cleanup_close int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_json json_t *list = NULL;
	struct findings_options options = {
		.root_fd = root_fd, .runtime = runtime_path(a->o), .skopeo = a->o->skopeo};
	size_t i, errors = 0;
	const json_t *one;

	(void)find_programs(a, NULL);
	options.shim = a->shim ? a->shim : "berth-shim";
	options.unpack = a->unpack ? a->unpack : "berth-unpack";
	if (cgroup_host_open(AT_FDCWD, &a->cgroups) == 0)
		options.cgroups = &a->cgroups;
	list = findings(&options);
	json_array_foreach (list, i, one) {
		errors += (size_t)streq(json_str(one, "status"), "error");
		(void)printf("%-8s %-24s %s\n", json_str(one, "status"), json_str(one, "name"),
			json_str(one, "message"));
	}
	return errors ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = {.log_level = "info"};
	struct agent a = {.o = &o,
		.tree = {NULL, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF},
		.cgroups = CGROUP_HOST_NONE};
	int r = parse_options(argc, argv, &o), level = log_level_of(o.log_level);
	struct err e = {0};

	if (r)
		return r > 0 ? 0 : 2;
	if (level < 0) {
		(void)fprintf(stderr, "berthd: --log-level %s: use error, warning, info or debug\n",
			o.log_level);
		return 2;
	}
	log_open(level, getenv("JOURNAL_STREAM") != NULL);
	if (o.check) {
		r = check_host(&a);
		agent_done(&a);
		return r;
	}
	r = agent_run(&a, &e);
	if (r < 0)
		log_line(LOG_ERR, "berthd cannot run", "error", err_text(&e));
	agent_done(&a);
	return r == -EBUSY ? EXIT_OTHER_AGENT : r < 0 ? 1 : 0;
}
