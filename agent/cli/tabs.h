/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CLI_TABS_H
#define AGENT_CLI_TABS_H

#include "runtime/base/str.h"

/**
 * Lines with tabs, laid out with elastic tab stops: a cell that a tab ends is as wide as the widest of the lines right
 * above and below that have a cell there, and two blanks more.
 * Control characters other than tab and newline are shown as ^X.
 * Source: the rules of Go's text/tabwriter, with which kubectl writes `describe`.
 */
void tabs_expand(struct sv text, struct str *out);

#endif
