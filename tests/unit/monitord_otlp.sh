#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord's metrics as an OTLP server gets them: each value, retries, refusals, the end.
set -euo pipefail

tests/unit/otlp.py build/sanitize/tests/unit/monitord_metrics build/sanitize/monitor/push/kview-push
