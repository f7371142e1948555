/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the volumes that berth composes: secret, configMap, emptyDir, hostPath, downwardAPI, projected;
 * and of Volume itself. What stands for storage that berth does not mount is in schema_storage.c.
 * Source: Kubernetes API reference 1.35, "Volume".
 */
#include "agent/spec/check.h"
#include "agent/spec/default.h"
#include "agent/spec/rules.h"
#include "agent/spec/schema.h"
#include "agent/spec/schema_storage.h"

static const struct field key_to_path[] = {
	{"key", STRING, "Key in the data.", .flags = REQUIRED},
	{"path", STRING, "File to write it to, below the mount.", .flags = REQUIRED,
		.check = check_relative_path},
	{"mode", INT32, "Mode bits of the file.", .flags = ZERO, RANGE(0, 0777)},
	END,
};
static const struct type type_key_to_path = {
	"KeyToPath", "A key and the file it becomes.", key_to_path};

static const struct field secret_volume[] = {
	{"secretName", STRING, "Name of the Secret.", .flags = REQUIRED},
	{"items", OBJECT, "Which keys become which files; all of them when missing.", .flags = LIST,
		.of = &type_key_to_path, .unique = "path"},
	{"defaultMode", INT32, "Mode bits of the files.", RANGE(0, 0777), .fallback = "420"},
	{"optional", BOOL, "The pod starts without the Secret or its keys."},
	END,
};
static const struct type type_secret_volume = {
	"SecretVolumeSource", "Files from a Secret, in memory.", secret_volume};

static const struct field config_map_volume[] = {
	{"name", STRING, "Name of the ConfigMap.", .flags = REQUIRED},
	{"items", OBJECT, "Which keys become which files; all of them when missing.", .flags = LIST,
		.of = &type_key_to_path, .unique = "path"},
	{"defaultMode", INT32, "Mode bits of the files.", RANGE(0, 0777), .fallback = "420"},
	{"optional", BOOL, "The pod starts without the ConfigMap or its keys."},
	END,
};
static const struct type type_config_map_volume = {
	"ConfigMapVolumeSource", "Files from a ConfigMap.", config_map_volume};

static const struct field empty_dir[] = {
	{"medium", STRING, "\"\" is the node's disk, Memory a tmpfs.", VALUES("", "Memory")},
	{"sizeLimit", QUANTITY, "Most bytes it may hold.",
		WARN("is not enforced on disk yet; it is with medium Memory"),
		.allow = allow_size_limit},
	END,
};
const struct type type_empty_dir = {
	"EmptyDirVolumeSource", "A directory that lives as long as the pod.", empty_dir};

static const struct field host_path[] = {
	{"path", STRING, "File or directory of the node.", .flags = REQUIRED,
		.check = check_host_path},
	{"type", STRING, "What must be there, or is to be made.",
		VALUES("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket",
			"CharDevice", "BlockDevice"),
		.fallback = ""},
	END,
};
const struct type type_host_path = {
	"HostPathVolumeSource", "A file or directory of the node.", host_path};

static const struct field field_selector[] = {
	{"apiVersion", STRING, "Version that the path is written in.", .fallback = "v1"},
	{"fieldPath", STRING, "Path of the field.", .flags = REQUIRED},
	END,
};
const struct type type_field_selector = {
	"ObjectFieldSelector", "A field of the pod.", field_selector};

static const struct field resource_selector[] = {
	{"containerName", STRING, "Container; its own one in env."},
	{"resource", STRING, "limits.cpu, requests.memory …", .flags = REQUIRED},
	{"divisor", QUANTITY, "Unit of the value.", .fallback = "0"},
	END,
};
const struct type type_resource_selector = {
	"ResourceFieldSelector", "A resource of a container.", resource_selector};

static const struct field downward_file[] = {
	{"path", STRING, "File to write, below the mount.", .flags = REQUIRED,
		.check = check_relative_path},
	{"fieldRef", OBJECT, "A field of the pod.", .flags = ONE_OF, .of = &type_field_selector},
	{"resourceFieldRef", OBJECT, "A resource of a container.", .flags = ONE_OF,
		.of = &type_resource_selector},
	{"mode", INT32, "Mode bits of the file.", .flags = ZERO, RANGE(0, 0777)},
	END,
};
const struct type type_downward_file = {"DownwardAPIVolumeFile", "A field and the file it becomes.",
	downward_file, .one_of = "one of fieldRef or resourceFieldRef", .rule = rule_downward_file};

static const struct field downward_volume[] = {
	{"items", OBJECT, "The files.", .flags = LIST, .of = &type_downward_file, .unique = "path"},
	{"defaultMode", INT32, "Mode bits of the files.", RANGE(0, 0777), .fallback = "420"},
	END,
};
static const struct type type_downward_volume = {
	"DownwardAPIVolumeSource", "Files with fields of the pod.", downward_volume};

static const struct field secret_projection[] = {
	{"name", STRING, "Name of the Secret.", .flags = REQUIRED},
	{"items", OBJECT, "Which keys become which files.", .flags = LIST, .of = &type_key_to_path,
		.unique = "path"},
	{"optional", BOOL, "The pod starts without it."},
	END,
};
static const struct type type_secret_projection = {
	"SecretProjection", "Files from a Secret.", secret_projection};
static const struct field config_map_projection[] = {
	{"name", STRING, "Name of the ConfigMap.", .flags = REQUIRED},
	{"items", OBJECT, "Which keys become which files.", .flags = LIST, .of = &type_key_to_path,
		.unique = "path"},
	{"optional", BOOL, "The pod starts without it."},
	END,
};
static const struct type type_config_map_projection = {
	"ConfigMapProjection", "Files from a ConfigMap.", config_map_projection};
static const struct field downward_projection[] = {
	{"items", OBJECT, "The files.", .flags = LIST, .of = &type_downward_file, .unique = "path"},
	END,
};
static const struct type type_downward_projection = {
	"DownwardAPIProjection", "Files with fields of the pod.", downward_projection};
static const struct field token_projection[] = {
	{"audience", STRING, "Whom the token is for."},
	{"expirationSeconds", INT64, "Seconds it lives.", .fallback = "3600"},
	{"path", STRING, "File to write it to.", .flags = REQUIRED, .check = check_relative_path},
	END,
};
static const struct type type_token_projection = {
	"ServiceAccountTokenProjection", "A token of the service account.", token_projection};
static const struct field bundle_projection[] = {
	{"name", STRING, "Name of the bundle."},
	{"signerName", STRING, "All bundles of a signer."},
	{"labelSelector", OBJECT, "Which of these.", .of = &type_label_selector},
	{"optional", BOOL, "The pod starts without it."},
	{"path", STRING, "File to write it to.", .flags = REQUIRED},
	END,
};
static const struct type type_bundle_projection = {
	"ClusterTrustBundleProjection", "Trust anchors of the cluster.", bundle_projection};
static const struct field certificate_projection[] = {
	{"signerName", STRING, "Who signs.", .flags = REQUIRED},
	{"keyType", STRING, "Kind of key.", .flags = REQUIRED},
	{"maxExpirationSeconds", INT32, "Longest life of the certificate."},
	{"credentialBundlePath", STRING, "File for key and chain."},
	{"keyPath", STRING, "File for the key."},
	{"certificateChainPath", STRING, "File for the chain."},
	{"userAnnotations", STRING, "Handed to the signer.", .flags = MAP},
	END,
};
static const struct type type_certificate_projection = {
	"PodCertificateProjection", "A certificate for the pod.", certificate_projection};

#define NO_CLUSTER "needs a cluster's control plane, which berth has not"
static const struct field volume_projection[] = {
	{"secret", OBJECT, "Files from a Secret.", .flags = ONE_OF, .of = &type_secret_projection},
	{"configMap", OBJECT, "Files from a ConfigMap.", .flags = ONE_OF,
		.of = &type_config_map_projection},
	{"downwardAPI", OBJECT, "Files with fields of the pod.", .flags = ONE_OF,
		.of = &type_downward_projection},
	{"serviceAccountToken", OBJECT, "A token of the service account.", .flags = ONE_OF,
		.of = &type_token_projection, REFUSE("berth issues no service account tokens")},
	{"clusterTrustBundle", OBJECT, "Trust anchors of the cluster.", .flags = ONE_OF,
		.of = &type_bundle_projection, REFUSE(NO_CLUSTER)},
	{"podCertificate", OBJECT, "A certificate for the pod.", .flags = ONE_OF,
		.of = &type_certificate_projection, REFUSE(NO_CLUSTER)},
	END,
};
const struct type type_volume_projection = {"VolumeProjection", "One source of a projected volume.",
	volume_projection, .one_of = "a volume projection"};
static const struct field projected_volume[] = {
	{"sources", OBJECT, "What is put together.", .flags = LIST, .of = &type_volume_projection},
	{"defaultMode", INT32, "Mode bits of the files.", RANGE(0, 0777), .fallback = "420"},
	END,
};
static const struct type type_projected_volume = {
	"ProjectedVolumeSource", "Several sources in one directory.", projected_volume};

#define MOUNT_IT "berth mounts no remote storage; mount it on the host and use hostPath"
#define GONE "removed from Kubernetes; mount it on the host and use hostPath"
#define SOURCE(n, t, d, why_)                                                                      \
	{                                                                                          \
		n, OBJECT, d, .flags = ONE_OF, .of = &(t), REFUSE(why_)                            \
	}
static const struct field volume[] = {
	{"name", STRING, "Name that mounts refer to.", .flags = REQUIRED, .check = check_dns_label},
	{"secret", OBJECT, "Files from a Secret, in memory.", .flags = ONE_OF,
		.of = &type_secret_volume},
	{"configMap", OBJECT, "Files from a ConfigMap.", .flags = ONE_OF,
		.of = &type_config_map_volume},
	{"emptyDir", OBJECT, "A directory that lives as long as the pod.", .flags = ONE_OF,
		.of = &type_empty_dir},
	{"hostPath", OBJECT, "A file or directory of the node.", .flags = ONE_OF,
		.of = &type_host_path},
	{"downwardAPI", OBJECT, "Files with fields of the pod.", .flags = ONE_OF,
		.of = &type_downward_volume},
	{"projected", OBJECT, "Several sources in one directory.", .flags = ONE_OF,
		.of = &type_projected_volume},
	SOURCE("persistentVolumeClaim", type_pvc_volume, "A claim on storage.",
		"berth does not bind claims yet; use hostPath or emptyDir"),
	SOURCE("ephemeral", type_ephemeral_volume, "A claim that lives as long as the pod.",
		"berth does not bind claims yet; use emptyDir"),
	SOURCE("image", type_image_volume, "Files of an image.",
		"berth does not mount images as volumes yet"),
	SOURCE("nfs", type_nfs_volume, "A directory of an NFS server.", MOUNT_IT),
	SOURCE("csi", type_csi_volume, "Storage behind a CSI driver.",
		"berth runs no CSI drivers; mount it on the host and use hostPath"),
	SOURCE("iscsi", type_iscsi_volume, "An iSCSI disk.", MOUNT_IT),
	SOURCE("fc", type_fc_volume, "A Fibre Channel disk.", MOUNT_IT),
	SOURCE("rbd", type_rbd_volume, "A Ceph block device.", MOUNT_IT),
	SOURCE("cephfs", type_cephfs_volume, "A Ceph file system.", MOUNT_IT),
	SOURCE("glusterfs", type_glusterfs_volume, "A Gluster volume.", MOUNT_IT),
	SOURCE("flexVolume", type_flex_volume, "Storage behind a Flexvolume driver.",
		"berth runs no Flexvolume drivers; mount it on the host and use hostPath"),
	SOURCE("gitRepo", type_git_repo_volume, "A clone of a git repository.",
		"never: it ran git as root; clone in an init container into an emptyDir"),
	SOURCE("awsElasticBlockStore", type_aws_volume, "A disk of AWS.", MOUNT_IT),
	SOURCE("gcePersistentDisk", type_gce_volume, "A disk of Google Cloud.", MOUNT_IT),
	SOURCE("azureDisk", type_azure_disk_volume, "A disk of Azure.", MOUNT_IT),
	SOURCE("azureFile", type_azure_file_volume, "A file share of Azure.", MOUNT_IT),
	SOURCE("cinder", type_cinder_volume, "A disk of OpenStack.", MOUNT_IT),
	SOURCE("vsphereVolume", type_vsphere_volume, "A disk of vSphere.", MOUNT_IT),
	SOURCE("portworxVolume", type_portworx_volume, "A Portworx volume.", MOUNT_IT),
	SOURCE("flocker", type_flocker_volume, "A Flocker dataset.", GONE),
	SOURCE("photonPersistentDisk", type_photon_volume, "A disk of Photon.", GONE),
	SOURCE("quobyte", type_quobyte_volume, "A Quobyte volume.", GONE),
	SOURCE("scaleIO", type_scale_io_volume, "A ScaleIO volume.", GONE),
	SOURCE("storageos", type_storageos_volume, "A StorageOS volume.", GONE),
	END,
};
const struct type type_volume = {"Volume", "Files that containers of the pod can mount.", volume,
	.one_of = "a volume type", .fill = default_volume};
