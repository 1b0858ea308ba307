// SPDX-License-Identifier: GPL-2.0-or-later
#include "post.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "otlp.pb-c.h"

#define ANSWER_MAX 4096 /* bytes of an answer that are looked at */
#define PARTLY_REFUSED 200 /* beside others' HTTP status, and libcurl's errors, which are negative */

struct post {
	enum push_kind kind;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	bool busy;
	uint8_t answer[ANSWER_MAX];
	size_t answer_len;
	char error[CURL_ERROR_SIZE];
};

/* --- settings ----------------------------------------------------------------------------------------------------- */

static int add_header(struct post *post, const char *text)
{
	struct curl_slist *headers = curl_slist_append(post->headers, text);

	if (!headers)
		return -ENOMEM;
	post->headers = headers;
	return 0;
}

static int add_own_headers(struct post *post, enum body_encoding encoding)
{
	static const char *const encodings[] = {
		[BODY_GZIP] = "Content-Encoding: gzip",
		[BODY_SNAPPY] = "Content-Encoding: snappy",
	};
	int err;

	err = add_header(post, "Content-Type: application/x-protobuf");
	/* Bodies are small: do not ask first whether they may be sent. */
	err = err ?: add_header(post, "Expect:");
	if (post->kind == PUSH_REMOTE_WRITE)
		err = err ?: add_header(post, "X-Prometheus-Remote-Write-Version: 0.1.0");
	if (encoding != BODY_PLAIN)
		err = err ?: add_header(post, encodings[encoding]);
	return err;
}

/* The rest of the answer is read and forgotten. */
static size_t keep_answer(char *bytes, size_t size, size_t count, void *data)
{
	struct post *post = data;
	size_t len = size * count, room = sizeof(post->answer) - post->answer_len;

	memcpy(post->answer + post->answer_len, bytes, len < room ? len : room);
	post->answer_len += len < room ? len : room;
	return len;
}

static int set_options(struct post *post, const char *url, uint64_t timeout_ms)
{
	CURL *easy = post->easy;

	if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK)
		return -EINVAL;
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "kview-push/" KVIEW_VERSION);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->error);
	return 0;
}

int post_open(enum push_kind kind, enum body_encoding encoding, const char *address, uint64_t timeout_ms,
	      struct post **ret_post)
{
	_cleanup_(post_closep) struct post *post = calloc(1, sizeof(*post));
	_cleanup_(freep) char *copy = strdup(address);
	char *rest = copy, *url, *header;
	int err;

	if (!post || !copy || curl_global_init(CURL_GLOBAL_DEFAULT))
		return -ENOMEM;
	post->kind = kind;
	post->multi = curl_multi_init();
	post->easy = curl_easy_init();
	if (!post->multi || !post->easy)
		return -ENOMEM;
	url = strsep(&rest, "\n");
	err = add_own_headers(post, encoding);
	while (!err && (header = strsep(&rest, "\n")))
		err = *header ? add_header(post, header) : 0;
	err = err ?: set_options(post, url, timeout_ms);
	if (!err)
		*ret_post = TAKE_PTR(post);
	return err;
}

static void forget_request(struct post *post)
{
	if (post->busy)
		curl_multi_remove_handle(post->multi, post->easy);
	post->busy = false;
}

void post_close(struct post *post)
{
	if (!post)
		return;
	forget_request(post);
	curl_easy_cleanup(post->easy);
	curl_multi_cleanup(post->multi);
	curl_slist_free_all(post->headers);
	free(post);
}

/* --- a request ---------------------------------------------------------------------------------------------------- */

int post_begin(struct post *post, const uint8_t *bytes, size_t len)
{
	post->answer_len = 0;
	*post->error = '\0';
	curl_easy_setopt(post->easy, CURLOPT_POSTFIELDS, bytes);
	curl_easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	if (curl_multi_add_handle(post->multi, post->easy) != CURLM_OK)
		return -EIO;
	post->busy = true;
	return 0;
}

bool post_busy(const struct post *post)
{
	return post->busy;
}

void post_wait(struct post *post, int fd, uint64_t timeout_ms)
{
	struct curl_waitfd more = { .fd = fd, .events = CURL_WAIT_POLLIN };
	int running;

	curl_multi_perform(post->multi, &running);
	/* What has ended just now is to be looked at first. */
	if (post->busy && !running)
		timeout_ms = 0;
	curl_multi_poll(post->multi, &more, fd >= 0, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms, NULL);
	curl_multi_perform(post->multi, &running);
}

/* What servers say of their refusal is for logs: a line of printable characters. */
static void describe_answer(const struct post *post, long status, char *text, size_t size)
{
	size_t len = snprintf(text, size, "HTTP status %ld", status);

	if (post->answer_len)
		len += snprintf(text + len, size - len, ": ");
	for (size_t i = 0; i < post->answer_len && len + 1 < size && post->answer[i] != '\n'; i++)
		text[len++] = isprint(post->answer[i]) ? post->answer[i] : '?';
	text[len] = '\0';
}

/* An OTLP server may take a part of the points, and say how many it did not take. */
static void take_partial(const struct post *post, struct post_result *result)
{
	Kview__Otlp__Response *response = kview__otlp__response__unpack(NULL, post->answer_len, post->answer);

	if (response && response->partial_success && response->partial_success->rejected_data_points > 0) {
		result->rejected = response->partial_success->rejected_data_points;
		result->problem = PARTLY_REFUSED;
		snprintf(result->why, sizeof(result->why), "a part was refused: %s",
			 response->partial_success->error_message);
	}
	if (response)
		kview__otlp__response__free_unpacked(response, NULL);
}

/* What each protocol says can be tried again. */
static bool is_passing(enum push_kind kind, long status)
{
	if (kind == PUSH_OTLP)
		return status == 429 || status == 502 || status == 503 || status == 504;
	return status == 429 || status / 100 == 5;
}

static void judge(struct post *post, CURLcode code, struct post_result *result)
{
	curl_off_t wait_s = 0;
	long status = 0;

	if (code != CURLE_OK) {
		result->outcome = POST_LATER;
		result->problem = -(int)code;
		snprintf(result->why, sizeof(result->why), "%.190s",
			 *post->error ? post->error : curl_easy_strerror(code));
		return;
	}
	curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 == 2) {
		result->outcome = POST_TAKEN;
		if (post->kind == PUSH_OTLP)
			take_partial(post, result);
		return;
	}
	curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &wait_s);
	result->outcome = is_passing(post->kind, status) ? POST_LATER : POST_REFUSED;
	result->problem = status;
	result->wait_ms = wait_s * 1000;
	describe_answer(post, status, result->why, sizeof(result->why));
}

bool post_end(struct post *post, struct post_result *ret_result)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(post->multi, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		*ret_result = (struct post_result){};
		judge(post, msg->data.result, ret_result);
		forget_request(post);
		return true;
	}
	return false;
}
