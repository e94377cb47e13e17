/*
 * retrieval.c - ask CAs whether certificates were revoked: see retrieval.h
 *
 * Input: hostile.  A message may have taken over the verifier, and a CA chooses
 * its URLs: each is checked again, and mailcert-https connects to no private
 * address unless the user allows it.
 */
#include "answer/retrieval.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum {
	KEY_LEN = 64,
	URL_SIZE = 512,
	TRIED_MAX = 256, /* in one command */
	LIST_MAX = VERB_FETCH_MOST,
	RESPONSE_MAX = 64 * 1024,
	FRAMES_ROOM = 192 * 1024 * 1024,
	KEEP_SECONDS = 24 * 3600,
	KEPT_FILES_MAX = 256
};

/* Where it was asked. */
struct retrieval_tried {
	char key[KEY_LEN + 1];
	bool asked; /* otherwise only the home */
};

/* One place to ask, as the verifier names it. */
struct place {
	char key[KEY_LEN + 1];
	char url[URL_SIZE];
	struct span request; /* of OCSP; empty: a list */
};

bool
retrieval_is_wanted(const struct config *config)
{
	return strcmp(config->retrieve_revocation, "no") != 0 &&
	    strcmp(config->revocation, "off") != 0;
}

void
retrieval_begin(struct retrieval *retrieval, const struct config *config,
    const struct home *home, int64_t now, bool offline)
{
	*retrieval = (struct retrieval){
		.config = config, .home = home, .now = now, .offline = offline
	};
	buf_init(&retrieval->frames, FRAMES_ROOM);
}

void
retrieval_end(struct retrieval *retrieval)
{
	helper_end(&retrieval->kept);
	buf_clear(&retrieval->frames);
	free(retrieval->tried);
	retrieval->tried = NULL;
	retrieval->count = 0;
}

void
retrieval_add(const struct retrieval *retrieval, struct buf *question)
{
	frame_add(question, "retrieve",
	    span_of(retrieval->config->retrieve_revocation));
	buf_add(question, buf_span(&retrieval->frames));
}

static bool
key_ok(const char *key)
{
	size_t i;

	for (i = 0; key[i] != '\0'; i++)
		if (!ascii_is_digit(key[i]) && (key[i] < 'a' || key[i] > 'f'))
			return false;
	return i == KEY_LEN;
}

static bool
url_ok(const char *url)
{
	size_t i;

	for (i = 0; url[i] != '\0'; i++)
		if (url[i] <= 0x20 || url[i] >= 0x7f)
			return false;
	return span_starts_nocase(span_of(url), SPAN("http://"));
}

static bool
read_place(struct span frames, struct place *out)
{
	out->request = frame_get(frames, "request");
	return span_copy(
		   frame_get(frames, "key"), out->key, sizeof(out->key)) &&
	    span_copy(frame_get(frames, "url"), out->url, sizeof(out->url)) &&
	    key_ok(out->key) && url_ok(out->url) &&
	    out->request.len < RESPONSE_MAX;
}

static struct retrieval_tried *
find(const struct retrieval *retrieval, const char *key)
{
	size_t i;

	for (i = 0; i < retrieval->count; i++)
		if (strcmp(retrieval->tried[i].key, key) == 0)
			return &retrieval->tried[i];
	return NULL;
}

static struct retrieval_tried *
add_tried(struct retrieval *retrieval, const char *key)
{
	struct retrieval_tried *more;

	if (retrieval->count == TRIED_MAX)
		return NULL;
	more =
	    realloc(retrieval->tried, (retrieval->count + 1) * sizeof(*more));
	if (more == NULL)
		return NULL;
	retrieval->tried = more;
	more += retrieval->count++;
	*more = (struct retrieval_tried){ .asked = false };
	(void)strcpy(more->key, key);
	return more;
}

/* Where there is no room, the verifier is told nothing: all of it or none. */
static void
add_told(struct retrieval *retrieval, const char *file, const char *name,
    struct span value)
{
	struct buf *out = &retrieval->frames;
	const size_t before = out->len;

	frame_add(out, "file", span_of(file));
	frame_add(out, name, value);
	if (out->failed != STATUS_OK) {
		out->failed = STATUS_OK;
		buf_cut(out, before);
	}
}

/* What the verifier is told: a list by its URL, a response by its key. */
static void
tell(struct retrieval *retrieval, const struct place *place, struct span body)
{
	const bool ocsp = place->request.len > 0;

	add_told(retrieval, ocsp ? place->key : place->url,
	    ocsp ? "ocsp" : "crl", body);
}

static void
tell_fault(struct retrieval *retrieval, const struct place *place,
    const struct note *why)
{
	struct note text;

	note_say(&text, "cannot retrieve %s %.150s: %.200s",
	    place->request.len > 0 ? "an answer from the OCSP responder"
				   : "the revocation list from",
	    place->url, why->text);
	add_told(retrieval, place->key, "retrieve-fault", span_of(text.text));
}

/* The file of an earlier answer: "at", "body". */
static bool
use_kept(struct retrieval *retrieval, const struct place *place)
{
	struct buf file;
	struct span body;
	int64_t at = 0;
	int dir = -1;
	bool good;

	if (home_subdir(retrieval->home, "revocation", false, &dir, NULL) !=
		STATUS_OK ||
	    dir < 0)
		return false;
	buf_init(&file, LIST_MAX + 4096);
	good = file_read(dir, place->key, &file) == STATUS_OK &&
	    frame_number(frame_get(buf_span(&file), "at"), &at) &&
	    at <= retrieval->now && retrieval->now - at < KEEP_SECONDS;
	body = frame_get(buf_span(&file), "body");
	good = good && body.len > 0;
	if (good)
		tell(retrieval, place, body);
	buf_clear(&file);
	(void)close(dir);
	return good;
}

static void
keep(const struct retrieval *retrieval, const struct place *place,
    struct span body)
{
	struct buf file;
	int dir = -1;

	if (retrieval->home->dir < 0 ||
	    home_subdir(retrieval->home, "revocation", true, &dir, NULL) !=
		STATUS_OK ||
	    dir < 0)
		return;
	buf_init(&file, LIST_MAX + 4096);
	frame_add_number(&file, "at", retrieval->now);
	frame_add(&file, "body", body);
	dir_keep_few(dir, KEPT_FILES_MAX);
	if (buf_status(&file) == STATUS_OK)
		(void)!file_replace(dir, place->key, buf_span(&file), NULL);
	buf_clear(&file);
	(void)close(dir);
}

static void
add_question(const struct retrieval *retrieval, const struct place *place,
    struct buf *out)
{
	const struct config *config = retrieval->config;
	struct buf open;

	buf_init(&open, 2048);
	frame_add(&open, "ca-file", SPAN(""));
	frame_add(out, FRAME_OPEN, buf_span(&open));
	buf_clear(&open);
	frame_add(out, "url", span_of(place->url));
	frame_add(out, "request", place->request);
	frame_add_number(
	    out, "most", place->request.len > 0 ? RESPONSE_MAX : LIST_MAX);
	if (config->retrieve_private || retrieval->own)
		frame_add(out, "private", SPAN("1"));
	frame_add(out, "proxy",
	    strcmp(config->proxy, "none") == 0 ? SPAN("")
					       : span_of(config->proxy));
}

static enum status
ask(struct retrieval *retrieval, const struct place *place, struct buf *answer,
    struct span *body, struct note *note)
{
	struct buf question;
	enum status status;
	int64_t code = 0;

	buf_init(&question, place->request.len + 8192);
	add_question(retrieval, place, &question);
	status = buf_status(&question);
	if (status == STATUS_OK)
		status = helper_ask_kept(
		    &retrieval->kept, VERB_RETRIEVE, &question, answer, note);
	buf_clear(&question);
	if (status != STATUS_OK) {
		if (note->text[0] == '\0')
			note_say(note, "%s", status_sentence(status));
		return status;
	}
	*body = frame_get(buf_span(answer), "body");
	if (!frame_number(frame_get(buf_span(answer), "code"), &code) ||
	    code < 100 || code > 999)
		return helper_malformed(
		    VERB_RETRIEVE, "code is not an HTTP status", note);
	if (code != 200)
		return note_set(note, STATUS_NET, "HTTP %d", (int)code);
	return body->len > 0
	    ? STATUS_OK
	    : note_set(note, STATUS_NET, "the answer is empty");
}

enum status
retrieval_probe(const struct config *config, const char *url, struct note *note)
{
	const struct home none = { .dir = -1 };
	struct place place = { .request = SPAN("") };
	struct retrieval retrieval;
	enum status status;
	struct span body;
	struct buf answer;

	if (!url_ok(url) ||
	    !span_copy(span_of(url), place.url, sizeof(place.url)))
		return note_set(note, STATUS_NO, "it is not an http URL");
	retrieval_begin(&retrieval, config, &none, 0, false);
	retrieval.own = true;
	buf_init(&answer, LIST_MAX + 64 * 1024);
	status = ask(&retrieval, &place, &answer, &body, note);
	buf_clear(&answer);
	retrieval_end(&retrieval);
	return status;
}

static void
retrieve(struct retrieval *retrieval, const struct place *place)
{
	struct note why = { "" };
	struct span body;
	struct buf answer;

	if (retrieval->offline) {
		note_say(&why, "no network is used");
		tell_fault(retrieval, place, &why);
		return;
	}
	buf_init(&answer, LIST_MAX + 64 * 1024);
	if (ask(retrieval, place, &answer, &body, &why) == STATUS_OK) {
		tell(retrieval, place, body);
		keep(retrieval, place, body);
	} else {
		tell_fault(retrieval, place, &why);
	}
	buf_clear(&answer);
}

/* Ask at the next place of a certificate.  False: no place is left. */
static bool
get_one(struct retrieval *retrieval, struct span places)
{
	struct retrieval_tried *tried;
	struct place place;
	struct span frames;

	while (frame_next(&places, "place", &frames)) {
		if (!read_place(frames, &place))
			continue;
		tried = find(retrieval, place.key);
		if (tried != NULL && tried->asked)
			continue;
		if (tried == NULL) {
			tried = add_tried(retrieval, place.key);
			if (tried == NULL)
				return false;
			if (use_kept(retrieval, &place))
				return true;
		}
		tried->asked = true;
		retrieve(retrieval, &place);
		return true;
	}
	return false;
}

bool
retrieval_get(struct retrieval *retrieval, struct span answer)
{
	struct span places;
	bool more = false;

	while (frame_next(&answer, "want", &places))
		if (get_one(retrieval, places))
			more = true;
	return more;
}
