// SPDX-License-Identifier: GPL-2.0-or-later
/* The module's ABI stays as it was released: sizes, offsets and numbers. */
#include <uapi/kview.h>

#include "unit.h"

/* A structure may grow at its end; then its line gets the new size, and the call has to keep taking the old one. */
#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
#define OFFSET(type, member, bytes) _Static_assert(offsetof(struct type, member) == (bytes), #type "." #member)
#define NUMBER(name, value) _Static_assert(name == (value), #name)

SIZE(kview_info, 112);
OFFSET(kview_info, features, 8);
OFFSET(kview_info, machine, 16);
OFFSET(kview_info, bytes, 48);
OFFSET(kview_info, text_start, 64);
OFFSET(kview_info, version, 80);
SIZE(kview_view_create, 40);
OFFSET(kview_view_create, name, 8);
SIZE(kview_member, 24);
OFFSET(kview_member, pid, 8);
OFFSET(kview_member, pidfd, 12);
OFFSET(kview_member, reason, 16);
SIZE(kview_target, 24);
OFFSET(kview_target, value, 8);
OFFSET(kview_target, cookie, 16);
SIZE(kview_link_create, 40);
OFFSET(kview_link_create, prog_fd, 12);
OFFSET(kview_link_create, targets, 16);
OFFSET(kview_link_create, count, 24);
OFFSET(kview_link_create, reason, 28);
OFFSET(kview_link_create, index, 32);
SIZE(kview_check, 32);
OFFSET(kview_check, targets, 8);
OFFSET(kview_check, reasons, 16);
OFFSET(kview_check, count, 24);
SIZE(kview_view_info, 120);
OFFSET(kview_view_info, owner, 8);
OFFSET(kview_view_info, bytes, 32);
OFFSET(kview_view_info, aside_count, 40);
OFFSET(kview_view_info, name, 64);
OFFSET(kview_view_info, joined, 96);
SIZE(kview_member_info, 48);
OFFSET(kview_member_info, pid, 12);
OFFSET(kview_member_info, comm, 24);
OFFSET(kview_member_info, flags, 40);
SIZE(kview_cgroup, 16);
OFFSET(kview_cgroup, fd, 8);
SIZE(kview_cgroup_info, 1048);
OFFSET(kview_cgroup_info, id, 16);
OFFSET(kview_cgroup_info, path, 24);
SIZE(kview_link_info, 64);
OFFSET(kview_link_info, prog_id, 16);
OFFSET(kview_link_info, runs, 24);
OFFSET(kview_link_info, prog_name, 48);
SIZE(kview_hook_info, 200);
OFFSET(kview_hook_info, addr, 16);
OFFSET(kview_hook_info, runs, 40);
OFFSET(kview_hook_info, name, 64);
NUMBER(KVIEW_IOC_INFO, 0xc070bd00);
NUMBER(KVIEW_IOC_VIEW_CREATE, 0x4028bd01);
NUMBER(KVIEW_IOC_CHECK, 0xc020bd02);
NUMBER(KVIEW_IOC_NEXT_VIEW, 0xc078bd03);
NUMBER(KVIEW_IOC_MEMBER_INFO, 0xc030bd04);
NUMBER(KVIEW_IOC_NEXT_LINK, 0xc040bd05);
NUMBER(KVIEW_IOC_HOOK_INFO, 0xc0c8bd06);
NUMBER(KVIEW_IOC_MEMBER_ADD, 0xc018bd10);
NUMBER(KVIEW_IOC_MEMBER_REMOVE, 0xc018bd11);
NUMBER(KVIEW_IOC_LINK_CREATE, 0xc028bd12);
NUMBER(KVIEW_IOC_CGROUP_INFO, 0xc418bd07);
NUMBER(KVIEW_IOC_CGROUP_ADD, 0xc010bd14);
NUMBER(KVIEW_IOC_CGROUP_REMOVE, 0xc010bd15);
NUMBER(KVIEW_IOC_VIEW_INFO, 0xc078bd13);
NUMBER(KVIEW_IOC_LINK_INFO, 0xc040bd20);

static void sizes(void **state)
{
	(void)state; /* the compiler has done the work */
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(sizes) };

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
