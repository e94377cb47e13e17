/*
 * terminal.h - set the terminal's modes, catch its signals, read its keys
 *
 * While open, the terminal delivers its octets one by one, without echo and
 * unchanged, and marks pastes (bracketed paste mode).  Its old modes are
 * restored by terminal_close(), while the process is stopped, and when it ends
 * by an assertion or a fault.  SIGHUP, SIGINT, SIGQUIT and SIGTERM, unless they
 * are ignored, end the reading instead of the process.
 *
 * One terminal at a time in a process.
 */
#ifndef TUI_TERMINAL_H
#define TUI_TERMINAL_H
#include <poll.h>
#include <signal.h>
#include <termios.h>

#include "base/buf.h"
#include "tui/keys.h"

enum { TERMINAL_SIGNALS = 7, TERMINAL_WATCH_MAX = 4 };

enum terminal_event {
	TERMINAL_STROKE,
	TERMINAL_NOISE,  /* a byte that is not a stroke, or not yet */
	TERMINAL_REDRAW, /* the process was stopped, or the size changed */
	TERMINAL_WAKE,   /* a descriptor is ready, or the pause is over */
	TERMINAL_GONE    /* a signal, or the terminal hung up */
};

/* What to wait for besides keys. */
struct terminal_watch {
	struct pollfd fd[TERMINAL_WATCH_MAX]; /* revents: what is ready */
	size_t count;
	int64_t pause_ms; /* -1: no limit */
};

struct terminal {
	int tty;         /* borrowed */
	bool brackets;   /* bracketed paste was asked for */
	bool foreground; /* as the modes were set */
	/* Continued in the background, it is TERMINAL_GONE instead of being
	 * stopped there; terminal_open() clears it. */
	bool yields;
	struct termios before, ours;
	struct keys keys;
	sigset_t waiting; /* the signals that may come while we wait for keys */
	sigset_t mask;
	struct sigaction old[TERMINAL_SIGNALS];
	/* Called before the process is stopped; may be NULL. */
	void (*hide)(void);
};

/*
 * Open.  fresh: discard what was typed before, which cannot answer this
 * question, and at the end what was not read.  STATUS_IO: not a
 * terminal, or it has gone; nothing is changed then.
 */
enum status terminal_open(
    struct terminal *terminal, int tty, bool fresh) MUST_CHECK;
/* Wait for a stroke.  ^Z, or what the user has in its place, stops the whole
 * process group, the mail program too. */
enum terminal_event terminal_read(
    struct terminal *terminal, struct stroke *out);
/* The same, or until something of *watch has come. */
enum terminal_event terminal_wait(struct terminal *terminal,
    struct terminal_watch *watch, struct stroke *out);
/* The clock that strokes and pauses go by. */
int64_t terminal_now_ms(void);
/* Is there more to read at once, as where a program types? */
bool terminal_has_more(const struct terminal *terminal);
/* Throw away what is there to be read. */
void terminal_flush(struct terminal *terminal);
/* Is the octet the user's key for that, as in c_cc[VERASE] of stty(1)? */
bool terminal_is_key(
    const struct terminal *terminal, unsigned char byte, size_t which);
/*
 * Restore it, and discard the rest of a sequence or paste that has begun.
 * Returns the signal that arrived, or 0.
 */
int terminal_close(struct terminal *terminal, bool fresh);
/* Raise the signal that terminal_close() returned, with its old handler; 0:
 * nothing to do. */
void terminal_obey(int number);
#endif
