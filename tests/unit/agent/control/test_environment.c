/* SPDX-License-Identifier: Apache-2.0 */
/* Order, expansion, sources, and that whatever touched a secret stays marked. */
#include "tests/unit/agent/control/objects.h"

#include "agent/control/environment.h"

static const char *const image_env[] = {"PATH=/bin", "FROM_IMAGE=i", NULL};

/* "NAME=value" a variable, secret ones with "!" in front, joined by "|". */
static char *shown(const struct environment *env)
{
	struct str out = {0};

	for (size_t i = 0; i < env->n; i++)
		str_addf(&out, "%s%s%s=%s", i ? "|" : "", env->items[i].secret ? "!" : "",
			env->items[i].name, env->items[i].value);
	return str_take(&out);
}

static void resolves(void **state)
{
	static const struct {
		const char *container;
		int r;
		const char *env; /* or the message */
	} cases[] = {
		{"{}", 0, "PATH=/bin|FROM_IMAGE=i"},
		{"{'env':[{'name':'A','value':'1'},{'name':'PATH','value':'/x'}]}", 0,
			"PATH=/x|FROM_IMAGE=i|A=1"},
		{"{'env':[{'name':'A','value':'1'},{'name':'B','value':'$(A)-$(B)-$(C)'},"
		 "{'name':'C','value':'$$(A)$(B)'}]}",
			0, "PATH=/bin|FROM_IMAGE=i|A=1|B=1-$(B)-$(C)|C=$(A)1-$(B)-$(C)"},
		{"{'env':[{'name':'A','value':'$(FROM_IMAGE) $ $() $(x $$'}]}", 0,
			"PATH=/bin|FROM_IMAGE=i|A=$(FROM_IMAGE) $ $() $(x $"},
		{"{'env':[{'name':'A'}]}", 0, "PATH=/bin|FROM_IMAGE=i|A="},
		{"{'env':[{'name':'W','valueFrom':{'secretKeyRef':{'name':'keys','key':'word'}}},"
		 "{'name':'URL','value':'x://$(W)@y'}]}",
			0, "PATH=/bin|FROM_IMAGE=i|!W=hush|!URL=x://hush@y"},
		{"{'env':[{'name':'W','valueFrom':{'secretKeyRef':{'name':'keys','key':'word'}}},"
		 "{'name':'W','value':'plain'}]}",
			0, "PATH=/bin|FROM_IMAGE=i|W=plain"},
		{"{'env':[{'name':'C','valueFrom':{'configMapKeyRef':{'name':'settings',"
		 "'key':'colour'}}},{'name':'I','valueFrom':{'fieldRef':{'fieldPath':"
		 "'status.podIP'}}}]}",
			0, "PATH=/bin|FROM_IMAGE=i|C=blue|I=10.88.0.7"},
		{"{'envFrom':[{'prefix':'S_','configMapRef':{'name':'settings'}}],"
		 "'env':[{'name':'S_size','value':'4'}]}",
			0, "PATH=/bin|FROM_IMAGE=i|S_colour=blue|S_size=4"},
		{"{'envFrom':[{'secretRef':{'name':'keys'}}]}", 0,
			"PATH=/bin|FROM_IMAGE=i|!user=bob|!word=hush"},
		{"{'env':[{'name':'W','valueFrom':{'secretKeyRef':{'name':'none','key':'w',"
		 "'optional':true}}},{'name':'X','valueFrom':{'configMapKeyRef':{'name':'settings',"
		 "'key':'none','optional':true}}}],'envFrom':[{'secretRef':{'name':'none',"
		 "'optional':true}}]}",
			0, "PATH=/bin|FROM_IMAGE=i"},
		{"{'env':[{'name':'W','valueFrom':{'secretKeyRef':{'name':'none','key':'w'}}}]}",
			-ENOENT, "secret \"none\" not found"},
		{"{'env':[{'name':'W','valueFrom':{'secretKeyRef':{'name':'keys','key':'w'}}}]}",
			-ENOENT, "key \"w\" not found in secret \"keys\""},
		{"{'envFrom':[{'configMapRef':{'name':'none'}}]}", -ENOENT,
			"configmap \"none\" not found"},
		{"{'env':[{'name':'W','valueFrom':{'secretKeyRef':{'name':'keys','key':'nul'}}}]}",
			-EINVAL, "key \"nul\" holds a NUL byte and cannot be a variable"},
	};
	const struct lookup l = objects_lookup(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *container = quoted(cases[i].container);
		cleanup_environment struct environment env = {0};
		struct err e = {0};
		int r = environment_resolve(
			&l, container, (char *const *)(uintptr_t)image_env, &env, &e);
		cleanup_free char *text = shown(&env);
		assert_case(r == cases[i].r, cases[i].container);
		assert_string_equal(r < 0 ? err_text(&e) : text, cases[i].env);
	}
}

static void sets_defaults_only(void **state)
{
	cleanup_environment struct environment env = {0};

	(void)state;
	environment_default(&env, "A", "1");
	environment_default(&env, "A", "2");
	assert_string_equal(environment_find(&env, "A")->value, "1");
	assert_null(environment_find(&env, "B"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves),
		cmocka_unit_test(sets_defaults_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
