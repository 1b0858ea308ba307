/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two processes, one under a filter and one that answers for it, until the listener is where it belongs: the first says
 * under which number it holds it, or a negative errno, and the second takes it over with pidfd_getfd(2).
 */
#ifndef KVIEW_SUPERVISE_HANDOVER_H
#define KVIEW_SUPERVISE_HANDOVER_H

/* @socket keeps the boundaries of messages. */
int handover_send(int socket, int number);

/* -ECHILD: the other end is gone. */
int handover_receive(int socket, int *ret_number);

#endif /* KVIEW_SUPERVISE_HANDOVER_H */
