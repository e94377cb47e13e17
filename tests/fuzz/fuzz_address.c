/* fuzz_address.c - mail/address, msgid, date: a normal form is stable */
#include "base/text.h"
#include "fuzz.h"
#include "mail/address.h"
#include "mail/date.h"
#include "mail/msgid.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct address_list list;
	const struct span text = { (const char *)data, size };
	char normal[ADDRESS_SIZE], again[ADDRESS_SIZE];
	struct mailbox mailbox;
	struct span rest = text, id;
	int64_t when;
	size_t i;

	if (address_list_parse(text, &list) == STATUS_OK)
		for (i = 0; i < list.count; i++) {
			assert(within(list.mailbox[i].local, text));
			assert(within(list.mailbox[i].domain, text));
			assert(within(list.mailbox[i].name, text));
			assert(list.mailbox[i].local.len > 0);
			if (address_normal(&list.mailbox[i], normal) !=
			    STATUS_OK)
				continue;
			assert(address_compare(span_of(normal),
				   span_of(normal)) == ADDRESS_SAME);
			if (address_parse(span_of(normal), &mailbox) ==
			    STATUS_OK) {
				assert(address_normal(&mailbox, again) ==
				    STATUS_OK);
				assert(
				    span_eq(span_of(normal), span_of(again)));
			}
			(void)address_is_plain(span_of(normal));
		}
	while (msgid_take(&rest, &id))
		assert(within(id, text) && id.len <= MSGID_MAX);
	if (date_parse(text, &when) == STATUS_OK ||
	    date_parse_iso(text, &when) == STATUS_OK)
		assert(when > -86400 && when < 253402387200);
	return 0;
}
