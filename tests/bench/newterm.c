/* newterm.c - call newterm and draw a line: what a first frame is measured
 * against */
#include <curses.h>
#include <locale.h>
#include <stdio.h>

int
main(void)
{
	SCREEN *screen;

	(void)setlocale(LC_CTYPE, "");
	screen = newterm(NULL, stdout, stdin);
	if (screen == NULL)
		return 1;
	(void)addstr("a line");
	(void)refresh();
	(void)getch();
	(void)endwin();
	delscreen(screen);
	return 0;
}
