/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a seccomp profile costs a start: none, berth's, and berth's with the 32-bit and x32 filters that Docker's
 * profile has besides the native one.
 *
 * libseccomp keeps a list of all rules for each architecture and goes through it for every rule added, then
 * writes one program of all; the runtime writes that out, reads it back, puts its own stub in front and
 * loads it, and the kernel checks and compiles it.  All of it grows with the number of architectures, some of
 * it faster.
 */
#include "tests/bench/bench.h"

#include "runtime/base/json.h"
#include "runtime/security/caps.h"
#include "runtime/security/seccomp.h"

enum { QUIET_MS = 50 };

static json_t *three_architectures(void)
{
	json_t *j = seccomp_default(caps_default());

	json_push(json_list(j, "architectures"), json_string("SCMP_ARCH_X86"));
	json_push(json_list(j, "architectures"), json_string("SCMP_ARCH_X32"));
	return j;
}

void bench_seccomp(struct bench *b)
{
	struct variant {
		const char *name;
		json_t *own_profile;
		char *dir;
		struct series ms;
	} v[] = {
		{.name = "no profile"},
		{.name = "berth's default", .own_profile = seccomp_default(caps_default())},
		{.name = "the same for 3 architectures", .own_profile = three_architectures()},
	};
	double none, own, three;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		v[i].dir = xasprintf("%s/seccomp-%zu", b->root, i);
		bundle_write(b, v[i].dir, v[i].own_profile);
		(void)bundle_run(b, v[i].dir, 0, true);
	}
	for (int n = 0; n < b->reps; n++)
		for (size_t i = 0; i < ARRAY_SIZE(v); i++)
			series_add(&v[i].ms, bundle_run(b, v[i].dir, QUIET_MS, true));
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		say_series(v[i].name, &v[i].ms, "ms");
		free(v[i].dir);
	}
	none = series_at(&v[0].ms, 0.5);
	own = series_at(&v[1].ms, 0.5);
	three = series_at(&v[2].ms, 0.5);
	say_figure("seccomp-cost", own - none, "ms", 0);
	say_figure("seccomp-cost-3-architectures", three - none, "ms", 0);
}
