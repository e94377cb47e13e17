/* cms_p.h - what cms.c, cms_trust.c and cms_ed25519.c share */
#ifndef MAIL_CMS_P_H
#define MAIL_CMS_P_H
#include "mail/address.h"
#include "mail/cms.h"
#include "mail/der.h"

struct CMS_ContentInfo_st;
struct CMS_SignerInfo_st;
struct X509_st;
struct x509_st;
struct stack_st_X509;

struct cms {
	struct CMS_ContentInfo_st *info;       /* owned */
	struct CMS_SignerInfo_st *signer_info; /* inside info */
	struct stack_st_X509 *certificates;    /* owned; may be NULL */
	struct x509_st *signer; /* inside certificates; set by cms_verify() */
	char address[CMS_ADDRESSES_MAX][ADDRESS_SIZE];
	size_t addresses;
};

/* RFC 8419: Ed25519 in CMS, which OpenSSL 3.0 cannot do. */
bool cms_is_ed25519(const struct cms *cms);
bool cms_verify_ed25519(const struct cms *cms, struct span content);
#endif
