/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handlers of the commands, one for each row of the command table that runs. Each returns the exit status.
 */
#ifndef AGENT_CLI_HANDLERS_H
#define AGENT_CLI_HANDLERS_H

struct cli;

int cmd_annotate(struct cli *c);
int cmd_api_resources(struct cli *c);
int cmd_apply(struct cli *c);
int cmd_attach(struct cli *c);
int cmd_check(struct cli *c);
int cmd_completion(struct cli *c);
int cmd_cp(struct cli *c);
int cmd_create(struct cli *c);
int cmd_create_configmap(struct cli *c);
int cmd_create_namespace(struct cli *c);
int cmd_create_secret_docker_registry(struct cli *c);
int cmd_create_secret_generic(struct cli *c);
int cmd_create_secret_tls(struct cli *c);
int cmd_delete(struct cli *c);
int cmd_describe(struct cli *c);
int cmd_edit(struct cli *c);
int cmd_events(struct cli *c);
int cmd_exec(struct cli *c);
int cmd_explain(struct cli *c);
int cmd_get(struct cli *c);
int cmd_help(struct cli *c);
int cmd_image_load(struct cli *c);
int cmd_image_ls(struct cli *c);
int cmd_image_pull(struct cli *c);
int cmd_image_rm(struct cli *c);
int cmd_label(struct cli *c);
int cmd_logs(struct cli *c);
int cmd_patch(struct cli *c);
int cmd_port_forward(struct cli *c);
int cmd_replace(struct cli *c);
int cmd_retry(struct cli *c);
int cmd_why(struct cli *c);
int cmd_scale(struct cli *c);
int cmd_version(struct cli *c);
int cmd_wait(struct cli *c);

#endif
