/*
 * replay.c - feed a corpus to a fuzz target without a fuzzer; TAP
 *
 * An argument is a directory of inputs, or an archive of them, as ar(1) writes
 * it.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

/* A member of an archive is behind a header of text, and begins at an even
 * place. */
enum { MEMBER_MAX = 1024 * 1024, HEADER_LEN = 60, SIZE_AT = 48, SIZE_LEN = 10 };
static const char ARCHIVE_MAGIC[] = "!<arch>\n";

/* A copy as long as the input: what reads past its end is seen (SAN=1). */
static bool
replay_input(FILE *file, size_t len)
{
	uint8_t *bytes = malloc(len > 0 ? len : 1);
	bool whole = bytes != NULL && fread(bytes, 1, len, file) == len;

	if (whole)
		(void)LLVMFuzzerTestOneInput(bytes, len);
	free(bytes);
	return whole;
}

/* Gives how many inputs there were; 0: the archive is damaged, too. */
static size_t
replay_archive(const char *path)
{
	FILE *file = fopen(path, "rb");
	char header[HEADER_LEN + 1] = "";
	size_t count = 0, len = 0;
	bool good;

	if (file == NULL)
		return 0;
	good = fread(header, 1, 8, file) == 8 &&
	    memcmp(header, ARCHIVE_MAGIC, 8) == 0;
	while (good && (len = fread(header, 1, HEADER_LEN, file)) > 0) {
		good = len == HEADER_LEN &&
		    memcmp(header + SIZE_AT + SIZE_LEN, "`\n", 2) == 0;
		len = strtoul(header + SIZE_AT, NULL, 10);
		good = good && len <= MEMBER_MAX && replay_input(file, len) &&
		    (len % 2 == 0 || fgetc(file) == '\n');
		count++;
	}
	(void)fclose(file);
	return good ? count : 0;
}

static bool
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	bool good;
	long len;

	if (file == NULL)
		return false;
	good = fseek(file, 0, SEEK_END) == 0 && (len = ftell(file)) >= 0 &&
	    fseek(file, 0, SEEK_SET) == 0 && replay_input(file, (size_t)len);
	(void)fclose(file);
	return good;
}

static size_t
replay_directory(const char *dir)
{
	struct dirent *entry;
	char path[1200];
	size_t count = 0;
	DIR *stream;

	if ((stream = opendir(dir)) == NULL)
		return 0;
	while ((entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    strstr(entry->d_name, ".expect") != NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		count += replay_file(path);
	}
	(void)closedir(stream);
	return count;
}

int
main(int argc, char *argv[])
{
	size_t count, len;
	int i, failed = 0;

	for (i = 1; i < argc; i++) {
		len = strlen(argv[i]);
		count = len > 2 && strcmp(argv[i] + len - 2, ".a") == 0
		    ? replay_archive(argv[i])
		    : replay_directory(argv[i]);
		printf("%sok %d - %s: %zu inputs\n", count > 0 ? "" : "not ", i,
		    argv[i], count);
		failed += count == 0;
	}
	printf("1..%d\n", argc - 1);
	return failed > 0;
}
