/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/cli/key_pair.h"

/* A self-signed certificate made for this test, its key, and another key. */
static const char cert_pem[] = "-----BEGIN CERTIFICATE-----\n"
			       "MIIBdDCCARugAwIBAgIUN2zcIdy0YHsxBUk9RB1dRfGKwPMwCgYIKoZIzj0EAwIw\n"
			       "DzENMAsGA1UEAwwEc2hvcDAgFw0yNjExMjIyMzM1NDJaGA8yMTI2MTAyOTIzMzU0\n"
			       "MlowDzENMAsGA1UEAwwEc2hvcDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAJx\n"
			       "ZbN9BQvAt10fa7Kyn2Q+INz9kTFjRkrcIHelinIEXt0HKxvJS9JhrB1AyWR3BMp3\n"
			       "IYfCbCUEMG2CO5O8in+jUzBRMB0GA1UdDgQWBBQn8hUnp39SejENLk0XO00BVH2e\n"
			       "EDAfBgNVHSMEGDAWgBQn8hUnp39SejENLk0XO00BVH2eEDAPBgNVHRMBAf8EBTAD\n"
			       "AQH/MAoGCCqGSM49BAMCA0cAMEQCIFT5T7jKQPnKkie7eNeEkQzXFYEj4dSlpSHB\n"
			       "6MMQeG/LAiBFUsv8BLlAHoJnw7rRpQCDPe8mB6Zg+2KtwEqpnLLQeA==\n"
			       "-----END CERTIFICATE-----\n";
static const char key_pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
			      "MHcCAQEEIN+uTdrCGm2gaZk75YxTbeGmUR4K5NrFhN5Wg1MFiC3RoAoGCCqGSM49\n"
			      "AwEHoUQDQgAEAnFls30FC8C3XR9rsrKfZD4g3P2RMWNGStwgd6WKcgRe3QcrG8lL\n"
			      "0mGsHUDJZHcEynchh8JsJQQwbYI7k7yKfw==\n"
			      "-----END EC PRIVATE KEY-----\n";
static const char other_key_pem[] =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"MHcCAQEEIPE4/KTJUQTM2yOU5TqI1FoukANgJ14H3/FLRKmpLnfOoAoGCCqGSM49\n"
	"AwEHoUQDQgAEz4BBg4BYvc7h1qw/6/Zh/apB2W0Dswdv0bFeTbHFs1cZPGR6KM0I\n"
	"SVsfA0DZymktJ1DFaHF4/wiTzUgySQLPyg==\n"
	"-----END EC PRIVATE KEY-----\n";

static void checks(void **state)
{
	const struct {
		const char *name, *cert, *key, *message;
	} cases[] = {
		{"a pair", cert_pem, key_pem, NULL},
		{"another key", cert_pem, other_key_pem,
			"the private key does not belong to the certificate"},
		{"no certificate", "hello", key_pem, "no certificate in PEM form can be read"},
		{"no key", cert_pem, "hello", "no private key in PEM form can be read"},
		{"exchanged", key_pem, cert_pem, "no certificate in PEM form can be read"},
		{"empty", "", "", "no certificate in PEM form can be read"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = {0};
		int r = key_pair_check(sv(cases[i].cert), sv(cases[i].key), &e);

		assert_case(r == (cases[i].message ? -EINVAL : 0), cases[i].name);
		assert_case(!cases[i].message || strstr(e.msg, cases[i].message), cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(checks)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
