/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime alone, on a bundle that a shim has made.
 */
#ifndef TESTS_BENCH_BARE_H
#define TESTS_BENCH_BARE_H

#include "tests/bench/bench.h"

/**
 * `runc run` of the bundle of run @id ("c0-0") of the running pod @uid, in the shim's namespaces, after @pause_ms
 * of quiet; ms from fork to the probe's first instruction.
 */
double bare_run(const struct bench *b, const char *uid, const char *id, unsigned pause_ms);

#endif
