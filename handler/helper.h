/*
 * helper.h - our own programs: beside us in the build tree, else installed
 */
#ifndef HELPER_H
#define HELPER_H
#include "base/buf.h"
#include "reply/response.h"

/* Write the path of a helper; STATUS_CREATE: it is not there. */
enum status helper_path(
    const char *name, char *out, size_t size, struct note *note) MUST_CHECK;

/* response_compute() in mailcert-verify. */
enum status helper_response(const char *part1, const char *part2,
    const char *thumbprint, enum token_join join, struct response *out,
    struct note *note) MUST_CHECK;

/* The thumbprint of an account key file, by mailcert-key. */
enum status helper_thumbprint(
    const char *file, char out[44], struct note *note) MUST_CHECK;
#endif
