// SPDX-License-Identifier: GPL-2.0-or-later
/* pmdakview: the metrics of kview-monitord for Performance Co-Pilot. pmcd starts it. */
#include <cap-ng.h>
#include <errno.h>
#include <pcp/pmapi.h>
#include <pcp/pmda.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent.h"
#include "daemon.h"

#define DOMAIN 408 /* also in Install */
#define URL "http://127.0.0.1:9464/metrics"
#define INSTANCES 10000
#define FORGET 3600	/* s */
#define FRESH 100000000 /* ns */

struct settings {
	const char *url;
	size_t instances_max;
};

static pmLongOptions long_options[] = {
	PMDA_OPTIONS_HEADER("Options"),
	{ "address", 1, 'a', "URL", "where kview-monitord answers [default " URL "]" },
	{ "instances", 1, 'n', "NUMBER", "instances of one domain there can be [default 10000]" },
	PMDAOPT_DEBUG,
	PMDAOPT_DOMAIN,
	PMDAOPT_LOGFILE,
	PMDAOPT_USERNAME,
	PMOPT_HELP,
	PMDA_OPTIONS_END,
};

static pmdaOptions options = {
	.short_options = "a:n:D:d:l:U:?",
	.long_options = long_options,
};

static int parse_number(const char *text, size_t *ret_number)
{
	char *end;
	unsigned long number;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	number = strtoul(text, &end, 10);
	if (*end || !number || number > 1000000)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static int parse(int argc, char **argv, pmdaInterface *dispatch, struct settings *settings)
{
	int option;

	while ((option = pmdaGetOptions(argc, argv, &options, dispatch)) != EOF)
		switch (option) {
		case 'a':
			settings->url = options.optarg;
			break;
		case 'n':
			if (parse_number(options.optarg, &settings->instances_max)) {
				fprintf(stderr, "pmdakview: -n %s: a number from 1 to 1000000 was expected\n",
					options.optarg);
				return -EINVAL;
			}
			break;
		}
	if (options.errors || options.optind < argc) {
		pmdaUsageMessage(&options);
		return -EINVAL;
	}
	return 0;
}

/* It reads what everybody can: pmcd may have started it as root. */
static int drop_privileges(void)
{
	if (!geteuid())
		pmSetProcessIdentity(options.username);
	capng_clear(CAPNG_SELECT_CAPS);
	return capng_apply(CAPNG_SELECT_CAPS) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -EPERM : 0;
}

static int serve(pmdaInterface *dispatch, const struct settings *settings)
{
	struct agent_config config = {
		.instances_max = settings->instances_max, .forget = FORGET, .fresh_ns = FRESH, .ask = daemon_ask
	};
	_cleanup_(daemon_closep) struct daemon *daemon = NULL;
	_cleanup_(agent_freep) struct agent *agent = NULL;
	int err = daemon_open(settings->url, &daemon);

	config.data = daemon;
	err = err ?: agent_new(dispatch, &config, &agent);
	if (err)
		return err;
	pmdaConnect(dispatch);
	pmdaMain(dispatch);
	return 0;
}

int main(int argc, char **argv)
{
	struct settings settings = { .url = URL, .instances_max = INSTANCES };
	pmdaInterface dispatch;
	int err;

	pmSetProgname(argv[0]);
	pmGetUsername(&options.username);
	pmdaDaemon(&dispatch, PMDA_INTERFACE_7, pmGetProgname(), DOMAIN, "kview.log", NULL);
	if (parse(argc, argv, &dispatch, &settings))
		return 2;
	pmdaOpenLog(&dispatch);
	err = drop_privileges() ?: serve(&dispatch, &settings);
	if (err)
		fprintf(stderr, "pmdakview: %s\n", strerror(-err));
	return err ? 1 : 0;
}
