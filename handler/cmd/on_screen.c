/* on_screen.c - run a full screen: see on_screen.h */
#include "cmd/on_screen.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "process/helper.h"

/* curses is in a library of its own: see tui/paint.h. */
static const struct painter *
load_painter(void)
{
	char path[600];
	void *library;

	if (helper_path("mailcert-screen.so", path, sizeof(path), NULL) !=
		STATUS_OK ||
	    (library = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL)
		return NULL;
	return dlsym(library, "painter");
}

bool
on_screen_is_dumb(void)
{
	const char *term = getenv("TERM");

	return term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;
}

bool
on_screen_has_colors(const struct config *config)
{
	const char *no_color = getenv("NO_COLOR");

	return config->color && (no_color == NULL || no_color[0] == '\0');
}

enum status
on_screen(const struct screen *screen, const struct config *config, int tty,
    int *number)
{
	const struct screen_options options = { .tty = tty,
		.utf8 = text_locale_is_utf8(),
		.color = on_screen_has_colors(config) };
	const struct painter *paint;

	*number = 0;
	if (config->plain || on_screen_is_dumb() ||
	    (paint = load_painter()) == NULL)
		return STATUS_UNABLE;
	return screen_run(screen, paint, &options, number);
}
