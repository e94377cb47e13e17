/* test_record.c - records of the home, and the index of many */
#include "tap.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/record.h"

/* A kind with a member of each type, and format 1 elsewhere. */
struct thing {
	char id[RECORD_ID_SIZE];
	char text[16];
	char other[RECORD_ID_SIZE];
	char url[64];
	char token[16];
	int64_t created;
	int64_t count;
	bool flag;
};

static uint64_t
text_key(const char *text)
{
	return index_key("text", span_of(text), SPAN(""));
}

static void
add_keys(const void *record, struct index_entries *out)
{
	const struct thing *thing = record;

	index_add(out, text_key(thing->text), thing->count);
}

static const char *
read_rest(const struct json *json, void *record)
{
	(void)json;
	return strcmp(((struct thing *)record)->text, "wrong") == 0 ? "text"
								    : NULL;
}

#define THING(member, type, required) \
	MEMBER(struct thing, member, #member, type, required)

static const struct member members[] = {
	THING(id, MEMBER_ID, true),
	RENAMED_MEMBER(struct thing, text, "text", "name", MEMBER_TEXT, true),
	THING(other, MEMBER_ID, false),
	THING(url, MEMBER_URL, false),
	THING(token, MEMBER_BASE64, false),
	THING(created, MEMBER_TIME, true),
	THING(count, MEMBER_COUNT, false),
	THING(flag, MEMBER_FLAG, false),
};

static const struct record_kind things = {
	.directory = "things",
	.old_directory = "stuff",
	.format = 2,
	.size = sizeof(struct thing),
	.created = offsetof(struct thing, created),
	.members = members,
	.count = sizeof(members) / sizeof(*members),
	.read = read_rest,
	.keys = add_keys,
};

static struct home home;

static void
write_text(const char *directory, const char *name, const char *text)
{
	char path[1200];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", home.path, directory);
	(void)mkdir(path, 0700);
	(void)snprintf(
	    path, sizeof(path), "%s/%s/%s", home.path, directory, name);
	OK((file = fopen(path, "w")) != NULL);
	OK(fputs(text, file) >= 0 && fclose(file) == 0 &&
	    chmod(path, 0600) == 0);
}

static bool
has_file(const char *name)
{
	struct stat st;

	return fstatat(home.dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum status
load(const char *id, struct thing *out)
{
	struct note note = { "" };

	return record_load(&home, &things, id, out, &note);
}

/* Empty the home, and forget what was seen in it. */
static void
begin(void)
{
	char path[sizeof(home.path)], command[1200];
	struct note note;

	(void)strcpy(path, home.path);
	(void)snprintf(command, sizeof(command), "rm -rf %s/*", path);
	OK(system(command) == 0);
	home_close(&home);
	OK(home_open(path, false, &home, &note) == STATUS_OK);
}

static enum status
save(const char *id, const char *text, int64_t created, int64_t count)
{
	struct thing thing = { .created = created, .count = count };
	struct note note;

	(void)strcpy(thing.id, id);
	(void)strcpy(thing.text, text);
	return record_save(&home, &things, &thing, &note);
}

static void
test_round(void)
{
	struct thing in = { .id = "abc23",
		.text = "t\xc3\xa4xt",
		.other = "xyz",
		.url = "https://ca.example/1",
		.token = "LgYemJLy",
		.created = 1700000000,
		.count = 7,
		.flag = true };
	struct thing out = { .count = 0 };
	struct note note;

	begin();
	OK(load("abc23", &out) == STATUS_MISSING);
	OK(record_save(&home, &things, &in, &note) == STATUS_OK);
	OK(home_is_changed(&home));
	OK(load("abc23", &out) == STATUS_OK);
	OK(memcmp(&in, &out, sizeof(in)) == 0);
	/* The id may be a part of what is loaded. */
	OK(load(out.id, &out) == STATUS_OK && out.count == 7);
	OK(load("../things/abc23", &out) == STATUS_MISSING);
	OK(load("", &out) == STATUS_MISSING);
	(void)strcpy(in.id, "a/b");
	OK(record_save(&home, &things, &in, &note) == STATUS_BUG);
	OK(record_forget(&home, &things, "abc23", &note) == STATUS_OK);
	OK(record_forget(&home, &things, "abc23", &note) == STATUS_MISSING);
	OK(!has_file("things/abc23.json"));
}

/* What a file says, whole but for one member, and whether it is accepted. */
static void
check_members(const char *members_text, enum status want, const char *why)
{
	struct thing out = { .count = -1 };
	struct note note = { "" };
	char text[400];

	(void)snprintf(text, sizeof(text), "{%s}", members_text);
	write_text("things", "m.json", text);
	OK(record_load(&home, &things, "m", &out, &note) == want);
	OK(want == STATUS_OK || out.count == -1);
	OK(strstr(note.text, why) != NULL);
}

#define WHOLE "\"id\": \"m\", \"text\": \"t\", \"created\": 1700000000"

static void
test_members(void)
{
	begin();
	check_members("\"format\": 2, " WHOLE, STATUS_OK, "");
	check_members("\"format\": 2, \"unknown\": 1, " WHOLE, STATUS_OK, "");
	check_members(
	    "\"format\": 3, " WHOLE, STATUS_DAMAGED, "newer mailcert");
	check_members("\"format\": 0, " WHOLE, STATUS_DAMAGED, "\"format\"");
	check_members("\"format\": -1, " WHOLE, STATUS_DAMAGED, "\"format\"");
	check_members("\"format\": \"2\", " WHOLE, STATUS_DAMAGED, "format");
	check_members("\"format\": 2, \"id\": \"m\", \"created\": 1700000000",
	    STATUS_DAMAGED, "\"text\"");
	check_members("\"format\": 2, \"text\": \"t\", \"created\": 1700000000",
	    STATUS_DAMAGED, "\"id\"");
	check_members("\"format\": 2, \"id\": \"n\", \"text\": \"t\", "
		      "\"created\": 1700000000",
	    STATUS_DAMAGED, "\"id\"");
	check_members("\"format\": 2, \"id\": \"m\", \"text\": \"wrong\", "
		      "\"created\": 1700000000",
	    STATUS_DAMAGED, "\"text\"");
	check_members("\"format\": 2, \"id\": \"m\", \"text\": "
		      "\"more than sixteen octets\", \"created\": 1700000000",
	    STATUS_DAMAGED, "\"text\"");
	check_members("\"format\": 2, \"id\": \"m\", \"text\": \"t\\u0000\", "
		      "\"created\": 1700000000",
	    STATUS_DAMAGED, "");
	check_members("\"format\": 2, \"other\": \"../x\", " WHOLE,
	    STATUS_DAMAGED, "\"other\"");
	check_members("\"format\": 2, \"url\": \"ftp://x/\", " WHOLE,
	    STATUS_DAMAGED, "\"url\"");
	check_members("\"format\": 2, \"token\": \"a b\", " WHOLE,
	    STATUS_DAMAGED, "\"token\"");
}

static void
test_numbers(void)
{
	begin();
	check_members(
	    "\"format\": 2, \"count\": 2147483647, " WHOLE, STATUS_OK, "");
	check_members("\"format\": 2, \"count\": 2147483648, " WHOLE,
	    STATUS_DAMAGED, "\"count\"");
	check_members("\"format\": 2, \"count\": -1, " WHOLE, STATUS_DAMAGED,
	    "\"count\"");
	check_members("\"format\": 2, \"count\": 1.5, " WHOLE, STATUS_DAMAGED,
	    "\"count\"");
	check_members("\"format\": 2, \"count\": \"1\", " WHOLE, STATUS_DAMAGED,
	    "\"count\"");
	check_members("\"format\": 2, \"flag\": 1, " WHOLE, STATUS_OK, "");
	check_members(
	    "\"format\": 2, \"flag\": 2, " WHOLE, STATUS_DAMAGED, "\"flag\"");
	check_members("\"format\": 2, \"id\": \"m\", \"text\": \"t\", "
		      "\"created\": 99999999999999",
	    STATUS_DAMAGED, "\"created\"");
	check_members("\"format\": 2, \"id\": \"m\", \"text\": \"t\", "
		      "\"created\": -99999999999999",
	    STATUS_DAMAGED, "\"created\"");
}

/* What is not a record's file at all. */
static void
test_files(void)
{
	struct thing out;

	begin();
	write_text("things", "empty.json", "");
	OK(load("empty", &out) == STATUS_DAMAGED);
	write_text("things", "text.json", "not JSON");
	OK(load("text", &out) == STATUS_DAMAGED);
	write_text("things", "array.json", "[1]");
	OK(load("array", &out) == STATUS_DAMAGED);
	OK(symlinkat("empty.json", home.dir, "things/link.json") == 0);
	OK(load("link", &out) == STATUS_DAMAGED);
	OK(mkdirat(home.dir, "things/dir.json", 0700) == 0);
	OK(load("dir", &out) == STATUS_DAMAGED);
	OK(mkfifoat(home.dir, "things/fifo.json", 0600) == 0);
	OK(load("fifo", &out) == STATUS_DAMAGED);
}

static bool
counts_above(const void *record, const void *least)
{
	return ((const struct thing *)record)->count > *(const int64_t *)least;
}

/* All of them, or some, the oldest first; what is damaged is skipped. */
static void
test_list(void)
{
	struct thing *list;
	void *records = NULL;
	struct note note;
	int64_t least = 1;
	size_t count = 9;

	begin();
	OK(records_load(&home, &things, NULL, NULL, NULL, &records, &count,
	       &note) == STATUS_OK);
	OK(records == NULL && count == 0);
	OK(save("young", "t", 1700000300, 3) == STATUS_OK);
	OK(save("old", "t", 1700000100, 1) == STATUS_OK);
	OK(save("middle", "t", 1700000200, 2) == STATUS_OK);
	write_text("things", "broken.json", "{}");
	write_text("things", "README", "not a record");
	OK(records_load(&home, &things, NULL, NULL, NULL, &records, &count,
	       &note) == STATUS_OK);
	list = records;
	OK(count == 3 && strcmp(list[0].id, "old") == 0 &&
	    strcmp(list[1].id, "middle") == 0 &&
	    strcmp(list[2].id, "young") == 0);
	free(records);
	OK(home_skipped(&home, "things", &note) == STATUS_DAMAGED);
	OK(strstr(note.text, "broken.json") != NULL);
	OK(has_file("things/broken.json"));
	OK(records_load(&home, &things, NULL, counts_above, &least, &records,
	       &count, &note) == STATUS_OK);
	list = records;
	OK(count == 2 && strcmp(list[0].id, "middle") == 0);
	free(records);
}

/* Format 1: another directory, another name of a member. */
static void
test_old(void)
{
	struct thing out, *list;
	void *records = NULL;
	struct note note;
	size_t count = 0;

	begin();
	write_text("stuff", "a.json",
	    "{\"id\": \"a\", \"name\": \"first\", \"created\": 1700000000}");
	write_text("stuff", "b.json",
	    "{\"format\": 1, \"id\": \"b\", \"name\": \"old\", "
	    "\"created\": 1700000001}");
	/* A name of format 2 in a file of format 1. */
	write_text("stuff", "c.json",
	    "{\"id\": \"c\", \"text\": \"no\", \"created\": 1700000000}");
	OK(load("a", &out) == STATUS_OK && strcmp(out.text, "first") == 0);
	OK(load("c", &out) == STATUS_DAMAGED);
	OK(save("b", "new", 1700000001, 0) == STATUS_OK);
	OK(!has_file("stuff/b.json") && has_file("things/b.json"));
	/* One that a killed process left in both: the new one counts. */
	write_text("stuff", "b.json",
	    "{\"id\": \"b\", \"name\": \"old\", \"created\": 1700000001}");
	OK(load("b", &out) == STATUS_OK && strcmp(out.text, "new") == 0);
	OK(records_load(&home, &things, NULL, NULL, NULL, &records, &count,
	       &note) == STATUS_OK);
	list = records;
	OK(count == 2 && strcmp(list[0].text, "first") == 0 &&
	    strcmp(list[1].text, "new") == 0);
	free(records);
	OK(record_forget(&home, &things, "b", &note) == STATUS_OK);
	OK(load("b", &out) == STATUS_MISSING);
	records_migrate(&home, &things);
	OK(has_file("things/a.json") && !has_file("stuff/a.json"));
	OK(has_file("stuff/c.json")); /* damaged: it stays */
	OK(load("a", &out) == STATUS_OK && strcmp(out.text, "first") == 0);
}

static enum status
add_one(void *record, const void *arg, struct note *note)
{
	struct thing *thing = record;
	int lock = -1;

	/* The lock of the home is held meanwhile. */
	OK(arg == NULL || home_lock(&home, &lock, note) == STATUS_AGAIN);
	if (lock >= 0)
		(void)close(lock);
	thing->count++;
	return STATUS_OK;
}

static enum status
refuse(void *record, const void *arg, struct note *note)
{
	((struct thing *)record)->count = 99;
	(void)note;
	return *(const enum status *)arg;
}

static void
test_change(void)
{
	const enum status unchanged = STATUS_UNCHANGED, no = STATUS_NO;
	struct thing out = { .count = 0 };
	struct note note;
	int lock = -1;

	begin();
	OK(save("a", "t", 1700000000, 1) == STATUS_OK);
	OK(record_change(&home, &things, "a", add_one, NULL, &out, &note) ==
	    STATUS_OK);
	OK(out.count == 2);
	OK(record_change(&home, &things, "a", refuse, &no, NULL, &note) ==
	    STATUS_NO);
	OK(record_change(&home, &things, "a", refuse, &unchanged, NULL,
	       &note) == STATUS_OK);
	OK(load("a", &out) == STATUS_OK && out.count == 2);
	OK(record_change(&home, &things, "b", add_one, NULL, NULL, &note) ==
	    STATUS_MISSING);
	write_text("things", "c.json", "{}");
	OK(record_change(&home, &things, "c", add_one, NULL, NULL, &note) ==
	    STATUS_DAMAGED);
	/* Nothing keeps the lock. */
	OK(home_lock(&home, &lock, &note) == STATUS_OK);
	(void)close(lock);
}

/* ---- the index of many ---- */

enum { MANY = INDEX_LEAST + 60 };

static void
wait_for_clock(void)
{
	const struct timespec pause = { .tv_nsec = 60 * 1000 * 1000 };

	(void)nanosleep(&pause, NULL);
}

static size_t filtered;

static bool
is_text(const void *record, const void *text)
{
	filtered++;
	return strcmp(((const struct thing *)record)->text, text) == 0;
}

/* How many have that text?  `filtered` is how many were read for it. */
static size_t
find(const char *text, const struct index_range *range)
{
	struct record_search search = { .ids = 0 };
	void *records = NULL;
	struct note note;
	size_t count = 0;

	if (range != NULL)
		record_search_range(&search, text_key(text), range->low,
		    range->high, range->most);
	else
		record_search_key(&search, text_key(text));
	filtered = 0;
	OK(records_load(&home, &things, &search, is_text, text, &records,
	       &count, &note) == STATUS_OK);
	free(records);
	return count;
}

static void
begin_many(size_t many)
{
	char name[24], text[120];
	size_t i;

	begin();
	OK(mkdirat(home.dir, "things", 0700) == 0);
	for (i = 0; i < many; i++) {
		(void)snprintf(name, sizeof(name), "things/r%zu.json", i);
		(void)snprintf(text, sizeof(text),
		    "{\"format\": 2, \"id\": \"r%zu\", \"text\": \"t%zu\", "
		    "\"created\": %zu, \"count\": %zu}",
		    i, i % 100, 1700000000 + i, i);
		if (file_create(home.dir, name, span_of(text), NULL) !=
		    STATUS_OK)
			break;
	}
	OK(i == many);
	wait_for_clock();
}

static void
test_index(void)
{
	const struct index_range highest = { 0, INT64_MIN, INT64_MAX, 2 },
				 low = { 0, 0, 150, 0 };
	struct record_search search = { .ids = 0 };
	struct stat st;
	struct note note;
	void *records = NULL;
	size_t count;

	begin_many(INDEX_LEAST - 1);
	OK(find("t7", NULL) == 3);
	OK(!has_file("index")); /* not of a small home */

	begin_many(MANY);
	OK(find("t7", NULL) == 4 && filtered == MANY);
	OK(fstatat(home.dir, "index/things", &st, 0) == 0 &&
	    (st.st_mode & 07777) == 0600);
	OK(find("t7", NULL) == 4 && filtered == 4);
	OK(find("nothing", NULL) == 0 && filtered == 0);
	OK(find("t7", &highest) == 2 && filtered == 2);
	OK(find("t7", &low) == 2 && filtered == 2);
	/* An id, without a key; one that does not exist, and none. */
	record_search_id(&search, "r9");
	record_search_id(&search, "missing");
	record_search_id(&search, "../r9");
	OK(records_load(&home, &things, &search, NULL, NULL, &records, &count,
	       &note) == STATUS_OK);
	OK(count == 1 && strcmp(records, "r9") == 0);
	free(records);
}

/* Our own changes keep it in step. */
static void
test_index_follows(void)
{
	const struct index_range highest = { 0, INT64_MIN, INT64_MAX, 2 };
	struct note note;
	size_t i;
	char id[RECORD_ID_SIZE];

	begin_many(MANY);
	OK(find("t7", NULL) == 4);
	OK(save("new", "t7", 1700000000, 5) == STATUS_OK);
	OK(find("t7", NULL) == 5 && filtered == 5);
	OK(save("r7", "else", 1700000007, 5) == STATUS_OK);
	OK(find("t7", NULL) == 4 && filtered == 4);
	OK(find("else", NULL) == 1 && filtered == 1);
	OK(record_change(&home, &things, "r8", add_one, NULL, NULL, &note) ==
	    STATUS_OK);
	OK(find("t8", NULL) == 4 && filtered == 4);
	OK(record_forget(&home, &things, "new", &note) == STATUS_OK);
	OK(find("t7", NULL) == 3 && filtered == 3);
	OK(record_save_beside(&home, &things, "r7.pem", SPAN("chain"), &note) ==
	    STATUS_OK);
	OK(find("t7", NULL) == 3 && filtered == 3);
	/* What changed since takes no place of what is asked for. */
	OK(save("r307", "else", 1700000307, 307) == STATUS_OK);
	OK(record_forget(&home, &things, "r207", &note) == STATUS_OK);
	OK(find("t7", &highest) == 1 && filtered == 1);
	OK(save("x1", "t9", 1700000000, 1001) == STATUS_OK);
	OK(save("x2", "t9", 1700000000, 1002) == STATUS_OK);
	OK(save("x3", "t9", 1700000000, 1003) == STATUS_OK);
	OK(save("x3", "else", 1700000000, 1003) == STATUS_OK);
	OK(find("t9", &highest) == 4 && filtered == 4);
	/* It does not grow without end: after many it is written again. */
	for (i = 0; i < 3000; i++) {
		(void)snprintf(id, sizeof(id), "m%zu", i % 40);
		if (save(id, "more", 1700000000, (int64_t)i) != STATUS_OK)
			break;
	}
	OK(i == 3000);
	wait_for_clock();
	OK(find("more", NULL) == 40 && filtered > MANY);
	OK(find("more", NULL) == 40 && filtered == 40);
}

/* Those of others are seen: nothing is missed, and the index is written again.
 */
static void
check_doubt(const char *what, const char *text, size_t want)
{
	OK(find(text, NULL) == want);
	if (filtered < MANY - 10)
		printf("# %s was not doubted\n", what);
	OK(filtered >= MANY - 10);
	wait_for_clock();
	(void)find(text, NULL);
	OK(find(text, NULL) == want && filtered <= want + 2);
}

#define ADDED(id, text)                                         \
	"{\"format\": 2, \"id\": \"" id "\", \"text\": \"" text \
	"\", \"created\": 1700000000}"

static void
test_index_others(void)
{
	struct note note;

	begin_many(MANY);
	OK(find("t7", NULL) == 4);
	write_text("things", "hand.json", ADDED("hand", "t7"));
	check_doubt("a record that was added", "t7", 5);
	write_text("things", "next.json", ADDED("r8", "t7"));
	OK(renameat(home.dir, "things/next.json", home.dir, "things/r8.json") ==
	    0);
	check_doubt("a record that was replaced", "t7", 6);
	OK(unlinkat(home.dir, "things/r7.json", 0) == 0);
	check_doubt("a record that was removed", "t7", 5);
	OK(unlinkat(home.dir, "things/hand.json", 0) == 0);
	write_text("things", "hand.json", "damaged");
	check_doubt("a record that was damaged", "t7", 4);
	/* From then on each look-up reads it: it may be mended in place. */
	OK(home_skipped(&home, "things", &note) == STATUS_DAMAGED);
	write_text("things", "hand.json", ADDED("hand", "t7"));
	OK(find("t7", NULL) == 5);
	/* A change of another one, and of ours right after it. */
	write_text("things", "second.json", ADDED("second", "t7"));
	OK(save("third", "t7", 1700000000, 1) == STATUS_OK);
	check_doubt("a change before ours", "t7", 7);
	/* Format 1 in its own directory. */
	write_text("stuff", "old.json",
	    "{\"id\": \"old\", \"name\": \"t7\", \"created\": 1700000000}");
	OK(find("t7", NULL) == 8 && filtered >= MANY);
}

/* Change one octet of the index, or cut it. */
static void
damage(off_t at, bool cut)
{
	const int fd = openat(home.dir, "index/things", O_RDWR | O_CLOEXEC);
	char octet = 0;

	OK(fd >= 0);
	if (cut) {
		OK(ftruncate(fd, at) == 0);
	} else {
		OK(pread(fd, &octet, 1, at) == 1);
		octet ^= 0x40;
		OK(pwrite(fd, &octet, 1, at) == 1);
	}
	(void)close(fd);
}

static void
test_index_damaged(void)
{
	/* The head, a fence, the entries, what was appended. */
	static const off_t places[] = { 0, 15, 20, 30, 40, 60, 90, 100, 130 };
	struct stat st;
	size_t i;
	off_t at;

	begin_many(MANY);
	OK(find("t7", NULL) == 4);
	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		damage(places[i], false);
		check_doubt("a damaged head", "t7", 4);
	}
	OK(save("new", "t7", 1700000000, 5) == STATUS_OK);
	OK(fstatat(home.dir, "index/things", &st, 0) == 0);
	damage(st.st_size - 5, false);
	check_doubt("a damaged change", "t7", 5);
	OK(save("new", "t7", 1700000000, 6) == STATUS_OK);
	OK(fstatat(home.dir, "index/things", &st, 0) == 0);
	damage(st.st_size - 5, true);
	check_doubt("a change that was cut short", "t7", 5);
	OK(save("newer", "t7", 1700000000, 6) == STATUS_OK);
	OK(fstatat(home.dir, "index/things", &st, 0) == 0);
	/* As if the last change were not written: its mark is missing. */
	damage(st.st_size - 96, true);
	check_doubt("a change that is missing", "t7", 6);
	damage(4096, true);
	check_doubt("an index without entries", "t7", 6);
	damage(0, true);
	check_doubt("an empty index", "t7", 6);
	/* Wherever the entries are damaged, nothing is missed. */
	OK(fstatat(home.dir, "index/things", &st, 0) == 0);
	for (at = 4096; at < st.st_size; at += 397) {
		damage(at, false);
		if (find("t7", NULL) != 6 || find("t93", NULL) != 3)
			break;
	}
	OK(at >= st.st_size);
	OK(unlinkat(home.dir, "index/things", 0) == 0);
	check_doubt("a missing index", "t7", 6);
	OK(unlinkat(home.dir, "index/things", 0) == 0);
	OK(mkdirat(home.dir, "index/things", 0700) == 0);
	OK(find("t7", NULL) == 6);
}

int
main(void)
{
	/* In memory, where that is: thousands of records are synced. */
	char path[] = "/dev/shm/mailcert-record.XXXXXX", command[100];
	struct note note;

	if (mkdtemp(path) == NULL) {
		(void)strcpy(path, "/tmp/mailcert-record.XXXXXX");
		OK(mkdtemp(path) != NULL);
	}
	OK(home_open(path, false, &home, &note) == STATUS_OK);
	test_round();
	test_members();
	test_numbers();
	test_files();
	test_list();
	test_old();
	test_change();
	test_index();
	test_index_follows();
	test_index_others();
	test_index_damaged();
	home_close(&home);
	(void)snprintf(command, sizeof(command), "rm -rf %s", path);
	OK(system(command) == 0);
	return tap_done();
}
