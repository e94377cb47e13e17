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

/* What was retrieved from a CA, or why it could not be. */
struct trust_answer {
	struct span key;   /* of what was asked; borrowed, as bytes */
	struct span bytes; /* an OCSP response; of a fault a sentence */
	bool fault;
};

/* Asking CAs themselves. */
struct trust_retrieval {
	bool lists, ocsp;            /* that may be asked for */
	struct trust_answer *answer; /* owned */
	size_t answers;
	struct buf wants; /* owned: frames "want" */
};
struct trust_retrieval *trust_retrieval_new(void);
void trust_retrieval_free(struct trust_retrieval *retrieval);

/* What is known about the revocation of one certificate. */
struct trust_finding {
	bool revoked;
	unsigned reasons; /* for which it is known that it is not revoked */
	struct note why;  /* why that is not known of all, or empty */
	bool passing;     /* for trouble that will pass */
};

struct trust {
	struct stack_st_X509 *anchors; /* owned */
	struct trust_list **list;      /* owned, and each of them */
	size_t lists;
	struct note anchor_fault; /* the first; empty: none */
	struct note crl_fault;
	enum trust_revocation revocation;
	struct span identities;            /* borrowed */
	struct trust_retrieval *retrieval; /* owned; NULL: nobody is asked */
	struct smimea *record;             /* owned */
	size_t records;
};

/*
 * Does a list say that a certificate of that chain was revoked at that time?
 * The last of the chain is an anchor.  STATUS_BAD_SIGNER_TRUST with a note: one
 * was, or it is unknown and must be known; STATUS_NET: the same, since the CA
 * cannot be asked now; STATUS_MEMORY.
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

/*
 * Where the lists leave open whether a certificate is revoked: find out from
 * what was retrieved, and say what to retrieve if that does not settle it.
 * STATUS_MEMORY.
 */
enum status trust_retrieve(const struct trust *trust, struct x509_st *one,
    struct x509_st *issuer, int64_t when, struct trust_finding *out) MUST_CHECK;

/* RFC 8419: Ed25519 in CMS, which OpenSSL 3.0 cannot do. */
bool cms_is_ed25519(const struct cms *cms);
bool cms_verify_ed25519(const struct cms *cms, struct span content);
#endif
