/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the security contexts of pods and containers.
 * Source: Kubernetes API reference 1.35, "SecurityContext" and "PodSecurityContext".
 */
#include "agent/spec/check.h"
#include "agent/spec/rules.h"
#include "agent/spec/schema.h"

static const struct field capabilities[] = {
	{"add", STRING, "Capabilities to add; ALL is all of them.", .flags = LIST,
		.check = check_capability},
	{"drop", STRING, "Capabilities to take away; ALL is all of them.", .flags = LIST,
		.check = check_capability},
	END,
};
static const struct type type_capabilities = {
	"Capabilities", "Capabilities to add and drop.", capabilities};

static const struct field seccomp[] = {
	{"type", STRING, "RuntimeDefault, Unconfined or Localhost.", .flags = REQUIRED,
		VALUES("RuntimeDefault", "Unconfined", "Localhost")},
	{"localhostProfile", STRING,
		"File of the profile, below berthd's directory of profiles, with type Localhost.",
		.check = check_relative_path},
	END,
};
static const struct type type_seccomp = {
	"SeccompProfile", "Which system calls may be made.", seccomp, .rule = rule_seccomp};

#define NO_APPARMOR "berth does not load AppArmor profiles yet; only Unconfined is honoured"
static const struct field apparmor[] = {
	{"type", STRING, "RuntimeDefault, Unconfined or Localhost.", .flags = REQUIRED,
		VALUES("RuntimeDefault", "Unconfined", "Localhost"), ONLY("Unconfined"),
		REFUSE(NO_APPARMOR)},
	{"localhostProfile", STRING, "Name of a loaded profile, with type Localhost.",
		REFUSE(NO_APPARMOR)},
	END,
};
static const struct type type_apparmor = {"AppArmorProfile", "AppArmor confinement.", apparmor};

static const struct field selinux[] = {
	{"user", STRING, "User label."},
	{"role", STRING, "Role label."},
	{"type", STRING, "Type label."},
	{"level", STRING, "Level label."},
	END,
};
static const struct type type_selinux = {"SELinuxOptions", "SELinux labels.", selinux};
static const struct field windows[] = {
	{"gmsaCredentialSpecName", STRING, "Name of the credential spec."},
	{"gmsaCredentialSpec", STRING, "The credential spec."},
	{"runAsUserName", STRING, "Windows user."},
	{"hostProcess", BOOL, "Run as a process of the host."},
	END,
};
static const struct type type_windows = {
	"WindowsSecurityContextOptions", "Settings for Windows.", windows};

#define NO_SELINUX "berth does not set SELinux labels"
#define NO_WINDOWS "berth runs Linux containers only"
#define SHARED_SECURITY                                                                            \
	{"runAsUser", INT64, "User id, instead of the image's.", RANGE(0, ID_MAX)},                \
		{"runAsGroup", INT64, "Group id, instead of the image's.", RANGE(0, ID_MAX)},      \
		{"runAsNonRoot", BOOL, "Do not start as user 0."},                                 \
		{"seccompProfile", OBJECT, "Which system calls may be made.",                      \
			.of = &type_seccomp},                                                      \
		{"appArmorProfile", OBJECT, "AppArmor confinement.", .of = &type_apparmor},        \
		{"seLinuxOptions", OBJECT, "SELinux labels.", .of = &type_selinux,                 \
			REFUSE(NO_SELINUX)},                                                       \
	{                                                                                          \
		"windowsOptions", OBJECT, "Settings for Windows.", .of = &type_windows,            \
								   REFUSE(NO_WINDOWS)              \
	}

static const struct field security_context[] = {
	SHARED_SECURITY,
	{"capabilities", OBJECT, "Capabilities to add and drop.", .of = &type_capabilities},
	{"privileged", BOOL, "As root of the host, nearly."},
	{"allowPrivilegeEscalation", BOOL, "false: no_new_privs, so set-uid files give nothing."},
	{"readOnlyRootFilesystem", BOOL, "The image's files cannot be written over."},
	{"procMount", STRING, "Default or Unmasked /proc.", VALUES("Default", "Unmasked"),
		ONLY("Default"), REFUSE("berth always masks /proc; only Default is honoured")},
	END,
};
const struct type type_security_context = {"SecurityContext", "Security settings of a container.",
	security_context, .rule = rule_security_context};

static const struct field sysctl[] = {
	{"name", STRING, "Name of the setting.", .flags = REQUIRED, .check = check_sysctl_name},
	{"value", STRING, "Its value.", .flags = REQUIRED, .check = check_sysctl_value},
	END,
};
static const struct type type_sysctl = {"Sysctl", "A kernel setting of the pod.", sysctl};

static const struct field pod_security_context[] = {
	SHARED_SECURITY,
	{"supplementalGroups", INT64, "More groups of the processes.", .flags = LIST,
		RANGE(0, ID_MAX)},
	{"supplementalGroupsPolicy", STRING, "Merge with the image's groups, or Strict.",
		VALUES("Merge", "Strict"), ONLY("Merge"),
		REFUSE("berth always merges the image's groups; only Merge is honoured")},
	{"fsGroup", INT64, "Group of the volumes' files.", RANGE(0, ID_MAX)},
	{"fsGroupChangePolicy", STRING, "Always, or only when the volume's root differs.",
		VALUES("Always", "OnRootMismatch"),
		WARN("both do the same: berth sets the group of a volume when it makes it, and "
		     "walks none")},
	{"sysctls", OBJECT, "Kernel settings of the pod.", .flags = LIST, .of = &type_sysctl},
	{"seLinuxChangePolicy", STRING, "How volumes are labelled.",
		VALUES("MountOption", "Recursive"), WARN(NO_SELINUX)},
	END,
};
const struct type type_pod_security_context = {
	"PodSecurityContext", "Security settings of all containers.", pod_security_context};
