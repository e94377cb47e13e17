/* replay.c - feed a corpus to a fuzz target without a fuzzer; TAP */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static size_t
replay(const char *dir)
{
	static uint8_t bytes[1024 * 1024];
	struct dirent *entry;
	char path[1200];
	size_t count = 0, len;
	DIR *stream;
	FILE *file;

	if ((stream = opendir(dir)) == NULL)
		return 0;
	while ((entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    strstr(entry->d_name, ".expect") != NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if ((file = fopen(path, "rb")) == NULL)
			continue;
		len = fread(bytes, 1, sizeof(bytes), file);
		(void)fclose(file);
		(void)LLVMFuzzerTestOneInput(bytes, len);
		count++;
	}
	(void)closedir(stream);
	return count;
}

int
main(int argc, char *argv[])
{
	size_t count;
	int i;

	for (i = 1; i < argc; i++) {
		count = replay(argv[i]);
		printf("%sok %d - %s: %zu inputs\n", count > 0 ? "" : "not ", i,
		    argv[i], count);
	}
	printf("1..%d\n", argc - 1);
	return 0;
}
