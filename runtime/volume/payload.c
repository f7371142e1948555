/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload: everything secret that a pod gets, in one sealed memfd. It is checked on both sides, for the
 * shim is root and writes the paths that it names.
 */
#include "runtime/volume/fileset.h"

#include "runtime/base/fs.h"
#include "runtime/plan/link.h"

#include <fcntl.h>
#include <sys/mman.h>

json_t *payload_new(void)
{
	json_t *payload = json_object();

	(void)json_sub(payload, "files");
	(void)json_sub(payload, "env");
	return payload;
}

void payload_add_volume(json_t *payload, const char *volume)
{
	(void)json_sub(json_sub(payload, "files"), volume);
}

void payload_add_env(json_t *payload, const char *container, const char *name, const char *value)
{
	json_put_str(json_sub(json_sub(payload, "env"), container), name, value);
}

static int check_path(const char *path, struct err *e)
{
	static const char allowed[] =
		"-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	struct sv rest = sv(path);

	if (rest.n == 0 || rest.n > 4000 || rest.p[rest.n - 1] == '/')
		return err_set(e, -EINVAL, "\"%s\" is no path of a file", path);
	while (rest.n) {
		struct sv part = sv_cut(&rest, '/');

		if (part.n == 0 || part.n > 253 || sv_eq(part, ".") || sv_starts(part, "..") ||
			strspn(part.p, allowed) < part.n)
			return err_set(e, -EINVAL,
				"\"%s\": each part must be 1 to 253 of A-Z a-z 0-9 - _ . and must "
				"not "
				"start with \"..\"",
				path);
	}
	return 0;
}

/* "a" and "a/b" cannot both be files. */
static int check_nesting(const json_t *files, const char *path, struct err *e)
{
	size_t n = strlen(path);
	const char *other;
	json_t *file;

	json_object_foreach ((json_t *)(uintptr_t)files, other, file) {
		size_t m = strlen(other);

		if ((m > n && strncmp(other, path, n) == 0 && other[n] == '/') ||
			(n > m && strncmp(other, path, m) == 0 && path[m] == '/'))
			return err_set(
				e, -EINVAL, "\"%s\" and \"%s\" cannot both be files", path, other);
	}
	return 0;
}

int payload_add_file(json_t *payload, const char *volume, const char *path, const void *bytes,
	size_t n, mode_t mode, struct err *e)
{
	json_t *files = json_sub(json_sub(payload, "files"), volume), *file;
	cleanup_free char *data = NULL;

	if (check_path(path, e) < 0 || check_nesting(files, path, e) < 0)
		return -EINVAL;
	if (json_object_get(files, path))
		return err_set(e, -EEXIST, "\"%s\" is there twice", path);
	data = base64_encode(bytes, n);
	file = json_sub(files, path);
	json_put_str(file, "data", data);
	json_put_int(file, "mode", mode & 0777);
	explicit_bzero(data, strlen(data));
	return 0;
}

int payload_seal(const json_t *payload)
{
	cleanup_close int fd = memfd_create("payload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	cleanup_free char *text = json_text(payload);
	size_t n = strlen(text);
	int r;

	if (fd < 0)
		return -errno;
	r = fs_write_all(fd, text, n);
	explicit_bzero(text, n);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;
	return take_fd(fd);
}

static int check_files(const json_t *files, struct err *e)
{
	const char *volume, *path;
	json_t *set, *file;

	json_object_foreach ((json_t *)(uintptr_t)files, volume, set) {
		if (!json_is_object(set))
			return err_set(e, -EBADMSG, "payload: volume %s is no object", volume);
		json_object_foreach (set, path, file)
			if (!json_str(file, "data") || check_path(path, e) < 0)
				return err_wrap(e, -EBADMSG, "payload: volume %s", volume);
	}
	return 0;
}

int payload_read(int fd, json_t **ret, struct err *e)
{
	enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
	cleanup_json json_t *payload = NULL;
	struct stat st;
	char *text;
	int r;

	if ((fcntl(fd, F_GET_SEALS) & SEALS) != SEALS || fstat(fd, &st) < 0)
		return err_set(e, -EBADMSG, "the payload is no sealed memfd");
	if (st.st_size <= 0 || st.st_size > LINK_PAYLOAD_MAX)
		return err_set(e, -EBADMSG, "a payload of %lld bytes", (long long)st.st_size);
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return err_errno(e, -errno, "mapping the payload");
	payload = json_loadb(text, (size_t)st.st_size, JSON_REJECT_DUPLICATES, NULL);
	(void)munmap(text, (size_t)st.st_size);
	if (!payload)
		return err_set(e, -EBADMSG, "the payload is no JSON");
	r = check_files(json_map(payload, "files"), e);
	if (r < 0)
		return r;
	*ret = take(payload);
	return 0;
}
