/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command table. Spelling of names and flags is kubectl's wherever kubectl has them; what it has and berth does
 * not is an unknown flag, never one that is taken and ignored.
 */
#include "agent/cli/command.h"
#include "agent/cli/handlers.h"

#include <stddef.h>

/* ---- flags ---------------------------------------------------------------------------------------- */

const struct flag global_flags[] = {
	{"namespace", 'n', FLAG_TEXT, "NAME", NULL, NULL, NULL,
		"the namespace to work in (default)"},
	{"root", 0, FLAG_TEXT, "DIR", NULL, NULL, NULL,
		"the agent that runs under this prefix (BERTH_ROOT)"},
	{"socket", 0, FLAG_TEXT, "PATH", NULL, NULL, NULL, "the agent's socket itself"},
	{"request-timeout", 0, FLAG_DURATION, "TIME", "60s", NULL, NULL,
		"how long to wait for an answer; 0: for ever; streams have no limit"},
	{"help", 'h', FLAG_SWITCH, NULL, NULL, NULL, NULL, "this text"},
	{0},
};

#define FORMATS "table|wide|yaml|json|name|jsonpath=|jsonpath-file=|custom-columns="
#define OUTPUT_FLAG(formats, text)                                                                 \
	{                                                                                          \
		"output", 'o', FLAG_TEXT, "FORMAT", NULL, NULL, formats, text                      \
	}
#define MANAGED_FIELDS_FLAG                                                                        \
	{                                                                                          \
		"show-managed-fields", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL,                     \
			"keep metadata.managedFields in the output"                                \
	}

static const struct flag read_output_flags[] = {
	OUTPUT_FLAG(FORMATS,
		"table, wide, yaml, json, name, jsonpath=…, jsonpath-file=…, custom-columns=…"),
	{"no-headers", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "no heading line"},
	MANAGED_FIELDS_FLAG,
	{0},
};
static const struct flag change_output_flags[] = {
	OUTPUT_FLAG("yaml|json|name|jsonpath=|jsonpath-file=",
		"print the object instead: yaml, json, name, jsonpath=…"),
	MANAGED_FIELDS_FLAG,
	{0},
};
static const struct flag selector_flags[] = {
	{"selector", 'l', FLAG_TEXT, "LABELS", NULL, NULL, NULL,
		"only objects with these labels: app=web,tier!=db"},
	{0},
};
static const struct flag field_selector_flags[] = {
	{"field-selector", 0, FLAG_TEXT, "FIELDS", NULL, NULL, NULL,
		"only these: status.phase=Running"},
	{0},
};
static const struct flag everywhere_flags[] = {
	{"all-namespaces", 'A', FLAG_SWITCH, NULL, NULL, NULL, NULL, "in every namespace"},
	{0},
};
static const struct flag file_flags[] = {
	{"filename", 'f', FLAG_LIST, "FILE", NULL, NULL, NULL,
		"a file, a folder or - (may be repeated)"},
	{"recursive", 'R', FLAG_SWITCH, NULL, NULL, NULL, NULL, "with folders: those below, too"},
	{0},
};
static const struct flag dry_run_flags[] = {
	{"dry-run", 0, FLAG_TEXT, "WHERE", "none", "client", "none|client|server",
		"change nothing: check here (client) or at the agent (server)"},
	{0},
};
static const struct flag validate_flags[] = {
	{"validate", 0, FLAG_TEXT, "HOW", "strict", "strict", "strict|warn|ignore|true|false",
		"unknown fields: refuse, warn, or drop them"},
	{0},
};
static const struct flag all_flags[] = {
	{"all", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"every object of the kind in the namespace"},
	{0},
};
static const struct flag get_flags[] = {
	{"watch", 'w', FLAG_SWITCH, NULL, NULL, NULL, NULL, "go on and print each change"},
	{"watch-only", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "print changes only"},
	{"output-watch-events", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"with -w: what happened, too"},
	{"label-columns", 'L', FLAG_LIST, "LABELS", NULL, NULL, NULL,
		"a column for each of these labels"},
	{"show-labels", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "a last column with all labels"},
	{"show-kind", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "names with their kind"},
	{"sort-by", 0, FLAG_TEXT, "PATH", NULL, NULL, NULL,
		"sort by a JSONPath: .metadata.creationTimestamp"},
	{"ignore-not-found", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"a missing object is no error"},
	{"raw", 0, FLAG_TEXT, "PATH", NULL, NULL, NULL,
		"print what the agent answers to this path"},
	{0},
};
static const struct flag apply_flags[] = {
	{"server-side", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "not done by berth: says so"},
	{0},
};
static const struct flag secret_source_flags[] = {
	{"from-literal", 0, FLAG_LIST, "KEY=VALUE", NULL, NULL, NULL, "an entry (may be repeated)"},
	{"from-file", 0, FLAG_LIST, "[KEY=]FILE", NULL, NULL, NULL,
		"an entry from a file, or a folder's files"},
	{"from-env-file", 0, FLAG_LIST, "FILE", NULL, NULL, NULL, "entries from lines KEY=VALUE"},
	{0},
};
static const struct flag secret_type_flags[] = {
	{"type", 0, FLAG_TEXT, "TYPE", NULL, NULL, NULL, "the secret's type (Opaque)"},
	{0},
};
static const struct flag tls_flags[] = {
	{"cert", 0, FLAG_TEXT, "FILE", NULL, NULL, NULL, "the certificate (chain), PEM"},
	{"key", 0, FLAG_TEXT, "FILE", NULL, NULL, NULL, "its private key, PEM"},
	{0},
};
static const struct flag registry_flags[] = {
	{"docker-server", 0, FLAG_TEXT, "HOST", "https://index.docker.io/v1/", NULL, NULL,
		"the registry"},
	{"docker-username", 0, FLAG_TEXT, "NAME", NULL, NULL, NULL, "the user"},
	{"docker-password", 0, FLAG_TEXT, "TEXT", NULL, NULL, NULL, "the password"},
	{"docker-email", 0, FLAG_TEXT, "ADDRESS", NULL, NULL, NULL, "an address"},
	{"from-file", 0, FLAG_LIST, "FILE", NULL, NULL, NULL,
		"an existing config.json of docker or podman"},
	{0},
};
static const struct flag delete_flags[] = {
	{"grace-period", 0, FLAG_NUMBER, "SECONDS", "-1", NULL, NULL,
		"time to end in; -1: the object's own"},
	{"now", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "as --grace-period=1"},
	{"force", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "kill at once (--grace-period=0)"},
	{"cascade", 0, FLAG_TEXT, "HOW", "background", "background",
		"background|foreground|orphan|true|false",
		"what belongs to it: goes after it, goes before it, or stays"},
	{"wait", 0, FLAG_SWITCH, NULL, "true", NULL, NULL,
		"wait until it is gone (default; --wait=false)"},
	{"timeout", 0, FLAG_DURATION, "TIME", "0", NULL, NULL,
		"how long to wait; 0: without limit"},
	{"ignore-not-found", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"a missing object is no error"},
	OUTPUT_FLAG("name", "name: print pod/web only"),
	{0},
};
static const struct flag scale_flags[] = {
	{"replicas", 0, FLAG_NUMBER, "N", NULL, NULL, NULL, "how many pods are wanted"},
	{"current-replicas", 0, FLAG_NUMBER, "N", "-1", NULL, NULL,
		"only if so many are wanted now"},
	{0},
};
static const struct flag logs_flags[] = {
	{"follow", 'f', FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"go on with what is written from now on"},
	{"previous", 'p', FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"of the container's run before this one"},
	{"run", 0, FLAG_NUMBER, "N", NULL, NULL, NULL,
		"of the container's run N, as `berth why` numbers them; 0 is the first"},
	{"container", 'c', FLAG_TEXT, "NAME", NULL, NULL, NULL, "of this container"},
	{"all-containers", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "of every container of the pod"},
	{"tail", 0, FLAG_NUMBER, "LINES", "-1", NULL, NULL, "the last lines only (with -l: 10)"},
	{"since", 0, FLAG_DURATION, "TIME", NULL, NULL, NULL, "not older than this: 5m, 2h"},
	{"since-time", 0, FLAG_TEXT, "TIME", NULL, NULL, NULL, "not before this time (RFC 3339)"},
	{"timestamps", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "each line with its time"},
	{"limit-bytes", 0, FLAG_NUMBER, "BYTES", NULL, NULL, NULL, "at most so many bytes"},
	{"prefix", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "each line with its pod and container"},
	{"max-log-requests", 0, FLAG_NUMBER, "N", "5", NULL, NULL,
		"with -f: at most so many streams at once"},
	{"ignore-errors", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"a log that cannot be read is no failure"},
	{0},
};
static const struct flag retry_flags[] = {
	{"container", 'c', FLAG_TEXT, "NAME", NULL, NULL, NULL, "only this container"},
	{0},
};
static const struct flag why_flags[] = {
	{"container", 'c', FLAG_TEXT, "NAME", NULL, NULL, NULL, "only this container"},
	{"all", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"every end that is known, not only the last"},
	OUTPUT_FLAG("json|yaml", "json or yaml"),
	{0},
};
static const struct flag exec_flags[] = {
	{"stdin", 'i', FLAG_SWITCH, NULL, NULL, NULL, NULL, "hand standard input to the command"},
	{"tty", 't', FLAG_SWITCH, NULL, NULL, NULL, NULL, "give the command a terminal"},
	{"container", 'c', FLAG_TEXT, "NAME", NULL, NULL, NULL, "in this container"},
	{"quiet", 'q', FLAG_SWITCH, NULL, NULL, NULL, NULL, "only what the command prints"},
	{0},
};
static const struct flag exec_detach_flags[] = {
	{"detach-keys", 0, FLAG_TEXT, "KEYS", NULL, NULL, NULL,
		"with -t: typed, they end the session (and the command): ctrl-p,ctrl-q"},
	{0},
};
static const struct flag attach_flags[] = {
	{"stdin", 'i', FLAG_SWITCH, NULL, NULL, NULL, NULL, "hand standard input to the container"},
	{"tty", 't', FLAG_SWITCH, NULL, NULL, NULL, NULL, "its terminal is this one"},
	{"container", 'c', FLAG_TEXT, "NAME", NULL, NULL, NULL, "to this container"},
	{"quiet", 'q', FLAG_SWITCH, NULL, NULL, NULL, NULL, "only what the container prints"},
	{"detach-keys", 0, FLAG_TEXT, "KEYS", "ctrl-p,ctrl-q", NULL, NULL,
		"with -t: typed, they leave it and it goes on (ctrl-p,ctrl-q; \"\": none)"},
	{0},
};
static const struct flag cp_flags[] = {
	{"container", 'c', FLAG_TEXT, "NAME", NULL, NULL, NULL, "from or to this container"},
	{"no-preserve", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"owner and mode of copies in the container are its own choice"},
	{0},
};
static const struct flag forward_flags[] = {
	{"address", 0, FLAG_TEXT, "ADDRESSES", "localhost", NULL, NULL,
		"listen on these (IP addresses, localhost), separated by commas"},
	{0},
};
static const struct flag events_flags[] = {
	{"for", 0, FLAG_TEXT, "TYPE/NAME", NULL, NULL, NULL, "about this object only"},
	{"types", 0, FLAG_LIST, "TYPES", NULL, NULL, NULL, "Normal, Warning or both"},
	{"watch", 'w', FLAG_SWITCH, NULL, NULL, NULL, NULL, "go on and print each new one"},
	{0},
};
static const struct flag explain_flags[] = {
	{"recursive", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "the whole tree, names only"},
	{0},
};
static const struct flag pull_flags[] = {
	{"quiet", 'q', FLAG_SWITCH, NULL, NULL, NULL, NULL, "no progress"},
	{0},
};
static const struct flag image_ls_flags[] = {
	OUTPUT_FLAG("table|wide|yaml|json|jsonpath=", "table, wide, yaml, json, jsonpath=…"),
	{"no-headers", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "no heading line"},
	{0},
};
static const struct flag check_flags[] = {
	OUTPUT_FLAG("json|yaml", "json or yaml"),
	{0},
};
static const struct flag version_flags[] = {
	{"client", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "of this program only; asks no agent"},
	OUTPUT_FLAG("json|yaml", "json or yaml"),
	{0},
};
static const struct flag mark_flags[] = {
	{"overwrite", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "change a value that is there"},
	{"list", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "print what is there"},
	{0},
};
static const struct flag patch_flags[] = {
	{"patch", 'p', FLAG_TEXT, "PATCH", NULL, NULL, NULL, "the patch, JSON or YAML"},
	{"patch-file", 0, FLAG_TEXT, "FILE", NULL, NULL, NULL, "the patch from a file"},
	{"type", 0, FLAG_TEXT, "TYPE", "strategic", NULL, "strategic|merge|json",
		"strategic, merge or json"},
	{"subresource", 0, FLAG_TEXT, "NAME", NULL, NULL, "status|scale", "status or scale"},
	{0},
};
static const struct flag replace_flags[] = {
	{"force", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "delete it and create it anew"},
	{"grace-period", 0, FLAG_NUMBER, "SECONDS", "-1", NULL, NULL,
		"with --force: time to end in"},
	{0},
};
static const struct flag wait_flags[] = {
	{"for", 0, FLAG_TEXT, "WHAT", NULL, NULL, "delete|create|condition=|jsonpath=",
		"delete, create, condition=Ready[=true], jsonpath='{.status.phase}'=Running"},
	{"timeout", 0, FLAG_DURATION, "TIME", "30s", NULL, NULL, "how long; 0: look once"},
	{0},
};
static const struct flag api_resources_flags[] = {
	OUTPUT_FLAG("wide|name", "wide or name"),
	{"namespaced", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL,
		"only kinds in namespaces (=false: the others)"},
	{"no-headers", 0, FLAG_SWITCH, NULL, NULL, NULL, NULL, "no heading line"},
	{0},
};

/* ---- commands -------------------------------------------------------------------------------------- */

#define ALIASES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TARGET_ARGS "(TYPE NAME | TYPE/NAME | -f FILE)"

static const struct command create_secret_commands[] = {
	{
		.name = "generic",
		.args = "NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE] "
			"[--from-env-file=FILE]",
		.summary = "A secret of any entries",
		.examples = "  berth create secret generic db --from-literal=user=shop "
			    "--from-file=password=./pw\n",
		.flags = {secret_source_flags, secret_type_flags, dry_run_flags,
			change_output_flags, validate_flags},
		.run = cmd_create_secret_generic,
	},
	{
		.name = "tls",
		.args = "NAME --cert=FILE --key=FILE",
		.summary = "A certificate and its private key",
		.examples = "  berth create secret tls ssl-secret --cert=tls.crt --key=tls.key\n",
		.flags = {tls_flags, dry_run_flags, change_output_flags, validate_flags},
		.run = cmd_create_secret_tls,
	},
	{
		.name = "docker-registry",
		.args = "NAME --docker-username=NAME --docker-password=TEXT [--docker-server=HOST]",
		.summary = "What a pod's imagePullSecrets name",
		.examples =
			"  berth create secret docker-registry gcr --docker-server=gcr.io \\\n"
			"    --docker-username=_json_key --docker-password=\"$(cat key.json)\"\n",
		.flags = {registry_flags, dry_run_flags, change_output_flags, validate_flags},
		.run = cmd_create_secret_docker_registry,
	},
	{0},
};

static const struct command create_commands[] = {
	{
		.name = "secret",
		.args = "(generic | tls | docker-registry) NAME …",
		.summary = "A secret",
		.words = WORDS_COMMAND,
		.sub = create_secret_commands,
	},
	{
		.name = "configmap",
		.aliases = ALIASES("cm"),
		.args = "NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE] "
			"[--from-env-file=FILE]",
		.summary = "A config map",
		.examples = "  berth create configmap nginx --from-file=nginx.conf\n",
		.flags = {secret_source_flags, dry_run_flags, change_output_flags, validate_flags},
		.run = cmd_create_configmap,
	},
	{
		.name = "namespace",
		.aliases = ALIASES("ns"),
		.args = "NAME",
		.summary = "A namespace",
		.flags = {dry_run_flags, change_output_flags, validate_flags},
		.run = cmd_create_namespace,
	},
	{0},
};

static const struct command image_commands[] = {
	{
		.name = "load",
		.args = "FILE|-",
		.summary = "Take images from an archive (OCI layout or docker-archive)",
		.examples = "  berth image load web.tar\n  docker save web | berth image load -\n",
		.flags = {pull_flags},
		.words = WORDS_FILE,
		.run = cmd_image_load,
	},
	{
		.name = "ls",
		.aliases = ALIASES("list"),
		.args = "[REF…]",
		.summary = "List the images on this machine",
		.flags = {image_ls_flags},
		.words = WORDS_IMAGE,
		.run = cmd_image_ls,
	},
	{
		.name = "pull",
		.args = "REF…",
		.summary = "Fetch images from their registry",
		.examples = "  berth image pull gcr.io/your-project/web:latest\n",
		.flags = {pull_flags},
		.run = cmd_image_pull,
	},
	{
		.name = "rm",
		.aliases = ALIASES("remove", "delete"),
		.args = "REF…",
		.summary = "Remove images; layers that no other image has go with them",
		.words = WORDS_IMAGE,
		.run = cmd_image_rm,
	},
	{0},
};

static const char basic[] = "See and change what runs", look[] = "Look inside",
		  set[] = "Settings of objects", host[] = "This machine", other[] = "Other";

const struct command commands[] = {
	{
		.name = "apply",
		.section = basic,
		.args = "-f FILE",
		.summary = "Make objects as the files say: create them, or change what differs",
		.examples = "  berth apply -f web-rc.yaml\n  cat pod.json | berth apply -f -\n  "
			    "berth apply -f manifests/ -R\n",
		.flags = {file_flags, dry_run_flags, validate_flags, change_output_flags,
			apply_flags},
		.words = WORDS_FILE,
		.run = cmd_apply,
	},
	{
		.name = "create",
		.section = basic,
		.args = "(-f FILE | secret … | configmap … | namespace …)",
		.summary = "Create objects that must not exist yet",
		.examples = "  berth create -f pod.yaml\n  berth create secret tls ssl-secret "
			    "--cert=tls.crt --key=tls.key\n",
		.flags = {file_flags, dry_run_flags, validate_flags, change_output_flags},
		.words = WORDS_COMMAND,
		.run = cmd_create,
		.sub = create_commands,
	},
	{
		.name = "get",
		.section = basic,
		.args = "(TYPE[,TYPE…] [NAME…] | TYPE/NAME… | -f FILE)",
		.summary = "Print objects",
		.examples = "  berth get pods -w\n  berth get all\n  berth get rc web -o yaml\n"
			    "  berth get pods -l app=web -o jsonpath='{.items[*].status.podIP}'\n",
		.flags = {get_flags, read_output_flags, selector_flags, field_selector_flags,
			everywhere_flags, file_flags},
		.words = WORDS_RESOURCE,
		.run = cmd_get,
	},
	{
		.name = "describe",
		.section = basic,
		.args = "(TYPE [NAME…] | TYPE/NAME… | -f FILE)",
		.summary = "Tell everything about objects, with their events",
		.examples = "  berth describe pod web-5fx2k\n  berth describe pods -l app=web\n",
		.flags = {selector_flags, everywhere_flags, file_flags},
		.words = WORDS_RESOURCE,
		.run = cmd_describe,
	},
	{
		.name = "delete",
		.section = basic,
		.args = "(TYPE NAME… | TYPE/NAME… | TYPE -l LABELS | TYPE --all | -f FILE)",
		.summary = "Delete objects and what belongs to them",
		.examples = "  berth delete rc web\n  berth delete rc web --cascade=orphan\n  "
			    "berth delete pod web-5fx2k --now\n",
		.flags = {delete_flags, selector_flags, field_selector_flags, all_flags,
			everywhere_flags, file_flags, dry_run_flags},
		.words = WORDS_RESOURCE,
		.run = cmd_delete,
	},
	{
		.name = "scale",
		.section = basic,
		.args = TARGET_ARGS " --replicas=N",
		.summary = "Say how many pods a controller keeps",
		.examples = "  berth scale rc web --replicas=5\n",
		.flags = {scale_flags, selector_flags, all_flags, file_flags, dry_run_flags,
			change_output_flags},
		.words = WORDS_RESOURCE,
		.run = cmd_scale,
	},
	{
		.name = "retry",
		.section = basic,
		.args = "(POD | TYPE/NAME)... [-c CONTAINER]",
		.summary = "Try again now what waits in a back-off",
		.examples = "  berth retry web-5fx2k\n  berth retry web-5fx2k -c nginx\n",
		.flags = {retry_flags},
		.words = WORDS_POD,
		.run = cmd_retry,
	},
	{
		.name = "why",
		.section = look,
		.args = "(POD | TYPE/NAME) [-c CONTAINER]",
		.summary = "Tell why a pod does not run, or why its containers ended; also when it "
			   "is gone",
		.examples = "  berth why web-5fx2k\n  berth why web-5fx2k -c nginx --all\n",
		.flags = {why_flags},
		.words = WORDS_POD,
		.run = cmd_why,
	},
	{
		.name = "logs",
		.aliases = ALIASES("log"),
		.section = look,
		.args = "(POD | TYPE/NAME | -l LABELS) [CONTAINER]",
		.summary = "Print what a container wrote",
		.examples = "  berth logs web-5fx2k -c nginx -f\n  berth logs web-5fx2k "
			    "--previous\n  berth logs -l app=web --prefix\n",
		.flags = {logs_flags, selector_flags},
		.words = WORDS_POD,
		.run = cmd_logs,
	},
	{
		.name = "exec",
		.section = look,
		.args = "(POD | TYPE/NAME) [-c CONTAINER] [-it] -- COMMAND [ARGUMENT…]",
		.summary = "Run a command in a container; its exit status is berth's",
		.examples = "  berth exec web-5fx2k -c nginx -- nginx -t\n  berth exec -it "
			    "web-5fx2k -- sh\n",
		.flags = {exec_flags, exec_detach_flags},
		.words = WORDS_POD,
		.run = cmd_exec,
	},
	{
		.name = "attach",
		.section = look,
		.args = "(POD | TYPE/NAME) [-c CONTAINER] [-it]",
		.summary = "See what a container prints from now on, and type to it",
		.examples = "  berth attach web-5fx2k\n  berth attach -it shell     ctrl-p,ctrl-q "
			    "leaves it\n",
		.flags = {attach_flags},
		.words = WORDS_POD,
		.run = cmd_attach,
	},
	{
		.name = "cp",
		.section = look,
		.args = "(POD:PATH LOCAL | LOCAL POD:PATH) [-c CONTAINER]",
		.summary =
			"Copy files and directories from or to a container (its image needs tar)",
		.examples = "  berth cp web-5fx2k:/etc/nginx ./nginx\n  berth cp ./site "
			    "shop/web-5fx2k:/var/www -c nginx\n",
		.flags = {cp_flags},
		.words = WORDS_FILE,
		.run = cmd_cp,
	},
	{
		.name = "port-forward",
		.section = look,
		.args = "(POD | TYPE/NAME) [LOCAL:]PORT…",
		.summary = "Make ports of a pod, also those of its loopback, reachable here",
		.examples = "  berth port-forward web-5fx2k 8080:80\n  berth port-forward rc/web "
			    ":http 9090\n",
		.flags = {forward_flags},
		.words = WORDS_POD,
		.run = cmd_port_forward,
	},
	{
		.name = "events",
		.section = look,
		.args = "[--for TYPE/NAME]",
		.summary = "Print what happened, oldest first",
		.examples =
			"  berth events --for pod/web-5fx2k\n  berth events -w --types=Warning\n",
		.flags = {events_flags, read_output_flags, everywhere_flags},
		.run = cmd_events,
	},
	{
		.name = "wait",
		.section = look,
		.args = TARGET_ARGS " --for=WHAT",
		.summary = "Wait until objects are as wished",
		.examples = "  berth wait pod/web-5fx2k --for=condition=Ready\n  berth wait pods "
			    "-l app=web --for=delete --timeout=60s\n",
		.flags = {wait_flags, selector_flags, field_selector_flags, all_flags,
			everywhere_flags, file_flags},
		.words = WORDS_RESOURCE,
		.run = cmd_wait,
	},
	{
		.name = "explain",
		.section = look,
		.args = "TYPE[.FIELD…]",
		.summary = "Tell what a field means and what berth does with it",
		.examples = "  berth explain pod.spec.containers\n  berth explain rc --recursive\n",
		.flags = {explain_flags},
		.words = WORDS_KIND,
		.run = cmd_explain,
	},
	{
		.name = "label",
		.section = set,
		.args = TARGET_ARGS " KEY=VALUE… KEY-…",
		.summary = "Set and remove labels",
		.examples = "  berth label pod web-5fx2k tier=front old-\n",
		.flags = {mark_flags, selector_flags, all_flags, file_flags, dry_run_flags,
			change_output_flags},
		.words = WORDS_RESOURCE,
		.run = cmd_label,
	},
	{
		.name = "annotate",
		.section = set,
		.args = TARGET_ARGS " KEY=VALUE… KEY-…",
		.summary = "Set and remove annotations",
		.flags = {mark_flags, selector_flags, all_flags, file_flags, dry_run_flags,
			change_output_flags},
		.words = WORDS_RESOURCE,
		.run = cmd_annotate,
	},
	{
		.name = "patch",
		.section = set,
		.args = TARGET_ARGS " -p PATCH",
		.summary = "Change some fields of an object",
		.examples = "  berth patch rc web -p '{\"spec\":{\"replicas\":2}}'\n",
		.flags = {patch_flags, file_flags, dry_run_flags, change_output_flags},
		.words = WORDS_RESOURCE,
		.run = cmd_patch,
	},
	{
		.name = "edit",
		.section = set,
		.args = "(TYPE NAME | TYPE/NAME)",
		.summary = "Change an object in an editor (KUBE_EDITOR, EDITOR, vi)",
		.flags = {change_output_flags},
		.words = WORDS_RESOURCE,
		.run = cmd_edit,
	},
	{
		.name = "replace",
		.section = set,
		.args = "-f FILE",
		.summary = "Put objects of files in the place of those that are there",
		.flags = {file_flags, replace_flags, dry_run_flags, validate_flags,
			change_output_flags},
		.words = WORDS_FILE,
		.run = cmd_replace,
	},
	{
		.name = "image",
		.aliases = ALIASES("images"),
		.section = host,
		.args = "(load | ls | pull | rm) …",
		.summary = "The images on this machine",
		.words = WORDS_COMMAND,
		.sub = image_commands,
	},
	{
		.name = "check",
		.section = host,
		.summary = "What this machine lacks, and what is known of its runc; fails when "
			   "something needed is missing",
		.flags = {check_flags},
		.run = cmd_check,
	},
	{
		.name = "version",
		.section = host,
		.summary = "Versions of this program and of the agent",
		.flags = {version_flags},
		.run = cmd_version,
	},
	{
		.name = "api-resources",
		.section = other,
		.summary = "The kinds that the agent serves",
		.flags = {api_resources_flags},
		.run = cmd_api_resources,
	},
	{
		.name = "completion",
		.section = other,
		.args = "bash|zsh",
		.summary = "Print the completion for a shell",
		.examples = "  source <(berth completion bash)\n",
		.words = WORDS_SHELL,
		.run = cmd_completion,
	},
	{
		.name = "help",
		.section = other,
		.args = "[COMMAND…]",
		.summary = "Tell about a command",
		.words = WORDS_COMMAND,
		.run = cmd_help,
	},
	{0},
};
