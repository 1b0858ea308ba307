// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who is a member of a view. */
#include "internal.h"

int kview_add_pid(struct kview *view, pid_t pid)
{
	kview_reason_clear(view);
	if (pid <= 0)
		return kview_refuse(view, -ESRCH, "pid %d: %s", pid, kview_why_text(KVIEW_WHY_NO_PROCESS));
	return view->ops->add_member(view, pid, -1);
}

int kview_add_pidfd(struct kview *view, int pidfd)
{
	kview_reason_clear(view);
	if (pidfd < 0)
		return kview_refuse(view, -EBADF, "pidfd %d: not an open descriptor", pidfd);
	return view->ops->add_member(view, 0, pidfd);
}

static int follow(struct kview *view, pid_t pid, int pidfd)
{
	if (!view->ops->follow_member)
		return kview_refuse(view, -EOPNOTSUPP, "following forks needs a view: load kview.ko");
	return view->ops->follow_member(view, pid, pidfd);
}

int kview_follow_pid(struct kview *view, pid_t pid)
{
	kview_reason_clear(view);
	if (pid <= 0)
		return kview_refuse(view, -ESRCH, "pid %d: %s", pid, kview_why_text(KVIEW_WHY_NO_PROCESS));
	return follow(view, pid, -1);
}

int kview_follow_pidfd(struct kview *view, int pidfd)
{
	kview_reason_clear(view);
	if (pidfd < 0)
		return kview_refuse(view, -EBADF, "pidfd %d: not an open descriptor", pidfd);
	return follow(view, 0, pidfd);
}

int kview_add_tid(struct kview *view, pid_t tid)
{
	kview_reason_clear(view);
	if (tid <= 0)
		return kview_refuse(view, -ESRCH, "thread %d: %s", tid, kview_why_text(KVIEW_WHY_NO_THREAD));
	return view->ops->add_thread(view, tid);
}

int kview_remove_tid(struct kview *view, pid_t tid)
{
	kview_reason_clear(view);
	if (tid <= 0)
		return kview_refuse(view, -ENOENT, "thread %d: %s", tid, kview_why_text(KVIEW_WHY_NOT_MEMBER));
	return view->ops->remove_thread(view, tid);
}

int kview_remove_pid(struct kview *view, pid_t pid)
{
	kview_reason_clear(view);
	return view->ops->remove_member(view, pid);
}
