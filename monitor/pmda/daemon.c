// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon.h"

#include <curl/curl.h>
#include <errno.h>
#include <pcp/pmapi.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define TIMEOUT 2000L		      /* ms; pmcd gives up on an agent after 5 s */
#define ANSWER_MAX ((size_t)64 << 20) /* bytes */

struct daemon {
	CURL *curl;
	char *text; /* of the answer that is coming in, and its length */
	size_t len;
	int problem; /* what was told last; 0: all is well */
};

static size_t take_bytes(char *bytes, size_t size, size_t count, void *data)
{
	struct daemon *daemon = data;
	size_t len = size * count;
	char *more;

	if (len > ANSWER_MAX - daemon->len)
		return 0;
	more = realloc(daemon->text, daemon->len + len + 1);
	if (!more)
		return 0;
	daemon->text = more;
	memcpy(more + daemon->len, bytes, len);
	daemon->len += len;
	more[daemon->len] = '\0';
	return len;
}

int daemon_open(const char *url, struct daemon **ret_daemon)
{
	_cleanup_(daemon_closep) struct daemon *daemon = calloc(1, sizeof(*daemon));

	if (!daemon || curl_global_init(CURL_GLOBAL_DEFAULT))
		return -ENOMEM;
	daemon->curl = curl_easy_init();
	if (!daemon->curl || curl_easy_setopt(daemon->curl, CURLOPT_URL, url))
		return -ENOMEM;
	curl_easy_setopt(daemon->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(daemon->curl, CURLOPT_TIMEOUT_MS, TIMEOUT);
	curl_easy_setopt(daemon->curl, CURLOPT_NOSIGNAL, 1L);
	/* It is this machine's, whatever the environment says of proxies. */
	curl_easy_setopt(daemon->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(daemon->curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(daemon->curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(daemon->curl, CURLOPT_WRITEDATA, daemon);
	*ret_daemon = TAKE_PTR(daemon);
	return 0;
}

void daemon_close(struct daemon *daemon)
{
	if (!daemon)
		return;
	curl_easy_cleanup(daemon->curl);
	curl_global_cleanup();
	free(daemon->text);
	free(daemon);
}

static void note_problem(struct daemon *daemon, int problem)
{
	if (problem && problem != daemon->problem)
		pmNotifyErr(LOG_WARNING, "kview-monitord: %s", curl_easy_strerror(problem));
	if (!problem && daemon->problem)
		pmNotifyErr(LOG_INFO, "kview-monitord answers");
	daemon->problem = problem;
}

int daemon_ask(void *data, char **ret_text)
{
	struct daemon *daemon = data;
	int problem;

	free(TAKE_PTR(daemon->text));
	daemon->len = 0;
	problem = curl_easy_perform(daemon->curl);
	note_problem(daemon, problem);
	if (problem || !daemon->text)
		return -ENOTCONN;
	*ret_text = TAKE_PTR(daemon->text);
	return 0;
}
