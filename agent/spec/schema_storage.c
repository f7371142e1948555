/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the volume sources that berth refuses (schema_volume.c says why), so that they can be explained and
 * a misspelt name among them is still found.
 * Source: Kubernetes API reference 1.35, "Volume" and "PersistentVolumeClaim".
 */
#include "agent/spec/schema_storage.h"

static const struct field pvc_volume[] = {
	{"claimName", STRING, "Name of the claim.", .flags = REQUIRED},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_pvc_volume = {
	"PersistentVolumeClaimVolumeSource", "A claim on storage.", pvc_volume};

static const struct field image_volume[] = {
	{"reference", STRING, "The image."},
	{"pullPolicy", STRING, "When to pull it."},
	END,
};
const struct type type_image_volume = {"ImageVolumeSource", "Files of an image.", image_volume};

static const struct field nfs_volume[] = {
	{"server", STRING, "The server.", .flags = REQUIRED},
	{"path", STRING, "Directory it exports.", .flags = REQUIRED},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_nfs_volume = {
	"NFSVolumeSource", "A directory of an NFS server.", nfs_volume};

static const struct field csi_volume[] = {
	{"driver", STRING, "Name of the driver.", .flags = REQUIRED},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	{"volumeAttributes", STRING, "Handed to the driver.", .flags = MAP},
	{"nodePublishSecretRef", OBJECT, "Secret handed to the driver.",
		.of = &type_local_reference},
	END,
};
const struct type type_csi_volume = {"CSIVolumeSource", "Storage behind a CSI driver.", csi_volume};

static const struct field iscsi_volume[] = {
	{"targetPortal", STRING, "Address of the target.", .flags = REQUIRED},
	{"iqn", STRING, "Name of the target.", .flags = REQUIRED},
	{"lun", INT32, "Number of the unit.", .flags = REQUIRED},
	{"iscsiInterface", STRING, "Interface to use."},
	{"portals", STRING, "More addresses of the target.", .flags = LIST},
	{"initiatorName", STRING, "Name of the initiator."},
	{"chapAuthDiscovery", BOOL, "CHAP for discovery."},
	{"chapAuthSession", BOOL, "CHAP for the session."},
	{"secretRef", OBJECT, "Secret with the credentials.", .of = &type_local_reference},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_iscsi_volume = {"ISCSIVolumeSource", "An iSCSI disk.", iscsi_volume};

static const struct field fc_volume[] = {
	{"targetWWNs", STRING, "Names of the targets.", .flags = LIST},
	{"lun", INT32, "Number of the unit."},
	{"wwids", STRING, "Identities of the volume.", .flags = LIST},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_fc_volume = {"FCVolumeSource", "A Fibre Channel disk.", fc_volume};

static const struct field rbd_volume[] = {
	{"monitors", STRING, "Ceph monitors.", .flags = LIST | REQUIRED},
	{"image", STRING, "Name of the device.", .flags = REQUIRED},
	{"pool", STRING, "Pool of the device."},
	{"user", STRING, "Ceph user."},
	{"keyring", STRING, "Key ring of the user."},
	{"secretRef", OBJECT, "Secret with the credentials.", .of = &type_local_reference},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_rbd_volume = {"RBDVolumeSource", "A Ceph block device.", rbd_volume};

static const struct field cephfs_volume[] = {
	{"monitors", STRING, "Ceph monitors.", .flags = LIST | REQUIRED},
	{"path", STRING, "Directory of the file system."},
	{"user", STRING, "Ceph user."},
	{"secretFile", STRING, "Key ring of the user."},
	{"secretRef", OBJECT, "Secret with the credentials.", .of = &type_local_reference},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_cephfs_volume = {"CephFSVolumeSource", "A Ceph file system.", cephfs_volume};

static const struct field glusterfs_volume[] = {
	{"endpoints", STRING, "Endpoints object with the servers.", .flags = REQUIRED},
	{"path", STRING, "Name of the volume.", .flags = REQUIRED},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_glusterfs_volume = {
	"GlusterfsVolumeSource", "A Gluster volume.", glusterfs_volume};

static const struct field flex_volume[] = {
	{"driver", STRING, "Name of the driver.", .flags = REQUIRED},
	{"options", STRING, "Handed to the driver.", .flags = MAP},
	{"secretRef", OBJECT, "Secret with the credentials.", .of = &type_local_reference},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_flex_volume = {
	"FlexVolumeSource", "Storage behind a Flexvolume driver.", flex_volume};

static const struct field git_repo_volume[] = {
	{"repository", STRING, "URL of the repository.", .flags = REQUIRED},
	{"revision", STRING, "Commit to check out."},
	{"directory", STRING, "Directory to clone into."},
	END,
};
const struct type type_git_repo_volume = {
	"GitRepoVolumeSource", "A clone of a git repository.", git_repo_volume};

static const struct field aws_volume[] = {
	{"volumeID", STRING, "Identity of the disk.", .flags = REQUIRED},
	{"partition", INT32, "Partition to mount."},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_aws_volume = {
	"AWSElasticBlockStoreVolumeSource", "A disk of AWS.", aws_volume};

static const struct field gce_volume[] = {
	{"pdName", STRING, "Name of the disk.", .flags = REQUIRED},
	{"partition", INT32, "Partition to mount."},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_gce_volume = {
	"GCEPersistentDiskVolumeSource", "A disk of Google Cloud.", gce_volume};

static const struct field azure_disk_volume[] = {
	{"diskName", STRING, "Name of the disk.", .flags = REQUIRED},
	{"diskURI", STRING, "Address of the disk.", .flags = REQUIRED},
	{"cachingMode", STRING, "How the host caches it."},
	{"kind", STRING, "Shared, Dedicated or Managed."},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_azure_disk_volume = {
	"AzureDiskVolumeSource", "A disk of Azure.", azure_disk_volume};

static const struct field azure_file_volume[] = {
	{"secretName", STRING, "Secret with the account.", .flags = REQUIRED},
	{"shareName", STRING, "Name of the share.", .flags = REQUIRED},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_azure_file_volume = {
	"AzureFileVolumeSource", "A file share of Azure.", azure_file_volume};

static const struct field cinder_volume[] = {
	{"volumeID", STRING, "Identity of the disk.", .flags = REQUIRED},
	{"secretRef", OBJECT, "Secret with the credentials.", .of = &type_local_reference},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_cinder_volume = {
	"CinderVolumeSource", "A disk of OpenStack.", cinder_volume};

static const struct field vsphere_volume[] = {
	{"volumePath", STRING, "Path of the disk.", .flags = REQUIRED},
	{"storagePolicyName", STRING, "Storage policy."},
	{"storagePolicyID", STRING, "Identity of the policy."},
	{"fsType", STRING, "File system on it."},
	END,
};
const struct type type_vsphere_volume = {
	"VsphereVirtualDiskVolumeSource", "A disk of vSphere.", vsphere_volume};

static const struct field portworx_volume[] = {
	{"volumeID", STRING, "Identity of the volume.", .flags = REQUIRED},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_portworx_volume = {
	"PortworxVolumeSource", "A Portworx volume.", portworx_volume};

static const struct field flocker_volume[] = {
	{"datasetName", STRING, "Name of the dataset."},
	{"datasetUUID", STRING, "UUID of the dataset."},
	END,
};
const struct type type_flocker_volume = {
	"FlockerVolumeSource", "A Flocker dataset.", flocker_volume};

static const struct field photon_volume[] = {
	{"pdID", STRING, "Identity of the disk.", .flags = REQUIRED},
	{"fsType", STRING, "File system on it."},
	END,
};
const struct type type_photon_volume = {
	"PhotonPersistentDiskVolumeSource", "A disk of Photon.", photon_volume};

static const struct field quobyte_volume[] = {
	{"registry", STRING, "Addresses of the registry.", .flags = REQUIRED},
	{"volume", STRING, "Name of the volume.", .flags = REQUIRED},
	{"tenant", STRING, "Owner of the volume."},
	{"user", STRING, "User to mount as."},
	{"group", STRING, "Group to mount as."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_quobyte_volume = {
	"QuobyteVolumeSource", "A Quobyte volume.", quobyte_volume};

static const struct field scale_io_volume[] = {
	{"gateway", STRING, "Address of the gateway.", .flags = REQUIRED},
	{"system", STRING, "Name of the system.", .flags = REQUIRED},
	{"protectionDomain", STRING, "Protection domain."},
	{"storagePool", STRING, "Storage pool."},
	{"storageMode", STRING, "ThickProvisioned or ThinProvisioned."},
	{"volumeName", STRING, "Name of the volume."},
	{"sslEnabled", BOOL, "Speak TLS to the gateway."},
	{"secretRef", OBJECT, "Secret with the credentials.", .flags = REQUIRED,
		.of = &type_local_reference},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_scale_io_volume = {
	"ScaleIOVolumeSource", "A ScaleIO volume.", scale_io_volume};

static const struct field storageos_volume[] = {
	{"volumeName", STRING, "Name of the volume."},
	{"volumeNamespace", STRING, "Namespace of the volume."},
	{"secretRef", OBJECT, "Secret with the credentials.", .of = &type_local_reference},
	{"fsType", STRING, "File system on it."},
	{"readOnly", BOOL, "Mount it read-only."},
	END,
};
const struct type type_storageos_volume = {
	"StorageOSVolumeSource", "A StorageOS volume.", storageos_volume};

static const struct field typed_local_reference[] = {
	{"apiGroup", STRING, "Group of the object."},
	{"kind", STRING, "Kind of the object.", .flags = REQUIRED},
	{"name", STRING, "Name of the object.", .flags = REQUIRED},
	END,
};
static const struct type type_typed_local_reference = {"TypedLocalObjectReference",
	"An object of the same namespace, of any kind.", typed_local_reference};

static const struct field typed_reference[] = {
	{"apiGroup", STRING, "Group of the object."},
	{"kind", STRING, "Kind of the object.", .flags = REQUIRED},
	{"name", STRING, "Name of the object.", .flags = REQUIRED},
	{"namespace", STRING, "Namespace of the object."},
	END,
};
static const struct type type_typed_reference = {
	"TypedObjectReference", "An object of any kind.", typed_reference};

static const struct field claim_resources[] = {
	{"limits", QUANTITY, "Most storage.", .flags = MAP},
	{"requests", QUANTITY, "Least storage.", .flags = MAP},
	END,
};
static const struct type type_claim_resources = {
	"VolumeResourceRequirements", "How much storage.", claim_resources};

static const struct field claim_spec[] = {
	{"accessModes", STRING, "ReadWriteOnce, ReadOnlyMany …", .flags = LIST},
	{"selector", OBJECT, "Which volumes.", .of = &type_label_selector},
	{"resources", OBJECT, "How much.", .of = &type_claim_resources},
	{"volumeName", STRING, "One certain volume."},
	{"storageClassName", STRING, "Class of the storage."},
	{"volumeMode", STRING, "Filesystem or Block."},
	{"dataSource", OBJECT, "What it is filled from.", .of = &type_typed_local_reference},
	{"dataSourceRef", OBJECT, "What it is filled from.", .of = &type_typed_reference},
	{"volumeAttributesClassName", STRING, "Class of further attributes."},
	END,
};
static const struct type type_claim_spec = {
	"PersistentVolumeClaimSpec", "The storage that is asked for.", claim_spec};

static const struct field claim_template[] = {
	{"metadata", OBJECT, "Labels and annotations of the claim.", .of = &type_object_meta},
	{"spec", OBJECT, "The storage that is asked for.", .flags = REQUIRED,
		.of = &type_claim_spec},
	END,
};
static const struct type type_claim_template = {
	"PersistentVolumeClaimTemplate", "A claim to make for the pod.", claim_template};

static const struct field ephemeral_volume[] = {
	{"volumeClaimTemplate", OBJECT, "The claim.", .of = &type_claim_template},
	END,
};
const struct type type_ephemeral_volume = {
	"EphemeralVolumeSource", "A claim that lives as long as the pod.", ephemeral_volume};
