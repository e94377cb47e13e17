/* hijack_main.c - mailcert with little patience (test build only): a helper
 * that hangs is given two seconds */
#include "process/run.h"

enum status __real_process_run(const struct run *run, struct buf *out,
    struct note *said, int *code, struct note *note);
enum status __wrap_process_run(const struct run *run, struct buf *out,
    struct note *said, int *code, struct note *note);

enum status
__wrap_process_run(const struct run *run, struct buf *out, struct note *said,
    int *code, struct note *note)
{
	struct run hasty = *run;

	hasty.seconds = 2;
	return __real_process_run(&hasty, out, said, code, note);
}
