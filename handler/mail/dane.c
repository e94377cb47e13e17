/*
 * dane.c - judge a server's certificate by TLSA records: see dane.h
 *
 * Input: the chain is a stranger's, as are the records.
 */
#include "mail/dane.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "mail/cms_p.h"
#include "mail/smimea.h"

enum { LINKS_MOST = 16, HOST_SIZE = 256 };

static enum status
read_chain(struct span pem, STACK_OF(X509) * *out)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	enum status status = STATUS_MEMORY;
	X509 *one;

	if (chain == NULL || bio == NULL)
		goto out;
	while (sk_X509_num(chain) < LINKS_MOST &&
	    (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(chain, one) == 0) {
			X509_free(one);
			goto out;
		}
	status = sk_X509_num(chain) > 0 ? STATUS_OK : STATUS_BAD_FILE;
out:
	ERR_clear_error();
	BIO_free(bio);
	if (status == STATUS_OK)
		*out = chain;
	else
		sk_X509_pop_free(chain, X509_free);
	return status;
}

/* Does the chain lead from the leaf to that anchor, at this time? */
static bool
leads_to(STACK_OF(X509) * chain, X509 *anchor)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool good;

	good = store != NULL && ctx != NULL &&
	    X509_STORE_add_cert(store, anchor) == 1 &&
	    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	    X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) ==
		1 &&
	    X509_STORE_CTX_set_default(ctx, "ssl_server") == 1 &&
	    X509_verify_cert(ctx) == 1;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return good;
}

static bool
is_for(X509 *leaf, struct span host)
{
	char name[HOST_SIZE];

	return span_copy(host, name, sizeof(name)) &&
	    X509_check_host(leaf, name, 0, 0, NULL) == 1;
}

/* An anchor that the record names, from the chain or from the record itself. */
static bool
fits_above(STACK_OF(X509) * chain, const struct smimea *record)
{
	const unsigned char *at = (const unsigned char *)record->data.at;
	X509 *held = NULL;
	bool good = false;
	int i;

	for (i = 1; i < sk_X509_num(chain) && !good; i++)
		good = smimea_names(record, sk_X509_value(chain, i)) &&
		    leads_to(chain, sk_X509_value(chain, i));
	if (!good && record->selector == 0 && record->matching == 0)
		held = d2i_X509(NULL, &at, (long)record->data.len);
	if (held != NULL)
		good = leads_to(chain, held);
	X509_free(held);
	ERR_clear_error();
	return good;
}

static enum dane_verdict
judge(const struct dane_question *question, STACK_OF(X509) * chain,
    const struct smimea *record)
{
	X509 *leaf = sk_X509_value(chain, 0);
	bool good = false;

	switch (record->usage) {
	case SMIMEA_DANE_EE:
		good = smimea_names(record, leaf);
		break;
	case SMIMEA_DANE_TA:
		good =
		    is_for(leaf, question->host) && fits_above(chain, record);
		break;
	case SMIMEA_PKIX_EE:
	case SMIMEA_PKIX_TA:
		if (question->smtp)
			return DANE_UNUSABLE;
		good = question->trusted &&
		    (record->usage == SMIMEA_PKIX_EE
			    ? smimea_names(record, leaf)
			    : fits_above(chain, record));
		break;
	}
	return good ? DANE_FITS : DANE_DIFFERS;
}

enum status
dane_judge(const struct dane_question *question, struct span record,
    enum dane_verdict *out)
{
	STACK_OF(X509) *chain = NULL;
	struct smimea read;
	enum status status;

	status = read_chain(question->chain, &chain);
	if (status != STATUS_OK)
		return status;
	*out = smimea_parse(record, &read) == STATUS_OK
	    ? judge(question, chain, &read)
	    : DANE_UNUSABLE;
	sk_X509_pop_free(chain, X509_free);
	return STATUS_OK;
}

const char *
dane_verdict_name(enum dane_verdict verdict)
{
	static const char *const names[] = { "fits", "differs", "unusable" };

	return names[verdict];
}
