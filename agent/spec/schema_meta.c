/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the types that all kinds share: metadata, selectors, references, deletion options, Scale.
 * Source: Kubernetes API reference 1.35, "Common Definitions".
 */
#include "agent/spec/check.h"
#include "agent/spec/rules.h"
#include "agent/spec/schema.h"

static const struct field owner_reference[] = {
	{"apiVersion", STRING, "API version of the owner.", .flags = REQUIRED},
	{"kind", STRING, "Kind of the owner.", .flags = REQUIRED},
	{"name", STRING, "Name of the owner.", .flags = REQUIRED},
	{"uid", STRING, "UID of the owner.", .flags = REQUIRED},
	{"controller", BOOL, "The owner manages this object; one owner may."},
	{"blockOwnerDeletion", BOOL, "A foreground deletion of the owner waits for this object."},
	END,
};
static const struct type type_owner_reference = {
	"OwnerReference", "An object that this one belongs to.", owner_reference, .meta = true};

static const struct field managed_fields[] = {
	{"apiVersion", STRING, "Version the field set is written in."},
	{"fieldsType", STRING, "Always FieldsV1."},
	{"fieldsV1", ANY, "The set of fields."},
	{"manager", STRING, "Who manages them."},
	{"operation", STRING, "Apply or Update."},
	{"subresource", STRING, "Subresource that was written through."},
	{"time", TIME, "When the entry last changed."},
	END,
};
static const struct type type_managed_fields = {"ManagedFieldsEntry",
	"Who last set which fields (server-side apply).", managed_fields, .meta = true};

static const struct field object_meta[] = {
	{"name", STRING, "Name, unique among its kind in the namespace.", .flags = IMMUTABLE},
	{"generateName", STRING, "Prefix of a name that the server completes."},
	{"namespace", STRING, "Namespace the object lives in.", .flags = IMMUTABLE,
		.check = check_dns_label},
	{"labels", STRING, "Keys and values to select objects by.", .flags = MAP | MUTABLE,
		.check = check_labels},
	{"annotations", STRING, "Free keys and values that tools attach.", .flags = MAP | MUTABLE,
		.check = check_annotations},
	{"ownerReferences", OBJECT, "Objects this one is deleted with.", .flags = LIST | MUTABLE,
		.of = &type_owner_reference, .key = "uid", .max = OWNERS_MAX},
	{"finalizers", STRING, "What must be done before the object goes.",
		.flags = LIST | MERGE | MUTABLE, .check = check_qualified_name, .max = OWNERS_MAX},
	{"uid", STRING, "Identity over time and space, made by the server.", .flags = IMMUTABLE},
	{"resourceVersion", STRING, "Version of the object in the store; a lock when written."},
	{"generation", INT64, "Counts the changes of the desired state."},
	{"creationTimestamp", TIME, "When the object was made.", .flags = IMMUTABLE},
	{"deletionTimestamp", TIME, "When the object goes, once its deletion was asked."},
	{"deletionGracePeriodSeconds", INT64, "Seconds of grace of that deletion."},
	{"managedFields", OBJECT, "Who set which field; berth keeps no such record.",
		.flags = LIST | DROPPED, .of = &type_managed_fields},
	{"selfLink", STRING, "Obsolete.", .flags = DROPPED},
	END,
};
const struct type type_object_meta = {"ObjectMeta",
	"Name, labels and what the server keeps about an object.", object_meta, .meta = true};

static const struct field selector_requirement[] = {
	{"key", STRING, "Label key.", .flags = REQUIRED, .check = check_qualified_name},
	{"operator", STRING, "How the label's value relates to the values.", .flags = REQUIRED,
		VALUES("In", "NotIn", "Exists", "DoesNotExist")},
	{"values", STRING, "Values to compare with.", .flags = LIST},
	END,
};
static const struct type type_selector_requirement = {"LabelSelectorRequirement",
	"A condition on a label.", selector_requirement, .meta = true,
	.rule = rule_selector_requirement};

static const struct field label_selector[] = {
	{"matchLabels", STRING, "Labels that must be there with these values.", .flags = MAP,
		.check = check_labels},
	{"matchExpressions", OBJECT, "Conditions that must all hold.", .flags = LIST,
		.of = &type_selector_requirement},
	END,
};
const struct type type_label_selector = {
	"LabelSelector", "Picks objects by their labels.", label_selector, .meta = true};

static const struct field local_reference[] = {
	{"name", STRING, "Name of the object in the same namespace."},
	END,
};
const struct type type_local_reference = {
	"LocalObjectReference", "An object of the same namespace.", local_reference};

static const struct field object_reference[] = {
	{"apiVersion", STRING, "API version of the object."},
	{"kind", STRING, "Kind of the object."},
	{"namespace", STRING, "Namespace of the object."},
	{"name", STRING, "Name of the object."},
	{"uid", STRING, "UID of the object."},
	{"resourceVersion", STRING, "Version of the object that is meant."},
	{"fieldPath", STRING, "Part of the object, as \"spec.containers{name}\"."},
	END,
};
const struct type type_object_reference = {
	"ObjectReference", "Any object, or a part of it.", object_reference};

static const struct field preconditions[] = {
	{"uid", STRING, "UID that the object must have."},
	{"resourceVersion", STRING, "Version that the object must have."},
	END,
};
static const struct type type_preconditions = {
	"Preconditions", "What must hold for a deletion.", preconditions, .meta = true};

static const struct field delete_options[] = {
	TYPE_META,
	{"gracePeriodSeconds", INT64, "Seconds to stop in; 0 is at once.", RANGE(0, INT32_MAX)},
	{"preconditions", OBJECT, "What must hold, or the deletion fails.",
		.of = &type_preconditions},
	{"propagationPolicy", STRING, "What happens to dependants.",
		VALUES("Orphan", "Background", "Foreground")},
	{"orphanDependents", BOOL, "Obsolete form of propagationPolicy Orphan."},
	{"dryRun", STRING, "[All]: try, and change nothing.", .flags = LIST, VALUES("All")},
	{"ignoreStoreReadErrorWithClusterBreakingPotential", BOOL,
		"Delete an object that cannot be read.",
		REFUSE("berth's store has no unreadable objects to force out")},
	END,
};
const struct type type_delete_options = {
	"DeleteOptions", "How to delete.", delete_options, .meta = true};

static const struct field scale_spec[] = {
	{"replicas", INT32, "How many pods are wanted.", RANGE(0, INT32_MAX), .fallback = "0"},
	END,
};
static const struct type type_scale_spec = {"ScaleSpec", "The wanted scale.", scale_spec};
static const struct field scale_status[] = {
	{"replicas", INT32, "How many pods there are."},
	{"selector", STRING, "Label selector of the pods, in the form of a query."},
	END,
};
static const struct type type_scale_status = {"ScaleStatus", "The scale found.", scale_status};
static const struct field scale[] = {
	TYPE_META,
	OBJECT_META,
	{"spec", OBJECT, "The wanted scale.", .of = &type_scale_spec, .fallback = "{}"},
	{"status", OBJECT, "The scale found.", .flags = OBSERVED, .of = &type_scale_status},
	END,
};
const struct type type_scale = {"Scale", "How many copies of something run.", scale};
