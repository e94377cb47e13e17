/* zone.c - how the DNS of a zone is changed: see config.h */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "config/config_p.h"
#include "mail/dns_answer.h"

struct config_zone *
config_zone_entry(struct config *config, struct span name)
{
	size_t i;

	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	if (!dns_name_ok(name))
		return NULL;
	for (i = 0; i < config->zone_count; i++)
		if (span_eq_nocase(span_of(config->zones[i].name), name))
			return &config->zones[i];
	if (i == CONFIG_ZONES_MAX ||
	    !span_copy(name, config->zones[i].name, CONFIG_ZONE_SIZE))
		return NULL;
	config->zone_count++;
	return &config->zones[i];
}

/* Is the name that of the zone, or below it? */
static bool
is_in(struct span name, struct span zone)
{
	struct span end;

	if (name.len < zone.len)
		return false;
	end = span_cut(name, name.len - zone.len, name.len);
	return span_eq_nocase(end, zone) &&
	    (name.len == zone.len || name.at[name.len - zone.len - 1] == '.');
}

static const struct config_zone *
find(const struct config *config, const char *name)
{
	const struct config_zone *best = NULL, *zone;
	size_t i;

	for (i = 0; i < config->zone_count; i++) {
		zone = &config->zones[i];
		if (is_in(span_of(name), span_of(zone->name)) &&
		    (best == NULL || strlen(zone->name) > strlen(best->name)))
			best = zone;
	}
	return best;
}

static const char *
own_or(const char *own, const char *of_all)
{
	return own[0] != '\0' ? own : of_all;
}

struct config_dns
config_dns_of(const struct config *config, const char *name)
{
	const struct config_zone *zone = find(config, name);
	struct config_dns of_all = { config->dns_update_server,
		config->dns_update_key, config->dns_update_command,
		config->dns_servers };

	if (zone == NULL)
		return of_all;
	return (struct config_dns){
		own_or(zone->update_server, of_all.update_server),
		own_or(zone->update_key, of_all.update_key),
		own_or(zone->update_command, of_all.update_command),
		own_or(zone->servers, of_all.servers),
	};
}
