/*
 * smimea_found.h - what a look-up has found, and how it is shown
 */
#ifndef CMD_SMIMEA_FOUND_H
#define CMD_SMIMEA_FOUND_H
#include "base/json_writer.h"
#include "mail/dns_answer.h"
#include "store/order.h"

/* A chain that the records are compared with. */
struct smimea_compared {
	const char *name; /* as it is shown: a file, or an id */
	bool own;         /* of the home */
	struct span pem;  /* the leaf, of found->frames */
	char fault[320];  /* why nobody may encrypt to it; or empty */
	bool matches;
};

struct smimea_found {
	const char *address;
	const char *owner;
	const struct dns_answer *answer;
	bool remembered;
	struct span frames; /* mail/smimea_record.h; checked */
	struct smimea_compared *compared;
	size_t count;
};

/* Check what the verifier says, and take from it what was compared.
 * STATUS_BUG with a note. */
enum status smimea_found_read(
    struct smimea_found *found, struct note *note) MUST_CHECK;
/* The newest certificate of a record that may be encrypted to, in PEM; or
 * empty. */
struct span smimea_found_newest(const struct smimea_found *found);

/* Does that record, counted from 0, name that compared chain? */
bool smimea_found_names(
    const struct smimea_found *found, size_t chain, int64_t record);
/* The number in a frame; 0: it is missing. */
int64_t smimea_number(struct span frames, const char *name);

void smimea_found_show(
    const struct smimea_found *found, int64_t now, struct buf *out);
/* Its members, in an object that is open. */
void smimea_found_json(
    const struct smimea_found *found, struct json_writer *json);
#endif
