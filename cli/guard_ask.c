// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands of `kview guard` that ask a guard which serves, by docs/guard-protocol.md. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "guard.h"
#include "guard_ask.h"
#include "guard_ask_print.h"
#include "guard_server.h"
#include "scope.h"

static const struct argp_option options[] = {
	{ "socket", GUARD_ASK_KEY_SOCKET, "PATH", 0, "Where the guard is asked; default " GUARD_SOCKET, 1 },
	{},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct guard_ask *ask = state->input;

	switch (key) {
	case GUARD_ASK_KEY_SOCKET:
		ask->socket = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (ask->argument_count == 2)
			cli_usage("%s %s: expected fewer arguments", ask->command, arg);
		ask->arguments[ask->argument_count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp guard_ask_argp = { .options = options, .parser = parse_option };

static void parse(struct guard_ask *ask, int argc, char **argv, const char *args_doc, const char *doc, int arguments)
{
	const struct argp argp = { .options = options, .parser = parse_option, .args_doc = args_doc, .doc = doc };

	ask->command = argv[0];
	ask->socket = GUARD_SOCKET;
	cli_parse(&argp, argc, argv, ask);
	if (ask->argument_count != arguments)
		cli_usage("%s: expected %s", ask->command, *args_doc ? args_doc : "no argument");
}

/* --- the other side --- */

static int connect_guard(struct guard_ask *ask)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(ask->socket) >= sizeof(address.sun_path))
		return cli_fail(-ENAMETOOLONG, NULL, "%s", ask->socket);
	strcpy(address.sun_path, ask->socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cli_fail(-errno, NULL, "%s", ask->command);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = -errno;
		close(fd);
		return cli_fail(err,
				err == -ENOENT || err == -ECONNREFUSED
					? "no guard serves there: start kview-guardd.service, or kview guard serve"
					: NULL,
				"%s: %s", ask->command, ask->socket);
	}
	ask->stream = fdopen(fd, "r+");
	return ask->stream ? CLI_OK : cli_fail(-errno, NULL, "%s", ask->command);
}

json_t *guard_ask_read(const struct guard_ask *ask)
{
	_cleanup_(freep) char *line = NULL;
	size_t room = 0;

	return getline(&line, &room, ask->stream) < 0 ? NULL : json_loads(line, 0, NULL);
}

int guard_ask_for(struct guard_ask *ask, json_t *request, json_t **ret_answer)
{
	_cleanup_(json_decrefp) json_t *owned = request, *answer = NULL;
	const char *error;
	int code = CLI_OK;

	if (!ask->stream)
		code = connect_guard(ask);
	if (code)
		return code;
	json_object_set_new(request, "version", json_integer(GUARD_PROTOCOL_VERSION));
	fflush(ask->stream); /* between reading and writing, fopen(3) */
	if (json_dumpf(request, ask->stream, JSON_COMPACT) || fputc('\n', ask->stream) < 0 || fflush(ask->stream))
		return cli_fail(-EIO, NULL, "%s: %s", ask->command, ask->socket);
	answer = guard_ask_read(ask);
	if (!json_is_object(answer))
		return cli_fail(-EPROTO, "the guard gave no answer", "%s: %s", ask->command, ask->socket);
	error = json_string_value(json_object_get(answer, "error"));
	if (!json_is_true(json_object_get(answer, "ok")))
		return cli_fail(-EINVAL, error ?: "refused", "%s", ask->command);
	*ret_answer = TAKE_PTR(answer);
	return CLI_OK;
}

void guard_ask_deinit(struct guard_ask *ask)
{
	if (ask->stream)
		fclose(ask->stream);
}

/* --- what is only looked at --- */

static int show(int argc, char **argv, const char *what, const char *args_doc, const char *doc,
		int (*print)(FILE *out, const json_t *answer))
{
	_cleanup_(guard_ask_deinit) struct guard_ask ask = {};
	_cleanup_(json_decrefp) json_t *answer = NULL;
	int code, err;

	parse(&ask, argc, argv, args_doc, doc, *args_doc ? 1 : 0);
	code = guard_ask_for(&ask, json_pack("{s:s, s:s*}", "do", what, "profile", ask.arguments[0]), &answer);
	if (code)
		return code;
	err = ask.shared.json ? cli_print_document(stdout, answer) : print(stdout, answer);
	return err ? cli_fail(err, NULL, "%s", ask.command) : CLI_OK;
}

static int cmd_status(int argc, char **argv)
{
	return show(argc, argv, "status", "", "What the guard does, how much it knows, and what it lost.",
		    guard_status_print);
}

static int cmd_metrics(int argc, char **argv)
{
	return show(argc, argv, "metrics", "", "The numbers of the guard in Prometheus' text format.",
		    guard_metrics_print);
}

/* What one may read: the address with the key of root, or of the group. */
static int cmd_web(int argc, char **argv)
{
	static const char *const names[] = { "act", "look" };
	_cleanup_(guard_ask_deinit) struct guard_ask ask = {};
	_cleanup_(freep) char *line = NULL;
	size_t i, room = 0;
	int err = 0;

	parse(&ask, argc, argv, "",
	      "The address of the page, for a browser on this machine. It contains a key: with that of "
	      "root the page may change something.",
	      0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_(freep) char *path = NULL;
		_cleanup_(fclosep) FILE *file = NULL;

		if (asprintf(&path, "%s.%s", ask.socket, names[i]) < 0) {
			path = NULL;
			return cli_fail(-ENOMEM, NULL, "%s", ask.command);
		}
		file = fopen(path, "re");
		if (file && getline(&line, &room, file) > 0) {
			fputs(line, stdout);
			return CLI_OK;
		}
		err = -errno;
	}
	return cli_fail(err, err == -ENOENT ? "no page is served there: start kview guard serve with --web" : NULL,
			"%s: %s", ask.command, ask.socket);
}

static int cmd_ps(int argc, char **argv)
{
	return show(argc, argv, "tasks", "", "The processes and threads that are guarded.", guard_tasks_print);
}

static int cmd_profiles(int argc, char **argv)
{
	return show(argc, argv, "profiles", "", "All profiles.", guard_profile_list_print);
}

static int cmd_show(int argc, char **argv)
{
	return show(argc, argv, "show", "PROFILE",
		    "One profile, by path, name or number: its state, its calls and how they follow.",
		    guard_profile_print);
}

static int cmd_export(int argc, char **argv)
{
	return show(argc, argv, "show", "PROFILE", "Print a profile as JSON, for import on another host.",
		    guard_json_print);
}

/* --- what changes something --- */

static int change(int argc, char **argv, const char *what, const char *doc)
{
	_cleanup_(guard_ask_deinit) struct guard_ask ask = {};
	_cleanup_(json_decrefp) json_t *answer = NULL;

	parse(&ask, argc, argv, "PROFILE", doc, 1);
	return guard_ask_for(&ask, json_pack("{s:s, s:s}", "do", what, "profile", ask.arguments[0]), &answer);
}

static int cmd_train(int argc, char **argv)
{
	return change(argc, argv, "train", "Train again, from what is known.");
}

static int cmd_normalize(int argc, char **argv)
{
	return change(argc, argv, "normalize",
		      "What the profile knows is normal: tell what departs from it from now on.");
}

static int cmd_sensitize(int argc, char **argv)
{
	return change(argc, argv, "sensitize", "Forget what was learned since the profile was normal.");
}

static int cmd_tolerize(int argc, char **argv)
{
	return change(argc, argv, "tolerize",
		      "Accept what a normal profile has seen since; no more alarms about that.");
}

static int cmd_reset(int argc, char **argv)
{
	return change(argc, argv, "reset", "Forget all the profile knows.");
}

static int cmd_freeze(int argc, char **argv)
{
	_cleanup_(guard_ask_deinit) struct guard_ask ask = {};
	_cleanup_(json_decrefp) json_t *answer = NULL;
	double seconds;

	parse(&ask, argc, argv, "PROFILE SECONDS", "Normal after so many seconds, if nothing new comes before.", 2);
	seconds = guard_parse_seconds("freeze", "SECONDS", ask.arguments[1]);
	return guard_ask_for(
		&ask, json_pack("{s:s, s:s, s:f}", "do", "freeze", "profile", ask.arguments[0], "seconds", seconds),
		&answer);
}

static int cmd_set(int argc, char **argv)
{
	_cleanup_(guard_ask_deinit) struct guard_ask ask = {};
	_cleanup_(json_decrefp) json_t *answer = NULL;

	parse(&ask, argc, argv, "PROFILE RESPONSES",
	      "What to do about alarms of the profile: log, or any of slow, refuse-exec, stop and kill with commas "
	      "between; spare: nothing, ever.",
	      2);
	return guard_ask_for(&ask,
			     json_pack("{s:s, s:s, s:s}", "do", "set", "profile", ask.arguments[0], "respond",
				       ask.arguments[1]),
			     &answer);
}

static int cmd_save(int argc, char **argv)
{
	_cleanup_(guard_ask_deinit) struct guard_ask ask = {};
	_cleanup_(json_decrefp) json_t *answer = NULL;

	parse(&ask, argc, argv, "", "Save all profiles now.", 0);
	return guard_ask_for(&ask, json_pack("{s:s}", "do", "save"), &answer);
}

static int cmd_import(int argc, char **argv)
{
	_cleanup_(guard_ask_deinit) struct guard_ask ask = {};
	_cleanup_(json_decrefp) json_t *answer = NULL, *exported = NULL;
	json_error_t error;

	parse(&ask, argc, argv, "FILE", "Add what was exported to the profile of the same program here.", 1);
	exported = json_load_file(ask.arguments[0], 0, &error);
	if (!exported)
		return cli_fail(-EINVAL, error.text, "%s:%d", ask.arguments[0], error.line);
	return guard_ask_for(&ask, json_pack("{s:s, s:O}", "do", "import", "exported", exported), &answer);
}

const struct cli_command cli_guard_status = { "status", "what the guard does and has lost", cmd_status };
const struct cli_command cli_guard_ps = { "ps", "processes and threads that are guarded", cmd_ps };
const struct cli_command cli_guard_profiles = { "profiles", "all profiles", cmd_profiles };
const struct cli_command cli_guard_show = { "show", "one profile: its calls and pairs", cmd_show };
const struct cli_command cli_guard_train = { "train", "train again", cmd_train };
const struct cli_command cli_guard_normalize = { "normalize", "what is known is normal from now on", cmd_normalize };
const struct cli_command cli_guard_sensitize = { "sensitize", "forget what was learned lately", cmd_sensitize };
const struct cli_command cli_guard_tolerize = { "tolerize", "accept what was seen lately", cmd_tolerize };
const struct cli_command cli_guard_freeze = { "freeze", "normal after some time without anything new", cmd_freeze };
const struct cli_command cli_guard_reset = { "reset", "forget all", cmd_reset };
const struct cli_command cli_guard_set = { "set", "what to do about alarms of a profile", cmd_set };
const struct cli_command cli_guard_save = { "save", "save all profiles now", cmd_save };
const struct cli_command cli_guard_export = { "export", "a profile as JSON", cmd_export };
const struct cli_command cli_guard_import = { "import", "add an exported profile to what is known", cmd_import };
const struct cli_command cli_guard_web = { "web", "the address of the page, for a browser", cmd_web };
const struct cli_command cli_guard_metrics = { "metrics", "numbers for Prometheus", cmd_metrics };
