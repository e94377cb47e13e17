/* ca.c - the CAs of the configuration, and whom they trust */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "doctor/doctor_p.h"

/* False: it added a finding. */
static bool
check_path(const struct config_ca *ca, const char *setting, const char *value,
    struct findings *out)
{
	char path[1100];

	if (value[0] == '\0')
		return true;
	if (path_expand(span_of(value), path, sizeof(path)) &&
	    access(path, R_OK) == 0)
		return true;
	finding_add(out, FINDING_ERROR, "ca", "ca.%s.%s = %.300s: %s", ca->name,
	    setting, value, strerror(errno));
	return false;
}

/* The program of a CA without ACME, which is not run here. */
static bool
check_command(const struct config_ca *ca, struct findings *out)
{
	const struct span line = span_of(ca->command);
	char path[CONFIG_VALUE_SIZE];

	if (line.len == 0 ||
	    (span_copy(span_cut(line, 0, span_find_byte(line, ' ')), path,
		 sizeof(path)) &&
		access(path, X_OK) == 0))
		return true;
	finding_add(out, FINDING_ERROR, "ca", "ca.%s.command = %.300s: %s",
	    ca->name, ca->command, strerror(errno));
	return false;
}

/* Does every method that may prove a challenge depend on anchors, and are there
 * none? */
static bool
lacks_anchors(
    const struct authres_methods *methods, const struct authres_policy *policy)
{
	size_t i;

	for (i = 0; i < methods->count; i++)
		if (methods->method[i] != AUTHRES_SMIME)
			return false;
	return methods->count > 0 && policy->smime_anchors[0] == '\0';
}

static bool
check_ca(const struct config *config, const struct config_ca *ca,
    struct findings *out)
{
	bool good = check_path(ca, "ca_file", ca->file, out);

	good = check_command(ca, out) && good;

	good = check_path(ca, "eab_key_file", ca->eab_key_file, out) && good;
	if ((ca->eab_kid[0] == '\0') != (ca->eab_key_file[0] == '\0')) {
		finding_add(out, FINDING_ERROR, "ca",
		    "ca.%s.%s is set, and ca.%s.%s is not; the CA wants both",
		    ca->name,
		    ca->eab_kid[0] != '\0' ? "eab_kid" : "eab_key_file",
		    ca->name,
		    ca->eab_kid[0] == '\0' ? "eab_kid" : "eab_key_file");
		good = false;
	}
	if (ca->directory[0] == '\0' && ca->command[0] == '\0' &&
	    !ca->own.has_authenticate && !ca->own.has_coverage &&
	    !ca->own.has_auto_submitted) {
		finding_add(out, FINDING_ERROR, "ca",
		    "ca.%s.directory is not set; is the name right?", ca->name);
		good = false;
	}
	if (ca->own.has_authenticate && ca->own.authenticate.none) {
		finding_add(out, FINDING_WARNING, "ca",
		    "ca.%s.authenticate = none: anybody can forge its "
		    "challenges",
		    ca->name);
		good = false;
	} else if (ca->own.has_authenticate &&
	    lacks_anchors(&ca->own.authenticate, &config->authenticate)) {
		finding_add(out, FINDING_ERROR, "ca",
		    "ca.%s.authenticate = smime, and smime_anchors is not "
		    "set: every challenge is refused",
		    ca->name);
		good = false;
	}
	return good;
}

void
doctor_cas(const struct doctor *doctor, struct findings *out)
{
	const struct config *config = doctor->config;
	struct config_ca ca;
	struct note note = { "" };
	bool good = true;
	size_t i;

	for (i = 0; i < config->ca_count; i++)
		good = check_ca(config, &config->cas[i], out) && good;
	if (config->ca[0] != '\0' &&
	    config_find_ca(config, config->ca, &ca, &note) != STATUS_OK) {
		finding_add(out, FINDING_ERROR, "ca", "ca = %.200s: %s",
		    config->ca, note_text(&note, STATUS_CONFIG));
		good = false;
	}
	if (lacks_anchors(&config->authenticate.by, &config->authenticate)) {
		finding_add(out, FINDING_ERROR, "ca",
		    "authenticate = smime, and smime_anchors is not set: "
		    "every challenge is refused");
		good = false;
	}
	if (good)
		finding_add(out, FINDING_OK, "ca",
		    "%zu known; their files can be read", config->ca_count);
}
