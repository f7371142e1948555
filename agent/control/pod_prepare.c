/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes before the shim: room on the node, and images. Both say in the pod's status what is missing and look again
 * when it may be there. Steps "admitted" and "prepared" of a pod's life.
 * Source: Kubernetes docs "Images" (imagePullPolicy, ImagePullBackOff), the kubelet's words in events.
 */
#include "agent/control/pod.h"

#include "agent/spec/attempt.h"

#include "agent/spec/spec.h"
#include "runtime/image/image.h"
#include "runtime/image/ref.h"

enum { ADMIT_AGAIN_S = 300, PULL_DELAY_S = 10, PULL_DELAY_MAX_S = 300 };

/* ---- room --------------------------------------------------------------------------------------------- */

/* Room has come free: those who wait look again. */
static void wake_waiting(struct control *c)
{
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		struct pod *p = map_value(i);
		if (p->why_not)
			pod_mark(p);
	}
}

void pod_release_load(struct pod *p)
{
	struct node_load *l = &p->control->load;

	if (!p->admitted)
		return;
	p->admitted = false;
	l->cpu_milli -= p->asked.cpu_milli;
	l->memory_bytes -= p->asked.memory_bytes;
	l->pods -= p->asked.pods;
	wake_waiting(p->control);
}

static void admit(struct pod *p, const json_t *object)
{
	struct node_load *l = &p->control->load;

	p->asked = (struct node_load){0};
	node_load_add(&p->asked, object);
	l->cpu_milli += p->asked.cpu_milli;
	l->memory_bytes += p->asked.memory_bytes;
	l->pods += p->asked.pods;
	p->admitted = true;
	p->host_network = json_flag(json_map(object, "spec"), "hostNetwork", false);
	if (!p->admitted_wall_ns)
		p->admitted_wall_ns = control_wall(p->control);
}

/* A pod that was admitted by an earlier agent stays so. */
static bool was_admitted(const struct control *c, const json_t *object)
{
	return streq(json_str(json_map(object, "spec"), "nodeName"), c->o.node_name) &&
	       json_str(json_map(object, "status"), "startTime");
}

int pod_admit(struct pod *p, const json_t *object)
{
	struct control *c = p->control;
	struct subject about = subject_of(object);
	cleanup_json json_t *node = NULL;
	struct err e = {0};

	if (was_admitted(c, object)) {
		admit(p, object);
		return 1;
	}
	/* Its labels and whether it is cordoned: users change those. */
	(void)store_get(c->o.store, c->node_kind, "", c->o.node_name, &node, NULL);
	if (node_admit(c->facts, &c->load, node, object, &e) < 0) {
		if (!streq(p->why_not, err_text(&e)))
			recorder_say(c->recorder, BY_SCHEDULER, &about, true, "FailedScheduling",
				"%s", err_text(&e));
		free(p->why_not);
		p->why_not = xstrdup(err_text(&e));
		pod_mark_report(p);
		pod_mark_at(p, control_now(c) + ADMIT_AGAIN_S * NS_PER_SEC);
		return 0;
	}
	free(take(p->why_not));
	admit(p, object);
	p->scheduled_unsaid = true;
	pod_mark_report(p);
	return 1;
}

/* Said behind the launch: a record is a write to the store, and the pod is in a hurry. */
void pod_say_scheduled(struct pod *p)
{
	const struct control *c = p->control;
	const struct subject about = {
		.api_version = "v1", .kind = "Pod", .ns = p->ns, .name = p->name, .uid = p->uid};

	if (!p->scheduled_unsaid)
		return;
	recorder_say(c->recorder, BY_SCHEDULER, &about, false, "Scheduled",
		"Successfully assigned %s/%s to %s", p->ns, p->name, c->o.node_name);
}

/* ---- images ------------------------------------------------------------------------------------------- */

static void clear_image(struct pod_image *image)
{
	free(image->container);
	free(image->ref);
	free(image->why);
	free(image->message);
	free(image->name);
	free(image->id);
	*image = (struct pod_image){0};
}

void pod_free_images(struct pod *p)
{
	for (size_t i = 0; i < p->n_images; i++)
		clear_image(&p->images[i]);
	free(take(p->images));
	p->n_images = 0;
}

/* An image may be changed in the spec of a pod; what is known of the one before is shown until the new one runs. */
static void set_ref(struct pod_image *image, const char *ref)
{
	if (streq(image->ref, ref))
		return;
	free(image->ref);
	free(take(image->why));
	free(take(image->message));
	image->ref = xstrdup(ref);
	image->retry_ns = image->delay_ns = 0;
	image->pulling = image->pulled = false;
}

void pod_make_images(struct pod *p, const json_t *object)
{
	if (!p->images) {
		p->n_images = pod_container_count(object);
		p->images = xcalloc(p->n_images ? p->n_images : 1, sizeof(*p->images));
		for (size_t i = 0; i < p->n_images; i++) {
			struct pod_image *image = &p->images[i];
			const json_t *container = pod_container(object, i, &image->init);
			image->container = xstrdup(json_str_or(container, "name", ""));
		}
	}
	for (size_t i = 0; i < p->n_images; i++)
		set_ref(&p->images[i], json_str_or(pod_container(object, i, NULL), "image", ""));
}

static const char *policy_of(const json_t *object, size_t i)
{
	return json_str_or(pod_container(object, i, NULL), "imagePullPolicy", "IfNotPresent");
}

static bool is_there(struct pod *p, const char *ref)
{
	const struct image *image;
	return image_find(p->control->o.images, ref, &image, NULL) == 0;
}

static bool has_image(struct pod *p, const json_t *object, size_t i)
{
	const struct pod_image *image = &p->images[i];

	if (streq(policy_of(object, i), "Always") && !image->pulled)
		return false;
	return is_there(p, image->ref);
}

bool pod_has_images(struct pod *p, const json_t *object)
{
	pod_make_images(p, object);
	for (size_t i = 0; i < p->n_images; i++)
		if (!has_image(p, object, i))
			return false;
	return true;
}

static void set_why(struct pod *p, struct pod_image *image, const char *why, const char *message)
{
	free(image->why);
	free(image->message);
	image->why = why ? xstrdup(why) : NULL;
	image->message = message ? xstrdup(message) : NULL;
	pod_mark_report(p);
}

/* Puts the entries of one pull secret into @auths. */
static void add_auths(struct pod *p, const char *name, json_t *auths)
{
	static const struct {
		const char *key;
		bool wrapped; /* {"auths":{…}}; the old form is what stands in it */
	} forms[] = {{".dockerconfigjson", true}, {".dockercfg", false}};
	struct control *c = p->control;
	cleanup_json json_t *secret = NULL;

	if (store_get(c->o.store, c->secret_kind, p->ns, name, &secret, NULL) < 0) {
		pod_say(p, true, "FailedToRetrieveImagePullSecret",
			"Unable to retrieve some image pull secrets (%s); attempting to pull the "
			"image may "
			"not succeed.",
			name);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *coded = json_str(json_map(secret, "data"), forms[i].key);
		cleanup_free void *text = NULL;
		cleanup_json json_t *config = NULL;
		size_t n = 0;
		if (!coded || base64_decode(sv(coded), &text, &n) < 0 ||
			json_parse((struct sv){text, n}, &config, NULL) < 0)
			continue;
		json_t *entries = forms[i].wrapped ? json_map(config, "auths") : config;
		if (json_is_object(entries))
			(void)json_object_update_missing(auths, entries);
	}
}

/* A docker config.json of all imagePullSecrets, or NULL. */
static char *credentials(struct pod *p, const json_t *object)
{
	const json_t *refs = json_at(object, "spec", "imagePullSecrets", NULL), *ref;
	cleanup_json json_t *config = json_object();
	json_t *auths = json_sub(config, "auths");
	size_t i;

	json_array_foreach (refs, i, ref)
		add_auths(p, json_str_or(ref, "name", ""), auths);
	return json_object_size(auths) ? json_text(config) : NULL;
}

static void begin_pull(struct pod *p, const json_t *object, size_t i)
{
	struct pod_image *image = &p->images[i];
	const char *container = json_str_or(pod_container(object, i, NULL), "name", "");
	cleanup_free char *auth = credentials(p, object);
	struct err e = {0};

	image->pulling = true;
	pod_say_of(p, container, false, "Pulling", "Pulling image \"%s\"", image->ref);
	int r = pulls_want(p->control->pulls, image->ref, auth, p->uid, &e);
	if (r < 0)
		pod_pull_ended(p->control, p->uid, image->ref, r, 0, err_text(&e));
}

/* Waits for nobody but the person who wrote it: a reference that is none is told once and not tried. */
static bool is_reference(struct pod *p, struct pod_image *image, const char *container)
{
	struct image_ref ref = {0};
	struct err e = {0};

	if (image_ref_parse(image->ref, &ref, &e) >= 0) {
		image_ref_done(&ref);
		return true;
	}
	if (!image->why) {
		pod_say_of(p, container, true, "InspectFailed", "%s", err_text(&e));
		pod_say_of(p, container, true, "Failed", "Error: InvalidImageName");
		set_why(p, image, "InvalidImageName", err_text(&e));
	}
	return false;
}

static void pull_one(struct pod *p, const json_t *object, size_t i)
{
	struct pod_image *image = &p->images[i];
	const char *container = json_str_or(pod_container(object, i, NULL), "name", "");
	uint64_t now = control_now(p->control);

	if (image->pulling || has_image(p, object, i) || !is_reference(p, image, container))
		return;
	if (streq(policy_of(object, i), "Never")) {
		if (!image->why)
			pod_say_of(p, container, true, "ErrImageNeverPull",
				"Container image \"%s\" is not present with pull policy of Never",
				image->ref);
		if (!image->why)
			set_why(p, image, "ErrImageNeverPull",
				"the image is not on this node and imagePullPolicy is Never: load "
				"it with "
				"`berth image load`");
		pod_mark_at(p, now + PULL_DELAY_S * NS_PER_SEC);
		return;
	}
	if (image->retry_ns > now) {
		pod_mark_at(p, image->retry_ns);
		if (streq(image->why, "ErrImagePull")) {
			cleanup_free char *plain =
				xasprintf("Back-off pulling image \"%s\": ErrImagePull: %s",
					image->ref, image->message);
			cleanup_free char *text = attempt_text(
				plain, control_wall(p->control) + image->retry_ns - now);
			set_why(p, image, "ImagePullBackOff", text);
			pod_say_of(p, container, false, "BackOff", "Back-off pulling image \"%s\"",
				image->ref);
			pod_say_of(p, container, true, "Failed", "Error: ImagePullBackOff");
		}
		return;
	}
	begin_pull(p, object, i);
}

int pod_pull(struct pod *p, const json_t *object)
{
	pod_say_scheduled(p);
	for (size_t i = 0; i < p->n_images; i++)
		pull_one(p, object, i);
	return 0;
}

static void pull_failed(struct pod *p, struct pod_image *image, const char *message)
{
	uint64_t cap = PULL_DELAY_MAX_S * NS_PER_SEC;

	image->delay_ns = image->delay_ns ? image->delay_ns * 2 : PULL_DELAY_S * NS_PER_SEC;
	if (image->delay_ns > cap)
		image->delay_ns = cap;
	image->retry_ns = control_now(p->control) + image->delay_ns;
	set_why(p, image, "ErrImagePull", message);
}

enum { BACK_OFF_SHOWS_S = 1 };

void pod_pull_ended(struct control *c, const char *uid, const char *ref, int r, uint64_t took_ns,
	const char *message)
{
	struct pod *p = pod_find(c, uid);

	for (size_t i = 0; p && i < p->n_images; i++) {
		struct pod_image *image = &p->images[i];
		if (!image->pulling || !streq(image->ref, ref))
			continue;
		image->pulling = false;
		image->pulled = r >= 0;
		if (r < 0) {
			pull_failed(p, image, message);
			pod_say(p, true, "Failed", "Failed to pull image \"%s\": %s", ref, message);
			pod_say(p, true, "Failed", "Error: ErrImagePull");
			pod_mark_at(p, control_now(c) + BACK_OFF_SHOWS_S * NS_PER_SEC);
		} else {
			set_why(p, image, NULL, NULL);
			pod_say(p, false, "Pulled", "Successfully pulled image \"%s\" in %.3fs",
				ref, (double)took_ns / 1e9);
			pod_mark(p);
		}
	}
}
