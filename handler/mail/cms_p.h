/* cms_p.h - the certificates and lists that the files of cms.h share */
#ifndef MAIL_CMS_P_H
#define MAIL_CMS_P_H
#include "mail/address.h"
#include "mail/cms.h"
#include "mail/crl.h"

struct CMS_ContentInfo_st;
struct CMS_SignerInfo_st;
struct X509_name_st;
struct x509_st;
struct stack_st_X509;

struct cms {
	struct CMS_ContentInfo_st *info; /* owned */
	struct CMS_SignerInfo_st
	    *signer_info;                   /* inside info; the one at hand */
	struct stack_st_X509 *certificates; /* owned; may be NULL */
	struct x509_st *signer; /* inside certificates; set by cms_verify() */
};

/* A revocation list that the user named. */
struct trust_list {
	struct crl crl;
	struct span name;          /* of its file, borrowed */
	struct buf der;            /* owned; empty: crl points into the file */
	struct X509_name_st *from; /* owned: its issuer */
	struct x509_st *checked;   /* borrowed: the key was that one's ... */
	bool good;                 /* ... and it signed the list, or not */
};

struct trust {
	struct stack_st_X509 *anchors; /* owned */
	struct trust_list **list;      /* owned, and each of them */
	size_t lists;
	struct note anchor_fault; /* the first; empty: none */
	struct note crl_fault;
	enum trust_revocation revocation;
	struct span identities; /* borrowed */
	struct smimea *record;  /* owned */
	size_t records;
};

/*
 * Does a list say that a certificate of that chain was revoked at that time?
 * The last of the chain is an anchor.  STATUS_BAD_SIGNER_TRUST with a note: one
 * was, or it is unknown and must be known; STATUS_MEMORY.
 */
enum status trust_check_revocation(const struct trust *trust,
    const struct stack_st_X509 *chain, int64_t when,
    struct note *note) MUST_CHECK;

/* Does the record name that certificate (RFC 6698 section 2.1)? */
bool smimea_names(const struct smimea *record, struct x509_st *one);
/*
 * May the certificate cms->signer, which a record has, be used at that time?
 * It must be in its dates, and not revoked so far as a chain to the anchors
 * shows; pkix: there must be such a chain.  STATUS_BAD_SIGNER_TRUST with a
 * note.
 */
enum status trust_check_found(struct cms *cms, const struct trust *trust,
    bool pkix, int64_t when, struct note *note) MUST_CHECK;
/* Is the certificate for encrypting mail? */
bool cms_can_encrypt(struct x509_st *one);
/* Append it in PEM; false: it cannot be written. */
bool cms_add_pem(struct x509_st *one, struct buf *out);

/* RFC 8419: Ed25519 in CMS, which OpenSSL 3.0 cannot do. */
bool cms_is_ed25519(const struct cms *cms);
bool cms_verify_ed25519(const struct cms *cms, struct span content);
#endif
