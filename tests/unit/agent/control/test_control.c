/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reconcilers together, on a real store, a real image and a fake shim (this program again): pods from creation to
 * their end, and what an agent finds that comes back. Needs root, as the image store does.
 */
#include "tests/unit/runtime/image/images.h"

#include "tests/unit/agent/control/fake_shim.h"

#include "agent/control/deletion.h"
#include "agent/control/pod_probe.h"
#include "agent/status/pod_status.h"
#include "cgroups/detect.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct world {
	struct scratch dir;
	sd_event *loop;
	struct store *store;
	struct image_store *images;
	struct control *control;
	struct cgroup_host cgroups;
	char self[512], store_path[128];
	int lib_fd;
	char *unpack;
};

static const char image_config[] = "{\"Cmd\":[\"run\"]}";

static void put_image(struct world *w, const char *layout, const char *ref, const char *config)
{
	struct layout l;
	struct layer_blob layer = {0};

	one_file_layer(&layer, "file", "text");
	layout_open(&l, w->dir.fd, layout);
	layout_image(&l, ref, &layer, 1, config);
	layout_close(&l);
	assert_int_equal(load_layout(w->images, w->dir.fd, layout, NULL), 1);
	str_done(&layer.tar);
	str_done(&layer.blob);
}

static void start_agent(struct world *w)
{
	const struct control_options options = {
		.loop = w->loop,
		.store = w->store,
		.images = w->images,
		.cgroups = &w->cgroups,
		.clock = &clock_kernel,
		.root_fd = w->dir.fd,
		.root = w->dir.path,
		.cgroup_base = "berth-unit-control",
		.node_name = "here",
		.runtime = "/bin/true",
		.shim = w->self,
	};
	struct err e = {0};

	if (control_new(&options, &w->control, &e) < 0)
		fail_msg("%s", err_text(&e));
}

static int open_world(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	sigset_t set;
	const struct image_options image_options = {.unpack_path = w->unpack = unpack_program()};
	ssize_t n = readlink("/proc/self/exe", w->self, sizeof(w->self) - 1);

	assert_true(n > 0);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	scratch_open(&w->dir);
	w->cgroups = CGROUP_HOST_NONE;
	w->lib_fd = fs_open_dir(w->dir.fd, "var/lib/berth", 0700);
	assert_true(w->lib_fd >= 0);
	assert_true(sd_event_new(&w->loop) >= 0);
	(void)snprintf(w->store_path, sizeof(w->store_path), "%s/store.db", w->dir.path);
	assert_int_equal(store_open(w->store_path, &clock_kernel, &w->store, NULL), 0);
	assert_int_equal(image_store_open(w->lib_fd, &image_options, &w->images, NULL), 0);
	put_image(w, "layout", "example.test/i:1", image_config);
	start_agent(w);
	*state = w;
	return 0;
}

static bool no_pods(struct world *w)
{
	return map_count(&w->control->pods) == 0;
}

/* Runs the loop until @fn holds; five seconds are enough for anything here. */
#define wait_for(w, condition)                                                                     \
	do {                                                                                       \
		uint64_t until_ = clock_now_ns(&clock_kernel) + 5 * NS_PER_SEC;                    \
		while (!(condition)) {                                                             \
			if (clock_now_ns(&clock_kernel) > until_)                                  \
				fail_msg("not within 5 s: %s", #condition);                        \
			assert_true(sd_event_run((w)->loop, 50000) >= 0);                          \
		}                                                                                  \
	} while (0)

static void delete_object(struct world *w, const char *kind, const char *name)
{
	const struct deletion how = {.grace_seconds = 1};
	assert_true(deletion_begin(w->store, &clock_kernel, kind_by_name("v1", kind), "default",
			    name, &how, NULL, NULL) >= 0);
}

static int close_world(void **state)
{
	struct world *w = *state;
	cleanup_json json_t *pods = NULL;
	const json_t *pod;
	size_t i;

	assert_int_equal(
		store_list(w->store, w->control->pod_kind, NULL, NULL, NULL, &pods, NULL, NULL), 0);
	json_array_foreach (pods, i, pod)
		delete_object(w, "Pod", json_str(json_map(pod, "metadata"), "name"));
	wait_for(w, no_pods(w));
	control_free(w->control);
	store_close(w->store);
	image_store_close(w->images);
	sd_event_unref(w->loop);
	(void)close(w->lib_fd);
	free(w->unpack);
	scratch_close(&w->dir);
	free(w);
	return 0;
}

/* ---- objects ------------------------------------------------------------------------------------------ */

static void create(struct world *w, const char *kind, const char *text)
{
	cleanup_free char *copy = xstrdup(text);
	cleanup_json json_t *object = NULL;
	cleanup_problems struct problems problems = {0};
	const struct kind *k = kind_by_name("v1", kind);
	struct err e = {0};

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	assert_int_equal(json_parse(sv(copy), &object, NULL), 0);
	json_put_str(object, "apiVersion", "v1");
	json_put_str(object, "kind", kind);
	if (k->namespaced)
		json_put_str(json_sub(object, "metadata"), "namespace", "default");
	if (!spec_admit(k, object, FIELD_STRICT, &problems)) {
		cleanup_free char *why = problems_text(&problems, kind, "");
		fail_msg("%s", why);
	}
	if (store_create(w->store, k, object, STORE_NORMAL, &e) < 0)
		fail_msg("%s", err_text(&e));
}

#define POD(name, spec, container)                                                                 \
	"{'metadata':{'name':'" name "'},'spec':{" spec                                            \
	"'containers':[{'name':'c','image':'example.test/i:1','imagePullPolicy':'Never'" container \
	"}]}}"

/* The object, kept until the next call. */
static const json_t *get(struct world *w, const char *name)
{
	static json_t *kept;
	json_drop(take(kept));
	(void)store_get(w->store, w->control->pod_kind, "default", name, &kept, NULL);
	return kept;
}

static const json_t *container_state(struct world *w, const char *name, const char *member)
{
	const json_t *list = json_at(get(w, name), "status", "containerStatuses", NULL);
	return json_at(json_array_get(list, 0), "state", member, NULL);
}

static bool runs(struct world *w, const char *name)
{
	return pod_is_ready(get(w, name));
}

static bool waits_with(struct world *w, const char *name, const char *reason)
{
	return streq(json_str(container_state(w, name, "waiting"), "reason"), reason);
}

static int64_t restarts(struct world *w, const char *name)
{
	const json_t *list = json_at(get(w, name), "status", "containerStatuses", NULL);
	return json_int(json_array_get(list, 0), "restartCount", -1);
}

static struct pod *worker(struct world *w, const char *name)
{
	return pod_find_named(w->control, "default", name);
}

static bool has_record(struct world *w, const char *reason, const char *name)
{
	cleanup_json json_t *list = NULL;
	const json_t *item;
	size_t i;
	bool found = false;

	assert_int_equal(store_list(w->store, kind_by_name("v1", "Event"), NULL, NULL, NULL, &list,
				 NULL, NULL),
		0);
	json_array_foreach (list, i, item)
		found |= streq(json_str(item, "reason"), reason) &&
			 streq(json_str(json_map(item, "involvedObject"), "name"), name);
	return found;
}

static bool exists(struct world *w, const char *format, const char *uid)
{
	char path[256];
	struct stat st;
	cleanup_free char *pattern = xstrdup(format), *rest = strstr(pattern, "UID");
	*rest = '\0';
	(void)snprintf(path, sizeof(path), "%s%s%s", pattern, uid, rest + 3);
	rest = NULL;
	return fstatat(w->dir.fd, path, &st, 0) == 0;
}

/* ---- cases -------------------------------------------------------------------------------------------- */

static void runs_and_goes(void **state)
{
	static const char *const said[] = {"Scheduled", "Pulled", "Created", "Started"};
	struct world *w = *state;

	create(w, "Pod", POD("p", "", ""));
	wait_for(w, runs(w, "p"));
	cleanup_free char *uid = xstrdup(worker(w, "p")->uid);
	assert_string_equal(json_str(json_map(get(w, "p"), "spec"), "nodeName"), "here");
	assert_string_equal(json_str(json_map(get(w, "p"), "status"), "phase"), "Running");
	assert_int_equal(restarts(w, "p"), 0);
	assert_int_equal(w->control->load.pods, 1);
	assert_true(exists(w, "var/lib/berth/pods/UID/plan.json", uid));
	assert_true(exists(w, "run/berth/pods/UID/shim.sock", uid));
	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		assert_case(has_record(w, said[i], "p"), said[i]);
	delete_object(w, "Pod", "p");
	wait_for(w, !get(w, "p"));
	assert_true(has_record(w, "Killing", "p"));
	assert_false(exists(w, "var/lib/berth/pods/UID", uid));
	assert_false(exists(w, "run/berth/pods/UID", uid));
	assert_int_equal(w->control->load.pods, 0);
}

static void waits_for_a_secret(void **state)
{
	struct world *w = *state;

	create(w, "Pod",
		POD("p", "'volumes':[{'name':'v','secret':{'secretName':'s'}}],",
			",'volumeMounts':[{'name':'v','mountPath':'/s'}]"));
	wait_for(w, waits_with(w, "p", "CreateContainerConfigError"));
	assert_string_equal(json_str(container_state(w, "p", "waiting"), "message"),
		"volume \"v\": secret \"s\" not found");
	assert_true(has_record(w, "FailedMount", "p"));
	create(w, "Secret", "{'metadata':{'name':'s'},'stringData':{'k':'1'}}");
	wait_for(w, runs(w, "p"));
	cleanup_json json_t *secret = NULL;
	assert_int_equal(
		store_get(w->store, w->control->secret_kind, "default", "s", &secret, NULL), 0);
	json_put_str(json_map(secret, "data"), "k", "Mg==");
	assert_int_equal(
		store_update(w->store, w->control->secret_kind, secret, STORE_NORMAL, NULL), 0);
	wait_for(w, exists(w, "run/berth/pods/UID/files-1", worker(w, "p")->uid));
	assert_int_equal(
		store_delete(w->store, w->control->secret_kind, "default", "s", NULL, NULL, NULL),
		0);
	wait_for(w, queue_idle(w->control->queue));
	assert_true(runs(w, "p"));
}

static void says_what_is_wrong_with_images(void **state)
{
	struct world *w = *state;

	create(w, "Pod",
		"{'metadata':{'name':'never'},'spec':{'containers':[{'name':'c',"
		"'image':'example.test/none','imagePullPolicy':'Never'}]}}");
	wait_for(w, waits_with(w, "never", "ErrImageNeverPull"));
	create(w, "Pod",
		"{'metadata':{'name':'bad'},'spec':{'containers':[{'name':'c',"
		"'image':'A:B:C'}]}}");
	wait_for(w, waits_with(w, "bad", "InvalidImageName"));
}

static void does_not_let_in_what_has_no_room(void **state)
{
	struct world *w = *state;

	create(w, "Pod", POD("big", "", ",'resources':{'requests':{'cpu':'100000'}}"));
	wait_for(w, has_record(w, "FailedScheduling", "big"));
	wait_for(w, json_str(json_map(get(w, "big"), "status"), "phase"));
	assert_string_equal(json_str(json_map(get(w, "big"), "status"), "phase"), "Pending");
	assert_null(json_str(json_map(get(w, "big"), "spec"), "nodeName"));
}

static void builds_anew_when_the_shim_dies(void **state)
{
	struct world *w = *state;

	create(w, "Pod", POD("p", "", ""));
	wait_for(w, runs(w, "p"));
	assert_int_equal(kill(worker(w, "p")->pid, SIGKILL), 0);
	wait_for(w, restarts(w, "p") == 1 && runs(w, "p"));
	assert_true(has_record(w, "SandboxChanged", "p"));
	create(w, "Pod", POD("once", "'restartPolicy':'Never',", ""));
	wait_for(w, runs(w, "once"));
	assert_int_equal(kill(worker(w, "once")->pid, SIGKILL), 0);
	wait_for(w, pod_ended(get(w, "once")));
	assert_int_equal(json_int(container_state(w, "once", "terminated"), "exitCode", 0), 137);
	assert_int_equal(worker(w, "once")->stage, POD_ENDED);
}

static void restarts_on_another_image(void **state)
{
	struct world *w = *state;
	cleanup_json json_t *pod = NULL;

	create(w, "Pod", POD("p", "", ""));
	wait_for(w, runs(w, "p"));
	assert_int_equal(store_get(w->store, w->control->pod_kind, "default", "p", &pod, NULL), 0);
	json_put_str(json_array_get(json_at(pod, "spec", "containers", NULL), 0), "image",
		"example.test/i:2");
	assert_int_equal(store_update(w->store, w->control->pod_kind, pod, STORE_FULL, NULL), 0);
	wait_for(w, has_record(w, "ErrImageNeverPull", "p"));
	assert_true(runs(w, "p"));
	put_image(w, "other", "example.test/i:2", "{\"Cmd\":[\"run\"],\"Env\":[\"NEW=1\"]}");
	pod_mark(worker(w, "p"));
	wait_for(w, exists(w, "run/berth/pods/UID/restart-c", worker(w, "p")->uid));
	assert_false(worker(w, "p")->stale);
	cleanup_free char *path = xasprintf("var/lib/berth/pods/%s/plan.json", worker(w, "p")->uid);
	cleanup_free char *plan = NULL;
	assert_int_equal(fs_read(w->dir.fd, path, 1 << 20, &plan, NULL), 0);
	assert_non_null(strstr(plan, "NEW=1"));
}

static void ends_with_its_containers(void **state)
{
	struct world *w = *state;

	create(w, "Pod", POD("p", "'restartPolicy':'Never',", ",'command':['exit']"));
	wait_for(w, pod_ended(get(w, "p")) && worker(w, "p")->stage == POD_ENDED);
	assert_string_equal(json_str(json_map(get(w, "p"), "status"), "phase"), "Succeeded");
	assert_int_equal(w->control->load.pods, 0);
	assert_false(exists(w, "run/berth/pods/UID", worker(w, "p")->uid));
}

static void finds_what_lives(void **state)
{
	struct world *w = *state;

	create(w, "Pod", POD("stays", "", ""));
	create(w, "Pod", POD("goes", "", ""));
	wait_for(w, runs(w, "stays") && runs(w, "goes"));
	cleanup_free char *rv =
		xstrdup(json_str(json_map(get(w, "stays"), "metadata"), "resourceVersion"));
	cleanup_free char *uid = xstrdup(worker(w, "goes")->uid);
	control_free(w->control);
	w->control = NULL;
	assert_int_equal(store_delete(w->store, kind_by_name("v1", "Pod"), "default", "goes", NULL,
				 NULL, NULL),
		0);
	start_agent(w);
	assert_false(control_ready(w->control));
	wait_for(w, control_ready(w->control) && queue_idle(w->control->queue));
	assert_int_equal(worker(w, "stays")->stage, POD_STARTED);
	assert_int_equal(w->control->load.pods, 1);
	assert_string_equal(rv, json_str(json_map(get(w, "stays"), "metadata"), "resourceVersion"));
	wait_for(w, !exists(w, "run/berth/pods/UID", uid));
	wait_for(w, map_count(&w->control->pods) == 1);
}

/* The only container of @p has ended with @code while nobody looked, and so has its shim. */
static void end_unheard(struct world *w, const struct pod *p, int code)
{
	cleanup_free char *path = xasprintf("var/lib/berth/pods/%s", p->uid);
	cleanup_close int fd = fs_open_beneath(w->dir.fd, path, O_RDONLY | O_DIRECTORY, 0);
	struct container_snapshot c = {.name = (char *)(uintptr_t) "c",
		.state = CONTAINER_TERMINATED,
		.reason = (char *)(uintptr_t) "Error",
		.container_id = (char *)(uintptr_t) "c-0",
		.exit_code = code};
	const struct pod_snapshot last = {
		.seq = 9, .phase = POD_STOPPED, .containers = &c, .n_containers = 1};

	assert_true(fd >= 0);
	assert_int_equal(snapshot_write_final(fd, &last, FS_NO_SYNC), 0);
	assert_int_equal(kill(p->pid, SIGKILL), 0);
	assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
}

static void hears_the_last_words_of_a_pod_that_ended_meanwhile(void **state)
{
	struct world *w = *state;

	create(w, "Pod", POD("p", "'restartPolicy':'Never',", ""));
	wait_for(w, runs(w, "p"));
	cleanup_free char *words =
		xasprintf("var/lib/berth/pods/%s/" SNAPSHOT_FINAL, worker(w, "p")->uid);
	end_unheard(w, worker(w, "p"), 3);
	control_free(take(w->control));
	start_agent(w);
	wait_for(w, pod_ended(get(w, "p")));
	const json_t *ended = json_at(
		json_array_get(json_at(get(w, "p"), "status", "containerStatuses", NULL), 0),
		"state", "terminated", NULL);
	assert_int_equal(json_int(ended, "exitCode", -1), 3);
	assert_string_equal(json_str(json_map(get(w, "p"), "status"), "phase"), "Failed");
	assert_null(json_str(json_map(get(w, "p"), "status"), "reason"));
	assert_int_equal(restarts(w, "p"), 0);
	wait_for(w, faccessat(w->dir.fd, words, F_OK, 0) < 0);
}

/* The power fails before a status is on disk: what may run only once has run. */
static void never_starts_twice_what_is_never_restarted(void **state)
{
	struct world *w = *state;
	cleanup_json json_t *object = NULL;

	create(w, "Pod", POD("once", "'restartPolicy':'Never',", ""));
	create(w, "Pod", POD("again", "'restartPolicy':'OnFailure',", ""));
	wait_for(w, runs(w, "once") && runs(w, "again"));
	pid_t pids[] = {worker(w, "once")->pid, worker(w, "again")->pid};
	control_free(take(w->control));
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		assert_int_equal(kill(pids[i], SIGKILL), 0);
		assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
	}
	assert_int_equal(
		store_get(w->store, kind_by_name("v1", "Pod"), "default", "once", &object, NULL),
		0);
	json_put(object, "status", json_pack("{s:s}", "phase", "Pending"));
	assert_int_equal(
		store_update(w->store, kind_by_name("v1", "Pod"), object, STORE_NORMAL, NULL), 0);
	start_agent(w);
	wait_for(w, runs(w, "again"));
	wait_for(w, pod_ended(get(w, "once")));
	assert_string_equal(
		json_str(json_map(get(w, "once"), "status"), "reason"), "ContainerStatusUnknown");
	assert_int_equal(worker(w, "once")->pid, 0);
}

static void catches_up_with_what_changed_meanwhile(void **state)
{
	struct world *w = *state;
	cleanup_json json_t *secret = NULL;
	const struct kind *kind = kind_by_name("v1", "Secret");

	create(w, "Secret", "{'metadata':{'name':'s'},'stringData':{'k':'1'}}");
	create(w, "Pod",
		POD("p", "'volumes':[{'name':'v','secret':{'secretName':'s'}}],",
			",'volumeMounts':[{'name':'v','mountPath':'/s'}]"));
	wait_for(w, runs(w, "p"));
	control_free(take(w->control));
	assert_int_equal(store_get(w->store, kind, "default", "s", &secret, NULL), 0);
	json_put_str(json_map(secret, "data"), "k", "Mg==");
	assert_int_equal(store_update(w->store, kind, secret, STORE_NORMAL, NULL), 0);
	start_agent(w);
	wait_for(w, exists(w, "run/berth/pods/UID/files-1", worker(w, "p")->uid));
	assert_int_equal(restarts(w, "p"), 0);
}

static void keeps_the_count_of_a_controller(void **state)
{
	struct world *w = *state;
	cleanup_json json_t *rc = NULL;
	const struct kind *kind = kind_by_name("v1", "ReplicationController");

	create(w, "Namespace", "{'metadata':{'name':'default'}}");
	create(w, "ReplicationController",
		"{'metadata':{'name':'rc'},'spec':{'replicas':2,'template':{'metadata':{'labels':{'"
		"a':'b'}},"
		"'spec':{'containers':[{'name':'c','image':'example.test/i:1',"
		"'imagePullPolicy':'Never'}]}}}}");
	wait_for(w, store_count(w->store, w->control->pod_kind, NULL) == 2);
	wait_for(w, (json_drop(take(rc)),
			    store_get(w->store, kind, "default", "rc", &rc, NULL) == 0 &&
				    json_int(json_map(rc, "status"), "readyReplicas", 0) == 2));
	delete_object(w, "ReplicationController", "rc");
	wait_for(w, store_count(w->store, w->control->pod_kind, NULL) == 0);
}

struct exec_trace {
	unsigned started, ended;
	int code;
	bool failed;
};

static void on_started(void *data, int tty_fd)
{
	struct exec_trace *t = data;
	assert_int_equal(tty_fd, -1);
	t->started++;
}

static void on_ended(void *data, int exit_code, const struct err *e)
{
	struct exec_trace *t = data;
	t->ended++;
	t->code = exit_code;
	t->failed = e != NULL;
}

static void starts_processes(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *word;
		unsigned started;
		int code;
		bool failed;
	} cases[] = {{"ls", 1, FAKE_EXIT_CODE, false}, {"nosuch", 0, -1, true}};
	struct err e = {0};
	struct control_exec *x = NULL;
	struct exec_trace t = {0};
	const struct control_exec_calls calls = {on_started, on_ended, &t};

	create(w, "Pod", POD("p", "", ""));
	wait_for(w, runs(w, "p"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const argv[] = {cases[i].word, NULL};
		struct control_exec_request q = {.ns = "default",
			.pod = "p",
			.argv = argv,
			.n_argv = 1,
			.fds = {-1, -1, -1}};
		t = (struct exec_trace){0};
		assert_int_equal(control_exec_start(w->control, &q, &calls, &x, &e), 0);
		wait_for(w, t.ended);
		assert_int_equal(t.started, cases[i].started);
		assert_int_equal(t.code, cases[i].code);
		assert_int_equal(t.failed, cases[i].failed);
		control_exec_free(x);
	}
	const char *const argv[] = {"sleep", NULL};
	struct control_exec_request q = {
		.ns = "default", .pod = "p", .argv = argv, .n_argv = 1, .fds = {-1, -1, -1}};
	t = (struct exec_trace){0};
	assert_int_equal(control_exec_start(w->control, &q, &calls, &x, &e), 0);
	wait_for(w, t.started);
	assert_int_equal(kill(worker(w, "p")->pid, SIGKILL), 0);
	wait_for(w, t.ended);
	assert_true(t.failed);
	control_exec_free(x);
	create(w, "Pod", POD("done", "'restartPolicy':'Never',", ",'command':['exit']"));
	wait_for(w, pod_ended(get(w, "done")) && worker(w, "done")->stage == POD_ENDED);
	q.pod = "done";
	assert_int_equal(control_exec_start(w->control, &q, &calls, &x, &e), -EAGAIN);
	q.container = "other";
	assert_int_equal(control_exec_start(w->control, &q, &calls, &x, &e), -ENOENT);
	q.pod = "none";
	assert_int_equal(control_exec_start(w->control, &q, &calls, &x, &e), -ENOENT);
}

struct probe_trace {
	unsigned answers;
	int code;
	char output[16], error[64];
};

static void on_answer(void *data, const struct pod_probe_answer *a)
{
	struct probe_trace *t = data;
	t->answers++;
	t->code = a->exit_code;
	(void)snprintf(t->output, sizeof t->output, "%s", a->output);
	(void)snprintf(t->error, sizeof t->error, "%s", a->error ? a->error : "");
}

static void asks_probes(void **state)
{
	struct world *w = *state;
	static const char *const quick[] = {"quick"}, *const slow[] = {"sleep"};
	struct probe_trace t = {0}, dropped = {0};
	uint64_t id = 0, other = 0;

	create(w, "Pod", POD("p", "", ""));
	wait_for(w, runs(w, "p"));
	assert_int_equal(
		pod_probe(worker(w, "p"), "c", quick, 1, NS_PER_SEC, on_answer, &t, &id), 0);
	assert_int_equal(t.answers, 0);
	wait_for(w, t.answers);
	assert_int_equal(t.code, FAKE_EXIT_CODE);
	assert_string_equal(t.output, "quick");
	assert_string_equal(t.error, "");

	t = (struct probe_trace){0};
	assert_int_equal(
		pod_probe(worker(w, "p"), "c", slow, 1, NS_PER_SEC, on_answer, &t, &id), 0);
	assert_int_equal(
		pod_probe(worker(w, "p"), "c", quick, 1, NS_PER_SEC, on_answer, &dropped, &other),
		0);
	assert_int_not_equal(id, other);
	pod_probe_drop(worker(w, "p"), other);
	assert_int_equal(kill(worker(w, "p")->pid, SIGKILL), 0);
	wait_for(w, t.answers);
	assert_int_equal(t.answers, 1);
	assert_int_equal(dropped.answers, 0);
	/* By its process or by its line, whichever is seen first. */
	assert_true(streq(t.error, "the pod has ended") ||
		    streq(t.error, "the connection to the pod broke"));
}

static void knows_its_images(void **state)
{
	struct world *w = *state;
	struct err e = {0};

	create(w, "Pod", POD("p", "", ""));
	wait_for(w, runs(w, "p"));
	cleanup_json json_t *images = control_images(w->control);
	assert_int_equal(json_array_size(images), 1);
	assert_string_equal(json_string_value(json_array_get(
				    json_list(json_array_get(images, 0), "usedBy"), 0)),
		"default/p");
	assert_int_equal(control_image_remove(w->control, "example.test/i:1", &e), -EBUSY);
	assert_non_null(strstr(err_text(&e), "default/p"));
	assert_int_equal(control_image_remove(w->control, "example.test/none", &e), -ENOENT);
	delete_object(w, "Pod", "p");
	wait_for(w, !get(w, "p"));
	assert_int_equal(control_image_remove(w->control, "example.test/i:1", &e), 0);
	wait_for(w, count_entries(w->lib_fd, "images/l") == 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(runs_and_goes, open_world, close_world),
		cmocka_unit_test_setup_teardown(waits_for_a_secret, open_world, close_world),
		cmocka_unit_test_setup_teardown(
			says_what_is_wrong_with_images, open_world, close_world),
		cmocka_unit_test_setup_teardown(
			does_not_let_in_what_has_no_room, open_world, close_world),
		cmocka_unit_test_setup_teardown(
			builds_anew_when_the_shim_dies, open_world, close_world),
		cmocka_unit_test_setup_teardown(restarts_on_another_image, open_world, close_world),
		cmocka_unit_test_setup_teardown(ends_with_its_containers, open_world, close_world),
		cmocka_unit_test_setup_teardown(finds_what_lives, open_world, close_world),
		cmocka_unit_test_setup_teardown(
			never_starts_twice_what_is_never_restarted, open_world, close_world),
		cmocka_unit_test_setup_teardown(hears_the_last_words_of_a_pod_that_ended_meanwhile,
			open_world, close_world),
		cmocka_unit_test_setup_teardown(
			catches_up_with_what_changed_meanwhile, open_world, close_world),
		cmocka_unit_test_setup_teardown(
			keeps_the_count_of_a_controller, open_world, close_world),
		cmocka_unit_test_setup_teardown(starts_processes, open_world, close_world),
		cmocka_unit_test_setup_teardown(asks_probes, open_world, close_world),
		cmocka_unit_test_setup_teardown(knows_its_images, open_world, close_world),
	};

	/* As the shim it is called with the pod's uid. */
	if (argc == 2 && strlen(argv[1]) == 36)
		fake_shim();
	if (geteuid() != 0)
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
