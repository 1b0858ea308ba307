// SPDX-License-Identifier: GPL-2.0-or-later
/* pmdakview's answers, asked as pmcd asks: without pmcd, and without kview-monitord. */
#include <errno.h>
#include <pcp/pmapi.h>
#include <pcp/pmda.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/pmda/agent.h"
#include "unit.h"

#define PMDA 408

struct scene {
	pmdaInterface dispatch;
	struct agent *agent;
	const char *told; /* NULL: the daemon is away */
	unsigned int asked;
};

/* libpcp_pmda makes them and has nothing that frees them. */
static pmdaExt *kept[32];
static size_t kept_count;

static time_t forget = 3600; /* s */

static char folder[] = "/tmp/test_pmda.XXXXXX";

static int ask(void *data, char **ret_text)
{
	struct scene *scene = data;

	scene->asked++;
	if (!scene->told)
		return -ENOTCONN;
	*ret_text = strdup(scene->told);
	return 0;
}

static void open_scene(struct scene *scene, const char *told, size_t instances_max, uint64_t fresh_ns)
{
	struct agent_config config = {
		.instances_max = instances_max, .forget = forget, .fresh_ns = fresh_ns, .ask = ask, .data = scene
	};

	*scene = (struct scene){ .told = told };
	pmdaDaemon(&scene->dispatch, PMDA_INTERFACE_7, "test_pmda", PMDA, "/dev/null", NULL);
	assert_true(kept_count < COUNT(kept));
	kept[kept_count++] = scene->dispatch.version.seven.ext;
	assert_int_equal(agent_new(&scene->dispatch, &config, &scene->agent), 0);
}

static void close_scene(struct scene *scene)
{
	agent_free(scene->agent);
}

static pmdaExt *ext_of(struct scene *scene)
{
	return scene->dispatch.version.seven.ext;
}

/* A name's number, or why there is none. */
static int find(struct scene *scene, const char *name, pmID *ret_pmid)
{
	return scene->dispatch.version.seven.pmid(name, ret_pmid, ext_of(scene));
}

static pmDesc desc_of(struct scene *scene, const char *name)
{
	pmDesc desc;
	pmID pmid;

	assert_int_equal(find(scene, name, &pmid), 0);
	assert_int_equal(scene->dispatch.version.seven.desc(pmid, &desc, ext_of(scene)), 0);
	assert_int_equal(desc.pmid, pmid);
	return desc;
}

/* What a fetch of all instances has: values, or why there are none. *ret_result is the agent's until the next one. */
static int fetch(struct scene *scene, const char *name, pmResult **ret_result)
{
	static pmProfile everything = { .state = PM_PROFILE_INCLUDE };
	pmID pmid;

	assert_int_equal(find(scene, name, &pmid), 0);
	scene->dispatch.version.seven.profile(&everything, ext_of(scene));
	assert_true(scene->dispatch.version.seven.fetch(1, &pmid, ret_result, ext_of(scene)) >= 0);
	return (*ret_result)->vset[0]->numval;
}

static void drop(pmResult *result)
{
	for (int i = 0; i < result->numpmid; i++) {
		if (result->vset[i]->numval > 0 && result->vset[i]->valfmt == PM_VAL_DPTR)
			for (int j = 0; j < result->vset[i]->numval; j++)
				free(result->vset[i]->vlist[j].value.pval);
		free(result->vset[i]);
	}
}

static int count(struct scene *scene, const char *name)
{
	pmResult *result;
	int got = fetch(scene, name, &result);

	drop(result);
	return got;
}

/* The number of an instance that is there. */
static int instance(struct scene *scene, const char *metric, const char *name)
{
	pmInResult *result;
	pmInDom indom = desc_of(scene, metric).indom;
	int number,
		err = scene->dispatch.version.seven.instance(indom, PM_IN_NULL, (char *)name, &result, ext_of(scene));

	if (err < 0)
		return err;
	number = result->instlist[0];
	free(result->instlist);
	free(result);
	return number;
}

static double value(struct scene *scene, const char *name, int number)
{
	int type = desc_of(scene, name).type;
	double found = -1;
	pmAtomValue atom;
	pmResult *result;
	pmValueSet *set;

	fetch(scene, name, &result);
	set = result->vset[0];
	for (int i = 0; i < set->numval; i++)
		if (set->vlist[i].inst == number) {
			assert_int_equal(pmExtractValue(set->valfmt, &set->vlist[i], type, &atom, PM_TYPE_DOUBLE), 0);
			found = atom.d;
		}
	drop(result);
	return found;
}

#define CPU(count, sum)                                                                    \
	"# HELP kview_cpu_seconds Time threads ran.\n# TYPE kview_cpu_seconds histogram\n" \
	"kview_cpu_seconds_bucket{target=\"web\",le=\"0.001\"} 1\n"                        \
	"kview_cpu_seconds_bucket{target=\"web\",le=\"+Inf\"} " #count "\n"                \
	"kview_cpu_seconds_sum{target=\"web\"} " #sum "\nkview_cpu_seconds_count{target=\"web\"} " #count "\n"
#define SENT(target, bytes) "kview_tcp_sent_bytes_total{target=\"" target "\"} " #bytes "\n"
#define SENT_TYPE "# HELP kview_tcp_sent_bytes_total Bytes.\n# TYPE kview_tcp_sent_bytes_total counter\n"
#define SERIES(count) \
	"# HELP kview_monitor_series Series.\n# TYPE kview_monitor_series gauge\nkview_monitor_series " #count "\n"
#define ALL CPU(3, 0.5) SENT_TYPE SENT("web", 1000) SENT("a b", 2000) SERIES(4)

static void values(void **state)
{
	struct scene scene;
	int web;

	(void)state;
	open_scene(&scene, ALL, 100, 0);
	web = instance(&scene, "kview.tcp.sent_bytes", "web");
	assert_true(web >= 0);
	assert_int_equal(desc_of(&scene, "kview.tcp.sent_bytes").sem, PM_SEM_COUNTER);
	assert_int_equal(count(&scene, "kview.tcp.sent_bytes"), 2);
	assert_true(value(&scene, "kview.tcp.sent_bytes", web) == 1000);
	assert_true(value(&scene, "kview.tcp.sent_bytes", instance(&scene, "kview.tcp.sent_bytes", "a%20b")) == 2000);
	/* Families of the same labels share their instances. */
	assert_int_equal(desc_of(&scene, "kview.cpu.seconds.sum").indom, desc_of(&scene, "kview.tcp.sent_bytes").indom);
	assert_int_equal(count(&scene, "kview.cpu.seconds.sum"), 1);
	assert_true(value(&scene, "kview.cpu.seconds.sum", web) == 0.5);
	assert_true(value(&scene, "kview.cpu.seconds.count", web) == 3);
	assert_int_equal(count(&scene, "kview.cpu.seconds.bucket"), 2);
	assert_true(value(&scene, "kview.cpu.seconds.bucket",
			  instance(&scene, "kview.cpu.seconds.bucket", "web::+Inf")) == 2);
	/* Without labels there is one value. */
	assert_int_equal(desc_of(&scene, "kview.monitor.series").indom, PM_INDOM_NULL);
	assert_true(value(&scene, "kview.monitor.series", PM_IN_NULL) == 4);
	assert_true(value(&scene, "kview.pmda.up", PM_IN_NULL) == 1);
	scene.told = SENT_TYPE SENT("web", 1001);
	assert_true(value(&scene, "kview.tcp.sent_bytes", web) == 1001);
	/* What is gone is gone. */
	assert_int_equal(count(&scene, "kview.tcp.sent_bytes"), 1);
	assert_int_equal(count(&scene, "kview.cpu.seconds.sum"), 0);
	assert_int_equal(count(&scene, "kview.monitor.series"), 0);
	close_scene(&scene);
}

static void names(void **state)
{
	struct scene scene;
	char **found;
	int *states;
	pmID pmid;

	(void)state;
	open_scene(&scene, ALL, 100, 0);
	assert_int_equal(scene.dispatch.version.seven.children("kview.cpu.seconds", 0, &found, &states, ext_of(&scene)),
			 3);
	free(found);
	free(states);
	/* Four of these and the agent's two. */
	assert_int_equal(scene.dispatch.version.seven.children("kview", 1, &found, &states, ext_of(&scene)), 7);
	free(found);
	free(states);
	assert_int_equal(find(&scene, "kview.tcp.sent_bytes", &pmid), 0);
	assert_int_equal(scene.dispatch.version.seven.name(pmid, &found, ext_of(&scene)), 1);
	assert_string_equal(found[0], "kview.tcp.sent_bytes");
	free(found);
	assert_int_equal(find(&scene, "kview.cpu", &pmid), PM_ERR_NAME);
	assert_int_equal(find(&scene, "kview.nothing", &pmid), PM_ERR_NAME);
	close_scene(&scene);
}

static void helps(struct scene *scene, int number, int type, const char *wanted)
{
	char *text = NULL;

	assert_int_equal(scene->dispatch.version.seven.text(number, type | PM_TEXT_HELP, &text, ext_of(scene)), 0);
	if (!strstr(text, wanted))
		fail_msg("no '%s' in: %s", wanted, text);
	free(text);
}

static void texts(void **state)
{
	struct scene scene;
	char *text;

	(void)state;
	open_scene(&scene, ALL, 100, 0);
	helps(&scene, desc_of(&scene, "kview.tcp.sent_bytes").pmid, PM_TEXT_PMID, "Bytes.");
	helps(&scene, desc_of(&scene, "kview.cpu.seconds.bucket").pmid, PM_TEXT_PMID,
	      "Time threads ran. Their number in each bucket.\nA bucket");
	helps(&scene, desc_of(&scene, "kview.cpu.seconds.bucket").indom, PM_TEXT_INDOM, "target,bound");
	assert_int_equal(scene.dispatch.version.seven.text(pmID_build(PMDA, 4000, 0), PM_TEXT_PMID, &text,
							   ext_of(&scene)),
			 PM_ERR_PMID);
	assert_int_equal(scene.dispatch.version.seven.text(pmInDom_build(PMDA, 999), PM_TEXT_INDOM, &text,
							   ext_of(&scene)),
			 PM_ERR_INDOM);
	close_scene(&scene);
}

/* How many instances of a metric have labels; *ret_json: those of one, which is the caller's. */
static int labels_of(struct scene *scene, const char *metric, int number, char **ret_json)
{
	pmInDom indom = desc_of(scene, metric).indom;
	pmLabelSet *sets = NULL;
	int count = scene->dispatch.version.seven.label(indom, PM_LABEL_INSTANCES, &sets, ext_of(scene));

	*ret_json = NULL;
	for (int i = 0; i < count; i++)
		if (sets[i].inst == (unsigned int)number)
			*ret_json = strndup(sets[i].json, sets[i].jsonlen);
	pmFreeLabelSets(sets, count);
	return count;
}

static void labels(void **state)
{
	_cleanup_(freep) char *fast = NULL, *slow = NULL, *kept_json = NULL;
	struct scene scene;
	int infinite;

	(void)state;
	open_scene(&scene, ALL, 100, 0);
	infinite = instance(&scene, "kview.cpu.seconds.bucket", "web::+Inf");
	assert_int_equal(labels_of(&scene, "kview.cpu.seconds.bucket", infinite, &slow), 2);
	assert_string_equal(slow, "{\"bound\":\"+Inf\",\"target\":\"web\"}");
	labels_of(&scene, "kview.tcp.sent_bytes", instance(&scene, "kview.tcp.sent_bytes", "a%20b"), &fast);
	assert_string_equal(fast, "{\"target\":\"a b\"}");
	close_scene(&scene);
	/* Who is away, and was in another life, too, has labels: pmlogger asks for them once. */
	open_scene(&scene, NULL, 100, 0);
	assert_int_equal(labels_of(&scene, "kview.cpu.seconds.bucket", infinite, &kept_json), 2);
	assert_string_equal(kept_json, slow);
	close_scene(&scene);
}

/* Names stay, and values come back, for the same numbers. */
static void away(void **state)
{
	struct scene scene;
	pmDesc sent;
	int web;

	(void)state;
	open_scene(&scene, ALL, 100, 0);
	sent = desc_of(&scene, "kview.tcp.sent_bytes");
	web = instance(&scene, "kview.tcp.sent_bytes", "web");
	scene.told = NULL;
	assert_int_equal(count(&scene, "kview.tcp.sent_bytes"), PM_ERR_AGAIN);
	assert_int_equal(count(&scene, "kview.cpu.seconds.bucket"), PM_ERR_AGAIN);
	assert_int_equal(count(&scene, "kview.monitor.series"), PM_ERR_AGAIN);
	assert_true(value(&scene, "kview.pmda.up", PM_IN_NULL) == 0);
	assert_true(instance(&scene, "kview.tcp.sent_bytes", "web") < 0);
	/* Something else that answers there is not it. */
	scene.told = "<html>";
	assert_int_equal(count(&scene, "kview.tcp.sent_bytes"), PM_ERR_AGAIN);
	assert_true(value(&scene, "kview.pmda.up", PM_IN_NULL) == 0);
	scene.told = SENT_TYPE SENT("new", 5) SENT("web", 7);
	assert_true(value(&scene, "kview.tcp.sent_bytes", web) == 7);
	assert_int_equal(desc_of(&scene, "kview.tcp.sent_bytes").pmid, sent.pmid);
	assert_true(value(&scene, "kview.pmda.up", PM_IN_NULL) == 1);
	close_scene(&scene);
}

/* Another agent, of another day: before the daemon is there it knows what it can have, and by the same numbers. */
static void restarts(void **state)
{
	struct scene scene;
	pmDesc sent, bucket, again;
	int web, slow;

	(void)state;
	open_scene(&scene, ALL, 100, 0);
	sent = desc_of(&scene, "kview.tcp.sent_bytes");
	bucket = desc_of(&scene, "kview.cpu.seconds.bucket");
	web = instance(&scene, "kview.tcp.sent_bytes", "web");
	slow = instance(&scene, "kview.cpu.seconds.bucket", "web::+Inf");
	close_scene(&scene);
	open_scene(&scene, NULL, 100, 0);
	again = desc_of(&scene, "kview.cpu.seconds.bucket");
	assert_memory_equal(&again, &bucket, sizeof(again));
	again = desc_of(&scene, "kview.tcp.sent_bytes");
	assert_memory_equal(&again, &sent, sizeof(again));
	assert_int_equal(count(&scene, "kview.tcp.sent_bytes"), PM_ERR_AGAIN);
	/* In another order, and with others before them. */
	scene.told = "# TYPE kview_new gauge\nkview_new{target=\"new\",kind=\"x\"} 1\n" SENT_TYPE SENT("new", 1)
		SENT("web", 2) CPU(4, 0.25);
	assert_true(value(&scene, "kview.tcp.sent_bytes", web) == 2);
	assert_int_equal(instance(&scene, "kview.cpu.seconds.bucket", "web::+Inf"), slow);
	close_scene(&scene);
}

/* The same name, but not the same thing. */
static void kinds(void **state)
{
	struct scene scene;
	pmDesc before;

	(void)state;
	open_scene(&scene, "# TYPE kview_x gauge\nkview_x{target=\"web\"} 1\n", 100, 0);
	before = desc_of(&scene, "kview.x");
	scene.told = "# TYPE kview_x counter\nkview_x{target=\"web\",kind=\"y\"} 2\n";
	assert_true(value(&scene, "kview.x", instance(&scene, "kview.x", "web::y")) == 2);
	assert_int_not_equal(desc_of(&scene, "kview.x").pmid, before.pmid);
	assert_int_equal(desc_of(&scene, "kview.x").sem, PM_SEM_COUNTER);
	close_scene(&scene);
	/* A name that goes on where another one ends cannot be had; the rest can. */
	open_scene(&scene,
		   "# TYPE kview_y gauge\nkview_y 1\n# TYPE kview_y_z gauge\nkview_y_z 2\n"
		   "# TYPE kview_v gauge\nkview_v 3.5\n# TYPE kview_w gauge\nkview_w 4\n",
		   100, 0);
	assert_true(value(&scene, "kview.y", PM_IN_NULL) == 1);
	assert_true(value(&scene, "kview.w", PM_IN_NULL) == 4);
	assert_true(value(&scene, "kview.pmda.refused", PM_IN_NULL) >= 1);
	/* A number that its type cannot hold is not one that it can. */
	assert_int_equal(count(&scene, "kview.v"), PM_ERR_CONV);
	close_scene(&scene);
}

static void bounded(void **state)
{
	char *told = NULL;
	size_t len;
	struct scene scene;
	FILE *out = open_memstream(&told, &len);

	(void)state;
	fputs("# TYPE kview_bounded_total counter\n", out);
	for (int i = 0; i < 50; i++)
		fprintf(out, "kview_bounded_total{target=\"t\",name=\"%d\"} %d\n", i, i);
	fclose(out);
	open_scene(&scene, told, 20, UINT64_MAX);
	assert_int_equal(count(&scene, "kview.bounded"), 20);
	assert_true(value(&scene, "kview.bounded", instance(&scene, "kview.bounded", "t::19")) == 19);
	assert_true(instance(&scene, "kview.bounded", "t::20") < 0);
	close_scene(&scene);
	/* Not more, either, when the first ones are away: they may be back. */
	open_scene(&scene, "# TYPE kview_bounded_total counter\nkview_bounded_total{target=\"t\",name=\"30\"} 30\n", 20,
		   UINT64_MAX);
	assert_int_equal(count(&scene, "kview.bounded"), 0);
	close_scene(&scene);
	free(told);
}

#define HOLD(name) "kview_hold_total{target=\"t\",name=\"" name "\"} 1\n"
#define HOLD_TYPE "# TYPE kview_hold_total counter\n"

/* For new ones those are forgotten that were away for long, and not those that are there. */
static void forgets(void **state)
{
	struct scene scene;
	int number;

	(void)state;
	open_scene(&scene, HOLD_TYPE HOLD("a") HOLD("b") HOLD("c"), 3, 0);
	number = instance(&scene, "kview.hold", "t::b");
	close_scene(&scene);
	forget = 0;
	open_scene(&scene, HOLD_TYPE HOLD("b"), 3, 0);
	forget = 3600;
	scene.told = HOLD_TYPE HOLD("b") HOLD("d") HOLD("e") HOLD("f");
	assert_int_equal(count(&scene, "kview.hold"), 3);
	assert_int_equal(instance(&scene, "kview.hold", "t::b"), number);
	assert_true(instance(&scene, "kview.hold", "t::e") > number);
	assert_true(instance(&scene, "kview.hold", "t::f") < 0);
	close_scene(&scene);
	/* Not so when they were there within the last hour. */
	open_scene(&scene, HOLD_TYPE HOLD("g"), 3, 0);
	assert_int_equal(count(&scene, "kview.hold"), 0);
	close_scene(&scene);
}

/* Many questions in a row are one question to the daemon. */
static void asks_once(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene, ALL, 100, UINT64_MAX);
	for (int i = 0; i < 10; i++)
		assert_int_equal(count(&scene, "kview.tcp.sent_bytes"), 2);
	assert_int_equal(scene.asked, 1);
	close_scene(&scene);
}

/* Where libpcp_pmda keeps numbers. */
static int make_folder(void **state)
{
	char path[64];

	(void)state;
	if (!mkdtemp(folder) || setenv("PCP_VAR_DIR", folder, 1))
		return -1;
	snprintf(path, sizeof(path), "%s/config", folder);
	if (mkdir(path, 0700))
		return -1;
	snprintf(path, sizeof(path), "%s/config/pmda", folder);
	return mkdir(path, 0700);
}

static int empty_folder(void **state)
{
	char command[80];

	(void)state;
	snprintf(command, sizeof(command), "rm -f %s/config/pmda/*", folder);
	return system(command);
}

static int remove_folder(void **state)
{
	char command[80];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

#define TEST(name) cmocka_unit_test_setup(name, empty_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values),	TEST(names), TEST(texts),   TEST(labels),  TEST(away),
		TEST(restarts), TEST(kinds), TEST(bounded), TEST(forgets), TEST(asks_once),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
