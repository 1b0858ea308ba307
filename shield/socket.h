/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner of a shield listens for one question per connection, a line, and answers it with a JSON object, which has a
 * member "error" when it cannot be done. Only root may ask.
 */
#ifndef KVIEW_SHIELD_SOCKET_H
#define KVIEW_SHIELD_SOCKET_H

#include <jansson.h>

#define SHIELD_QUESTION_MAX 128

/* -EADDRINUSE: the interface has a shield whose owner listens. */
int shield_socket_listen(const char *interface, int *ret_fd);
void shield_socket_remove(const char *interface);

/*
 * Take the next question from a listening socket; the connection is the caller's to answer and close. -EAGAIN: none
 * came.
 */
int shield_socket_take(int listener, char question[SHIELD_QUESTION_MAX], int *ret_fd);
int shield_socket_answer(int fd, const json_t *answer);

/* Each interface that has a socket, even if nobody answers there. Anything but 0 from @fn ends the walk and is the result. */
typedef int (*shield_interface_fn)(const char *interface, void *data);
int shield_socket_each(shield_interface_fn fn, void *data);

/*
 * Ask the owner of the shield of @interface, and wait for each step at most @wait_ms. -ENOENT, -ECONNREFUSED: there is
 * none; -EIO: what came is no answer.
 */
int shield_socket_ask(const char *interface, const char *question, unsigned int wait_ms, json_t **ret_answer);

#endif /* KVIEW_SHIELD_SOCKET_H */
