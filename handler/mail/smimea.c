/* smimea.c - SMIMEA records: see smimea.h.  Input: hostile. */
#include "mail/smimea.h"

enum status
smimea_parse(struct span data, struct smimea *out)
{
	static const size_t sizes[] = { 0, 32, 64 };
	unsigned usage;

	if (data.len < 4)
		return STATUS_MISSING;
	usage = (unsigned char)data.at[0];
	out->selector = (unsigned char)data.at[1];
	out->matching = (unsigned char)data.at[2];
	out->data = span_cut(data, 3, data.len);
	if (usage > SMIMEA_DANE_EE || out->selector > 1 || out->matching > 2 ||
	    (out->matching > 0 && out->data.len != sizes[out->matching]))
		return STATUS_MISSING;
	out->usage = (enum smimea_usage)usage;
	return STATUS_OK;
}
