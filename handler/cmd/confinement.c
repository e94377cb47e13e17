/* confinement.c - kernels that cannot confine: see confinement.h */
#include "cmd/confinement.h"

#include "base/sandbox.h"
#include "cmd/cmd.h"

enum status
confinement_check(const struct config *config, const struct home *home,
    bool unattended, struct note *note)
{
	const char *lacks = sandbox_lacks();
	struct note warning;

	if (lacks[0] == '\0')
		return STATUS_OK;
	if (config->sandbox_required && unattended)
		return note_set(note, STATUS_CONFIG,
		    "this kernel cannot confine the programs that read mail "
		    "and talk to servers (missing: %s); to work unattended "
		    "anyway, \"set sandbox = best-effort\"",
		    lacks);
	note_say(&warning,
	    "warning: this kernel cannot confine the programs that read mail "
	    "and talk to servers (missing: %s)",
	    lacks);
	if (config->sandbox_required)
		cmd_say(&warning);
	else
		home_log(home, warning.text);
	return STATUS_OK;
}
