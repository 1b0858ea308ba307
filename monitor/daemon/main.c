// SPDX-License-Identifier: GPL-2.0-or-later
/* kview-monitord(8): monitors what a configuration names, until it is told to end. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <kview/kview.h>

#include "config.h"
#include "daemon.h"
#include "note.h"

/* As those of kview(1). */
enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_UNSUPPORTED };

static int exit_code(int err)
{
	if (err == -EPERM || err == -EACCES || err == -ENOSYS || err == -EOPNOTSUPP)
		return EXIT_UNSUPPORTED;
	return err ? EXIT_FAILED : EXIT_DONE;
}

/* libbpf explains what the verifier says only when something fails; that is worth a look. */
static int print_warning(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

static void print_help(void)
{
	puts("Usage: kview-monitord CONFIG\n"
	     "Monitor the applications a configuration names. SIGHUP reads it again; SIGTERM ends.\n"
	     "\n"
	     "  -h, --help              Print this help\n"
	     "  -V, --version           Print the version\n"
	     "\n"
	     "kview monitor --check CONFIG only reads it, and says what is wrong with it.");
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
						 { "version", no_argument, NULL, 'V' },
						 {} };
	struct monitor_config config;
	struct monitor_error error;
	int option, err;

	while ((option = getopt_long(argc, argv, "hV", options, NULL)) != -1)
		switch (option) {
		case 'h':
			print_help();
			return EXIT_DONE;
		case 'V':
			printf("kview-monitord %s\n", kview_version());
			return EXIT_DONE;
		default:
			return EXIT_USAGE;
		}
	if (argc - optind != 1) {
		monitor_note("one configuration is expected; see --help");
		return EXIT_USAGE;
	}
	libbpf_set_print(print_warning);
	err = monitor_config_open(argv[optind], &config, &error);
	if (err) {
		if (error.line)
			monitor_note("%s:%u: %s", argv[optind], error.line, error.why);
		else
			monitor_note("%s: %s", argv[optind], error.why);
		return exit_code(err);
	}
	err = monitor_daemon_run(argv[optind], &config);
	if (err)
		monitor_note("%s", strerror(-err));
	return exit_code(err);
}
