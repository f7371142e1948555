/* SPDX-License-Identifier: Apache-2.0 */
/* The store on a real SQLite file: objects, versions, history, transactions, damage, a full disk, kill -9. */
#include "agent/spec/spec.h"
#include "tests/unit/unit.h"

#include "agent/spec/spec.h"
#include "agent/store/store.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

struct fixture {
	struct scratch dir;
	char path[128];
	uint64_t wall_ns;
	struct clock clock;
	struct store *store;
	const struct kind *pods, *nodes, *secrets;
};

static uint64_t fake_now(void *data)
{
	return ((struct fixture *)data)->wall_ns;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	struct err e = {0};

	scratch_open(&f->dir);
	(void)snprintf(f->path, sizeof f->path, "%s/store.db", f->dir.path);
	f->wall_ns = 1800000000ull * NS_PER_SEC;
	f->clock = (struct clock){fake_now, fake_now, f};
	f->pods = kind_by_resource("", "v1", "pods");
	f->nodes = kind_by_resource("", "v1", "nodes");
	f->secrets = kind_by_resource("", "v1", "secrets");
	assert_int_equal(store_open(f->path, &f->clock, &f->store, &e), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	scratch_close(&f->dir);
	free(f);
	return 0;
}

static void reopen(struct fixture *f)
{
	struct err e = {0};

	store_close(f->store);
	f->store = NULL;
	if (store_open(f->path, &f->clock, &f->store, &e) < 0)
		fail_msg("%s", err_text(&e));
}

static json_t *object(const char *text, const char *name)
{
	json_t *j = NULL;
	struct err e = {0};

	if (json_parse(sv(text), &j, &e) < 0)
		fail_msg("%s: %s", text, err_text(&e));
	json_put_str(json_sub(j, "metadata"), "name", name);
	return j;
}

static json_t *pod(const char *name)
{
	return object("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"
		      "\"namespace\":\"default\",\"labels\":{\"app\":\"web\"}},"
		      "\"spec\":{\"nodeName\":\"n\"},\"status\":{}}",
		name);
}

static const char *meta(const json_t *j, const char *key)
{
	return json_str_or(json_map(j, "metadata"), key, "");
}

static uint64_t create_pod(struct fixture *f, const char *name)
{
	cleanup_json json_t *j = pod(name);
	struct err e = {0};

	if (store_create(f->store, f->pods, j, STORE_FULL, &e) < 0)
		fail_msg("%s", err_text(&e));
	return store_version(f->store);
}

static void objects(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *j = pod("web"), *again = NULL, *stale = NULL, *list = NULL;
	struct err e = {0};
	uint64_t rv;

	assert_int_equal(store_create(f->store, f->pods, j, STORE_FULL, &e), 0);
	assert_int_equal(strlen(meta(j, "uid")), 36);
	assert_string_equal(meta(j, "creationTimestamp"), "2027-01-15T08:00:00Z");
	assert_int_equal(json_int(json_map(j, "metadata"), "generation", 0), 1);
	assert_int_equal(store_create(f->store, f->pods, j, STORE_FULL, &e), -EEXIST);
	assert_string_equal(err_text(&e), "pods \"web\" already exists");
	assert_int_equal(store_get(f->store, f->pods, "default", "web", &again, &e), 0);
	assert_true(json_equal(j, again));
	stale = json_deep_copy(j);

	/* Equal: not written. Status: no new generation. Spec: a new one. */
	rv = store_version(f->store);
	assert_int_equal(store_update(f->store, f->pods, j, STORE_FULL, &e), 0);
	assert_int_equal(store_version(f->store), rv);
	json_put_str(json_sub(j, "status"), "phase", "Running");
	json_put_str(json_sub(j, "spec"), "nodeName", "n"); /* the agent's own note */
	assert_int_equal(store_update(f->store, f->pods, j, STORE_NORMAL, &e), 0);
	assert_int_equal(json_int(json_map(j, "metadata"), "generation", 0), 1);
	json_put_str(json_sub(j, "spec"), "hostname", "h");
	assert_int_equal(store_update(f->store, f->pods, j, STORE_FULL, &e), 0);
	assert_int_equal(json_int(json_map(j, "metadata"), "generation", 0), 2);
	assert_int_equal(store_version(f->store), rv + 2);

	json_put_str(json_sub(stale, "spec"), "hostname", "other");
	assert_int_equal(store_update(f->store, f->pods, stale, STORE_FULL, &e), -ESTALE);
	assert_string_equal(err_api_reason(&e), "Conflict");
	json_put_str(json_sub(stale, "metadata"), "resourceVersion", "");
	json_put_str(json_sub(stale, "metadata"), "uid", "another");
	assert_int_equal(store_update(f->store, f->pods, stale, STORE_FULL, &e), -ESTALE);

	assert_int_equal(store_list(f->store, f->pods, NULL, NULL, NULL, &list, &rv, &e), 0);
	assert_int_equal(json_array_size(list), 1);
	assert_true(json_equal(json_array_get(list, 0), j));
	assert_string_equal(json_str(json_array_get(list, 0), "kind"), "Pod");
	assert_int_equal(rv, store_version(f->store));
	assert_int_equal(store_count(f->store, f->pods, "default"), 1);
	assert_int_equal(store_count(f->store, f->pods, "other"), 0);
	assert_int_equal(store_count(f->store, f->secrets, NULL), 0);
}

static void deletion(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *last = NULL, *gone = NULL;
	struct store_precondition pre = {.uid = "another"};
	struct err e = {0};

	create_pod(f, "web");
	assert_int_equal(
		store_delete(f->store, f->pods, "default", "web", &pre, NULL, &e), -ESTALE);
	pre = (struct store_precondition){.resource_version = "1"};
	assert_int_equal(
		store_delete(f->store, f->pods, "default", "web", &pre, NULL, &e), -ESTALE);
	assert_int_equal(store_delete(f->store, f->pods, "default", "web", NULL, &last, &e), 0);
	assert_int_equal(
		strtoull(meta(last, "resourceVersion"), NULL, 10), store_version(f->store));
	assert_int_equal(store_get(f->store, f->pods, "default", "web", &gone, &e), -ENOENT);
	assert_string_equal(err_text(&e), "pods \"web\" not found");
	assert_int_equal(
		store_delete(f->store, f->pods, "default", "web", NULL, NULL, &e), -ENOENT);
}

static void generated_names(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *a = pod(""), *b = NULL;
	struct err e = {0};

	assert_int_equal(store_create(f->store, f->pods, a, STORE_FULL, &e), -EINVAL);
	json_put_str(json_sub(a, "metadata"), "generateName", "web-");
	b = json_deep_copy(a);
	assert_int_equal(store_create(f->store, f->pods, a, STORE_FULL, &e), 0);
	assert_int_equal(store_create(f->store, f->pods, b, STORE_FULL, &e), 0);
	assert_int_equal(strlen(meta(a, "name")), 9);
	assert_memory_equal(meta(a, "name"), "web-", 4);
	assert_string_not_equal(meta(a, "name"), meta(b, "name"));
}

/* ---- events ------------------------------------------------------------------------------------ */

struct seen {
	struct fixture *f;
	char text[4096];
	uint64_t last_rv;
	bool write_back;
};

static void see(void *data, const struct store_event *event)
{
	static const char letters[] = "AMD";
	struct seen *s = data;
	cleanup_free char *text = json_text(event->object);
	size_t n = strlen(s->text);

	assert_true(event->rv > s->last_rv);
	s->last_rv = event->rv;
	assert_string_equal(json_str(event->object, "apiVersion"), "v1");
	assert_true((event->change == STORE_ADDED) == (event->before == NULL));
	assert_int_equal(event->text.p[0], '{');
	(void)snprintf(
		s->text + n, sizeof s->text - n, "%c%s ", letters[event->change], event->name);
	if (s->write_back && event->change == STORE_ADDED) {
		cleanup_json json_t *j = json_deep_copy(event->object);

		json_put_str(json_sub(j, "status"), "phase", "Pending");
		assert_int_equal(store_update(s->f->store, event->kind, j, STORE_NORMAL, NULL), 0);
	}
}

static void events(void **state)
{
	struct fixture *f = *state;
	struct seen first = {.f = f, .write_back = true}, second = {.f = f}, nodes = {.f = f};
	struct store_sub *a = store_subscribe(f->store, f->pods, see, &first);
	struct store_sub *b = store_subscribe(f->store, NULL, see, &second);
	struct store_sub *c = store_subscribe(f->store, f->nodes, see, &nodes);
	cleanup_json json_t *node =
		object("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{}}", "n1");
	struct err e = {0};

	create_pod(f, "a");
	assert_int_equal(store_create(f->store, f->nodes, node, STORE_FULL, &e), 0);
	assert_int_equal(store_delete(f->store, f->pods, "default", "a", NULL, NULL, &e), 0);
	/* Every subscriber hears A before the M that another's answer to A caused. */
	assert_string_equal(first.text, "Aa Ma Da ");
	assert_string_equal(second.text, "Aa Ma An1 Da ");
	assert_string_equal(nodes.text, "An1 ");
	store_unsubscribe(a);
	store_unsubscribe(b);
	store_unsubscribe(c);
	create_pod(f, "b");
	assert_string_equal(second.text, "Aa Ma An1 Da ");
}

static void transactions(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {.f = f};
	struct store_sub *sub = store_subscribe(f->store, NULL, see, &seen);
	struct err e = {0};
	uint64_t rv = store_version(f->store);

	assert_int_equal(store_begin(f->store, STORE_FULL, &e), 0);
	create_pod(f, "a");
	assert_int_equal(
		store_delete(f->store, f->pods, "default", "none", NULL, NULL, &e), -ENOENT);
	create_pod(f, "b");
	assert_string_equal(seen.text, "");
	store_rollback(f->store);
	assert_string_equal(seen.text, "");
	assert_int_equal(store_version(f->store), rv);
	assert_int_equal(store_count(f->store, f->pods, NULL), 0);

	assert_int_equal(store_begin(f->store, STORE_FULL, &e), 0);
	create_pod(f, "a");
	create_pod(f, "b");
	assert_int_equal(store_commit(f->store, &e), 0);
	assert_string_equal(seen.text, "Aa Ab ");
	store_unsubscribe(sub);
}

/* ---- history ----------------------------------------------------------------------------------- */

static void history(void **state)
{
	struct fixture *f = *state;
	struct seen all = {.f = f}, part = {.f = f}, other = {.f = f};
	struct err e = {0};
	uint64_t start = store_version(f->store), rv, after_a = create_pod(f, "a");

	create_pod(f, "b");
	assert_int_equal(store_delete(f->store, f->pods, "default", "a", NULL, NULL, &e), 0);
	assert_int_equal(store_history(f->store, f->pods, NULL, start, 100, see, &all, &rv, &e), 0);
	assert_string_equal(all.text, "Aa Ab Da ");
	assert_int_equal(rv, store_version(f->store));
	assert_int_equal(
		store_history(f->store, f->pods, "default", after_a, 1, see, &part, &rv, &e), 0);
	assert_string_equal(part.text, "Ab ");
	assert_int_equal(rv, after_a + 1);
	assert_int_equal(
		store_history(f->store, f->pods, "none", start, 100, see, &other, &rv, &e), 0);
	assert_int_equal(
		store_history(f->store, f->nodes, NULL, start, 100, see, &other, &rv, &e), 0);
	assert_string_equal(other.text, "");
	/* Never given out: the future, and a number from before the store was. */
	assert_int_equal(
		store_history(f->store, f->pods, NULL, rv + 1, 1, see, &all, &rv, &e), -EOVERFLOW);
	assert_string_equal(err_api_reason(&e), "Expired");
	assert_int_equal(store_history(f->store, f->pods, NULL, start - 1, 1, see, &all, &rv, &e),
		-EOVERFLOW);
}

static void history_over_a_restart(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {.f = f};
	struct err e = {0};
	uint64_t rv = create_pod(f, "a"), newest;

	create_pod(f, "b");
	newest = store_version(f->store);
	reopen(f);
	assert_true(store_version(f->store) > newest + 1000);
	create_pod(f, "c");
	assert_int_equal(store_history(f->store, f->pods, NULL, rv, 100, see, &seen, &rv, &e), 0);
	assert_string_equal(seen.text, "Ab Ac ");
	/* Inside the leap: given out by nobody, or lost with the power. */
	assert_int_equal(store_history(f->store, f->pods, NULL, newest + 7, 1, see, &seen, &rv, &e),
		-EOVERFLOW);
}

static void history_is_trimmed(void **state)
{
	struct fixture *f = *state;
	cleanup_json json_t *j = pod("a");
	struct seen seen = {.f = f};
	struct err e = {0};
	uint64_t first, rv;

	assert_int_equal(store_create(f->store, f->pods, j, STORE_NORMAL, &e), 0);
	first = store_version(f->store);
	for (int i = 0; i < 1200; i++) {
		json_put_int(json_sub(j, "status"), "n", i);
		assert_int_equal(store_update(f->store, f->pods, j, STORE_NORMAL, &e), 0);
	}
	assert_int_equal(store_history(f->store, f->pods, NULL, first, 1, see, &seen, &rv, &e), 0);
	f->wall_ns += 301 * NS_PER_SEC;
	for (int i = 0; i < 100; i++) {
		json_put_int(json_sub(j, "status"), "n", -i);
		assert_int_equal(store_update(f->store, f->pods, j, STORE_NORMAL, &e), 0);
	}
	assert_int_equal(
		store_history(f->store, f->pods, NULL, first, 1, see, &seen, &rv, &e), -EOVERFLOW);
	assert_int_equal(store_history(f->store, f->pods, NULL, store_version(f->store) - 990, 1,
				 see, &(struct seen){.f = f}, &rv, &e),
		0);
}

/* ---- damage ------------------------------------------------------------------------------------ */

static void flip(const char *path, size_t at, unsigned bit)
{
	cleanup_close int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned char c;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
	c ^= (unsigned char)(1u << bit);
	assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
}

/* Wherever one bit is wrong: the store opens, what it shows is whole, it can be written. */
static void bit_flips(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *bytes = NULL;
	unsigned seed = 12345, shown = 0;
	size_t n;

	for (int i = 0; i < 30; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "pod-%d", i);
		create_pod(f, name);
	}
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(fs_read(f->dir.fd, "store.db", 16 << 20, &bytes, &n), 0);
	for (int i = 0; i < 300; i++) {
		cleanup_json json_t *list = NULL;
		struct err e = {0};

		scratch_close(&f->dir);
		scratch_open(&f->dir);
		(void)snprintf(f->path, sizeof f->path, "%s/store.db", f->dir.path);
		assert_int_equal(
			fs_write_atomic(f->dir.fd, "store.db", bytes, n, 0600, FS_NO_SYNC), 0);
		flip(f->path, (size_t)rand_r(&seed) % n, (unsigned)rand_r(&seed) % 8);
		if (i % 10 == 9)
			assert_int_equal(truncate(f->path, rand_r(&seed) % (long)n), 0);
		reopen(f);
		if (store_list(f->store, f->pods, NULL, NULL, NULL, &list, NULL, &e) < 0)
			fail_msg("round %d: %s", i, err_text(&e));
		shown += (unsigned)json_array_size(list);
		create_pod(f, "new");
		store_close(f->store);
		f->store = NULL;
	}
	/* Most of what was stored is still there: 300 rounds of 30. */
	print_message("%u of 9000 objects survived\n", shown);
	assert_true(shown > 7000);
}

static void newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	struct err e = {0};

	store_close(f->store);
	f->store = NULL;
	/* The schema version, PRAGMA user_version, stands at byte 60 of the file, big-endian. */
	flip(f->path, 63, 3);
	assert_int_equal(store_open(f->path, &f->clock, &s, &e), -EPROTO);
	assert_non_null(strstr(err_text(&e), "newer berth"));
	flip(f->path, 63, 3);
	reopen(f);
}

static void second_process_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	struct err e = {0};

	assert_int_equal(store_open(f->path, &f->clock, &s, &e), -EBUSY);
	assert_non_null(strstr(err_text(&e), "another process"));
}

/* ---- crash and full disk ----------------------------------------------------------------------- */

/* Writes until it is killed; tells each acknowledged name. */
static void write_for_ever(const char *path, int ack_fd, unsigned round)
{
	struct store *s = NULL;

	if (store_open(path, &clock_kernel, &s, NULL) < 0)
		_exit(1);
	for (unsigned i = 0;; i++) {
		char name[32];
		json_t *j;

		(void)snprintf(name, sizeof name, "r%u-%u", round, i);
		j = pod(name);
		if (store_create(s, kind_by_resource("", "v1", "pods"), j, STORE_FULL, NULL) < 0)
			_exit(1);
		json_decref(j);
		if (write(ack_fd, name, sizeof name) < 0)
			_exit(1);
	}
}

static void kill_9_loses_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned acked = 0;

	store_close(f->store);
	f->store = NULL;
	for (unsigned round = 0; round < 10; round++) {
		char name[32];
		int ack[2];
		pid_t pid;

		assert_int_equal(pipe2(ack, O_CLOEXEC), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			write_for_ever(f->path, ack[1], round);
		(void)close(ack[1]);
		(void)usleep(20000 + 7000 * round);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		reopen(f);
		assert_int_equal(store_quarantined(f->store), 0);
		while (read(ack[0], name, sizeof name) == sizeof name) {
			cleanup_json json_t *j = NULL;

			acked++;
			if (store_get(f->store, f->pods, "default", name, &j, NULL) < 0)
				fail_msg("%s was acknowledged and is gone", name);
		}
		(void)close(ack[0]);
		store_close(f->store);
		f->store = NULL;
	}
	assert_true(acked > 10);
}

static int big_pod(struct fixture *f, unsigned i, struct err *e)
{
	char name[32];
	cleanup_json json_t *j = NULL;
	cleanup_free char *filler = xcalloc(1, 40001);

	(void)snprintf(name, sizeof name, "big-%u", i);
	j = pod(name);
	memset(filler, 'x', 40000);
	json_put_str(json_sub(json_sub(j, "metadata"), "annotations"), "filler", filler);
	return store_create(f->store, f->pods, j, STORE_FULL, e);
}

static void full_disk(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	unsigned n = 0;
	int r;

	store_close(f->store);
	f->store = NULL;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", f->dir.path, "tmpfs", 0, "size=8m"), 0);
	reopen(f);
	while ((r = big_pod(f, n, &e)) == 0)
		n++;
	assert_int_equal(r, -ENOSPC);
	assert_non_null(strstr(err_text(&e), "Insufficient storage"));
	assert_string_equal(err_api_reason(&e), "InsufficientStorage");
	assert_true(n > 10);
	/* Nothing is lost, nothing half written; what is there can be marked and deleted. */
	assert_int_equal(store_count(f->store, f->pods, NULL), n);
	for (unsigned i = 0; i < n; i++) {
		char name[32];
		cleanup_json json_t *j = NULL;

		(void)snprintf(name, sizeof name, "big-%u", i);
		assert_int_equal(store_get(f->store, f->pods, "default", name, &j, &e), 0);
		json_put_str(json_sub(j, "metadata"), "deletionTimestamp", "2027-01-15T08:00:00Z");
		if (i % 4 == 0 && store_update(f->store, f->pods, j, STORE_FULL, &e) < 0)
			fail_msg("marking %s: %s", name, err_text(&e));
		if (store_delete(f->store, f->pods, "default", name, NULL, NULL, &e) < 0)
			fail_msg("deleting %s (%u of %u): %s", name, i, n, err_text(&e));
	}
	assert_int_equal(store_count(f->store, f->pods, NULL), 0);
	reopen(f);
	assert_int_equal(store_count(f->store, f->pods, NULL), 0);
	assert_int_equal(store_quarantined(f->store), 0);
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(umount(f->dir.path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(objects, setup, teardown),
		cmocka_unit_test_setup_teardown(deletion, setup, teardown),
		cmocka_unit_test_setup_teardown(generated_names, setup, teardown),
		cmocka_unit_test_setup_teardown(events, setup, teardown),
		cmocka_unit_test_setup_teardown(transactions, setup, teardown),
		cmocka_unit_test_setup_teardown(history, setup, teardown),
		cmocka_unit_test_setup_teardown(history_over_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(history_is_trimmed, setup, teardown),
		cmocka_unit_test_setup_teardown(bit_flips, setup, teardown),
		cmocka_unit_test_setup_teardown(newer_schema_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(second_process_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(kill_9_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
