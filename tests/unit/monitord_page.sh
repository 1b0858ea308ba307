#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord's page in a real browser.
# shellcheck disable=SC1091 # cli.inc
set -euo pipefail
. tests/vm/cli.inc

command -v chromedriver >/dev/null || skip "chromium-driver is not installed"
tests/unit/monitord_page.py build/sanitize/tests/unit/monitord_metrics ${1+"$1"}
