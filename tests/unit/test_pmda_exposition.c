// SPDX-License-Identifier: GPL-2.0-or-later
/* What pmdakview makes of kview-monitord's text: samples, names, types, units, instances, labels; and of bad text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/pmda/exposition.h"
#include "monitor/pmda/naming.h"
#include "unit.h"

#define SERIES "{target=\"web\",path=\"/a\\\"b\\\\c\\nd\""

#define REQUESTS                                                                     \
	"# HELP kview_http_request_seconds Requests \\\\ that\\ncame in.\n"          \
	"# TYPE kview_http_request_seconds histogram\n"                              \
	"kview_http_request_seconds_bucket" SERIES ",le=\"0.001\"} 0\n"              \
	"kview_http_request_seconds_bucket" SERIES ",le=\"0.002\"} 5\n"              \
	"kview_http_request_seconds_bucket" SERIES ",le=\"0.004\"} 5\n"              \
	"kview_http_request_seconds_bucket" SERIES ",le=\"+Inf\"} 7\n"               \
	"kview_http_request_seconds_sum" SERIES "} 1.25\n"                           \
	"kview_http_request_seconds_count" SERIES "} 7\n"                            \
	"kview_http_request_seconds_bucket{target=\"web\",path=\"/\",le=\"0.001\"} 2\n" \
	"kview_http_request_seconds_bucket{target=\"web\",path=\"/\",le=\"+Inf\"} 2\n"

static struct exposition *read_all(const char *text)
{
	struct exposition *exposition;
	size_t line = 0;
	int err = exposition_read(strdup(text), &exposition, &line);

	if (err)
		fail_msg("line %zu: %s in:\n%s", line, strerror(-err), text);
	return exposition;
}

static void refuses(size_t where, const char *text)
{
	struct exposition *exposition;
	size_t line = 0;

	if (exposition_read(strdup(text), &exposition, &line) != -EBADMSG)
		fail_msg("taken: %s", text);
	if (line != where)
		fail_msg("line %zu, not %zu, of: %s", line, where, text);
}

static void names_instance(const struct exposition_sample *sample, const char *wanted)
{
	_cleanup_(freep) char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	naming_instance(sample, out);
	fclose(out);
	assert_string_equal(text, wanted);
}

static void has_labels(const struct exposition_sample *sample, const char *wanted)
{
	_cleanup_(freep) char *json = NULL;

	assert_int_equal(naming_json(sample->labels, sample->label_count, &json), 0);
	assert_string_equal(json, wanted);
}

static void histograms(void **state)
{
	_cleanup_(exposition_freep) struct exposition *read = read_all(REQUESTS);
	const struct exposition_sample *sample = read->samples;

	(void)state;
	assert_int_equal(read->family_count, 1);
	assert_string_equal(read->families[0].name, "kview_http_request_seconds");
	assert_string_equal(read->families[0].help, "Requests \\ that\ncame in.");
	assert_int_equal(read->families[0].type, EXPOSITION_HISTOGRAM);
	assert_int_equal(read->families[0].label_count, 2);
	assert_string_equal(read->families[0].labels[1].name, "path");
	/* Buckets that hold nothing of their own are left out, and each holds only its own. */
	assert_int_equal(read->sample_count, 5);
	assert_int_equal(sample->part, EXPOSITION_BUCKET);
	assert_int_equal(sample->number.whole, 5);
	names_instance(sample, "web::/a\"b\\c%0Ad::0.002");
	has_labels(sample, "{\"bound\":\"0.002\",\"path\":\"/a\\\"b\\\\c\\nd\",\"target\":\"web\"}");
	sample++;
	assert_int_equal(sample->number.whole, 2);
	names_instance(sample, "web::/a\"b\\c%0Ad::+Inf");
	sample++;
	assert_int_equal(sample->part, EXPOSITION_SUM);
	assert_true(sample->number.real == 1.25);
	assert_false(sample->number.is_whole);
	names_instance(sample, "web::/a\"b\\c%0Ad");
	has_labels(sample, "{\"path\":\"/a\\\"b\\\\c\\nd\",\"target\":\"web\"}");
	sample++;
	assert_int_equal(sample->part, EXPOSITION_COUNT);
	assert_int_equal(sample->number.whole, 7);
	/* The next series begins at 0 again. */
	sample++;
	assert_int_equal(sample->number.whole, 2);
	names_instance(sample, "web::/::0.001");
}

static void numbers(void **state)
{
	_cleanup_(exposition_freep) struct exposition *read = read_all(
		"# TYPE kview_a_bytes_total counter\nkview_a_bytes_total 18446744073709551615\n"
		"# TYPE kview_b gauge\nkview_b{target=\"x\"} 4096.5\nkview_b{target=\"y\"} 1.5e+3\n"
		"kview_b{target=\"z\"} -3\n\n# some words\n# TYPE kview_c gauge\nkview_c 18446744073709551616");

	(void)state;
	assert_int_equal(read->sample_count, 5);
	assert_true(read->samples[0].number.is_whole);
	assert_true(read->samples[0].number.whole == UINT64_MAX);
	assert_int_equal(read->samples[0].label_count, 0);
	assert_false(read->samples[1].number.is_whole);
	assert_true(read->samples[1].number.real == 4096.5);
	assert_true(read->samples[2].number.is_whole);
	assert_int_equal(read->samples[2].number.whole, 1500);
	assert_false(read->samples[3].number.is_whole);
	assert_true(read->samples[3].number.real == -3);
	assert_false(read->samples[4].number.is_whole);
	assert_string_equal(read->families[0].help, "");
}

static void nothing(void **state)
{
	_cleanup_(exposition_freep) struct exposition *empty = read_all("");
	_cleanup_(exposition_freep) struct exposition *typed = read_all("# TYPE kview_a gauge\n");

	(void)state;
	assert_int_equal(empty->family_count + empty->sample_count, 0);
	assert_int_equal(typed->family_count, 1);
	assert_int_equal(typed->sample_count, 0);
}

#define GAUGE "# TYPE kview_a gauge\n"
#define HISTOGRAM "# TYPE kview_h histogram\n"

static void malformed(void **state)
{
	(void)state;
	refuses(1, "kview_a 1\n");
	refuses(1, "<html>\n");
	refuses(1, "# TYPE kview_a summary\n");
	refuses(1, "# TYPE kview_a\n");
	refuses(1, "# TYPE 1 gauge\n");
	refuses(2, GAUGE GAUGE);
	refuses(2, GAUGE "kview_b 1\n");
	refuses(2, GAUGE "kview_a_sum 1\n");
	refuses(2, GAUGE "kview_a\n");
	refuses(2, GAUGE "kview_a \n");
	refuses(2, GAUGE "kview_a x\n");
	refuses(2, GAUGE "kview_a 1x\n");
	refuses(2, GAUGE "kview_a 1 2\n");
	refuses(2, GAUGE "kview_a NaN\n");
	refuses(2, GAUGE "kview_a 1e999\n");
	refuses(2, GAUGE "kview_a{ 1\n");
	refuses(2, GAUGE "kview_a{} \n");
	refuses(2, GAUGE "kview_a{}1\n");
	refuses(2, GAUGE "kview_a{t} 1\n");
	refuses(2, GAUGE "kview_a{t=x} 1\n");
	refuses(2, GAUGE "kview_a{t=\"x} 1\n");
	refuses(2, GAUGE "kview_a{t=\"x\\\n");
	refuses(2, GAUGE "kview_a{t=\"\\x\"} 1\n");
	refuses(2, GAUGE "kview_a{t=\"x\"u=\"y\"} 1\n");
	refuses(2, GAUGE "kview_a{a=\"\",b=\"\",c=\"\",d=\"\",e=\"\",f=\"\",g=\"\",h=\"\"} 1\n");
	refuses(3, GAUGE "kview_a{t=\"x\"} 1\nkview_a{u=\"x\"} 1\n");
	refuses(3, GAUGE "kview_a{t=\"x\"} 1\nkview_a 1\n");
	refuses(2, HISTOGRAM "kview_h 1\n");
	refuses(2, HISTOGRAM "kview_h_bucket{target=\"x\"} 1\n");
	refuses(2, HISTOGRAM "kview_h_bucket{le=\"1\"} 1.5\n");
	refuses(3, HISTOGRAM "kview_h_bucket{le=\"1\"} 2\nkview_h_bucket{le=\"2\"} 1\n");
}

static void called(const char *family, enum exposition_part part, const char *wanted)
{
	char name[NAMING_MAX];

	assert_int_equal(naming_metric(family, part, name), 0);
	assert_string_equal(name, wanted);
}

static void nameless(const char *family)
{
	char name[NAMING_MAX];

	assert_int_equal(naming_metric(family, EXPOSITION_VALUE, name), -EINVAL);
}

static void metrics(void **state)
{
	char endless[NAMING_MAX + 10] = "";

	(void)state;
	called("kview_processes", EXPOSITION_VALUE, "kview.processes");
	called("kview_tcp_sent_bytes_total", EXPOSITION_VALUE, "kview.tcp.sent_bytes");
	called("kview_cpu_seconds", EXPOSITION_SUM, "kview.cpu.seconds.sum");
	called("kview_cpu_queue_seconds", EXPOSITION_COUNT, "kview.cpu.queue_seconds.count");
	called("kview_gc_pause_seconds", EXPOSITION_BUCKET, "kview.gc.pause_seconds.bucket");
	nameless("node_cpu_seconds");
	nameless("kview_");
	nameless("kview_1");
	nameless("kview_a__b");
	nameless("kview__total");
	memset(endless, 'a', sizeof(endless) - 1);
	memcpy(endless, "kview_", strlen("kview_"));
	nameless(endless);
}

static void is_desc(pmDesc desc, int type, int sem, const char *units)
{
	assert_int_equal(desc.type, type);
	assert_int_equal(desc.sem, sem);
	assert_string_equal(pmUnitsStr(&desc.units), units);
}

static void meanings(void **state)
{
	(void)state;
	is_desc(naming_desc("kview_tcp_sent_bytes_total", EXPOSITION_COUNTER, EXPOSITION_VALUE), PM_TYPE_U64,
		PM_SEM_COUNTER, "byte");
	is_desc(naming_desc("kview_tcp_retransmits_total", EXPOSITION_COUNTER, EXPOSITION_VALUE), PM_TYPE_U64,
		PM_SEM_COUNTER, "count");
	is_desc(naming_desc("kview_monitor_cpu_seconds_total", EXPOSITION_COUNTER, EXPOSITION_VALUE), PM_TYPE_DOUBLE,
		PM_SEM_COUNTER, "sec");
	is_desc(naming_desc("kview_memory_resident_bytes", EXPOSITION_GAUGE, EXPOSITION_VALUE), PM_TYPE_U64,
		PM_SEM_INSTANT, "byte");
	is_desc(naming_desc("kview_tcp_sessions", EXPOSITION_GAUGE, EXPOSITION_VALUE), PM_TYPE_U64, PM_SEM_INSTANT, "");
	is_desc(naming_desc("kview_cpu_seconds", EXPOSITION_HISTOGRAM, EXPOSITION_SUM), PM_TYPE_DOUBLE, PM_SEM_COUNTER,
		"sec");
	is_desc(naming_desc("kview_cpu_seconds", EXPOSITION_HISTOGRAM, EXPOSITION_COUNT), PM_TYPE_U64, PM_SEM_COUNTER,
		"count");
	is_desc(naming_desc("kview_cpu_seconds", EXPOSITION_HISTOGRAM, EXPOSITION_BUCKET), PM_TYPE_U64, PM_SEM_COUNTER,
		"count");
}

/* Different values have different names, without a blank, and labels that are UTF-8. */
static void hostile(void **state)
{
	_cleanup_(exposition_freep) struct exposition *read =
		read_all(GAUGE "kview_a{t=\"a b\",u=\"c::d\"} 1\nkview_a{t=\"a%20b\",u=\"\xff\"} 1\n");

	(void)state;
	names_instance(&read->samples[0], "a%20b::c%3A%3Ad");
	names_instance(&read->samples[1], "a%2520b::%FF");
	has_labels(&read->samples[1], "{\"t\":\"a%20b\",\"u\":\"%FF\"}");
}

static void reads_back(const char *text, const char *names, const char *wanted)
{
	_cleanup_(freep) char *name = strdup(text), *labels_of = strdup(names), *json = NULL;
	struct exposition_label labels[EXPOSITION_LABELS];
	size_t count;

	if (!wanted) {
		assert_int_equal(naming_read_instance(name, labels_of, labels, &count), -EINVAL);
		return;
	}
	assert_int_equal(naming_read_instance(name, labels_of, labels, &count), 0);
	assert_int_equal(naming_json(labels, count, &json), 0);
	assert_string_equal(json, wanted);
}

/* An instance's name says its labels. */
static void names_back(void **state)
{
	(void)state;
	reads_back("web", "target", "{\"target\":\"web\"}");
	reads_back("a%20b::c%3A%3Ad", "t,u", "{\"t\":\"a b\",\"u\":\"c::d\"}");
	reads_back("a%2520b::%FF::", "t,u,v", "{\"t\":\"a%20b\",\"u\":\"%FF\",\"v\":\"\"}");
	reads_back("web", "target,path", NULL);
	reads_back("web::/", "target", NULL);
	reads_back("%", "t", NULL);
	reads_back("%2", "t", NULL);
	reads_back("%zz", "t", NULL);
	reads_back("::::::::::::::::", "a,b,c,d,e,f,g,h,i", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histograms), cmocka_unit_test(numbers),    cmocka_unit_test(nothing),
		cmocka_unit_test(malformed),  cmocka_unit_test(metrics),    cmocka_unit_test(meanings),
		cmocka_unit_test(hostile),    cmocka_unit_test(names_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
