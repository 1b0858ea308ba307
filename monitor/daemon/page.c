// SPDX-License-Identifier: GPL-2.0-or-later
#include "page.h"

#include <stddef.h>
#include <string.h>

#define SCRIPT "text/javascript; charset=utf-8"

static const char index_html[] =
#include "monitor/page/index.html.inc"
	;
static const char monitor_css[] =
#include "monitor/page/monitor.css.inc"
	;
static const char monitor_js[] =
#include "monitor/page/monitor.js.inc"
	;
static const char samples_js[] =
#include "monitor/page/samples.js.inc"
	;
static const char heat_js[] =
#include "monitor/page/heat.js.inc"
	;
static const char flame_css[] =
#include "monitor/flame.css.inc"
	;
static const char flame_js[] =
#include "monitor/flame.js.inc"
	;
static const char flames_js[] =
#include "monitor/page/flames.js.inc"
	;
static const char numbers_js[] =
#include "monitor/page/numbers.js.inc"
	;
static const char sessions_js[] =
#include "monitor/page/sessions.js.inc"
	;
static const char key_js[] =
#include "page/key.js.inc"
	;
static const char page_css[] =
#include "page/page.css.inc"
	;
static const char table_js[] =
#include "page/table.js.inc"
	;
static const char text_js[] =
#include "page/text.js.inc"
	;

static const struct page_file files[] = {
	{ "/", "text/html; charset=utf-8", index_html },
	{ "/page.css", "text/css; charset=utf-8", page_css },
	{ "/monitor.css", "text/css; charset=utf-8", monitor_css },
	{ "/monitor.js", SCRIPT, monitor_js },
	{ "/samples.js", SCRIPT, samples_js },
	{ "/heat.js", SCRIPT, heat_js },
	{ "/flame.css", "text/css; charset=utf-8", flame_css },
	{ "/flame.js", SCRIPT, flame_js },
	{ "/flames.js", SCRIPT, flames_js },
	{ "/numbers.js", SCRIPT, numbers_js },
	{ "/sessions.js", SCRIPT, sessions_js },
	{ "/key.js", SCRIPT, key_js },
	{ "/table.js", SCRIPT, table_js },
	{ "/text.js", SCRIPT, text_js },
};

const struct page_file *page_find(const char *url)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(files[i].url, url))
			return &files[i];
	return NULL;
}
