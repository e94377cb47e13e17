/* smimea.c - certificates as SMIMEA records: see smimea.h */
#include "zone/smimea.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64url.h"
#include "config/allow.h"
#include "process/helper.h"

enum { LOCK_SECONDS = 60, ANSWER_MAX = 1024 * 1024 };

/* The draft's name is shown as it stands. */
static bool
is_visible(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.at[i] <= 0x20 || text.at[i] >= 0x7f)
			return false;
	return true;
}

enum status
smimea_owner(const char *address, struct smimea_owner *out, struct note *note)
{
	struct buf question, answer;
	struct span name, draft;
	enum status status;

	buf_init(&question, 4096);
	buf_init(&answer, 8192);
	frame_add(&question, "address", span_of(address));
	status = helper_ask(VERB_OWNER, &question, &answer, note);
	name = frame_get(buf_span(&answer), "name");
	draft = frame_get(buf_span(&answer), "draft");
	if (status == STATUS_BAD_SYNTAX)
		status = note_set(note, status,
		    "%.200s cannot have an SMIMEA record", address);
	if (status == STATUS_OK &&
	    (!dns_name_ok(name) || !is_visible(draft) ||
		!span_copy(name, out->name, sizeof(out->name)) ||
		!span_copy(draft, out->draft, sizeof(out->draft))))
		status = helper_malformed(
		    VERB_OWNER, "it is not a name of the DNS", note);
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

enum status
smimea_data(struct span chain, const struct smimea_form *form, struct buf *out,
    struct note *note)
{
	struct buf question, answer;
	enum status status;

	buf_init(&question, SMIMEA_CHAIN_MAX + 8192);
	buf_init(&answer, ANSWER_MAX);
	frame_add(&question, "chain", chain);
	frame_add_number(&question, "usage", form->usage);
	frame_add_number(&question, "selector", form->selector);
	frame_add_number(&question, "matching", form->matching);
	status = helper_ask(VERB_ASSOCIATE, &question, &answer, note);
	if (status == STATUS_OK) {
		buf_add(out, frame_get(buf_span(&answer), "data"));
		status = buf_status(out);
	}
	buf_clear(&answer);
	buf_clear(&question);
	return status;
}

/* The data of an order's certificate, in base64url. */
static enum status
read_data(const struct home *home, const struct order *order,
    const struct smimea_form *form, char *out, size_t size, struct note *note)
{
	struct buf chain, data, text;
	enum status status;

	buf_init(&chain, SMIMEA_CHAIN_MAX);
	buf_init(&data, ANSWER_MAX);
	buf_init(&text, 2 * ANSWER_MAX);
	status = order_load_chain(home, order->id, &chain, note);
	if (status == STATUS_OK)
		status = smimea_data(buf_span(&chain), form, &data, note);
	base64url_encode(&text, buf_span(&data));
	if (status == STATUS_OK)
		status = buf_status(&text);
	if (status == STATUS_OK && !span_copy(buf_span(&text), out, size))
		status = note_set(note, STATUS_NO,
		    "the certificate %s is too large for a record; publish its "
		    "digest (--matching 1)",
		    order->id);
	buf_clear(&text);
	buf_clear(&data);
	buf_clear(&chain);
	return status;
}

/* Make one change of a publication's record. */
static enum status
change(const struct smimea_publisher *publisher, const struct zone *zone,
    const struct publication *publication, enum zone_act act, bool fresh,
    bool *made, struct note *note)
{
	struct zone_change one = { .act = act, .ttl = publication->ttl };
	enum status status;
	struct buf data;

	*made = false;
	buf_init(&data, PUBLICATION_DATA_SIZE);
	status = base64url_decode(&data, span_of(publication->data));
	one.data = buf_span(&data);
	if (status == STATUS_OK)
		status =
		    zone_update(publisher->config, zone, &one, 1, fresh, note);
	*made = status == STATUS_OK || status == STATUS_DNS;
	if (status == STATUS_OK)
		status = zone_wait(zone, &one, 1, &publisher->waiting,
		    publisher->config, note);
	buf_clear(&data);
	return status;
}

/* Save that it is to go, so that renew completes it; then remove it. */
static enum status
take_back(const struct smimea_publisher *publisher,
    struct publication *publication, struct note *note)
{
	enum status status = STATUS_OK;
	struct zone zone;
	bool made;

	if (publication->until == 0) {
		publication->until = (int64_t)time(NULL);
		status = publication_save(publisher->home, publication, note);
	}
	if (status == STATUS_OK)
		status = zone_find(publisher->config, publication->name,
		    ZONE_SMIMEA, &zone, note);
	if (status == STATUS_OK)
		status = change(publisher, &zone, publication, ZONE_REMOVE,
		    false, &made, note);
	if (status == STATUS_OK)
		status =
		    publication_forget(publisher->home, publication->id, note);
	if (status == STATUS_OK)
		buf_addf(publisher->out,
		    "removed the record of certificate %s from %s\n",
		    publication->order, publication->name);
	return status;
}

/* Is that publication's certificate in use no more? */
static bool
is_over(
    const struct home *home, const struct publication *publication, int64_t now)
{
	struct order *order = calloc(1, sizeof(*order));
	enum status status = STATUS_MEMORY;
	bool over;

	if (order != NULL)
		status = order_load(home, publication->order, order, NULL);
	over = status == STATUS_MISSING ||
	    (status == STATUS_OK &&
		(!order_is_current(order) || order->expires <= now));
	free(order);
	return over;
}

/* The new record is everywhere: the others of that name that it replaces go
 * when no cache can be without it. */
static enum status
retire_others(const struct smimea_publisher *publisher,
    const struct publication *new, struct publication *all, size_t count,
    struct note *note)
{
	enum status status = STATUS_OK;
	size_t i;

	for (i = 0; status == STATUS_OK && i < count; i++) {
		if (strcmp(all[i].id, new->id) == 0 || all[i].until != 0 ||
		    strcmp(all[i].name, new->name) != 0 ||
		    (strcmp(all[i].order, new->order) != 0 &&
			!is_over(publisher->home, &all[i], new->shown)))
			continue;
		all[i].until =
		    new->shown + (all[i].shown != 0 ? all[i].ttl : 0);
		status = publication_save(publisher->home, &all[i], note);
		if (status == STATUS_OK)
			buf_addf(publisher->out,
			    "the record of certificate %s stays for %lld "
			    "seconds more; mailcert renew removes it then\n",
			    all[i].order,
			    (long long)(all[i].until - new->shown));
	}
	return status;
}

static const struct publication *
find(const struct publication *all, size_t count, const char *name,
    const char *data)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(all[i].name, name) == 0 &&
		    (data == NULL || strcmp(all[i].data, data) == 0))
			return &all[i];
	return NULL;
}

/* Save the record, then make it true. */
static enum status
put(const struct smimea_publisher *publisher, const struct zone *zone,
    struct publication *new, struct publication *all, size_t count, bool beside,
    struct note *note)
{
	const struct publication *before =
	    find(all, count, new->name, new->data);
	const bool fresh = !beside && find(all, count, new->name, NULL) == NULL;
	enum status status;
	bool made = false;

	if (before != NULL) {
		new->created = before->created;
		new->shown = before->shown;
	}
	status = publication_save(publisher->home, new, note);
	if (status == STATUS_OK)
		status =
		    change(publisher, zone, new, ZONE_ADD, fresh, &made, note);
	if (status != STATUS_OK && status != STATUS_AGAIN && !made &&
	    before == NULL)
		(void)!publication_forget(publisher->home, new->id, NULL);
	if (status == STATUS_NO)
		return note_set(note, status,
		    "%.150s has records that mailcert did not publish; "
		    "--beside adds this one to them",
		    new->name);
	if (status != STATUS_OK)
		return status;
	new->shown = (int64_t)time(NULL);
	status = publication_save(publisher->home, new, note);
	buf_addf(publisher->out, "published certificate %s at %s\n", new->order,
	    new->name);
	return status == STATUS_OK
	    ? retire_others(publisher, new, all, count, note)
	    : status;
}

static enum status
publish(const struct smimea_publisher *publisher, const struct order *order,
    const char *address, const struct smimea_form *form, int64_t ttl,
    bool beside, struct note *note)
{
	struct publication *new = calloc(1, sizeof(*new)), *all = NULL;
	struct smimea_owner owner;
	enum status status = STATUS_MEMORY;
	size_t count = 0;
	struct zone zone;

	if (new == NULL)
		return status;
	new->created = (int64_t)time(NULL);
	new->ttl = ttl;
	status = read_data(
	    publisher->home, order, form, new->data, sizeof(new->data), note);
	if (status == STATUS_OK)
		status = smimea_owner(address, &owner, note);
	if (status == STATUS_OK)
		status = zone_find(
		    publisher->config, owner.name, ZONE_SMIMEA, &zone, note);
	if (status == STATUS_OK)
		status = publications_load(
		    publisher->home, address, &all, &count, note);
	if (status == STATUS_OK &&
	    (!span_copy(span_of(address), new->address, sizeof(new->address)) ||
		!span_copy(
		    span_of(order->id), new->order, sizeof(new->order)) ||
		!span_copy(span_of(zone.name), new->name, sizeof(new->name))))
		status = STATUS_BUG;
	if (status == STATUS_OK)
		status = put(publisher, &zone, new, all, count, beside, note);
	free(all);
	free(new);
	return status;
}

enum status
smimea_publish(const struct smimea_publisher *publisher,
    const struct order *order, const char *address,
    const struct smimea_form *form, int64_t ttl, bool beside, struct note *note)
{
	enum status status;
	int lock = -1;

	status =
	    home_lock_on(publisher->home, "smimea", LOCK_SECONDS, &lock, note);
	if (status == STATUS_OK)
		status =
		    publish(publisher, order, address, form, ttl, beside, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}

enum status
smimea_unpublish(const struct smimea_publisher *publisher,
    struct publication *publication, struct note *note)
{
	enum status status;
	int lock = -1;

	status =
	    home_lock_on(publisher->home, "smimea", LOCK_SECONDS, &lock, note);
	if (status == STATUS_OK)
		status = take_back(publisher, publication, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}

/* In what form was it published? */
static enum status
read_form(const struct publication *publication, struct smimea_form *out)
{
	enum status status;
	struct buf data;

	buf_init(&data, PUBLICATION_DATA_SIZE);
	status = base64url_decode(&data, span_of(publication->data));
	if (status == STATUS_OK && data.len < 3)
		status = STATUS_DAMAGED;
	if (status == STATUS_OK)
		*out = (struct smimea_form){ (unsigned char)data.at[0],
			(unsigned char)data.at[1], (unsigned char)data.at[2] };
	buf_clear(&data);
	return status;
}

/* One that stays: is it complete, and is its certificate the newest? */
static enum status
keep_one(const struct smimea_publisher *publisher,
    struct publication *publication, struct order *order, struct note *note)
{
	struct smimea_form form;
	enum status status;

	status = read_form(publication, &form);
	if (status == STATUS_OK)
		status = order_load(
		    publisher->home, publication->order, order, note);
	if (status == STATUS_OK && order->replaced[0] != '\0')
		status =
		    order_load(publisher->home, order->replaced, order, note);
	else if (status == STATUS_OK && publication->shown != 0 &&
	    !is_over(publisher->home, publication, (int64_t)time(NULL)))
		return STATUS_OK;
	if (status == STATUS_MISSING ||
	    (status == STATUS_OK &&
		(!order_is_current(order) ||
		    !order_is_for(order, publication->address) ||
		    order->expires <= (int64_t)time(NULL))))
		return take_back(publisher, publication, note);
	return status == STATUS_OK
	    ? publish(publisher, order, publication->address, &form,
		  publication->ttl, false, note)
	    : status;
}

static enum status
keep_all(const struct smimea_publisher *publisher, struct note *note)
{
	struct order *order = calloc(1, sizeof(*order));
	enum status status, first = STATUS_OK;
	struct publication *all = NULL;
	struct note one = { "" };
	size_t count = 0, i;

	status = order == NULL
	    ? STATUS_MEMORY
	    : publications_load(publisher->home, NULL, &all, &count, note);
	if (status != STATUS_OK)
		first = status;
	for (i = 0; i < count; i++) {
		if (all[i].until == 0)
			status = keep_one(publisher, &all[i], order, &one);
		else if (all[i].until <= (int64_t)time(NULL))
			status = take_back(publisher, &all[i], &one);
		else
			continue;
		if (status != STATUS_OK && first == STATUS_OK) {
			first = status;
			(void)note_set(note, status, "SMIMEA of %.100s: %.200s",
			    all[i].address, note_text(&one, status));
		}
	}
	free(all);
	free(order);
	return first;
}

enum status
smimea_keep(const struct smimea_publisher *publisher, struct note *note)
{
	enum status status;
	int lock = -1;

	if (!publications_exist(publisher->home))
		return STATUS_OK;
	status = home_lock_on(publisher->home, "smimea", 0, &lock, note);
	if (status == STATUS_AGAIN) /* another process does it */
		return STATUS_OK;
	if (status == STATUS_OK)
		status = keep_all(publisher, note);
	if (lock >= 0)
		(void)close(lock);
	return status;
}

enum status
smimea_new(const struct smimea_publisher *publisher, const struct order *order,
    struct note *note)
{
	const struct smimea_form form = SMIMEA_FORM_DEFAULT;
	const struct span list = span_of(publisher->config->smimea_publish);
	enum status status = smimea_keep(publisher, note), one;
	struct note why = { "" };
	size_t i;

	for (i = 0; i < order->addresses && !order_is_server(order); i++) {
		if (allow_find(list, span_of(order->address[i])) == ALLOW_NO)
			continue;
		one = smimea_publish(publisher, order, order->address[i], &form,
		    SMIMEA_TTL, false, &why);
		if (one != STATUS_OK && status == STATUS_OK)
			status = note_set(note, one, "SMIMEA of %.100s: %.200s",
			    order->address[i], note_text(&why, one));
	}
	return status;
}
