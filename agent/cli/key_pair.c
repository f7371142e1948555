/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of `berth create secret tls`: a key that does not fit its certificate is found now, not when nginx starts.
 */
#include "agent/cli/key_pair.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

static int read_alone(struct sv pem, bool is_key, struct err *e)
{
	const gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem.p, (unsigned)pem.n};
	gnutls_x509_crt_t *chain = NULL;
	gnutls_x509_privkey_t key = NULL;
	unsigned n = 0;
	int r;

	if (is_key) {
		if (gnutls_x509_privkey_init(&key) < 0)
			abort();
		r = gnutls_x509_privkey_import2(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
		gnutls_x509_privkey_deinit(key);
		return r < 0 ? err_set(e, -EINVAL, "no private key in PEM form can be read: %s",
				       gnutls_strerror(r))
			     : 0;
	}
	r = gnutls_x509_crt_list_import2(&chain, &n, &text, GNUTLS_X509_FMT_PEM, 0);
	for (unsigned i = 0; r >= 0 && i < n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
	return r < 0 ? err_set(e, -EINVAL, "no certificate in PEM form can be read: %s",
			       gnutls_strerror(r))
		     : 0;
}

int key_pair_check(struct sv cert, struct sv key, struct err *e)
{
	const gnutls_datum_t c = {(unsigned char *)(uintptr_t)cert.p, (unsigned)cert.n};
	const gnutls_datum_t k = {(unsigned char *)(uintptr_t)key.p, (unsigned)key.n};
	gnutls_certificate_credentials_t both = NULL;
	int r;

	if (read_alone(cert, false, e) < 0 || read_alone(key, true, e) < 0)
		return -EINVAL;
	if (gnutls_certificate_allocate_credentials(&both) < 0)
		abort();
	r = gnutls_certificate_set_x509_key_mem(both, &c, &k, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(both);
	if (r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return err_set(e, -EINVAL, "the private key does not belong to the certificate");
	if (r < 0)
		return err_set(e, -EINVAL, "the pair cannot be used: %s", gnutls_strerror(r));
	return 0;
}
