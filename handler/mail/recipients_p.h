/* recipients_p.h - certificates of recipients, for recipients.c and envelope.c */
#ifndef MAIL_RECIPIENTS_P_H
#define MAIL_RECIPIENTS_P_H
#include "base/span.h"

struct x509_st;
struct CMS_RecipientInfo_st;

/* The first certificate in PEM; NULL: none.  Owned by the caller:
 * X509_free(). */
struct x509_st *recipients_certificate(struct span pem);
/* Key agreement has keys for several recipients in one: which is that
 * certificate's?  -1: none. */
int recipients_agreed(
    struct CMS_RecipientInfo_st *info, struct x509_st *certificate);
#endif
