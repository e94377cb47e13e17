/* orders.c - orders, challenges and files of certificates */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/doctor_p.h"
#include "order/renew.h"

enum { DAY = 24 * 3600, PATH_SIZE = 1300 };

/* The addresses of an order, for a message. */
static const char *
name_of(const struct order *order, char *out, size_t size)
{
	(void)snprintf(out, size, "%.20s (%.100s%s)", order->id,
	    order->addresses > 0 ? order->address[0] : "",
	    order->addresses > 1 ? ", ..." : "");
	return out;
}

/* False: it added a finding.  private: nobody else may read it. */
static bool
check_file(const struct doctor *doctor, const char *directory, const char *name,
    bool private, const char *cure, struct findings *out)
{
	char path[PATH_SIZE];
	struct stat st;

	home_show_path(&doctor->home, directory, name, path, sizeof(path));
	if (lstat(path, &st) != 0)
		finding_add(out, FINDING_ERROR, "permissions", "%.400s: %s; %s",
		    path, strerror(errno), cure);
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		finding_add(out, FINDING_ERROR, "permissions",
		    "%.400s is not a file of yours", path);
	else if (private && (st.st_mode & 077) != 0)
		finding_add(out, FINDING_ERROR, "permissions",
		    "others can read the key %.400s; run chmod 600 on it",
		    path);
	else
		return true;
	return false;
}

void
doctor_permissions(const struct doctor *doctor, struct findings *out)
{
	const struct order *order;
	const struct account *account;
	char name[80], number[24];
	bool good = true;
	size_t i;

	for (i = 0; i < doctor->order_count; i++) {
		order = &doctor->orders[i];
		(void)snprintf(name, sizeof(name), "%s.pem", order->id);
		if (order->public[0] != '\0')
			good = check_file(doctor, "keys", name, true,
				   "mail to its certificate cannot be read; "
				   "restore it from a backup",
				   out) &&
			    good;
		if (order->state == ORDER_ISSUED)
			good = check_file(doctor, "certificates", name, false,
				   "restore it from a backup, or order again",
				   out) &&
			    good;
	}
	for (i = 0; i < doctor->account_count; i++) {
		account = &doctor->accounts[i];
		if (account->end != ACCOUNT_IN_USE)
			continue;
		number[0] = '\0';
		if (account->rolled > 0)
			(void)snprintf(number, sizeof(number), ".%lld",
			    (long long)account->rolled);
		(void)snprintf(
		    name, sizeof(name), "%s%s.pem", account->id, number);
		good = check_file(doctor, "accounts", name, true,
			   "without it the account is lost; restore it from a "
			   "backup",
			   out) &&
		    good;
	}
	if (good)
		finding_add(out, FINDING_OK, "permissions",
		    "all keys are there, and only you can read them");
}

/* False: it added a finding. */
static bool
check_certificate(const struct doctor *doctor, const struct order *order,
    struct findings *out)
{
	char name[160];

	(void)name_of(order, name, sizeof(name));
	if (!order_is_current(order) || order->expires == 0)
		return true;
	if (order->expires <= doctor->now)
		finding_add(out, FINDING_ERROR, "certificate",
		    "%s has expired; %s", name,
		    order_is_foreign(order)
			? "get another one: mailcert csr, or order"
			: "run mailcert renew");
	else if (order->starts > doctor->now)
		finding_add(out, FINDING_WARNING, "certificate",
		    "%s is not valid yet: is the clock right?", name);
	else if (renew_is_candidate(order) &&
	    renew_known(doctor->config, order) + 2 * DAY <= doctor->now)
		finding_add(out, FINDING_WARNING, "certificate",
		    "%s is overdue for renewal; run mailcert renew, and "
		    "let a timer run it every day",
		    name);
	else if (order->why[0] != '\0')
		finding_add(out, FINDING_WARNING, "certificate", "%s: %.300s",
		    name, order->why);
	else
		return true;
	return false;
}

void
doctor_certificates(const struct doctor *doctor, struct findings *out)
{
	size_t i, current = 0;
	bool good = true;

	for (i = 0; i < doctor->order_count; i++) {
		current += order_is_current(&doctor->orders[i]);
		good =
		    check_certificate(doctor, &doctor->orders[i], out) && good;
	}
	if (good)
		finding_add(out, FINDING_OK, "certificate",
		    "%zu in use, none expired or overdue", current);
}

static const struct account *
account_of(const struct doctor *doctor, const struct order *order)
{
	size_t i;

	for (i = 0; i < doctor->account_count; i++)
		if (strcmp(doctor->accounts[i].id, order->account) == 0)
			return &doctor->accounts[i];
	return NULL;
}

/* False: it added a finding. */
static bool
check_order(const struct doctor *doctor, const struct order *order,
    struct findings *out)
{
	const struct account *account = account_of(doctor, order);
	char name[160];

	(void)name_of(order, name, sizeof(name));
	if (order->state == ORDER_FAILED)
		finding_add(out, FINDING_WARNING, "order",
		    "%s failed: %.300s; order again, and mailcert finish "
		    "--forget %s",
		    name, order->why, order->id);
	else if (order_is_open(order) && order->expires != 0 &&
	    order->expires <= doctor->now)
		finding_add(out, FINDING_WARNING, "order",
		    "%s has expired; run mailcert finish, then order again",
		    name);
	else if (order->account[0] != '\0' && account == NULL)
		finding_add(out, FINDING_ERROR, "order",
		    "%s belongs to the account %s, which is missing: it "
		    "cannot be finished, renewed or revoked; restore "
		    "accounts/ from a backup",
		    name, order->account);
	else if (account != NULL && account->end != ACCOUNT_IN_USE &&
	    (order_is_open(order) || order_is_current(order)))
		finding_add(out, FINDING_WARNING, "order",
		    "%s belongs to an account that is %s: it cannot be "
		    "finished or revoked",
		    name, account_end_name(account->end));
	else
		return true;
	return false;
}

/* An answer that may or may not have been sent waits for a person. */
static bool
check_challenge(const struct doctor *doctor,
    const struct expectation *expectation, struct findings *out)
{
	const char *id = expectation_shown_id(expectation);

	if (expectation->met != 0 ||
	    (expectation->expires != 0 && expectation->expires <= doctor->now))
		return true;
	if (expectation->state == EXPECTATION_ANSWERING)
		finding_add(out, FINDING_WARNING, "challenge",
		    "whether the answer to %s was sent is not known; look "
		    "into your sent mail, then run mailcert status %s",
		    id, id);
	else if (expectation->ca[0] != '\0' &&
	    config_known_ca(doctor->config, expectation->ca) == NULL)
		finding_add(out, FINDING_ERROR, "challenge",
		    "%s is expected by the rules of the CA %s, which the "
		    "configuration does not have",
		    id, expectation->ca);
	else
		return true;
	return false;
}

void
doctor_orders(const struct doctor *doctor, struct findings *out)
{
	size_t i, open = 0;
	bool good = true;

	for (i = 0; i < doctor->order_count; i++) {
		open += order_is_open(&doctor->orders[i]);
		good = check_order(doctor, &doctor->orders[i], out) && good;
	}
	if (good)
		finding_add(out, FINDING_OK, "order", "%zu open", open);
	good = true;
	for (i = 0; i < doctor->expectation_count; i++)
		good = check_challenge(doctor, &doctor->expectations[i], out) &&
		    good;
	if (good)
		finding_add(out, FINDING_OK, "challenge", "none is in doubt");
}

void
doctor_clock(const struct doctor *doctor, struct findings *out)
{
	char name[160];
	size_t i;

	for (i = 0; i < doctor->order_count; i++)
		if (doctor->orders[i].created > doctor->now + DAY) {
			finding_add(out, FINDING_ERROR, "clock",
			    "order %s was made in the future: the clock is "
			    "wrong now, or was then",
			    name_of(&doctor->orders[i], name, sizeof(name)));
			return;
		}
	finding_add(
	    out, FINDING_OK, "clock", "later than all that is in the home");
}
