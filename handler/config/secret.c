/* secret.c - the passwords and tokens of the configuration: see config.h */
#include <string.h>
#include <strings.h>

#include "config/config_p.h"

/* The host, after the last "@", has no case. */
static bool
is_account(const char *a, const char *b)
{
	const char *host_a = strrchr(a, '@'), *host_b = strrchr(b, '@');
	const size_t user = host_a != NULL ? (size_t)(host_a - a) : 0;

	if (host_a == NULL || host_b == NULL)
		return host_a == host_b && strcasecmp(a, b) == 0;
	return user == (size_t)(host_b - b) && memcmp(a, b, user) == 0 &&
	    strcasecmp(host_a, host_b) == 0;
}

struct config_secret *
config_secret_entry(struct config *config, struct span account, bool token)
{
	struct config_secret *secret;
	char name[sizeof(secret->account)];
	size_t i;

	if (account.len == 0 || !span_copy(account, name, sizeof(name)))
		return NULL;
	for (i = 0; i < config->secret_count; i++)
		if (is_account(config->secrets[i].account, name))
			break;
	if (i == CONFIG_SECRETS_MAX)
		return NULL;
	if (i == config->secret_count)
		config->secret_count++;
	secret = &config->secrets[i];
	(void)strcpy(secret->account, name);
	secret->token = token;
	return secret;
}

const struct config_secret *
config_secret_of(const struct config *config, const struct server *server)
{
	char account[SERVER_NAME_SIZE];
	size_t i;

	server_account(server, account);
	for (i = 0; i < config->secret_count; i++)
		if (is_account(config->secrets[i].account, account) &&
		    config->secrets[i].command[0] != '\0')
			return &config->secrets[i];
	return NULL;
}
