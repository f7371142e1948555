/* SPDX-License-Identifier: Apache-2.0 */
/* The one object that is compiled anew when the version changes. */
#include "runtime/base/version.h"

const char *const berth_version = BERTH_VERSION;
