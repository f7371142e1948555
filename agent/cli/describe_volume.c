/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Describes volumes. One row a volume type: its members that are worth a line.
 */
#include "agent/cli/describe.h"

static const struct source {
	const char *member, *type;
	struct {
		const char *title, *member;
	} lines[4];
} sources[] = {
	{"hostPath", "HostPath (bare host directory volume)",
		{{"Path", "path"}, {"HostPathType", "type"}}},
	{"emptyDir", "EmptyDir (a temporary directory that shares a pod's lifetime)",
		{{"Medium", "medium"}, {"SizeLimit", "sizeLimit"}}},
	{"secret", "Secret (a volume populated by a Secret)",
		{{"SecretName", "secretName"}, {"Optional", "optional"}}},
	{"configMap", "ConfigMap (a volume populated by a ConfigMap)",
		{{"Name", "name"}, {"Optional", "optional"}}},
	{"persistentVolumeClaim",
		"PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same "
		"namespace)",
		{{"ClaimName", "claimName"}, {"ReadOnly", "readOnly"}}},
	{"projected", "Projected (a volume that contains injected data from multiple sources)",
		{{NULL, NULL}}},
	{"downwardAPI", "DownwardAPI (a volume populated by information about the pod)",
		{{NULL, NULL}}},
	{"image", "Image (a container image or OCI artifact)",
		{{"Reference", "reference"}, {"PullPolicy", "pullPolicy"}}},
	{"nfs", "NFS (an NFS mount that lasts the lifetime of a pod)",
		{{"Server", "server"}, {"Path", "path"}, {"ReadOnly", "readOnly"}}},
};

static void put_line(struct description *d, const char *title, const json_t *value)
{
	cleanup_free char *text = NULL;

	/* Missing: kubectl writes what the API takes it for. */
	if (!value)
		text = xstrdup(streq(title, "SizeLimit")			      ? "<unset>"
			       : streq(title, "Optional") || streq(title, "ReadOnly") ? "false"
										      : "");
	else
		text = json_is_string(value) ? xstrdup(json_string_value(value)) : json_text(value);
	put(d, "%s:\t%s", title, text);
}

static void put_volume(struct description *d, const json_t *volume)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		const json_t *source = json_map(volume, sources[i].member);

		if (!source)
			continue;
		put(d, "Type:\t%s", sources[i].type);
		for (size_t k = 0; k < ARRAY_SIZE(sources[i].lines) && sources[i].lines[k].title;
			k++)
			put_line(d, sources[i].lines[k].title,
				json_object_get(source, sources[i].lines[k].member));
		return;
	}
	put(d, "<unknown>");
}

void describe_volumes(struct description *d, const json_t *volumes, bool in_template)
{
	json_t *one;
	size_t i;

	if (json_array_size(volumes) == 0) {
		put(d, "Volumes:\t<none>");
		return;
	}
	put(d, "Volumes:");
	json_array_foreach (volumes, i, one) {
		put(d, "%s%s:", in_template ? " " : "  ", json_str_or(one, "name", ""));
		d->level += in_template ? 1 : 2;
		put_volume(d, one);
		d->level -= in_template ? 1 : 2;
	}
}
