/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The volume sources that berth refuses: named, so that a manifest's mistakes are found and explained.
 */
#ifndef AGENT_SPEC_SCHEMA_STORAGE_H
#define AGENT_SPEC_SCHEMA_STORAGE_H

#include "agent/spec/schema.h"

extern const struct type type_pvc_volume, type_ephemeral_volume, type_image_volume, type_nfs_volume,
	type_csi_volume, type_iscsi_volume, type_fc_volume, type_rbd_volume, type_cephfs_volume,
	type_glusterfs_volume, type_flex_volume, type_git_repo_volume, type_aws_volume,
	type_gce_volume, type_azure_disk_volume, type_azure_file_volume, type_cinder_volume,
	type_vsphere_volume, type_portworx_volume, type_flocker_volume, type_photon_volume,
	type_quobyte_volume, type_scale_io_volume, type_storageos_volume;

#endif
