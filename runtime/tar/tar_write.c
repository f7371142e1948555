/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of 512 bytes. Source: POSIX pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"
 * (type 'L' and 'K': long names; a first byte of 0x80: a binary number).
 */
#include "runtime/tar/tar_write.h"

#include <assert.h>

enum { BLOCK = 512, NAME = 100 };

/* Offsets and lengths of the fields. */
enum {
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_SUM = 148,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	SHORT = 8,
	LONG = 12
};

/* Octal with a NUL behind it, or binary when it is too large for that. */
static void put_number(uint8_t *field, size_t n, uint64_t value)
{
	if (value >> (3 * (n - 1)) == 0) {
		for (size_t i = n - 1; i-- > 0; value >>= 3)
			field[i] = (uint8_t)('0' + (value & 7));
		return;
	}
	for (size_t i = n; i-- > 0; value >>= 8)
		field[i] = (uint8_t)(value & 0xff);
	field[0] = 0x80;
}

static void put_name(uint8_t *field, const char *name)
{
	size_t n = strlen(name);

	memcpy(field, name, n < NAME ? n : NAME);
}

static void put_block(struct str *out, char type, const char *name, const struct tar_entry *e)
{
	uint8_t block[BLOCK] = {0};
	unsigned sum = 0;

	put_name(block, name);
	put_number(block + AT_MODE, SHORT, e->mode & 07777);
	put_number(block + AT_UID, SHORT, e->uid);
	put_number(block + AT_GID, SHORT, e->gid);
	put_number(block + AT_SIZE, LONG, e->size_bytes);
	put_number(block + AT_MTIME, LONG, e->mtime_s > 0 ? (uint64_t)e->mtime_s : 0);
	block[AT_TYPE] = (uint8_t)type;
	put_name(block + AT_LINK, e->link);
	memcpy(block + AT_MAGIC, "ustar  ", 8); /* GNU's: its 'L' is no part of POSIX */
	memset(block + AT_SUM, ' ', SHORT);
	for (size_t i = 0; i < BLOCK; i++)
		sum += block[i];
	put_number(block + AT_SUM, SHORT - 1, sum);
	str_addn(out, block, sizeof block);
}

/* A name that does not fit, as contents of an entry before. */
static void put_long(struct str *out, char type, const char *name)
{
	static const char zeros[BLOCK];
	struct tar_entry e = {.link = "", .size_bytes = strlen(name) + 1};

	if (e.size_bytes <= NAME)
		return;
	put_block(out, type, "././@LongLink", &e);
	str_addn(out, name, strlen(name) + 1);
	str_addn(out, zeros, tar_pad_bytes(e.size_bytes));
}

void tar_put(struct str *out, const struct tar_entry *entry)
{
	static const char types[] = {[TAR_FILE] = '0',
		[TAR_HARDLINK] = '1',
		[TAR_SYMLINK] = '2',
		[TAR_CHAR] = 0,
		[TAR_BLOCK] = 0,
		[TAR_DIR] = '5',
		[TAR_FIFO] = '6'};
	char type = types[entry->type];

	assert(type); /* devices are not copied */
	put_long(out, 'K', entry->link);
	put_long(out, 'L', entry->path);
	put_block(out, type, entry->path, entry);
}

size_t tar_pad_bytes(uint64_t size_bytes)
{
	return (size_t)(-size_bytes & (BLOCK - 1));
}

void tar_put_end(struct str *out)
{
	static const char zeros[2 * BLOCK];

	str_addn(out, zeros, sizeof zeros);
}
