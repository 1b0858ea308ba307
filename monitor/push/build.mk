# SPDX-License-Identifier: GPL-2.0-or-later
#
# kview-push: what kview-monitord hands over is sent to a server, by a process of its own.

push_sources := $(wildcard monitor/push/*.c)
$(eval $(call program,monitor/push/kview-push,$(push_sources),$(OUT)/monitor/push/otlp.pb-c.o -lcap-ng -lcurl -lprotobuf-c -lsnappy -lz))
$(OUT)/monitor/push/post.o: | $(OUT)/monitor/push/otlp.pb-c.c

ALL += $(OUT)/monitor/push/kview-push
INSTALLED += $(OUT)/monitor/push/kview-push:$(OBJECTDIR)

# What tests/unit/monitord_push.sh has metrics sent by.
CHECK_UNIT += $(OUT)/monitor/push/kview-push

$(eval $(call unit_test,tests/unit/test_push_queue,tests/unit/test_push_queue.c monitor/push/queue.c,))
