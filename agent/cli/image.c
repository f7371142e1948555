/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth image …`: the images on this machine. Pulls and loads answer with one JSON line a step, which becomes
 * progress on a terminal.
 */
#include "agent/cli/ages.h"
#include "agent/cli/api_path.h"
#include "agent/cli/columns.h"
#include "agent/cli/files.h"
#include "agent/cli/handlers.h"
#include "agent/cli/lines.h"
#include "agent/cli/output.h"
#include "agent/spec/quantity.h"

#include <fcntl.h>
#include <sys/stat.h>

#define IMAGES_PATH "/apis/berth.dev/v1/images"

/* Bytes for people: "84.2 MiB". */
static void size_text(uint64_t bytes, char *out, size_t n)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		value /= 1024;
	(void)snprintf(out, n, i ? "%.1f %s" : "%.0f %s", value, units[i]);
}

/* ---- steps of a pull or load ----------------------------------------------------------------------- */

struct job {
	struct cli *cli;
	struct lines lines;
	const char *what;
	bool progress, drawn, failed, done;
};

static void clear_line(struct job *j)
{
	if (j->drawn)
		(void)fputs("\r\033[K", j->cli->err);
	j->drawn = false;
}

/* {"stage":"fetching","layersDone":1,"layers":4,"bytesDone":N,"bytes":M} */
static void draw(struct job *j, const json_t *step)
{
	int64_t layers = json_int(step, "layers", 0);
	uint64_t bytes = (uint64_t)json_int(step, "bytes", 0);
	char done[24], all[24];

	if (!j->progress)
		return;
	clear_line(j);
	(void)fprintf(j->cli->err, "%s: %s", j->what, json_str_or(step, "stage", "working"));
	if (layers > 0)
		(void)fprintf(j->cli->err, ", layer %lld of %lld",
			(long long)json_int(step, "layersDone", 0), (long long)layers);
	if (bytes) {
		size_text((uint64_t)json_int(step, "bytesDone", 0), done, sizeof done);
		size_text(bytes, all, sizeof all);
		(void)fprintf(j->cli->err, ", %s of %s", done, all);
	}
	(void)fflush(j->cli->err);
	j->drawn = true;
}

static int on_line(void *data, struct sv line)
{
	struct job *j = data;
	cleanup_json json_t *step = json_loadb(line.p, line.n, 0, NULL);
	struct response refusal = {.json = step};
	json_t *refs = json_list(step, "refs"), *ref;
	size_t i;

	if (streq(json_str(step, "kind"), "Status") &&
		!streq(json_str(step, "status"), "Success")) {
		clear_line(j);
		(void)fail_response(j->cli, &refusal, NULL);
		j->failed = true;
	} else if (refs) {
		clear_line(j);
		json_array_foreach (refs, i, ref)
			(void)fprintf(j->cli->out, "%s\n", json_string_value(ref));
		j->done = true;
	} else if (step) {
		draw(j, step);
	}
	return 0;
}

static int on_data(void *data, struct sv piece)
{
	struct job *j = data;

	return lines_feed(&j->lines, piece);
}

static int run_job(struct cli *c, const char *what, struct request q)
{
	struct job j = {
		.cli = c, .what = what, .progress = c->err_is_tty && !flag_on(&c->flags, "quiet")};
	cleanup_response struct response response = {0};
	int status;

	j.lines.on_line = on_line;
	j.lines.data = &j;
	q.on_data = on_data;
	q.data = &j;
	status = call(c, &q, &response, NULL);
	(void)lines_end(&j.lines);
	clear_line(&j);
	if (status == EXIT_OK && !j.failed && !j.done)
		return fail(c, "%s: berthd ended the answer before the image was there", what);
	return status == EXIT_OK && !j.failed ? EXIT_OK : EXIT_FAILED;
}

int cmd_image_pull(struct cli *c)
{
	int status = EXIT_OK;

	if (word_count(c) == 0)
		return fail_usage(c, "which image? berth image pull REF");
	for (size_t i = 0; i < word_count(c); i++) {
		cleanup_json json_t *order = json_pack("{s:s}", "ref", word(c, i));
		cleanup_free char *body = order ? json_text(order) : NULL;

		if (!body)
			status |= fail(c, "\"%s\" is no image reference", word(c, i));
		else
			status |= run_job(c, word(c, i),
				(struct request){
					.method = "POST", .path = IMAGES_PATH, .body = sv(body)});
	}
	return status;
}

int cmd_image_load(struct cli *c)
{
	const char *name = word(c, 0);
	cleanup_close int fd = -EBADF;
	struct stat st;

	if (word_count(c) != 1)
		return fail_usage(
			c, "one archive is needed: berth image load FILE, or - for standard input");
	fd = streq(name, "-") ? fcntl(fileno(c->in), F_DUPFD_CLOEXEC, 3)
			      : open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(c, "opening %s: %s", name, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return fail(c,
			"%s is a folder; an OCI layout in a folder is loaded as an archive: tar -C "
			"%s -c . | %s -",
			name, name, c->path);
	if (isatty(fd))
		return fail(c, "an archive is expected on standard input, not a terminal");
	return run_job(c, name,
		(struct request){.method = "POST",
			.path = IMAGES_PATH "?load=true",
			.content_type = "application/x-tar",
			.body_fd = fd});
}

int cmd_image_rm(struct cli *c)
{
	int status = EXIT_OK;

	if (word_count(c) == 0)
		return fail_usage(c, "which image? berth image rm REF");
	for (size_t i = 0; i < word_count(c); i++) {
		cleanup_response struct response response = {0};
		cleanup_str struct str path = {0};

		str_add(&path, IMAGES_PATH);
		query_add(&path, "ref", word(c, i));
		if (call(c, &(struct request){.method = "DELETE", .path = path.p}, &response,
			    NULL) != EXIT_OK)
			status = EXIT_FAILED;
		else
			(void)fprintf(c->out, "image \"%s\" removed\n", word(c, i));
	}
	return status;
}

/* ---- berth image ls -------------------------------------------------------------------------------- */

static bool is_asked(const struct cli *c, const json_t *image)
{
	for (size_t i = 0; i < word_count(c); i++)
		if (strstr(json_str_or(image, "ref", ""), word(c, i)))
			return true;
	return word_count(c) == 0;
}

static void add_image(struct columns *t, const struct cli *c, const json_t *image, bool wide)
{
	const char *id = json_str_or(image, "id", ""), *colon = strchr(id, ':');
	cleanup_str struct str users = {0};
	char size[24], age[AGE_SIZE];
	json_t *pod;
	size_t i;

	size_text((uint64_t)json_int(image, "sizeBytes", 0), size, sizeof size);
	json_array_foreach (json_list(image, "usedBy"), i, pod)
		str_addf(&users, "%s%s", i ? "," : "", json_string_value(pod));
	columns_cell(t, json_str_or(image, "ref", ""));
	columns_cell_f(t, "%.12s", colon ? colon + 1 : id);
	columns_cell(t, size);
	columns_cell_f(t, "%lld", (long long)json_int(image, "layers", 0));
	columns_cell(t, age_of(c, json_str(image, "loadedAt"), age));
	columns_cell_f(t, "%zu", json_array_size(json_list(image, "usedBy")));
	if (wide) {
		columns_cell(t, json_str_or(image, "digest", ""));
		columns_cell(t, users.n ? users.p : "<none>");
	}
	columns_row(t);
}

static void print_images(struct cli *c, json_t *images, bool wide)
{
	static const char *const titles[] = {
		"ref", "id", "size", "layers", "age", "pods", "digest", "used by"};
	CLEANUP(columns_free) struct columns *t = columns_new(c);
	json_t *image;
	size_t i;

	for (i = 0; i < (wide ? ARRAY_SIZE(titles) : 6); i++)
		columns_column(t, titles[i], 0);
	json_array_foreach (images, i, image)
		if (is_asked(c, image))
			add_image(t, c, image, wide);
	if (columns_rows(t))
		columns_print(t, !flag_on(&c->flags, "no-headers"));
	else
		(void)fprintf(c->err, "No images found.\n");
}

int cmd_image_ls(struct cli *c)
{
	cleanup_response struct response response = {0};
	cleanup_output struct output output = {0};
	json_t *items;

	if (output_open(c, &output) != EXIT_OK || get(c, IMAGES_PATH, &response) != EXIT_OK)
		return EXIT_FAILED;
	items = json_is_array(response.json) ? response.json : json_list(response.json, "items");
	if (output_is_table(&output))
		print_images(c, items, output.format == OUTPUT_WIDE);
	else
		output_object(c, &output, response.json);
	return EXIT_OK;
}
