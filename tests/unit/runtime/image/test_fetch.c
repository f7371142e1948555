/* SPDX-License-Identifier: Apache-2.0 */
/* skopeo: what its complaints mean, and what it can reach (safety 5.2). */
#include "tests/unit/unit.h"

#include "runtime/image/fetch.h"

#include <poll.h>
#include <sys/epoll.h>

static void explains(void **state)
{
	static const struct {
		const char *complaint;
		int code;
		const char *message;
	} cases[] = {
		{"time=\"x\" level=fatal msg=\"Error parsing image name "
		 "\\\"docker://127.0.0.1:1/x:1\\\": "
		 "reading manifest 1 in 127.0.0.1:1/x: manifest unknown: manifest unknown\"\n",
			-ENOENT,
			"pulling R: reading manifest 1 in 127.0.0.1:1/x: manifest unknown: "
			"manifest unknown"},
		{"time=\"x\" level=fatal msg=\"initializing source docker://h/x:1: reading "
		 "manifest 1 in h/x: "
		 "unauthorized: authentication required\"\n",
			-EACCES,
			"pulling R: reading manifest 1 in h/x: unauthorized: authentication "
			"required"},
		{"time=\"x\" level=warning msg=\"one\"\ntime=\"x\" level=fatal msg=\"dial tcp "
		 "1.2.3.4:443: "
		 "connect: connection refused\"\n",
			-EHOSTUNREACH,
			"pulling R: dial tcp 1.2.3.4:443: connect: connection refused"},
		{"time=\"x\" level=fatal msg=\"a \\\"quoted\\\" word\\nand a line\"", -EIO,
			"pulling R: a \"quoted\" wordnand a line"},
		{"panic: something else\n", -EIO, "pulling R: panic: something else "},
		{"msg=\"", -EIO, "pulling R: skopeo failed and said nothing"},
		{"", -EIO, "pulling R: skopeo failed and said nothing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = {0};

		assert_int_equal(fetch_explain(sv(cases[i].complaint), "R", &e), cases[i].code);
		assert_string_equal(e.msg, cases[i].message);
	}
}

/* A stand-in for skopeo that tells what it sees of the host. */
static const char script[] = "#!/bin/sh\n"
			     "id -u; id -g; id -G\n"
			     "cat /proc/self/fd/3\n"
			     "ls /proc/self/fd\n"
			     "grep -c . /proc/net/dev >/dev/null && echo net\n"
			     "touch /tmp/berth-fetch-was-here 2>/dev/null && echo tmp\n"
			     "touch /dev/shm/berth-fetch-was-here 2>/dev/null && echo shm\n"
			     "cat SCRATCH/secret 2>/dev/null && echo secret\n"
			     "echo x >/var/tmp/here && echo staged\n"
			     "grep NoNewPrivs /proc/self/status\n"
			     "env | sort\n"
			     "echo \"$@\"\n";

static struct str run(const struct image_store *store, int staging_fd, const char *auth)
{
	struct image_ref ref = {.domain = (char[]){"h.io"}, .path = (char[]){"a"}};
	cleanup_close int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct fetch f;
	struct capture *c = NULL;
	struct str out = {0};
	struct err e = {0};

	if (fetch_open(store, &ref, auth, staging_fd, &f, &e) < 0)
		fail_msg("%s", err_text(&e));
	f.file_max = 1 << 20;
	if (fetch_start(&f, FETCH_LAYERS, "docker://h.io/a:1", epoll_fd, &c, &e) < 0)
		fail_msg("%s", err_text(&e));
	for (int tries = 0; capture_step(c) == 0; tries++) {
		struct pollfd p = {.fd = epoll_fd, .events = POLLIN};

		assert_true(tries < 1000 && poll(&p, 1, 5000) > 0);
	}
	str_addn(&out, c->out.p, c->out.n);
	capture_free(c);
	fetch_close(&f);
	return out;
}

static void skopeo_is_confined(void **state)
{
	static const char auth[] =
		"{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"},\"i.io\":{\"auth\":\"Qg==\"}}}";
	static const char wanted[] =
		"65534\n65534\n65534\n"
		"{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}}}0\n1\n2\n3\n"
		"net\nstaged\nNoNewPrivs:\t1\n"
		"HOME=/nonexistent\nHTTPS_PROXY=http://p:1\nPATH=/usr/bin:/bin\nPWD=/\nTMPDIR=/var/"
		"tmp\n"
		"--override-os=linux --override-arch amd64 copy --quiet --remove-signatures "
		"--dest-oci-accept-uncompressed-layers --dest-shared-blob-dir=/var/tmp/blobs "
		"--authfile=/proc/self/fd/3 -- docker://h.io/a:1 oci:/var/tmp/image:it\n";
	struct scratch s, program;
	struct image_store store = {
		.fetch_uid = 65534, .fetch_gid = 65534, .arch = "amd64", .pid = getpid()};
	cleanup_free char *text = NULL, *path = NULL;
	cleanup_close int staging = -EBADF;
	cleanup_str struct str out = {0}, body = {0};
	const char *mark = strstr(script, "SCRATCH");
	struct stat st;

	(void)state;
	scratch_open(&s);
	scratch_open(&program);
	assert_int_equal(fchmod(program.fd, 0755), 0);
	str_addn(&body, script, (size_t)(mark - script));
	str_addf(&body, "%s%s", s.path, mark + strlen("SCRATCH"));
	assert_int_equal(
		fs_write_atomic(program.fd, "skopeo", body.p, body.n, 0755, FS_NO_SYNC), 0);
	assert_int_equal(fs_write_atomic(s.fd, "secret", "s", 1, 0600, FS_NO_SYNC), 0);
	path = xasprintf("%s/skopeo", program.path);
	store.options = (struct image_options){.skopeo_path = path};
	/* Of the agent's environment only what says how to reach registries comes along. */
	assert_int_equal(clearenv(), 0);
	assert_int_equal(setenv("HTTPS_PROXY", "http://p:1", 1), 0);
	assert_int_equal(setenv("HTTPS_PROXY_TOKEN", "secret", 1), 0);
	staging = fs_open_dir(s.fd, "deep/staging", 0700);
	out = run(&store, staging, auth);
	/* ls lists its own descriptor of the directory, too; and the shell's of the script. */
	assert_non_null(out.p);
	if (!streq(out.p, wanted)) {
		char *extra = strstr(out.p, "\n3\n");

		assert_non_null(extra);
		while (extra[3] >= '0' && extra[3] <= '9')
			memmove(extra + 3, strchr(extra + 3, '\n') + 1,
				strlen(strchr(extra + 3, '\n') + 1) + 1);
		assert_string_equal(out.p, wanted);
	}
	assert_int_equal(fstatat(staging, "here", &st, 0), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(access("/var/tmp/here", F_OK), -1);
	scratch_close(&s);
	scratch_close(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(explains),
		cmocka_unit_test(skopeo_is_confined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
