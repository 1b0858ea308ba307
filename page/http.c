// SPDX-License-Identifier: GPL-2.0-or-later
#include "http.h"

#include <stdlib.h>
#include <string.h>

/* Nothing but what this server sends is loaded, run or asked; nobody frames it, and nothing is kept. */
static const char *const headers[][2] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
	  " base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
};

enum MHD_Result page_answer(struct MHD_Connection *connection, unsigned int status, const char *type, char *text,
			    size_t len, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len, text, mode);
	enum MHD_Result result;

	if (!response) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(response, headers[i][0], headers[i][1]);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

const char *page_header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

bool page_is_own_origin(struct MHD_Connection *connection)
{
	const char *host = page_header(connection, "Host"), *origin = page_header(connection, "Origin");
	const char *site = page_header(connection, "Sec-Fetch-Site");
	static const char scheme[] = "http://";

	if (origin && (!host || strncmp(origin, scheme, strlen(scheme)) || strcmp(origin + strlen(scheme), host)))
		return false;
	return !site || !strcmp(site, "same-origin") || !strcmp(site, "none");
}

const char *page_given_key(struct MHD_Connection *connection)
{
	const char *given = page_header(connection, "Authorization");
	static const char scheme[] = "Bearer ";

	return given && !strncmp(given, scheme, strlen(scheme)) ? given + strlen(scheme) : "";
}
