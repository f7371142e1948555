/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of agent/control behind the API.
 */
#include "agent/api/backend.h"

const struct api_backend api_backend_control = {
	.exec_start = control_exec_start,
	.exec_check = control_exec_check,
	.exec_close_input = control_exec_close_input,
	.exec_free = control_exec_free,
	.retry = control_retry,
	.deaths = control_deaths,
	.image_pull = control_image_pull,
	.image_load = control_image_load,
	.image_job_free = control_image_job_free,
	.images = control_images,
	.image_remove = control_image_remove,
	.check = control_check,
};
