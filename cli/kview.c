// SPDX-License-Identifier: GPL-2.0-or-later
/* The kview command: a table of commands and a loop. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <kview/kview.h>

#include "cli.h"
#include "log.h"

static const struct cli_command *const commands[] = {
	&cli_cmd_run,
	&cli_cmd_trace,
	&cli_cmd_exec,
	&cli_cmd_list,
	&cli_cmd_show,
	&cli_cmd_cost,
	&cli_cmd_info,
	&cli_cmd_guard,
	&cli_cmd_flame,
	&cli_cmd_shield,
	&cli_cmd_monitor,
	&cli_cmd_top,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
	size_t i;

	puts("Usage: kview COMMAND [OPTION...]\n"
	     "Give one application its own view of the kernel: only it pays for eBPF probes.\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-8s%s\n", commands[i]->name, commands[i]->help);
	puts("  help    explain a command: kview help COMMAND\n\n"
	     "Options: --help, --version; each command has its own: kview COMMAND --help\n"
	     "Exit status: 0 success, 1 failed, 2 usage, 3 not permitted or not supported here");
}

static int print_version(void)
{
	printf("kview %s (libbpf %s)\n", kview_version(), libbpf_version_string() + 1);
	return CLI_OK;
}

static const struct cli_command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static void unknown_command(const char *name)
{
	const char *names[COMMANDS], *near;
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	near = cli_near_match(name, names, COMMANDS);
	if (near)
		cli_usage("%s: no such command; did you mean %s?", name, near);
	cli_usage("%s: no such command; see kview --help", name);
}

static int run_command(int argc, char **argv)
{
	const struct cli_command *command = find_command(argv[0]);

	if (!command)
		unknown_command(argv[0]);
	return command->run(argc, argv);
}

/* `kview help COMMAND` is `kview COMMAND --help`. */
static int help(int argc, char **argv)
{
	char *help_argv[] = {argv[1], "--help", NULL};

	if (argc > 1)
		return run_command(2, help_argv);
	print_help();
	return CLI_OK;
}

static bool is_word(const char *arg, const char *word, const char *option, const char *letter)
{
	return (word && !strcmp(arg, word)) || !strcmp(arg, option) || !strcmp(arg, letter);
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	log_init();
	if (argc < 2)
		cli_usage("no command given; see kview --help");
	if (is_word(argv[1], "help", "--help", "-h"))
		return help(argc - 1, argv + 1);
	if (is_word(argv[1], NULL, "--version", "-V"))
		return print_version();
	if (argv[1][0] == '-')
		cli_usage("%s: no such option; see kview --help", argv[1]);
	return run_command(argc - 1, argv + 1);
}
