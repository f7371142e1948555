/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of whole images share: a store in a scratch directory, and jobs run to their end.
 */
#ifndef TESTS_UNIT_RUNTIME_IMAGE_IMAGES_H
#define TESTS_UNIT_RUNTIME_IMAGE_IMAGES_H

#include "tests/unit/runtime/image/layout.h"

#include "runtime/base/clock.h"
#include "runtime/image/image.h"

#include <dirent.h>
#include <poll.h>

/* Steps the job until it is over. Returns what image_job_step said last; the job is freed. */
BUILDS int run_job(struct image_job *own_job, struct err *e)
{
	uint64_t deadline = clock_now_ns(&clock_kernel) + 60 * NS_PER_SEC;
	int r = 0;

	while (r == 0) {
		struct pollfd p = {.fd = image_job_fd(own_job), .events = POLLIN};

		assert_true(clock_now_ns(&clock_kernel) < deadline);
		assert_true(poll(&p, 1, 10000) > 0);
		r = image_job_step(own_job, e);
	}
	image_job_free(own_job);
	return r;
}

BUILDS size_t count_entries(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	size_t n = 0;

	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

/* Loads the layout @name of @dir_fd. */
BUILDS int load_layout(struct image_store *s, int dir_fd, const char *name, struct err *e)
{
	cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct image_job *job = NULL;

	assert_true(fd >= 0);
	assert_int_equal(image_load_start(s, fd, &job, e), 0);
	return run_job(job, e);
}

/* A layer of one file. */
BUILDS void one_file_layer(struct layer_blob *l, const char *path, const char *text)
{
	const struct member m = {'0', path, .text = text};

	*l = (struct layer_blob){0};
	tar_of(&l->tar, &m, 1);
	gzip_add(&l->blob, l->tar.p, l->tar.n);
}

BUILDS void layer_blob_done(struct layer_blob *l)
{
	str_done(&l->tar);
	str_done(&l->blob);
}

#endif
