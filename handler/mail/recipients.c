/*
 * recipients.c - whom a message is encrypted to: see recipients.h
 *
 * Input: hostile.
 */
#include "mail/recipients.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "mail/recipients_p.h"

struct recipients {
	CMS_ContentInfo *cms;                /* owned */
	STACK_OF(CMS_RecipientInfo) * infos; /* borrowed from cms */
};

enum status
recipients_parse(struct span der, struct recipients **out, struct note *note)
{
	struct recipients *recipients = calloc(1, sizeof(*recipients));
	const unsigned char *at = (const unsigned char *)der.at;

	if (recipients == NULL)
		return STATUS_MEMORY;
	recipients->cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
	if (recipients->cms != NULL)
		recipients->infos = CMS_get0_RecipientInfos(recipients->cms);
	ERR_clear_error();
	if (recipients->infos == NULL) {
		recipients_free(recipients);
		return note_set(note, STATUS_BAD_SMIME,
		    "the message is not encrypted with S/MIME, or damaged");
	}
	*out = recipients;
	return STATUS_OK;
}

void
recipients_free(struct recipients *recipients)
{
	if (recipients == NULL)
		return;
	CMS_ContentInfo_free(recipients->cms);
	free(recipients);
}

int
recipients_agreed(CMS_RecipientInfo *info, X509 *certificate)
{
	STACK_OF(CMS_RecipientEncryptedKey) *keys =
	    CMS_RecipientInfo_kari_get0_reks(info);
	int i;

	for (i = 0; i < sk_CMS_RecipientEncryptedKey_num(keys); i++)
		if (CMS_RecipientEncryptedKey_cert_cmp(
			sk_CMS_RecipientEncryptedKey_value(keys, i),
			certificate) == 0)
			return i;
	return -1;
}

static bool
is_for(CMS_RecipientInfo *info, X509 *certificate)
{
	switch (CMS_RecipientInfo_type(info)) {
	case CMS_RECIPINFO_TRANS:
		return CMS_RecipientInfo_ktri_cert_cmp(info, certificate) == 0;
	case CMS_RECIPINFO_AGREE:
		return recipients_agreed(info, certificate) >= 0;
	default:
		return false;
	}
}

X509 *
recipients_certificate(struct span pem)
{
	BIO *text = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509 *certificate = NULL;

	if (text != NULL)
		certificate = PEM_read_bio_X509(text, NULL, NULL, NULL);
	BIO_free(text);
	return certificate;
}

bool
recipients_have(const struct recipients *recipients, struct span pem)
{
	X509 *certificate = recipients_certificate(pem);
	bool found = false;
	int i;

	for (i = 0; certificate != NULL && !found &&
	     i < sk_CMS_RecipientInfo_num(recipients->infos);
	     i++)
		found = is_for(sk_CMS_RecipientInfo_value(recipients->infos, i),
		    certificate);
	X509_free(certificate);
	ERR_clear_error();
	return found;
}
